//! What every front end keeps to, and what import files may say of it.
#![expect(clippy::cast_possible_truncation, reason = "cochleagrams and samples are f32")]
use std::path::Path;

use ndarray::{Array2, ArrayView2, s};
use rand::Rng;
use strf::base::error::Error;
use strf::config::part::Row;
use strf::dataset::Inverse;
use strf::frontends::ImportConfig;
use strf::frontends::{Cochleagram, Frontend, TABLE};
use strf::sound::Sound;

/// The front end of a section's keys.
pub fn frontend(keys: &str, dt_ms: f64) -> Frontend {
    let text = format!("[frontend]\n{keys}");
    let config = ImportConfig::parse(&text, Path::new("import.toml"), &[]).unwrap();
    Frontend::new(&config.frontend, dt_ms).unwrap()
}

/// What a front end hears in samples.
pub fn hear(frontend: &Frontend, samples: &[f32], rate_hz: f64) -> Cochleagram {
    frontend.cochleagram(Sound::of(samples, rate_hz)).unwrap()
}

/// The largest difference as a share of the reference's largest magnitude.
pub fn difference(got: ArrayView2<f32>, want: ArrayView2<f64>) -> f64 {
    assert_eq!(got.dim(), want.dim());
    let largest = want.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
    let apart = got.iter().zip(want).map(|(got, want)| (f64::from(*got) - want).abs());
    apart.fold(0.0, f64::max) / largest
}

/// So many samples of noise, the same for every seed.
fn noise(samples: usize, seed: u64) -> Vec<f32> {
    let mut rng = strf::base::rng::generator(seed, "noise");
    (0..samples).map(|_| rng.random_range(-0.5..0.5)).collect()
}

/// Every front end with few bands, and keys that change how it works.
fn variants() -> Vec<String> {
    let more = |name: &str| match name {
        "stft" => ["spacing_hz = 700.0", "spacing_hz = 700.0\nbandwidth_hz = 300.0"],
        "mel" => ["bands = 7", "bands = 7\nwindow_ms = 3.0\ntransform_ms = 0.0"],
        "gammatone" => {
            ["bands = 7", "bands = 11\norder = 2\naverage_ms = 12.0\nrectify = \"full\""]
        }
        other => panic!("{other}: say here how it varies"),
    };
    let names = TABLE.iter().map(|row| row.part().name);
    let all = names.flat_map(|name| {
        more(name).map(|keys| format!("type = \"{name}\"\nmax_freq_hz = 7000.0\n{keys}\n"))
    });
    all.collect()
}

#[test]
fn a_causal_bin_holds_nothing_that_comes_after_it() {
    let samples = noise(9000, 1);
    for keys in variants() {
        for rate in ["", "rate_hz = 20000.0\n"] {
            let frontend = frontend(&format!("{keys}{rate}"), 3.3);
            let whole = hear(&frontend, &samples, 24_000.0).levels;
            for bin in [0, 3, 57] {
                let end = (bin + 1) * 792 / 10; // 79.2 samples a bin
                let mut changed = samples.clone();
                changed[end..].iter_mut().for_each(|sample| *sample = 0.9 - *sample);
                let later = hear(&frontend, &changed, 24_000.0).levels;
                let upto = s![.., ..=bin];
                assert!(later.slice(upto) == whole.slice(upto), "{keys}{rate}{bin}");
                assert!(later != whole, "{keys}");
            }
        }
    }
}

#[test]
fn a_centred_window_sees_as_much_behind_its_bin_as_before() {
    // Backwards, the same sound has the same bins backwards; filters have a direction.
    let samples = noise(4800, 2);
    let backwards: Vec<f32> = samples.iter().rev().copied().collect();
    for keys in variants().iter().filter(|keys| !keys.contains("gammatone")) {
        let frontend = frontend(&format!("{keys}causal = false\n"), 5.0);
        let forth = hear(&frontend, &samples, 24_000.0).levels;
        let back = hear(&frontend, &backwards, 24_000.0).levels;
        assert_eq!(forth.ncols(), 40);
        let apart = difference(back.slice(s![.., ..;-1]), forth.mapv(f64::from).view());
        assert!(apart < 1e-6, "{keys}: {apart:e}");
    }
}

