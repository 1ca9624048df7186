//! Simulated recordings: what was asked for is in them, and the truth explains them.
use assert_cmd::Command;
use clap::ValueEnum;
use ndarray::{Array1, Array2, Array3, ArrayView2, Axis, array, s};
use strf::base::files::Existing;
use strf::config::part::names;
use strf::dataset::Clip;
use strf::models::outputs::{self, Sign};
use strf::models::parameterizations;
use strf::models::prefilters::{self, NeededLevel, PrefilterRow};
use strf::simulation::{Noise, StimulusKind};
use strf::simulation::{Settings, Simulated, Truth, shapes, simulate, write};
use strf::stats::moments::{correlation, covariance, mean, variance};

/// Sizes that no two axes share.
fn settings() -> Settings {
    Settings {
        stimuli: 6,
        bins: 80,
        ragged: 0.0,
        dt_ms: 5.0,
        bands: 7,
        neurons: 5,
        repeats: 3,
        fewest_repeats: None,
        missing: 0.0,
        window_ms: 20.0,
        shape: "full".into(),
        prefilter: "none".into(),
        output: "softplus".into(),
        noise: Noise::Poisson,
        sound: StimulusKind::Ripples,
        rate: 0.3,
        seed: 4,
    }
}

fn bytes(settings: &Settings) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made.h5");
    write(&path, &simulate(settings).unwrap(), settings, Existing::Keep, || ()).unwrap();
    std::fs::read(path).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let first = bytes(&settings());
    // Times of a file would differ after a second.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert!(first == bytes(&settings()), "the same seed gave two files");
    let other = simulate(&Settings { seed: 5, ..settings() }).unwrap();
    let one = simulate(&settings()).unwrap();
    assert_ne!(one.truth.strfs, other.truth.strfs);
    assert_ne!(one.recording.clips[0].cochleagram, other.recording.clips[0].cochleagram);
    assert_ne!(one.recording.clips[0].responses, other.recording.clips[0].responses);
}

#[test]
fn a_simulated_file_reads_as_a_dataset_of_the_asked_sizes_with_the_truth_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made.h5");
    let settings = Settings { prefilter: "adaptrans".into(), ..settings() };
    let simulated = simulate(&settings).unwrap();
    let steps = std::cell::Cell::new(0);
    write(&path, &simulated, &settings, Existing::Keep, || steps.set(steps.get() + 1)).unwrap();
    assert_eq!(steps.get(), 2 * 6, "twice of each stimulus");

    let read = strf::dataset::read(&path).unwrap();
    assert_eq!(read.notes, Vec::<String>::new());
    let recording = read.recording;
    assert_eq!((recording.clips.len(), recording.bands()), (6, 7));
    assert_eq!(recording.neuron_ids(), ["n001", "n002", "n003", "n004", "n005"]);
    for (clip, made) in recording.clips.iter().zip(&simulated.recording.clips) {
        assert_eq!(clip.stimulus, made.stimulus);
        assert_eq!(clip.stimulus.attributes["type"], "ripples");
        assert_eq!(clip.cochleagram, made.cochleagram);
        assert_eq!(clip.responses.dim(), (5, 3, 80));
        assert_eq!(clip.responses, made.responses);
    }
    let splits = recording.splits.unwrap();
    assert_eq!([splits.train.len(), splits.valid.len(), splits.test.len()], [4, 1, 1]);
    let hz = recording.frequencies_hz.unwrap();
    assert!((hz[0] - 500.0).abs() < 1e-9 && (hz[6] - 20_000.0).abs() < 1e-6, "{hz:?}");

    let file = hdf5::File::open(&path).unwrap();
    let dims = |name: &str| file.dataset(name).unwrap().shape();
    assert_eq!(dims("truth/strfs"), [5, 2, 7, 4]);
    assert_eq!(dims("truth/rates/s03"), [5, 80]);
    assert_eq!(
        file.dataset("truth/lags_ms").unwrap().read_raw::<f64>().unwrap(),
        [0.0, 5.0, 10.0, 15.0]
    );
    assert!(file.dataset("stimuli/s01/responses").unwrap().dtype().unwrap().is::<u8>());
    let group = file.group("truth").unwrap();
    assert_eq!(group.attr("seed").unwrap().read_scalar::<u64>().unwrap(), 4);
    let name = group.attr("prefilter").unwrap().read_scalar::<hdf5::types::VarLenUnicode>();
    assert_eq!(name.unwrap().as_str(), "adaptrans");
}

