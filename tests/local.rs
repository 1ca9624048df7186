//! Locally linear receptive fields against finite differences and against known kernels.
#![expect(clippy::cast_possible_truncation, reason = "cochleagrams are f32")]
use candle_core::{DType, Device, Tensor};
use ndarray::{Array2, Array3};
use rand::Rng;
use strf::base::rng;
use strf::models::Network;
use strf::models::batch::Sample;
use strf::models::dims::Dims;
use strf::models::layers::Mode;
use strf::strf::local::{Local, Request, far_apart, local, mean};

use crate::support::combinations::build;

const BANDS: usize = 11;
const BINS: usize = 27;
const LAGS: usize = 4;
const EVERY: usize = 3;

fn scale() -> Vec<f32> {
    (0..BANDS).map(|f| 0.5 + 0.25 * f as f32).collect()
}

fn sounds() -> Vec<Array2<f64>> {
    let clip = |index: usize| {
        let mut rng = rng::generator(11, &format!("clip {index}"));
        Array2::from_shape_simple_fn((BANDS, BINS + 2 * index), || rng.random_range(0.0..2.0))
    };
    (0..2).map(clip).collect()
}

fn tensor(sound: &Array2<f64>) -> Tensor {
    let values = sound.iter().copied().collect();
    Tensor::from_vec(values, (1, 1, BANDS, sound.ncols()), &Device::Cpu).unwrap()
}

fn network(text: &str) -> Network {
    let dims = Dims { dt_ms: 5.0, bands: BANDS, neurons: 3, frequencies_hz: None };
    build(text, DType::F64, &dims).0
}

fn taken(network: &Network, neurons: &[usize]) -> Local {
    let scale = scale();
    let request = Request { neurons, lags: LAGS, every: EVERY, components: 3, scale: &scale };
    local(network, &samples(), &request, || ()).unwrap()
}

fn samples() -> Vec<Sample> {
    let sample = |sound: &Array2<f64>| {
        let mut sample = Sample::sound("clip", sound.mapv(|x| x as f32), 3, &Device::Cpu).unwrap();
        sample.member = sample.member.with_sound(tensor(sound));
        sample
    };
    sounds().iter().map(sample).collect()
}

fn output(network: &Network, sound: &Array2<f64>, neuron: usize) -> Vec<f64> {
    let y = network.forward(&tensor(sound), None, Mode::Eval).unwrap();
    y.get(0).unwrap().get(neuron).unwrap().to_vec1().unwrap()
}

/// The Jacobians of a neuron `(F, K)` at the bins that [`taken`] takes, by central differences.
fn differences(network: &Network, neuron: usize) -> Vec<Array2<f64>> {
    differences_at(network, neuron, (LAGS, EVERY))
}

/// Those over `lags` bins of the past, at every so many bins.
fn differences_at(
    network: &Network,
    neuron: usize,
    (lags, every): (usize, usize),
) -> Vec<Array2<f64>> {
    const STEP: f64 = 1e-6;
    let mut found = Vec::new();
    for sound in sounds() {
        let bins = sound.ncols();
        let mut response = Array3::zeros((BANDS, bins, bins));
        for (f, at) in (0..BANDS).flat_map(|f| (0..bins).map(move |at| (f, at))) {
            let moved = |step: f64| {
                let mut sound = sound.clone();
                sound[[f, at]] += step;
                output(network, &sound, neuron)
            };
            for (t, (up, down)) in moved(STEP).iter().zip(moved(-STEP)).enumerate() {
                response[[f, at, t]] = (up - down) / (2.0 * STEP) / f64::from(scale()[f]);
            }
        }
        found.extend(
            (lags..bins)
                .step_by(every)
                .map(|t| Array2::from_shape_fn((BANDS, lags), |(f, k)| response[[f, t - k, t]])),
        );
    }
    found
}

const MODELS: [&str; 9] = [
    "[model]\ntype = \"ln\"\nwindow_ms = 20.0",
    "[model]\ntype = \"nrf\"\nwindow_ms = 20.0\nhidden = 4",
    "[model]\ntype = \"dnet\"\nwindow_ms = 20.0\nhidden = 4\n[prefilter]\ntype = \"willmore\"\nscale = \"mel\"",
    "[model]\ntype = \"cnn2d\"\nkernel_ms = 15.0\nchannels = 3\nhidden = 4\noutput = \"identity\"",
    "[model]\ntype = \"cnn2d\"\nkernel_ms = 15.0\nchannels = 3\nhidden = 4\noutput = \"identity\"\n[prefilter]\n\
     type = \"adaptrans\"\nscale = \"mel\"\nkernel_bins = 6",
    "[model]\ntype = \"statenet\"\nkernel_bands = 3\nchannels = 2",
    "[model]\ntype = \"transformer\"\nembedding_dim = 4\ncontext_window = 3\nlayers = 2\ntime_patch = 2",
    "[model]\ntype = \"transformer\"\nembedding_dim = 4\ncontext_window = 0\noutput = \"identity\"",
    "[model]\ntype = \"cnn1d\"\nchannels = 8\nlag_ms = 15.0\ndense = 12\nsecond_lag_ms = 10.0\noutput = \"identity\"",
];