#[test]
fn cochleagrams_do_not_depend_on_how_the_sound_comes_nor_on_threads() {
    let samples = noise(200_000, 3);
    for keys in variants() {
        for causal in [true, false] {
            let frontend = frontend(&format!("{keys}causal = {causal}\n"), 5.0);
            let whole = hear(&frontend, &samples, 44_100.0);
            for piece in [997, 150_000] {
                let pieces = samples.chunks(piece).map(|piece| Ok(piece.to_vec()));
                let sound = Sound { rate_hz: 44_100.0, pieces: Box::new(pieces) };
                assert!(frontend.cochleagram(sound).unwrap() == whole, "{keys}{causal} {piece}");
            }
            for threads in [1, 3] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                let heard = pool.install(|| hear(&frontend, &samples, 44_100.0));
                assert!(heard == whole, "{keys}{causal}: {threads} threads");
            }
        }
    }
}

#[test]
fn a_click_is_in_the_bin_that_holds_it_however_long_the_sound_is() {
    // 244.14 samples a bin. A window as long as a bin sees the click in its bin, and only there.
    let keys = "type = \"mel\"\nbands = 4\nwindow_ms = 4.9\ntransform_ms = 0.0\n\
                compression = \"none\"\nmin_freq_hz = 1000.0";
    let mel = frontend(keys, 5.0);
    let bins = 20_000;
    let edge = |bin: usize| bin * 24_414 / 100;
    for bin in [0, 1, 6, 7, 49, 50, 12_345, 19_999] {
        let middle = edge(bin) + 122;
        let mut samples = vec![0.0; edge(bins) + 200];
        samples[middle] = 1.0;
        let heard = hear(&mel, &samples, 48_828.0);
        assert_eq!((heard.levels.dim(), heard.samples), ((4, bins), samples.len() as u64));
        let loud = |bin: &usize| heard.levels.column(*bin).iter().any(|level| *level > 1e-3);
        assert_eq!((0..bins).filter(loud).collect::<Vec<_>>(), [bin]);
    }
}

#[test]
fn bands_lie_at_the_same_frequencies_at_every_rate_and_hear_their_sine() {
    let samples = |hz: f64, rate_hz: f64| -> Vec<f32> {
        let angle = |n: i32| std::f64::consts::TAU * hz * f64::from(n) / rate_hz;
        (0..8000).map(|n| 0.5 * angle(n).sin() as f32).collect()
    };
    for keys in variants() {
        let frontend =
            frontend(&format!("{keys}reference = \"full_scale\"\nrange_db = 100.0\n"), 5.0);
        let centres = frontend.frequencies_hz().to_vec();
        assert!(centres.windows(2).all(|pair| pair[0] < pair[1]), "{keys}: {centres:?}");
        let cases = [16_000.0, 44_100.0, 48_828.0].into_iter();
        for (rate_hz, band) in cases.flat_map(|rate| (0..centres.len()).map(move |n| (rate, n))) {
            let samples = samples(centres[band], rate_hz);
            let mut levels = [hear(&frontend, &samples, rate_hz).levels];
            assert_eq!(frontend.finish(&mut levels).notes, [""; 0]);
            let column = levels[0].column(20).to_vec();
            let loudest = (0..column.len()).max_by(|a, b| column[*a].total_cmp(&column[*b]));
            assert_eq!(loudest, Some(band), "{keys}{rate_hz} Hz: {column:?}");
            // Half of full scale is -6.02 dB; the ripple of short averages is left.
            let told = keys.contains("mel") || (column[band] - 93.98).abs() < 0.7;
            assert!(told, "{keys}{rate_hz} Hz: {column:?}");
        }
    }
}