#[test]
fn every_parameterization_names_a_kind_of_receptive_fields() {
    assert_eq!(shapes(), names(parameterizations::TABLE));
    for shape in shapes() {
        let simulated = simulate(&Settings { shape: shape.into(), ..settings() }).unwrap();
        let strfs = &simulated.truth.strfs;
        for (n, strf) in strfs.outer_iter().enumerate() {
            assert!(strf.iter().all(|w| w.is_finite()), "{shape} {n}");
            assert!(strf.iter().any(|w| *w > 0.0), "{shape} {n} never excites");
        }
    }
}

/// The largest entry of a matrix minus the best product of its row and column through that entry,
/// as a share of the largest entry.
fn off_rank_one(matrix: ArrayView2<f32>) -> f64 {
    let matrix = matrix.mapv(f64::from);
    let size = |((_, _), value): &((usize, usize), &f64)| value.abs();
    let ((row, column), largest) =
        matrix.indexed_iter().max_by(|a, b| size(a).total_cmp(&size(b))).unwrap();
    let left = |((i, j), value): ((usize, usize), &f64)| {
        (value - matrix[(i, column)] * matrix[(row, j)] / largest).abs()
    };
    matrix.indexed_iter().map(left).fold(0.0, f64::max) / largest.abs()
}

#[test]
fn separable_fields_are_products_in_drive_and_full_ones_are_not() {
    // Bands are scaled apart in units of the file, which leaves a product a product.
    let worst = |shape: &str| {
        let settings = Settings { shape: shape.into(), bands: 17, ..settings() };
        let strfs = simulate(&settings).unwrap().truth.strfs;
        strfs.outer_iter().map(|s| off_rank_one(s.index_axis(Axis(0), 0))).fold(0.0, f64::max)
    };
    for shape in ["separable", "gaussian"] {
        assert!(worst(shape) < 1e-5, "{shape} {}", worst(shape));
    }
    assert!(worst("full") > 0.05, "{}", worst("full"));
}

/// Short-term plasticity as its paper has it, of the truth in a file.
fn depressed(settings: &Settings, simulated: &Simulated, x: &Array2<f64>) -> Array3<f64> {
    let (taus, usages) = (
        &simulated.truth.prefilter["stp_tau_ms"],
        &simulated.truth.prefilter["stp_u_at_mean_level"],
    );
    let mut filtered = x.clone();
    for (f, mut row) in filtered.rows_mut().into_iter().enumerate() {
        let clips = simulated.recording.clips.iter();
        let all: Vec<f64> =
            clips.flat_map(|clip| clip.cochleagram.row(f).mapv(f64::from).to_vec()).collect();
        let usage = usages[f] / mean(&all);
        let mut left = 1.0f64;
        for value in &mut row {
            let now = *value;
            *value *= left;
            left += (1.0 - left) * settings.dt_ms / taus[f] - usage * now * left;
            left = left.clamp(0.0, 5.0);
        }
    }
    filtered.insert_axis(Axis(0))
}

/// What reaches the receptive fields `(C, F, T)`: AdapTrans as its paper has it, in plain sums.
fn prefiltered(settings: &Settings, simulated: &Simulated, x: &Array2<f64>) -> Array3<f64> {
    let hz = simulated.recording.frequencies_hz.as_ref().unwrap();
    let taus = hz.iter().map(|hz| (500.0 - 105.0 * hz.log10()).max(settings.dt_ms));
    let taus: Vec<f64> = taus.collect();
    let longest = taus.iter().copied().fold(0.0, f64::max);
    let past = strf::base::units::bins(3.0 * longest, settings.dt_ms, 1); // L − 1
    let average = |f: usize, t: usize| {
        let a = (-settings.dt_ms / taus[f]).exp();
        let weight = |k: usize| a.powf(k as f64 - 1.0);
        let before = |k: usize| x[(f, t.saturating_sub(k))];
        let sum: f64 = (1..=past).map(|k| weight(k) * before(k)).sum();
        sum / (1..=past).map(weight).sum::<f64>()
    };
    let (f, t) = x.dim();
    match settings.prefilter.as_str() {
        "none" => x.clone().insert_axis(Axis(0)),
        "stp" => depressed(settings, simulated, x),
        "willmore" => {
            Array3::from_shape_fn((1, f, t), |(_, f, t)| (x[(f, t)] - average(f, t)).max(0.0))
        }
        "adaptrans" => Array3::from_shape_fn((2, f, t), |(c, f, t)| match c {
            0 => (x[(f, t)] - 0.75 * average(f, t)).max(0.0),
            _ => (average(f, t) - 0.75 * x[(f, t)]).max(0.0),
        }),
        other => panic!("{other}: write here what it does"),
    }
}

fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// The output nonlinearity of neuron `n` in closed form.
fn output(name: &str, truth: &Truth, n: usize, x: f64) -> f64 {
    let own = |parameter: &str| truth.output[parameter][n];
    let above = |parameter: &str| softplus(own(parameter));
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    match name {
        "identity" => x,
        "relu" => x.max(0.0),
        "sigmoid" => sigmoid(x),
        "softplus" => softplus(x),
        "parametric_sigmoid" => {
            above("_raw_b") * sigmoid((x - own("c")) / own("d")) + above("_raw_a")
        }
        "parametric_softplus" => {
            softplus(above("_raw_beta") * x) / above("_raw_beta") + above("_raw_b")
        }
        "double_exponential" => {
            above("_raw_a") * (-(own("k") * x - own("s")).exp()).exp() + above("_raw_b")
        }
        other => panic!("{other}: write here what it does"),
    }
}

/// Rates `(N, T)` of a stimulus out of what the file holds, in plain sums.
fn rates(settings: &Settings, simulated: &Simulated, clip: usize) -> Array2<f64> {
    let Simulated { recording, truth, .. } = simulated;
    let centred = |(f, t): (usize, usize)| {
        f64::from(recording.clips[clip].cochleagram[(f, t)]) - f64::from(truth.mean[f])
    };
    let sound = Array2::from_shape_fn(recording.clips[clip].cochleagram.dim(), centred);
    let x = prefiltered(settings, simulated, &sound);
    let (neurons, channels, bands, lags) = truth.strfs.dim();
    Array2::from_shape_fn((neurons, sound.ncols()), |(n, t)| {
        let mut sum = 0.0;
        for (c, f) in (0..channels).flat_map(|c| (0..bands).map(move |f| (c, f))) {
            for k in 0..lags.min(t + 1) {
                sum += f64::from(truth.strfs[(n, c, f, k)]) * x[(c, f, t - k)];
            }
        }
        let drive = truth.bias[n] + f64::from(truth.slope[n]) * sum;
        truth.gain[n] * output(&settings.output, truth, n, drive)
    })
}

#[test]
fn plain_sums_over_the_file_give_the_stored_rates_for_every_prefilter_and_output() {
    // Simulated sound is in decibels.
    let takes = |row: &&PrefilterRow| row.level != NeededLevel::Linear;
    let names = prefilters::TABLE.iter().filter(takes).map(|row| row.part.name);
    let prefilters: Vec<&str> = std::iter::once("none").chain(names).collect();
    for (prefilter, output) in
        prefilters.iter().flat_map(|p| outputs::names().into_iter().map(move |o| (*p, o)))
    {
        let settings = Settings {
            prefilter: prefilter.into(),
            output: output.into(),
            noise: Noise::Gaussian,
            ragged: 0.3,
            ..settings()
        };
        let simulated = simulate(&settings).unwrap();
        let channels = if prefilter == "adaptrans" { 2 } else { 1 };
        assert_eq!(simulated.truth.strfs.dim(), (5, channels, 7, 4), "{prefilter} {output}");
        for clip in 0..2 {
            let want = rates(&settings, &simulated, clip);
            let got = simulated.rates(clip).unwrap().mapv(f64::from);
            let far = (&got - &want).mapv(f64::abs);
            let (place, worst) = far.indexed_iter().max_by(|a, b| a.1.total_cmp(b.1)).unwrap();
            assert!(*worst < 2e-5 * (1.0 + want[place].abs()), "{prefilter} {output} {place:?}");
        }
    }
}

/// Rates `(N, T)` of every stimulus.
fn all_rates(simulated: &Simulated) -> Vec<Array2<f32>> {
    (0..simulated.recording.clips.len()).map(|clip| simulated.rates(clip).unwrap()).collect()
}

#[test]
fn the_mean_rate_is_the_asked_one_whatever_the_output() {
    for row in outputs::TABLE {
        for rate in [0.05, 0.3, 4.0] {
            let output = row.part.name.to_owned();
            let noise = if row.sign == Sign::Either { Noise::Gaussian } else { Noise::Poisson };
            let simulated = simulate(&Settings { output, noise, rate, ..settings() }).unwrap();
            let rates: Vec<f64> =
                all_rates(&simulated).iter().flatten().map(|rate| f64::from(*rate)).collect();
            let mean = mean(&rates);
            assert!((mean / rate - 1.0).abs() < 0.02, "{}: {mean}, not {rate}", row.part.name);
        }
    }
}

/// Single responses and the rates behind them, over all that is recorded.
fn responses_and_rates(simulated: &Simulated) -> (Vec<f64>, Vec<f64>) {
    let mut pairs = Vec::new();
    for (clip, rates) in simulated.recording.clips.iter().zip(all_rates(simulated)) {
        for ((n, _r, t), response) in clip.responses.indexed_iter() {
            pairs.push((f64::from(*response), f64::from(rates[(n, t)])));
        }
    }
    pairs.into_iter().filter(|(response, _)| !response.is_nan()).unzip()
}

