//! Front ends: against reference values, and what every one of them keeps to.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ndarray::{Array2, ArrayView2};
use strf::config::ImportConfig;
use strf::config::part::Row;
use strf::frontends::{Frontend, Heard, TABLE};
use strf::sound::{self, Sound};

use crate::support::compare::flat;
use crate::support::golden::{folder, tensors};

/// The front end of a section's keys.
fn frontend(keys: &str, dt_ms: f64) -> Frontend {
    let text = format!("[frontend]\n{keys}");
    let config = ImportConfig::parse(&text, Path::new("import.toml"), &[]).unwrap();
    Frontend::new(&config.frontend, dt_ms).unwrap()
}

/// What a front end hears in samples.
fn hear(frontend: &Frontend, samples: &[f32], rate_hz: f64) -> Heard {
    frontend.cochleagram(Sound::of(samples, rate_hz)).unwrap()
}

/// The reference's waveform (32 kHz) and cochleagrams.
fn golden() -> (Vec<f32>, BTreeMap<String, Array2<f64>>) {
    let io = tensors(&folder("frontends").join("io.safetensors"));
    let as_f32 = |tensor| flat(tensor).into_iter().map(|value| value as f32).collect();
    let waveform = as_f32(&io["waveform"]);
    let maps = io.iter().filter(|(name, _)| *name != "waveform").map(|(name, tensor)| {
        let dims = tensor.dims2().unwrap();
        (name.clone(), Array2::from_shape_vec(dims, flat(tensor)).unwrap())
    });
    (waveform, maps.collect())
}

/// The largest difference as a share of the reference's largest magnitude.
fn difference(got: ArrayView2<f32>, want: ArrayView2<f64>) -> f64 {
    assert_eq!(got.dim(), want.dim());
    let largest = want.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
    let apart = got.iter().zip(want).map(|(got, want)| (f64::from(*got) - want).abs());
    apart.fold(0.0, f64::max) / largest
}

#[test]
fn mel_bands_are_those_of_the_reference() {
    let (waveform, maps) = golden();
    let common = "type = \"mel\"\ntransform_ms = 0.0\n";
    let mel = frontend(
        &format!(
            "{common}bands = 34\nmin_freq_hz = 500.0\nmax_freq_hz = 15000.0\nwindow_ms = 10.0\n\
             compression = \"log\"\nlog_floor = 1e-4"
        ),
        5.0,
    );
    let got = difference(hear(&mel, &waveform, 32_000.0).levels.view(), maps["mel"].view());
    assert!(got < 3e-5, "mel: {got:e}");
    let cubic = frontend(
        &format!(
            "{common}bands = 20\nmin_freq_hz = 250.0\nmax_freq_hz = 8000.0\nwindow_ms = 8.0\n\
             magnitude = \"power\"\ncompression = \"cube_root\""
        ),
        2.0,
    );
    let got = difference(hear(&cubic, &waveform, 32_000.0).levels.view(), maps["mel_cubic"].view());
    assert!(got < 3e-6, "mel_cubic: {got:e}");
}

/// `../shared/data`, where it is there.
fn shared() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    folder.join("zebra_finch.h5").exists().then_some(folder)
}

#[test]
fn the_defaults_of_mel_are_the_cochleagrams_of_the_zebra_finch_where_they_are_there() {
    let Some(folder) = shared() else { return };
    let file = hdf5::File::open(folder.join("zebra_finch.h5")).unwrap();
    let mel = frontend("", 5.0);
    let frequencies: Vec<f64> = file
        .dataset("frequencies")
        .unwrap()
        .read_raw::<f32>()
        .unwrap()
        .into_iter()
        .map(f64::from)
        .collect();
    for (got, want) in mel.frequencies_hz().iter().zip(&frequencies) {
        assert!((got - want).abs() < 1e-3, "{got} {want}");
    }
    let mut got: Vec<Array2<f32>> = (1..=20)
        .map(|n| {
            let path = folder.join(format!("zebra_finch/stim{n}.wav"));
            mel.cochleagram(sound::open(&path).unwrap().sound).unwrap().levels
        })
        .collect();
    mel.finish(&mut got);
    for (n, got) in got.iter().enumerate() {
        let path = format!("stimuli/song{:02}/cochleagram", n + 1);
        let want: Array2<f32> = file.dataset(&path).unwrap().read().unwrap();
        let apart = difference(got.view(), want.mapv(f64::from).view()) * 80.0;
        assert!(apart < 1.6e-5, "song {}: {apart:e} dB", n + 1);
    }
}