#[test]
fn a_sine_of_full_scale_is_said_to_be_0_db_in_every_band() {
    for keys in
        ["bands = 34\n", "bands = 20\nmagnitude = \"power\"\n", "bands = 12\nwindow_ms = 25.0\n"]
    {
        let frontend = frontend(keys, 5.0);
        let centres = frontend.frequencies_hz().to_vec();
        for (rate_hz, hz) in [32_000.0, 44_100.0]
            .into_iter()
            .flat_map(|rate| centres.iter().map(move |hz| (rate, *hz)))
        {
            let angle = |n: i32| std::f64::consts::TAU * hz * f64::from(n) / rate_hz;
            // It sets in slowly: an onset holds other frequencies.
            let onset = |n: i32| (f64::from(n) / 2000.0).min(1.0);
            let samples: Vec<f32> = (0..8000).map(|n| (onset(n) * angle(n).sin()) as f32).collect();
            let notes = frontend.finish(&mut [hear(&frontend, &samples, rate_hz).levels]).notes;
            let said: f64 = notes[0]
                .split(' ')
                .find_map(|word| word.parse().ok().filter(|_| word.contains('.')))
                .unwrap();
            assert!(said.abs() <= 1.0, "{keys}{rate_hz} Hz, sine of {hz} Hz: {notes:?}");
        }
    }
}

#[test]
fn what_is_said_of_levels_brings_them_back_to_magnitudes() {
    let samples = noise(8000, 6);
    let made = |magnitude: &str, compression: &str| {
        let keys =
            format!("bands = 5\nmagnitude = \"{magnitude}\"\ncompression = \"{compression}\"");
        let frontend = frontend(&keys, 5.0);
        let mut levels = [hear(&frontend, &samples, 32_000.0).levels];
        let level = frontend.finish(&mut levels).level;
        let [levels] = levels;
        (levels, level)
    };
    for magnitude in ["amplitude", "power"] {
        let (plain, level) = made(magnitude, "none");
        assert_eq!((level.kind.word(), level.inverse, level.of_power), (magnitude, None, false));
        for (compression, kind) in
            [("db", "db"), ("log", "log"), ("log1p", "log"), ("cube_root", "cube_root")]
        {
            let (levels, level) = made(magnitude, compression);
            assert_eq!((level.kind.word(), level.of_power), (kind, magnitude == "power"));
            let magnitudes = levels.mapv(|value| match level.inverse {
                Some(Inverse { base, offset, scale }) => {
                    scale * (base.powf(f64::from(value)) - offset)
                }
                None => f64::from(value).powi(3),
            });
            // Decibels are shares of a sine of full scale, and so in proportion.
            let unit = match kind {
                "db" => f64::from(plain[[0, 9]]) / magnitudes[[0, 9]],
                _ => 1.0,
            };
            let far = difference(plain.view(), (magnitudes * unit).view());
            assert!(far < 1e-4, "{compression} of {magnitude}: {far}");
        }
    }
}

#[test]
fn decibels_are_relative_to_the_loudest_of_all_and_never_negative() {
    let mel = frontend("bands = 6\nrange_db = 60.0", 5.0);
    let loud = noise(8000, 4);
    let quiet: Vec<f32> = loud.iter().map(|sample| sample / 10.0).collect();
    let levels = |samples: &[f32]| hear(&mel, samples, 32_000.0).levels;
    let mut both = [levels(&quiet), levels(&loud), levels(&[0.0; 700])];
    let notes = mel.finish(&mut both).notes;
    assert!(notes[0].starts_with("front end: the loudest band and bin of the 3 stimuli is "));
    assert!(notes[0].ends_with(
        " dB relative to a sine of full scale at the centre of that band; it becomes 60 dB"
    ));
    let most = |levels: &Array2<f32>| levels.iter().copied().fold(f32::MIN, f32::max);
    assert!((most(&both[1]) - 60.0).abs() < 1e-5 && (most(&both[0]) - 40.0).abs() < 1e-4);
    assert!(both[2].iter().all(|level| *level == 0.0));
    assert!(both.iter().flatten().all(|level| *level >= 0.0));
    let mut silent = [levels(&[0.0; 700])];
    assert_eq!(
        mel.finish(&mut silent).notes,
        ["front end: all stimuli are silent: every level is 0"]
    );
    assert!(silent[0].iter().all(|level| *level == 0.0));
}