#[test]
fn counts_scatter_around_the_rate_as_much_as_the_rate() {
    for rate in [0.3, 25.0] {
        let settings = Settings { repeats: 20, missing: 0.1, rate, ..settings() };
        let (counts, rates) = responses_and_rates(&simulate(&settings).unwrap());
        assert!(counts.iter().all(|count| count.fract() == 0.0 && *count >= 0.0));
        assert!((mean(&counts) / mean(&rates) - 1.0).abs() < 0.02, "mean {}", mean(&counts));
        // Counts rise with the rate by one a unit, and what is left is as large as the rate.
        let slope = covariance(&counts, &rates) / variance(&rates);
        assert!((slope - 1.0).abs() < 0.05, "slope {slope}");
        let left = counts.iter().zip(&rates).map(|(count, rate)| (count - rate).powi(2));
        let fano = left.sum::<f64>() / rates.iter().sum::<f64>();
        assert!((fano - 1.0).abs() < 0.05, "Fano factor {fano}");
    }
}

#[test]
fn normal_noise_has_the_power_of_the_signal() {
    let settings = Settings { repeats: 20, noise: Noise::Gaussian, ..settings() };
    let simulated = simulate(&settings).unwrap();
    let deviations = simulated.truth.noise_sd.as_ref().unwrap();
    for (n, deviation) in deviations.iter().enumerate() {
        let (mut left, mut rates) = (Vec::new(), Vec::new());
        for (clip, rate) in simulated.recording.clips.iter().zip(all_rates(&simulated)) {
            let rate = rate.row(n).mapv(f64::from);
            let responses = clip.responses.index_axis(Axis(0), n).mapv(f64::from);
            left.extend(&responses - &rate);
            rates.extend(rate);
        }
        let noise = variance(&left).sqrt() / deviation;
        let signal = variance(&rates).sqrt() / deviation;
        assert!((noise - 1.0).abs() < 0.03, "neuron {n}: noise {noise}");
        assert!((signal - 1.0).abs() < 0.01, "neuron {n}: signal {signal}");
        assert!(mean(&left).abs() < 0.05 * deviation, "neuron {n}: {}", mean(&left));
    }
}

#[test]
fn continuous_responses_go_below_zero_and_their_repeats_average_to_the_truth() {
    let of_repeats = |repeats| Settings {
        repeats,
        output: "identity".into(),
        noise: Noise::Gaussian,
        ..settings()
    };
    // What is left of the noise in the mean over repeats, as a share of a single repeat's.
    let left = |repeats| {
        let simulated = simulate(&of_repeats(repeats)).unwrap();
        let deviations = simulated.truth.noise_sd.as_ref().unwrap();
        let mut left = Vec::new();
        for (clip, rates) in simulated.recording.clips.iter().zip(all_rates(&simulated)) {
            let off = clip.responses.mean_axis(Axis(1)).unwrap() - rates;
            left.extend(off.indexed_iter().map(|((n, _), off)| f64::from(*off) / deviations[n]));
        }
        mean(&left.iter().map(|off| off * off).collect::<Vec<_>>())
    };
    for repeats in [1, 4, 100] {
        let (found, want) = (left(repeats), 1.0 / repeats as f64);
        assert!((found / want - 1.0).abs() < 0.08, "{repeats} repeats: {found}, not {want}");
    }

    let settings = of_repeats(3);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made.h5");
    let simulated = simulate(&settings).unwrap();
    write(&path, &simulated, &settings, Existing::Keep, || ()).unwrap();
    let stored = hdf5::File::open(&path).unwrap().dataset("stimuli/s01/responses").unwrap();
    assert!(stored.dtype().unwrap().is::<f32>());
    let read = strf::dataset::read(&path).unwrap().recording;
    assert_eq!(read.clips[0].responses, simulated.recording.clips[0].responses);
    let values: Vec<f32> = read.clips.iter().flat_map(|clip| clip.responses.clone()).collect();
    let below = values.iter().filter(|value| **value < 0.0).count() as f64 / values.len() as f64;
    assert!((0.3..0.6).contains(&below), "{below} below 0");
    assert!(
        simulated.rates(0).unwrap().iter().any(|rate| *rate < 0.0),
        "only the noise is negative"
    );
}

