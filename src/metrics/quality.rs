//! How good the recording of a neuron is, whatever model may be fitted to it.
use ndarray::{ArrayView2, ArrayView3};
use rayon::prelude::*;
use serde::Serialize;

use super::power::{Powers, shared, unshared};
use super::repeats::{AverageByBins, Repeats};
use super::split_half::{self, Halves};
use super::target::recorded_repeats;
use super::trial_to_trial;

/// How good the recording of one neuron is; NaN where a number is not defined.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Quality {
    /// The largest number of repeats that a stimulus has recorded.
    pub repeats: usize,
    /// Bins with at least one recorded repeat.
    pub bins: usize,
    /// Mean response per bin.
    pub mean: f64,
    /// Mean rate in spikes per second: the mean over the width of a bin. Defined where all
    /// responses of the recording are counts.
    pub rate_hz: f64,
    /// [`super::power::signal_power`]: variance over time that repeats share, in squared units of
    /// the response.
    pub signal_power: f64,
    /// [`super::power::noise_power`]: the rest of a single repeat's variance over time.
    pub noise_power: f64,
    /// [`super::power::snr`]: signal power over noise power.
    pub snr: f64,
    /// [`super::split_half::cc_max`]: the best correlation with the PSTH that noise allows.
    pub cc_max: f64,
    /// [`super::trial_to_trial::ttrc`]: the mean correlation of two repeats.
    pub reliability: f64,
}

/// One number of a [`Quality`]: a column of tables, and what a run file selects by.
#[derive(Debug)]
pub struct Measure {
    /// As written.
    pub name: &'static str,
    /// Whether it counts something, and is a whole number.
    pub counts: bool,
    /// The number of one neuron.
    pub of: fn(&Quality) -> f64,
}

/// The measures in the order of their columns.
pub static MEASURES: &[Measure] = &[
    Measure { name: "repeats", counts: true, of: |q| q.repeats as f64 },
    Measure { name: "bins", counts: true, of: |q| q.bins as f64 },
    Measure { name: "mean", counts: false, of: |q| q.mean },
    Measure { name: "rate_hz", counts: false, of: |q| q.rate_hz },
    Measure { name: "signal_power", counts: false, of: |q| q.signal_power },
    Measure { name: "noise_power", counts: false, of: |q| q.noise_power },
    Measure { name: "snr", counts: false, of: |q| q.snr },
    Measure { name: "cc_max", counts: false, of: |q| q.cc_max },
    Measure { name: "reliability", counts: false, of: |q| q.reliability },
];

/// The measure called `name`.
pub fn measure(name: &str) -> Option<&'static Measure> {
    MEASURES.iter().find(|measure| measure.name == name)
}

/// Names of the measures, in the table's order.
pub fn names() -> Vec<&'static str> {
    MEASURES.iter().map(|measure| measure.name).collect()
}

/// The qualities of a population, taken one clip after the other; no single repeats are kept.
#[derive(Debug)]
pub struct Survey {
    neurons: Vec<Seen>,
    halves: Halves,
}

/// What was seen of one neuron so far.
#[derive(Debug, Clone, Default)]
struct Seen {
    repeats: usize,
    bins: usize,
    values: usize,
    sum: f64,
    uncountable: bool,
    signal: AverageByBins,
    noise: AverageByBins,
    cc_max: AverageByBins,
    reliability: AverageByBins,
}

impl Survey {
    /// No clips yet.
    pub fn new(neurons: usize) -> Self {
        Self { neurons: vec![Seen::default(); neurons], halves: Halves::default() }
    }

    /// Takes the responses `(N, R, T)` to one more clip, NaN = not recorded.
    pub fn add(&mut self, responses: ArrayView3<f32>) {
        let (_, repeats, _) = responses.dim();
        self.halves.extend(repeats);
        let Self { neurons, halves } = self;
        let views: Vec<ArrayView2<f32>> = responses.outer_iter().collect();
        neurons.par_iter_mut().zip(views).for_each(|(seen, clip)| seen.add(clip, halves));
    }

    /// The qualities of bins of `dt_ms` milliseconds.
    pub fn finish(self, dt_ms: f64) -> Vec<Quality> {
        let uncountable = self.neurons.iter().any(|seen| seen.uncountable);
        let bins_per_second = if uncountable { f64::NAN } else { 1000.0 / dt_ms };
        self.neurons.into_iter().map(|seen| seen.quality(bins_per_second)).collect()
    }
}

impl Seen {
    /// Takes the responses `(R, T)` to one more clip.
    fn add(&mut self, responses: ArrayView2<f32>, halves: &Halves) {
        let clip = Repeats::new(responses);
        self.bins += clip.bins;
        self.repeats = self.repeats.max(recorded_repeats(responses));
        for value in responses.iter().filter(|value| !value.is_nan()) {
            self.values += 1;
            self.sum += f64::from(*value);
            self.uncountable |= *value < 0.0 || value.fract() > 0.0;
        }
        self.signal.add(clip.bins, shared(&clip));
        self.noise.add(clip.bins, unshared(&clip));
        self.cc_max.add(clip.bins, split_half::of_clip(&clip, halves));
        self.reliability.add(clip.bins, trial_to_trial::of_clip(&clip));
    }

    fn quality(self, bins_per_second: f64) -> Quality {
        let powers = Powers { signal: self.signal.mean(), noise: self.noise.mean() };
        let mean = self.sum / self.values as f64;
        Quality {
            repeats: self.repeats,
            bins: self.bins,
            mean,
            rate_hz: mean * bins_per_second,
            signal_power: powers.signal,
            noise_power: powers.noise,
            snr: powers.snr(),
            cc_max: self.cc_max.mean(),
            reliability: self.reliability.mean(),
        }
    }
}