#[test]
fn compressions_are_those_of_their_formulas() {
    let samples = noise(3200, 5);
    let levels = |keys: &str| {
        hear(&frontend(&format!("bands = 5\n{keys}"), 5.0), &samples, 32_000.0)
            .levels
            .mapv(f64::from)
    };
    let plain = levels("compression = \"none\"");
    let power = levels("compression = \"none\"\nmagnitude = \"power\"");
    assert!(power.iter().zip(&plain).all(|(power, amplitude)| power < &(amplitude * amplitude)));
    let floor = plain.mean().unwrap();
    let laws: [(String, &dyn Fn(f64) -> f64); 3] = [
        (format!("compression = \"log\"\nlog_floor = {floor}"), &|x| x.max(floor).ln()),
        ("compression = \"cube_root\"".into(), &f64::cbrt),
        ("compression = \"log1p\"".into(), &f64::ln_1p),
    ];
    for (keys, law) in laws {
        let apart = (levels(&keys) - plain.mapv(law)).mapv(f64::abs);
        assert!(apart.iter().all(|apart| *apart < 1e-6), "{keys}");
    }
    // 10 log10 of powers and 20 log10 of amplitudes agree on a band that has one frequency.
    let one = "type = \"stft\"\nmin_freq_hz = 1000.0\nmax_freq_hz = 1000.0\nspacing_hz = 1000.0\n";
    let amplitude = hear(&stft(one, "amplitude"), &samples, 32_000.0).levels;
    let power = hear(&stft(one, "power"), &samples, 32_000.0).levels;
    assert!(amplitude.iter().zip(&power).all(|(a, b)| (a - b).abs() < 1e-4));
}

/// The front end of some keys with a magnitude, where one band may be lowest and highest.
fn stft(keys: &str, magnitude: &str) -> Frontend {
    let keys = keys.replace("min_freq_hz = 1000.0", "min_freq_hz = 999.0");
    frontend(&format!("{keys}magnitude = \"{magnitude}\"\n"), 5.0)
}

#[test]
fn the_section_with_every_value_filled_in_makes_the_same_front_end() {
    let samples = noise(4000, 6);
    for keys in variants() {
        let first = frontend(&keys, 5.0);
        let text = first.toml();
        for key in TABLE.iter().find(|row| keys.contains(row.part().name)).unwrap().part().keys {
            assert!(text.contains(&format!("\n{} = ", key.name)), "{text}: {}", key.name);
        }
        let config = ImportConfig::parse(&text, Path::new("again.toml"), &[]).unwrap();
        let again = Frontend::new(&config.frontend, 5.0).unwrap();
        assert_eq!(again.toml(), text);
        assert_eq!(hear(&again, &samples, 22_050.0), hear(&first, &samples, 22_050.0));
    }
}

#[test]
fn a_common_rate_resamples_other_sounds_and_tells_the_delay() {
    let samples = noise(48_000, 7);
    let mel = frontend("rate_hz = 32000.0", 5.0);
    let heard = hear(&mel, &samples, 48_000.0);
    assert_eq!((heard.rate_hz, heard.samples, heard.levels.ncols()), (32_000.0, 32_000, 200));
    let want = "front end: resampled from 48000 Hz to 32000 Hz; it is late by 2.01 ms, the delay \
                of the filter";
    assert_eq!(heard.notes, [want]);
    assert_eq!(hear(&mel, &samples, 32_000.0).notes, [""; 0]);
    let centred = hear(&frontend("rate_hz = 32000.0\ncausal = false", 5.0), &samples, 48_000.0);
    assert_eq!(centred.notes, ["front end: resampled from 48000 Hz to 32000 Hz"]);
}

/// What is said of a sound.
fn refused(frontend: &Frontend, samples: &[f32], rate_hz: f64) -> String {
    let error = frontend.cochleagram(Sound::of(samples, rate_hz)).unwrap_err();
    assert_eq!(error.exit_status(), 2);
    error.to_string()
}

#[test]
fn sounds_that_do_not_fit_are_refused() {
    let want = "frontend.max_freq_hz: found 8000, expected at most 6000, half the rate of a sound \
                of 12000 Hz (set frontend.max_freq_hz to 6000 or less for all sounds, or leave this \
                sound out)";
    for row in TABLE {
        let frontend = frontend(&format!("type = \"{}\"", row.part().name), 5.0);
        assert_eq!(refused(&frontend, &vec![0.0; 5000], 12_000.0), want);
        let keys = format!("type = \"{}\"\nrate_hz = 32000.0", row.part().name);
        let raised = crate::frontends::frontend(&keys, 5.0);
        assert_eq!(refused(&raised, &vec![0.0; 5000], 12_000.0), want);
        let want = "found a sound of 79 samples, expected at least one bin of 5 ms; leave it out, \
                    or take shorter bins";
        assert_eq!(refused(&frontend, &[0.0; 79], 16_000.0), want);
        assert_eq!(hear(&frontend, &[0.0; 80], 16_000.0).levels.ncols(), 1);
    }
}