#[test]
fn as_many_repeats_are_missing_as_asked_and_no_neuron_loses_all() {
    for missing in [0.25, 0.97] {
        let simulated = simulate(&Settings { missing, ..settings() }).unwrap();
        let mut gone = Array2::<usize>::zeros((5, 2));
        for clip in &simulated.recording.clips {
            for (n, repeat) in clip.responses.outer_iter().enumerate().flat_map(|(n, repeats)| {
                let repeats = repeats.outer_iter().map(|repeat| repeat.to_vec());
                repeats.map(move |repeat| (n, repeat)).collect::<Vec<_>>()
            }) {
                let nan = repeat.iter().filter(|value| value.is_nan()).count();
                assert!(nan == 0 || nan == repeat.len(), "half a repeat is missing");
                gone[(n, 0)] += usize::from(nan > 0);
                gone[(n, 1)] += 1;
            }
        }
        let share = gone.column(0).sum() as f64 / gone.column(1).sum() as f64;
        let possible = 1.0 - 5.0 / 90.0; // one of 18 repeats stays for each neuron
        assert!((share - missing.min(possible)).abs() < 0.006, "{share}, not {missing}");
        assert!(gone.column(0).iter().all(|gone| *gone < 18), "{gone}");
    }
}

#[test]
fn ragged_stimuli_are_shortened_by_up_to_the_asked_share() {
    let bins = |ragged| {
        let settings = Settings { stimuli: 40, neurons: 2, ragged, ..settings() };
        let recording = simulate(&settings).unwrap().recording;
        recording.clips.iter().map(Clip::bins).collect::<Vec<_>>()
    };
    assert!(bins(0.0).iter().all(|bins| *bins == 80));
    let ragged = bins(0.5);
    assert!(ragged.iter().all(|bins| (40..=80).contains(bins)), "{ragged:?}");
    assert!(ragged.iter().any(|b| *b < 50) && ragged.iter().any(|b| *b > 70), "{ragged:?}");
}

#[test]
fn levels_are_those_of_a_log_cochleagram_and_chords_hold() {
    for sound in StimulusKind::value_variants().iter().copied() {
        let settings = Settings { sound, bins: 900, ..settings() };
        let clips = simulate(&settings).unwrap().recording.clips;
        let levels = clips.iter().flat_map(|clip| &clip.cochleagram).map(|x| f64::from(*x));
        let levels: Vec<f64> = levels.collect();
        assert!((mean(&levels) - 40.0).abs() < 1.0, "{sound:?}: {}", mean(&levels));
        assert!((variance(&levels).sqrt() - 10.0).abs() < 0.5, "{sound:?}");
        assert!(levels.iter().all(|level| *level >= 0.0), "{sound:?}");
        let band = clips[0].cochleagram.row(3).to_vec();
        let held =
            band.windows(2).filter(|pair| (pair[0] - pair[1]).abs() < 1e-6).count() as f64 / 899.0;
        // Chords last 4 bins in the mean, so that 3 of 4 bins continue one.
        let want = if sound == StimulusKind::Chords { 0.75 } else { 0.0 };
        assert!((held - want).abs() < 0.05, "{sound:?}: {held}");
    }
}

/// How alike levels are some bands and some bins apart, over all stimuli.
fn likeness(sound: StimulusKind, bands: usize, bins: usize) -> f64 {
    let settings = Settings { sound, stimuli: 20, bins: 400, bands: 34, ..settings() };
    let (mut here, mut there) = (Vec::new(), Vec::new());
    for clip in simulate(&settings).unwrap().recording.clips {
        let levels = clip.cochleagram.mapv(f64::from);
        let (f, t) = levels.dim();
        here.extend(levels.slice(s![..f - bands, ..t - bins]));
        there.extend(levels.slice(s![bands.., bins..]));
    }
    correlation(&here, &there)
}

#[test]
fn natural_sound_is_smoother_over_bands_and_time_than_ripples_and_white_sound_not_at_all() {
    // The average of cos 2πω over power 1/ω² from the lowest frequency to ½.
    for (lowest, bands, bins) in [(0.005_f64, 0, 1), (0.005, 0, 4), (1.0 / 34.0, 1, 0)] {
        let frequencies = (0..10_000).map(|i| lowest * (0.5 / lowest).powf(f64::from(i) / 1e4));
        let lag = (bands + bins) as f64 * std::f64::consts::TAU;
        // Steps are even in the logarithm, so that 1/ω² weighs as 1/ω.
        let (sum, weights) = frequencies.fold((0.0, 0.0), |(sum, weights), frequency| {
            (sum + (lag * frequency).cos() / frequency, weights + 1.0 / frequency)
        });
        let want = sum / weights;
        let natural = likeness(StimulusKind::Natural, bands, bins);
        assert!((natural - want).abs() < 0.04, "{bands} bands, {bins} bins: {natural}, not {want}");
        let ripples = likeness(StimulusKind::Ripples, bands, bins);
        assert!(natural > ripples + 0.15, "{bands} bands, {bins} bins: {natural}, {ripples}");
        let white = likeness(StimulusKind::White, bands, bins);
        assert!(white.abs() < 0.01, "{bands} bands, {bins} bins: {white}");
    }
}

