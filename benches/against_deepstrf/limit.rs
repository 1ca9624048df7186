//! What a training epoch takes at least: the multiplications of a model at the rate of matrix products
//! and its exponentials at theirs, both measured in the same run.
use std::hint::black_box;
use std::thread;
use std::time::Instant;

use candle_core::{Device, Tensor};
use strf::simd::real::{Real, vectorized};

use crate::Result;
use crate::dataset::{Dataset, TRAIN};
use crate::rows::Row;

/// What this machine can do in a second on all threads of a run.
#[derive(Debug, Clone, Copy)]
pub struct Rates {
    /// Multiplications, each with its addition.
    pub products: f64,
    /// Exponentials.
    pub exponentials: f64,
}

/// What a model needs for a bin of training: forward and backward passes.
#[derive(Debug, Clone, Copy, Default)]
struct Work {
    products: f64,
    exponentials: f64,
}

/// Lags of a window of 45 ms.
const LAGS: f64 = 9.0;
/// Hidden units of `nrf`, `dnet`, `cnn2d`.
const HIDDEN: f64 = 20.0;
/// Units of `statenet`: 7 channels at each of 10 places.
const UNITS: f64 = 70.0;
/// Bands that a kernel of `statenet` spans.
const SPAN: f64 = 7.0;
/// Units of `transformer`, and those of its hidden layer for each.
const EMBEDDING: f64 = 48.0;
const WIDER: f64 = 4.0;

impl Rates {
    /// Measures both, the best of some tries.
    pub fn measure(threads: usize) -> Result<Self> {
        Ok(Self { products: products()?, exponentials: exponentials(threads) })
    }

    /// Least seconds of an epoch of a row.
    pub fn epoch_seconds(self, row: &Row, dataset: &Dataset) -> f64 {
        let Work { products, exponentials } = work(row, dataset);
        let bins = (TRAIN * dataset.bins) as f64;
        bins * (products / self.products + exponentials / self.exponentials)
    }
}

/// Of matrices that stay in the cache, on all cores.
fn products() -> Result<f64> {
    const SIZE: usize = 512;
    const TIMES: usize = 20;
    let matrix = || Tensor::full(0.5_f32, (SIZE, SIZE), &Device::Cpu);
    let (a, b) = (matrix()?, matrix()?);
    let mut seconds = f64::INFINITY;
    for _ in 0..TIMES {
        let start = Instant::now();
        black_box(a.matmul(&b)?);
        seconds = seconds.min(start.elapsed().as_secs_f64());
    }
    Ok((SIZE * SIZE * SIZE) as f64 / seconds)
}

/// Of rows that stay in the nearest cache.
fn exponentials(threads: usize) -> f64 {
    const VALUES: usize = 2048;
    const TIMES: usize = 2000;
    let of_thread = || {
        let mut row = [0.5_f32; VALUES];
        let start = Instant::now();
        for _ in 0..TIMES {
            vectorized(
                #[inline(always)]
                || row.iter_mut().for_each(|x| *x = Real::exp(-*x)),
            );
            black_box(&mut row);
        }
        (VALUES * TIMES) as f64 / start.elapsed().as_secs_f64()
    };
    thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(of_thread)).collect();
        all.into_iter().filter_map(|one| one.join().ok()).sum()
    })
}

/// A map of so many weights a bin is gone through once forward and, on the way back, once for its
/// weights and once for what came in.
fn behind(weights: f64) -> f64 {
    3.0 * weights
}

fn work(row: &Row, dataset: &Dataset) -> Work {
    let (bands, neurons) = (dataset.bands as f64, dataset.neurons as f64);
    // The sound itself needs no gradient, unless what stands in front of the model learns.
    let (channels, front) = match row.prefilter() {
        Some("adaptrans") => (2.0, 12.0 * bands),
        Some("stp") => (1.0, 6.0 * bands),
        _ => (1.0, 0.0),
    };
    let first = |weights: f64| if front > 0.0 { behind(weights) } else { 2.0 * weights };
    let seen = channels * bands;
    let (core, hidden_exponentials) = match row.model() {
        "linear" | "ln" if row.is_separable() => {
            (first(neurons * seen) + behind(neurons * LAGS), 0.0)
        }
        "linear" | "ln" => (first(neurons * seen * LAGS), 0.0),
        "nrf" | "dnet" => (first(HIDDEN * seen * LAGS) + behind(HIDDEN * neurons), HIDDEN),
        "cnn2d" => {
            let convolution = |from: f64, bands: f64| from * 10.0 * 27.0 * bands;
            let others = convolution(10.0, bands - 4.0) + convolution(10.0, bands - 6.0);
            let dense = 10.0 * (bands - 6.0) * HIDDEN + HIDDEN * neurons;
            (first(convolution(channels, bands - 2.0)) + behind(others + dense), 0.0)
        }
        "statenet" => {
            let recurrent = units(row.rnn());
            let frames = first(UNITS * SPAN * channels);
            (frames + recurrent.products + behind(UNITS * neurons), UNITS + recurrent.exponentials)
        }
        "transformer" => {
            let all = (dataset.bins + 1) as f64 / 2.0;
            let window = row.attended.map_or(all, |bins| bins as f64);
            let maps = (4.0 + 2.0 * WIDER) * EMBEDDING * EMBEDDING;
            let attended = 2.0 * EMBEDDING * window;
            let all = behind(maps + attended + EMBEDDING * neurons);
            (first(EMBEDDING * bands) + all, window)
        }
        _ => {
            // Channels, lags of 250 ms, dense units of the preset `1d`.
            let (channels, lags, dense) = (100.0, 50.0, 120.0);
            let others = channels * lags + channels * dense + dense * neurons;
            (first(channels * bands) + behind(others), 0.0)
        }
    };
    let of_output = if row.has_curve() { 2.0 * neurons } else { 0.0 };
    Work { products: core + front, exponentials: hidden_exponentials + of_output }
}

/// The recurrent units of `statenet`.
fn units(kind: &str) -> Work {
    let square = UNITS * UNITS;
    let (products, exponentials) = match kind {
        "lstm" => (behind(8.0 * square), 5.0 * UNITS),
        "rnn" => (behind(2.0 * square), UNITS),
        "lmu" => {
            const MEMORY: f64 = 128.0;
            // The matrix of the memory is fixed.
            let fixed = 2.0 * (MEMORY * MEMORY + MEMORY);
            (behind(2.0 * square + UNITS * MEMORY + 2.0 * UNITS + MEMORY) + fixed, UNITS)
        }
        "mamba" => {
            const STATES: f64 = 16.0;
            let (inner, rank) = (2.0 * UNITS, 5.0);
            let maps = UNITS * 2.0 * inner + 4.0 * inner + inner * (rank + 2.0 * STATES);
            let scan = 3.0 * inner * STATES;
            let products = behind(maps + rank * inner + scan + inner * UNITS);
            (products, inner * STATES + 4.0 * inner)
        }
        _ => (behind(6.0 * square), 3.0 * UNITS),
    };
    Work { products, exponentials }
}
