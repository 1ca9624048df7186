//! Speed of every operation of the fused path, forward and back, and of every model's training step:
//! `cargo bench --bench operations`, with a part of a name to choose some.
//!
//! Sizes are those of `strf simulate`: 14 clips of 999 bins, 34 bands, 119 neurons. All numbers are
//! drawn from one seed.
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use candle_core::{DType, Device, Tensor};
use criterion::{
    BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime,
};
use rand::Rng;
use strf::base::error::{Error, Result};
use strf::base::rng;
use strf::models::Network;
use strf::models::batch::{Batch, Member};
use strf::models::dims::Dims;
use strf::models::loss;
use strf::models::ops::activation::Activation;
use strf::models::ops::adaptation::{Adaptation, Filters};
use strf::models::ops::convolution::Convolution;
use strf::models::ops::correlation::Correlation;
use strf::models::ops::finish::{Finish, Norm};
use strf::models::ops::leaky::{Leak, LeakyUnits};
use strf::models::ops::rows::{Layout, Rows};
use strf::models::ops::separable::Separable;
use strf::models::ops::stage::{AnyStage, BackwardPass, GradientMode, StageState};
use strf::models::ops::{Length, gaussian_kernels};
use strf::models::params::Params;
use strf::run_file::RunConfig;
use strf::training::adamw::AdamW;

const SEED: u64 = 0;
const CLIPS: usize = 14;
const BINS: usize = 999;
const BANDS: usize = 34;
const NEURONS: usize = 119;
const LAGS: usize = 9;
const HIDDEN: usize = 20;

/// Numbers between two bounds, drawn for the name.
fn noise(name: &str, count: usize, (low, high): (f32, f32)) -> Vec<f32> {
    let mut rng = rng::generator(SEED, name);
    (0..count).map(|_| rng.random_range(low..high)).collect()
}

/// A map of one clip with numbers in it.
fn map(name: &str, layout: Layout) -> Rows<f32> {
    let mut rows = Rows::default();
    rows.arrange(layout);
    rows.copy_channels(&noise(name, layout.rows() * layout.bins, (0.0, 1.0)));
    rows
}

/// One clip through a stage, and back.
fn stage(
    group: &mut BenchmarkGroup<WallTime>,
    name: &str,
    stage: &dyn AnyStage<f32>,
    (bands, channels): (usize, usize),
) {
    let left = stage.zeros_before();
    let input = map("input", Layout { bands, channels, bins: BINS, left, right: 0 });
    let parameters = noise("parameters", stage.parameters(), (0.1, 0.9));
    let prepared = stage.prepare(&parameters, GradientMode::Both);
    let layout = stage.output(input.layout());
    let (mut output, mut state) = (Rows::default(), StageState::default());
    output.arrange(layout);
    group.bench_function(format!("{name}/forward"), |bencher| {
        bencher.iter(|| stage.forward(&prepared, &input, &mut output, &mut state));
    });
    let grads = map("gradient", layout);
    let (mut grad, mut input_grad) = (grads.clone(), input.clone());
    let mut by_parameters = vec![0.0; stage.parameters()];
    group.bench_function(format!("{name}/backward"), |bencher| {
        // A state serves one way back: the time of the way forward is taken off.
        bencher.iter_custom(|times| {
            let mut spent = Duration::ZERO;
            for _ in 0..times {
                let forward = stage.forward(&prepared, &input, &mut output, &mut state);
                grad.clone_from(&grads);
                let pass = BackwardPass {
                    input: &input,
                    output: &output,
                    grad: &mut grad,
                    input_grad: Some(&mut input_grad),
                    by_parameters: Some(&mut by_parameters),
                };
                let start = Instant::now();
                let backward = stage.backward(&prepared, &mut state, pass);
                spent += start.elapsed();
                black_box((forward.is_ok(), backward.is_ok()));
            }
            spent
        });
    });
}

fn strfs(channels: usize, outputs: usize) -> Correlation {
    let (bands, height, width) = (BANDS, BANDS, LAGS);
    Correlation { bands, channels, outputs, height, width, left: LAGS - 1 }
}

fn operations(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group(format!("one clip of {BINS} bins, seed {SEED}"));
    let size = |c: usize, o: usize| format!("{o} kernels of {c}x{BANDS}x{LAGS}");
    let name = |c, o| format!("STRF convolution, {}", size(c, o));
    stage(&mut group, &name(1, NEURONS), &Convolution::linear(strfs(1, NEURONS)), (BANDS, 1));
    stage(&mut group, &name(2, NEURONS), &Convolution::linear(strfs(2, NEURONS)), (BANDS, 2));
    let finish = |activation| Finish { norm: Norm::Channels, activation };
    let hidden = Convolution { correlation: strfs(1, HIDDEN), finish: finish(Activation::Tanh) };
    let name = format!("hidden layer with norm and tanh, {}", size(1, HIDDEN));
    stage(&mut group, &name, &hidden, (BANDS, 1));
    let (channels, outputs) = (10, 10);
    let (bands, height, width, left) = (BANDS - 2, 3, LAGS, 0);
    let correlation = Correlation { bands, channels, outputs, height, width, left };
    let layer = Convolution { correlation, finish: finish(Activation::LeakyRelu(0.1)) };
    stage(
        &mut group,
        "2-D convolution, 10 kernels of 10x3x9 on 32 bands",
        &layer,
        (bands, channels),
    );
    let (bands, channels, outputs, rank, lags) = (BANDS, 1, NEURONS, 1, LAGS);
    let separable = Separable { bands, channels, outputs, rank, lags };
    stage(&mut group, "separable STRFs, 119 of 34x9", &separable, (BANDS, 1));
    let adaptation =
        Adaptation { bands: BANDS, length: 130, filters: Filters::OnOff, rectify: true };
    stage(&mut group, "AdapTrans, 34 bands", &adaptation, (BANDS, 1));
    let leak = Leak { memory: Length::Unlimited, scaled: true };
    stage(&mut group, "leaky units, 20", &LeakyUnits { units: HIDDEN, leak }, (1, HIDDEN));
    group.finish();
}