/// Solves `matrix · x = y` by elimination with pivots.
fn solve(matrix: &Array2<f64>, y: &Array1<f64>) -> Array1<f64> {
    let n = y.len();
    let mut rows: Vec<Vec<f64>> =
        (0..n).map(|i| matrix.row(i).iter().copied().chain([y[i]]).collect()).collect();
    for i in 0..n {
        let pivot = (i..n).max_by(|a, b| rows[*a][i].abs().total_cmp(&rows[*b][i].abs())).unwrap();
        rows.swap(i, pivot);
        let top = rows[i].clone();
        for row in &mut rows[i + 1..] {
            let factor = row[i] / top[i];
            row.iter_mut().zip(&top).for_each(|(value, top)| *value -= factor * top);
        }
    }
    let mut x = Array1::zeros(n);
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|j| rows[i][j] * x[j]).sum();
        x[i] = (rows[i][n] - known) / rows[i][i];
    }
    x
}

/// For each bin the centred levels that a receptive field of `lags` sees, `(ΣT, F·K)`.
fn lagged(simulated: &Simulated, lags: usize) -> Array2<f64> {
    let mut rows = Vec::new();
    for clip in &simulated.recording.clips {
        let (bands, bins) = clip.cochleagram.dim();
        let level =
            |f: usize, t: usize| f64::from(clip.cochleagram[(f, t)] - simulated.truth.mean[f]);
        for t in 0..bins {
            let past = |k: usize, f: usize| t.checked_sub(k).map_or(0.0, |t| level(f, t));
            rows.extend(
                (0..bands).flat_map(|f| (0..lags).map(move |k| (f, k))).map(|(f, k)| past(k, f)),
            );
        }
    }
    let columns = simulated.recording.bands() * lags;
    Array2::from_shape_vec((rows.len() / columns, columns), rows).unwrap()
}

/// The largest eigenvalue of a symmetric positive matrix that `times` multiplies by.
fn largest_eigenvalue(n: usize, times: impl Fn(&Array1<f64>) -> Array1<f64>) -> f64 {
    let mut vector = Array1::from_shape_fn(n, |i| 1.0 + (i * i % 7) as f64);
    let mut size = 0.0;
    for _ in 0..300 {
        vector = times(&vector);
        size = vector.dot(&vector).sqrt();
        vector /= size;
    }
    size
}

#[test]
fn sounds_excite_every_direction_that_a_receptive_field_can_have() {
    for sound in [StimulusKind::Chords, StimulusKind::Ripples] {
        let settings =
            Settings { sound, stimuli: 20, bins: 300, bands: 9, neurons: 2, ..settings() };
        let x = lagged(&simulate(&settings).unwrap(), 6);
        let matrix = x.t().dot(&x);
        let largest = largest_eigenvalue(54, |v| matrix.dot(v));
        let condition = largest * largest_eigenvalue(54, |v| solve(&matrix, v));
        assert!(condition < 300.0, "{sound:?}: {condition}");
        assert!(condition > 3.0, "{sound:?}: {condition} is too good to be true");
    }
}

#[test]
fn ridge_regression_finds_the_receptive_fields_of_linear_neurons() {
    for sound in [StimulusKind::Chords, StimulusKind::Ripples] {
        let settings = Settings {
            stimuli: 15,
            bins: 300,
            bands: 8,
            neurons: 3,
            repeats: 4,
            window_ms: 30.0,
            output: "identity".into(),
            noise: Noise::Gaussian,
            sound,
            ..settings()
        };
        let simulated = simulate(&settings).unwrap();
        let x = lagged(&simulated, 6);
        let mut matrix = x.t().dot(&x);
        matrix.diag_mut().mapv_inplace(|value| value * (1.0 + 1e-3));
        for n in 0..3 {
            let clips = simulated.recording.clips.iter();
            let psth = clips.flat_map(|clip| {
                clip.responses.index_axis(Axis(0), n).mean_axis(Axis(0)).unwrap().to_vec()
            });
            let psth: Array1<f64> = psth.map(f64::from).collect();
            let centred = &psth - psth.mean().unwrap();
            let found = solve(&matrix, &x.t().dot(&centred)).to_vec();
            let truth = simulated.truth.strfs.slice(s![n, 0, .., ..]);
            let truth: Vec<f64> = truth.iter().map(|w| f64::from(*w)).collect();
            let likeness = correlation(&found, &truth);
            let slope = covariance(&found, &truth) / variance(&truth);
            assert!(likeness > 0.95, "{sound:?}, neuron {n}: correlation {likeness}");
            assert!((slope - 1.0).abs() < 0.05, "{sound:?}, neuron {n}: slope {slope}");
        }
    }
}