#[test]
fn mean_and_deviation_of_every_kind_of_model_are_those_of_finite_differences() {
    for text in MODELS {
        let network = network(text);
        let found = taken(&network, &[2, 1]);
        for (row, neuron) in [2, 1].into_iter().enumerate() {
            let jacobians = differences(&network, neuron);
            assert_eq!(found.count, jacobians.len());
            let count = jacobians.len() as f64;
            let most = jacobians.iter().flatten().fold(0.0f64, |most, j| most.max(j.abs()));
            assert!(most > 0.0, "{text}: hears nothing");
            for (f, k) in (0..BANDS).flat_map(|f| (0..LAGS).map(move |k| (f, k))) {
                let mean = jacobians.iter().map(|j| j[[f, k]]).sum::<f64>() / count;
                let spread = jacobians.iter().map(|j| (j[[f, k]] - mean).powi(2)).sum::<f64>();
                let want = [mean, (spread / count).sqrt()];
                let got = [found.mean[[row, f, k]], found.deviation[[row, f, k]]];
                let far = (0..2).map(|i| (want[i] - got[i]).abs()).fold(0.0, f64::max);
                assert!(far < 1e-5 * most, "{text}, {neuron}, {f}, {k}: {got:?}, {want:?}");
            }
        }
    }
}

#[test]
fn a_mean_of_few_bins_is_that_of_finite_differences_at_bins_that_share_no_input() {
    for text in MODELS {
        let network = network(text);
        let (lags, scale) = (network.lags(), scale());
        // Leaky units keep all of the past: an eighth of the longer clip from bin to bin.
        let every = network.memory().unwrap_or((BINS + 2).div_ceil(8)).max(lags);
        assert_eq!(far_apart(&network, &samples()), every, "{text}");
        let neurons = &[2, 0, 1];
        let request = Request { neurons, lags, every, components: 0, scale: &scale };
        let found = mean(&network, &samples(), &request, || ()).unwrap();
        let mut largest = 0.0f64;
        for (row, neuron) in [2, 0, 1].into_iter().enumerate() {
            let jacobians = differences_at(&network, neuron, (lags, every));
            let most = jacobians.iter().flatten().fold(0.0f64, |most, j| most.max(j.abs()));
            largest = largest.max(most);
            let tolerance = 1e-5 * most;
            for (f, k) in (0..BANDS).flat_map(|f| (0..lags).map(move |k| (f, k))) {
                let sum = jacobians.iter().map(|j| j[[f, k]]).sum::<f64>();
                let (want, got) = (sum / jacobians.len() as f64, found[[row, f, k]]);
                assert!((want - got).abs() < tolerance, "{text} {neuron} {f} {k}: {got}, {want}");
            }
        }
        assert!(largest > 1e-6, "{text}: hears nothing");
    }
}

#[test]
fn shares_and_components_rebuild_the_power_of_the_jacobians() {
    let network = network(MODELS[1]);
    let (found, jacobians) = (taken(&network, &[0]), differences(&network, 0));
    let power: f64 = jacobians.iter().flatten().map(|j| j * j).sum();
    let mut before = f64::INFINITY;
    for component in 0..3 {
        let vector = found.components.index_axis(ndarray::Axis(0), 0);
        let vector = vector.index_axis(ndarray::Axis(0), component);
        let length: f64 = vector.iter().map(|v| v * v).sum();
        assert!((length - 1.0).abs() < 1e-9, "component {component}: {length}");
        let carried = jacobians.iter().map(|j| (j * &vector).sum().powi(2)).sum::<f64>() / power;
        let share = found.shares[[0, component]];
        assert!((carried - share).abs() < 1e-6, "component {component}: {share}, {carried}");
        assert!(share <= before && share > 0.0, "component {component}: {share}");
        before = share;
    }
    assert!(found.shares.row(0).sum() <= 1.0 + 1e-12 && found.shares[[0, 1]] > 1e-4);
}

#[test]
fn a_linear_model_has_its_kernel_at_every_bin_and_ln_only_its_size_changes() {
    for (text, varies) in [("linear", false), ("ln", true)] {
        let network = network(&format!("[model]\ntype = \"{text}\"\nwindow_ms = 20.0"));
        let found = taken(&network, &[0, 1, 2]);
        let kernels = network.strfs().unwrap().unwrap();
        let weights: Vec<f64> = kernels.kernels.flatten_all().unwrap().to_vec1().unwrap();
        for n in 0..3 {
            assert!((found.shares[[n, 0]] - 1.0).abs() < 1e-9, "{text}: {:?}", found.shares);
            let weight =
                |f: usize, k: usize| weights[(n * BANDS + f) * LAGS + k] / f64::from(scale()[f]);
            let gain = found.mean[[n, 0, 0]] / weight(0, 0);
            let largest = found.mean.iter().fold(0.0f64, |most, j| most.max(j.abs()));
            for (f, k) in (0..BANDS).flat_map(|f| (0..LAGS).map(move |k| (f, k))) {
                let (mean, want) = (found.mean[[n, f, k]], gain * weight(f, k));
                assert!((mean - want).abs() < 1e-9 * largest, "{text} {n}: {mean}, {want}");
                let changes = found.deviation[[n, f, k]] > 1e-4 * mean.abs();
                assert_eq!(changes, varies, "{text} {n} {f} {k}: {:?}", found.deviation[[n, f, k]]);
            }
            if !varies {
                assert!((gain - f64::from(kernels.gains[n])).abs() < 1e-6 * gain.abs(), "{gain}");
            }
        }
    }
}

#[test]
fn clips_shorter_than_the_window_are_refused() {
    let network = network(MODELS[0]);
    let scale = scale();
    let request = Request { neurons: &[0], lags: LAGS, every: EVERY, components: 3, scale: &scale };
    let error = local(&network, &[], &request, || ()).unwrap_err();
    assert_eq!(error.exit_status(), 2);
    assert!(error.to_string().contains("shorten it with --window-ms"), "{error}");
}