/// Kernels that are mixtures of Gaussians, forward and back.
fn gaussians(criterion: &mut Criterion) {
    let tensor = |name: &str, shape: &[usize], bounds| {
        let values = noise(name, shape.iter().product(), bounds);
        candle_core::Var::from_vec(values, shape, &Device::Cpu)
    };
    let made = || -> candle_core::Result<[candle_core::Var; 3]> {
        Ok([
            tensor("positions", &[2, NEURONS, 1, 8], (0.0, 9.0))?,
            tensor("widths", &[2, NEURONS, 1, 8], (0.5, 3.0))?,
            tensor("weights", &[NEURONS, 1, 8], (-1.0, 1.0))?,
        ])
    };
    let Ok([positions, widths, weight]) = made() else { return };
    let name = format!("119 kernels of 8 Gaussians on 34x9, seed {SEED}/forward and backward");
    criterion.bench_function(&name, |bencher| {
        bencher.iter(|| {
            let kernels = gaussian_kernels(&positions, &widths, &weight, [BANDS, LAGS])?;
            kernels.sum_all()?.backward()
        });
    });
}

/// Each model with its sections of a run file.
const MODELS: [(&str, &str); 12] = [
    ("linear", "[model]\ntype = \"linear\""),
    ("ln", "[model]\ntype = \"ln\""),
    ("ln+dcls", "[model]\ntype = \"ln\"\n[parameterization]\ntype = \"dcls\""),
    ("ln+separable", "[model]\ntype = \"ln\"\n[parameterization]\ntype = \"separable\""),
    ("ln+adaptrans", "[model]\ntype = \"ln\"\n[prefilter]\ntype = \"adaptrans\"\nscale = \"mel\""),
    ("ln+willmore", "[model]\ntype = \"ln\"\n[prefilter]\ntype = \"willmore\"\nscale = \"mel\""),
    ("nrf", "[model]\ntype = \"nrf\""),
    (
        "nrf+adaptrans",
        "[model]\ntype = \"nrf\"\n[prefilter]\ntype = \"adaptrans\"\nscale = \"mel\"",
    ),
    ("dnet", "[model]\ntype = \"dnet\""),
    (
        "dnet+adaptrans",
        "[model]\ntype = \"dnet\"\n[prefilter]\ntype = \"adaptrans\"\nscale = \"mel\"",
    ),
    ("cnn2d", "[model]\ntype = \"cnn2d\""),
    (
        "cnn2d+adaptrans",
        "[model]\ntype = \"cnn2d\"\n[prefilter]\ntype = \"adaptrans\"\nscale = \"mel\"",
    ),
];

/// A model, its parameters, and a batch to fit it to.
fn training(text: &str) -> Result<(Network, Params, Batch)> {
    let architecture = RunConfig::architecture(text, Path::new("bench.toml"))?;
    let (bands, neurons) = (BANDS, NEURONS);
    let dims = Dims { dt_ms: 5.0, bands, neurons, frequencies_hz: None };
    let params = Params::new(SEED, DType::F32, &Device::Cpu);
    let network = Network::build(&architecture, &dims, &params)?;
    let clip = |clip: usize| -> candle_core::Result<Member> {
        let tensor = |name: &str, shape: [usize; 3]| {
            let values = noise(&format!("{name} {clip}"), shape.iter().product(), (0.0, 1.0));
            Tensor::from_vec(values, &shape, &Device::Cpu)
        };
        let sound = tensor("sound", [1, BANDS, BINS])?.unsqueeze(0)?;
        network.given(&Member::new(sound, tensor("psth", [1, NEURONS, BINS])?)?)
    };
    let clips = (0..CLIPS).map(clip).collect::<candle_core::Result<Vec<_>>>()?;
    Ok((network, params, Batch::of(clips)))
}

fn steps(criterion: &mut Criterion) {
    let name =
        format!("training step, {CLIPS} clips of {BINS} bins, {NEURONS} neurons, seed {SEED}");
    let mut group = criterion.benchmark_group(name);
    group.sample_size(20);
    for (name, text) in MODELS {
        let made = training(text).and_then(|made| {
            let optimizer = AdamW::new(&made.1, 1e-4, 0.0)?;
            Ok((made, optimizer))
        });
        let Ok(((network, _params, batch), mut optimizer)) = made else { continue };
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let loss = network.loss(&batch, &loss::TABLE[0])?;
                optimizer.step(&loss.backward()?, 1e-3)?;
                Ok::<_, Error>(loss)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, operations, gaussians, steps);
criterion_main!(benches);