#[test]
fn the_smallest_simulation_is_finite() {
    for prefilter in ["none", "adaptrans", "willmore"] {
        let settings = Settings {
            stimuli: 1,
            bins: 2,
            bands: 1,
            neurons: 1,
            repeats: 1,
            window_ms: 5.0,
            prefilter: prefilter.into(),
            ..settings()
        };
        for shape in shapes() {
            let settings = Settings { shape: shape.into(), ..settings.clone() };
            let simulated = simulate(&settings).unwrap();
            let rates = simulated.rates(0).unwrap();
            let Simulated { recording, truth, .. } = simulated;
            assert!(truth.strfs.iter().all(|w| w.is_finite()), "{prefilter} {shape}");
            assert!(rates.iter().all(|rate| rate.is_finite() && *rate >= 0.0));
            assert_eq!(recording.splits, None);
        }
    }
}

#[test]
fn a_neuron_keeps_its_receptive_field_when_others_are_added() {
    let few = simulate(&settings()).unwrap();
    for neurons in [9, 131] {
        let more = simulate(&Settings { neurons, ..settings() }).unwrap();
        assert_eq!(few.truth.strfs, more.truth.strfs.slice(s![..5, .., .., ..]));
        let responses = more.recording.clips[2].responses.slice(s![..5, .., ..]).to_owned();
        assert_eq!(few.recording.clips[2].responses, responses);
    }
}

#[test]
fn of_more_neurons_than_are_worked_on_at_once_each_has_its_own_values() {
    let noise = Noise::Gaussian;
    let output = "parametric_sigmoid".into();
    let settings = Settings { neurons: 131, stimuli: 3, noise, output, ..settings() };
    let simulated = simulate(&settings).unwrap();
    let (want, got) = (rates(&settings, &simulated, 1), simulated.rates(1).unwrap());
    for (place, want) in want.indexed_iter() {
        assert!((f64::from(got[place]) - want).abs() < 2e-5 * (1.0 + want), "{place:?}");
    }
    let all = all_rates(&simulated);
    for (n, deviation) in simulated.truth.noise_sd.as_ref().unwrap().iter().enumerate() {
        let all: Vec<f64> = all.iter().flat_map(|rates| rates.row(n).mapv(f64::from)).collect();
        let biased = variance(&all) * (all.len() - 1) as f64 / all.len() as f64;
        assert!((deviation / biased.sqrt() - 1.0).abs() < 1e-5, "{n}");
    }
}

#[test]
fn stimuli_have_as_many_repeats_as_was_drawn_for_each() {
    let settings =
        Settings { stimuli: 30, repeats: 4, fewest_repeats: Some(2), missing: 0.2, ..settings() };
    let clips = simulate(&settings).unwrap().recording.clips;
    let repeats: Vec<usize> = clips.iter().map(|clip| clip.responses.dim().1).collect();
    assert_eq!((repeats.iter().min(), repeats.iter().max()), (Some(&2), Some(&4)));
    let presented = 5 * repeats.iter().sum::<usize>();
    let first_bins = clips.iter().flat_map(|clip| clip.responses.slice(s![.., .., 0]).to_owned());
    let missing = first_bins.filter(|value| value.is_nan()).count();
    assert!((missing as f64 - 0.2 * presented as f64).abs() <= 0.5, "{missing} of {presented}");
    let as_many = Settings { fewest_repeats: Some(4), missing: 0.0, ..settings.clone() };
    let plain = Settings { fewest_repeats: None, ..as_many.clone() };
    let (as_many, plain) = (simulate(&as_many).unwrap(), simulate(&plain).unwrap());
    assert_eq!(as_many.recording.clips[3].responses, plain.recording.clips[3].responses);
}

/// Standard error of `strf simulate` with these options, which must be refused with status 2.
fn refused(options: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::cargo_bin("strf").unwrap();
    let out = command.current_dir(&folder).arg("simulate").args(options).arg("out.h5").output();
    let out = out.unwrap();
    assert_eq!(out.status.code(), Some(2), "{out:?}");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "something was written");
    String::from_utf8(out.stderr).unwrap()
}