#[test]
fn bands_between_two_frequencies_of_the_transform_are_told() {
    let mel = frontend("bands = 80\nmin_freq_hz = 50.0\ntransform_ms = 0.0", 5.0);
    let heard = hear(&mel, &noise(4000, 8), 32_000.0);
    let silent = heard.levels.rows().into_iter().filter(|row| row.iter().all(|x| *x < -300.0));
    let want = format!(
        "front end: {} bands lie between two frequencies of the Fourier transform, which are \
         100.0 Hz apart, and stay silent; a longer transform_ms or fewer bands avoid it",
        silent.count()
    );
    assert_eq!(heard.notes, [want]);
}

/// What is said of an import file, problem by problem.
fn problems(text: &str, overrides: &[&str]) -> Vec<String> {
    let overrides: Vec<String> = overrides.iter().map(|text| (*text).to_owned()).collect();
    let error = ImportConfig::parse(text, Path::new("import.toml"), &overrides).unwrap_err();
    assert_eq!(error.exit_status(), 2);
    let Error::Input { problems, .. } = error else { panic!("{error}") };
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn import_files_that_do_not_fit_are_refused_with_all_problems() {
    let text = "[frontend]\ntype = \"mel\"\nband = 0\norder = 4\nmin_freq_hz = 9000.0\n\n[train]\n";
    assert_eq!(
        problems(text, &["frontend.bands=0", "frontend.window_ms=long"]),
        [
            "3:1 frontend.band: found an unknown key, expected a key of type mel (did you mean \
             bands?)",
            "4:1 frontend.order: found an unknown key, expected a key of type mel (order belongs \
             to [frontend] with type gammatone)",
            "5:15 frontend.min_freq_hz: found 9000.0, expected less than max_freq_hz = 8000.0",
            "7:2 train: found an unknown section, expected [frontend]",
            "--set frontend.bands=0: found 0, expected a whole number from 1 to 4096",
            "--set frontend.window_ms=long: found \"long\", expected a number in (0, 10000]",
        ]
    );
    assert_eq!(
        problems("[frontend]\ntype = \"gamatone\"\n", &[]),
        ["2:8 frontend.type: found \"gamatone\", expected \"stft\", \"mel\" or \"gammatone\" \
          (did you mean gammatone?)"]
    );
    assert_eq!(
        problems("bands = 3\n", &[]),
        ["1:1 bands: found 3, expected a section such as [frontend] (bands belongs to [frontend] \
          with type mel or gammatone)"]
    );
}

#[test]
fn what_is_not_said_is_mel_with_its_defaults() {
    let unsaid = ImportConfig::load(None, &[]).unwrap().to_toml().unwrap();
    assert!(unsaid.starts_with("[frontend]\ntype = \"mel\"\nbands = 32\n"), "{unsaid}");
    let set = ["frontend.type=gammatone".to_owned(), "frontend.order=3".to_owned()];
    let set = ImportConfig::load(None, &set).unwrap().to_toml().unwrap();
    assert!(set.contains("type = \"gammatone\"") && set.contains("order = 3"), "{set}");
    let missing = ImportConfig::load(Some(Path::new("no/import.toml")), &[]).unwrap_err();
    assert_eq!(
        (missing.to_string().as_str(), missing.exit_status()),
        ("reading no/import.toml", 2)
    );
}

#[test]
fn values_that_do_not_go_together_are_refused() {
    let said = |keys: &str| {
        let config =
            ImportConfig::parse(&format!("[frontend]\n{keys}"), Path::new("i"), &[]).unwrap();
        Frontend::new(&config.frontend, 5.0).unwrap_err().to_string()
    };
    assert_eq!(
        said("window_ms = 50.0"),
        "frontend.transform_ms: found 32, expected 0, or at least window_ms = 50"
    );
    let config = ImportConfig::load(None, &[]).unwrap();
    let said = Frontend::new(&config.frontend, f64::NAN).unwrap_err().to_string();
    assert_eq!(said, "dt_ms: found NaN, expected a number above 0");
}