#[test]
fn options_out_of_range_are_refused_all_at_once() {
    let said = refused(&[
        "--missing=1",
        "--ragged=nan",
        "--dt-ms=0",
        "--rate=-1",
        "--shape=ful",
        "--prefilter=adaptran",
        "--output=softpluss",
    ]);
    let share = "expected a share of at least 0 and less than 1";
    let names = |table: Vec<&str>| table.iter().map(|n| format!("{n:?}")).collect::<Vec<_>>();
    let outputs = names(outputs::names());
    let (last, first) = outputs.split_last().unwrap();
    let want = array![
        "strf: nothing can be simulated like this".to_owned(),
        format!("  --missing: found 1, {share}"),
        format!("  --ragged: found NaN, {share}"),
        "  --dt-ms: found 0, expected a number above 0".into(),
        "  --rate: found -1, expected a number above 0".into(),
        "  --shape: found \"ful\", expected \"full\", \"separable\", \"dcls\" or \"gaussian\" (did \
         you mean full?)"
            .into(),
        format!(
            "  --output: found \"softpluss\", expected {} or {last} (did you mean softplus?)",
            first.join(", ")
        ),
        "  --prefilter: found \"adaptran\", expected \"none\", \"adaptrans\", \"willmore\", \
         \"stp\", \"log\" or \"pcen\" (did you mean adaptrans?)"
            .into(),
    ];
    assert_eq!(said.lines().collect::<Vec<_>>(), want.to_vec());
}

#[test]
fn windows_that_fit_no_stimulus_and_signed_counts_are_refused_with_the_reason() {
    let said = refused(&["--window-ms=4.9"]);
    assert!(said.contains("--window-ms: found 4.9, expected at least one bin of 5 ms"), "{said}");
    let said = refused(&["--bins=10", "--ragged=0.5", "--window-ms=30"]);
    assert!(
        said.contains(
            "--window-ms: found 6 bins, expected at most 5, the bins of the shortest stimulus"
        ),
        "{said}"
    );
    let said = refused(&["--output=identity"]);
    let reason = "--output: found \"identity\" with --noise poisson, expected an output that is \
                  never negative";
    assert!(said.contains(reason), "{said}");
    let said = refused(&["--prefilter=pcen"]);
    let reason = "--prefilter: found \"pcen\", expected a prefilter that takes decibels";
    assert!(said.contains(reason), "{said}");
    let said = refused(&["--stimuli=100000", "--bins=100000"]);
    assert!(said.contains("expected at most 1e10 responses"), "{said}");
    let said = refused(&["--repeats=3", "--fewest-repeats=4"]);
    assert!(said.contains("--fewest-repeats: found 4, expected from 1 to 3"), "{said}");
    let said = refused(&["--bins=1"]);
    assert!(said.contains("1 is not in 2.."), "{said}");
}

#[test]
fn the_command_says_what_it_wrote_and_keeps_what_exists() {
    let folder = tempfile::tempdir().unwrap();
    let run = |options: &[&str]| {
        let mut command = Command::cargo_bin("strf").unwrap();
        let sizes = ["--neurons=3", "--bins=50", "--stimuli=4", "--bands=6", "--repeats=2"];
        command.current_dir(&folder).args(["simulate", "a.h5"]).args(sizes).args(options);
        command.output().unwrap()
    };
    let made = run(&[]);
    assert_eq!(made.status.code(), Some(0), "{made:?}");
    let said = String::from_utf8(made.stdout).unwrap();
    assert!(said.contains("wrote a.h5"), "{said}");
    assert!(said.contains("4 stimuli, 200 bins of 5 ms (1.0 s), 6 bands"), "{said}");
    assert!(said.contains("3 neurons, 2 repeats, mean response 0."), "{said}");

    let first = std::fs::read(folder.path().join("a.h5")).unwrap();
    let again = run(&["--seed=1"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8(again.stderr).unwrap().contains("a.h5: exists already"));
    assert!(std::fs::read(folder.path().join("a.h5")).unwrap() == first);
    let mut single = Command::cargo_bin("strf").unwrap();
    let one = ["--neurons=1", "--bins=50", "--stimuli=1", "--bands=1", "--repeats=1"];
    let made = single.current_dir(&folder).args(["simulate", "one.h5"]).args(one).output().unwrap();
    let said = String::from_utf8(made.stdout).unwrap();
    assert!(said.contains("1 stimulus, 50 bins of 5 ms (0.2 s), 1 band\n"), "{said}");
    assert!(said.contains("1 neuron, 1 repeat, mean response 0."), "{said}");
    assert_eq!(run(&["--seed=1", "--force"]).status.code(), Some(0));
    assert!(std::fs::read(folder.path().join("a.h5")).unwrap() != first);
}
