//! How good the recording of a neuron is, whatever model may be fitted to it.
use ndarray::{ArrayView2, ArrayView3};
use rayon::prelude::*;
use serde::Serialize;

use super::reliability::Reliability;
use super::repeats::Repeats;
use super::split_half::Halves;
use super::target::recorded_repeats;

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

/// The values of some responses.
#[derive(Debug, Clone, Copy)]
pub struct Values {
    /// How many there are, recorded or not.
    pub all: usize,
    /// How many were recorded.
    pub recorded: usize,
    /// The lowest; NaN of nothing.
    pub lowest: f32,
    /// The highest; NaN of nothing.
    pub highest: f32,
    /// Whether all are whole numbers.
    pub whole: bool,
    /// Of those recorded.
    pub sum: f64,
}

/// What was seen of one neuron so far.
#[derive(Debug, Clone, Default)]
struct Seen {
    values: Values,
    repeats: usize,
    bins: usize,
    reliability: Reliability,
}

impl Survey {
    /// No clips yet.
    pub fn new(neurons: usize) -> Self {
        Self { neurons: vec![Seen::default(); neurons], halves: Halves::default() }
    }

    /// Takes the responses `(N, R, T)` to one more clip, NaN = not recorded, and says what values
    /// each neuron has in it.
    pub fn add(&mut self, responses: ArrayView3<f32>) -> Vec<Values> {
        let (_, repeats, _) = responses.dim();
        self.halves.extend(repeats);
        let Self { neurons, halves } = self;
        let views: Vec<ArrayView2<f32>> = responses.outer_iter().collect();
        let clips = neurons.par_iter_mut().zip(views);
        clips.map(|(seen, clip)| seen.add(clip, halves)).collect()
    }

    /// The qualities of bins of `dt_ms` milliseconds.
    pub fn finish(self, dt_ms: f64) -> Vec<Quality> {
        let counts = self.neurons.iter().all(|seen| seen.values.are_counts());
        let bins_per_second = if counts { 1000.0 / dt_ms } else { f64::NAN };
        self.neurons.into_iter().map(|seen| seen.quality(bins_per_second)).collect()
    }
}

impl Seen {
    /// Takes the responses `(R, T)` to one more clip, and says what values it has.
    fn add(&mut self, responses: ArrayView2<f32>, halves: &Halves) -> Values {
        let values = Values::of(responses);
        let clip = Repeats::new(responses);
        self.values = self.values.and(values);
        self.bins += clip.bins;
        self.repeats = self.repeats.max(recorded_repeats(responses));
        self.reliability.add(&clip, halves);
        values
    }

    fn quality(self, bins_per_second: f64) -> Quality {
        let powers = self.reliability.powers();
        let mean = self.values.sum / self.values.recorded as f64;
        Quality {
            repeats: self.repeats,
            bins: self.bins,
            mean,
            rate_hz: mean * bins_per_second,
            signal_power: powers.signal,
            noise_power: powers.noise,
            snr: powers.snr(),
            cc_max: self.reliability.cc_max(),
            reliability: self.reliability.ttrc(),
        }
    }
}

impl Default for Values {
    fn default() -> Self {
        let (lowest, highest) = (f32::NAN, f32::NAN);
        Self { all: 0, recorded: 0, lowest, highest, whole: true, sum: 0.0 }
    }
}

impl Values {
    /// Of responses `(R, T)`.
    pub fn of(responses: ArrayView2<f32>) -> Self {
        responses.iter().fold(Self::default(), |values, value| values.with(*value))
    }

    fn with(self, value: f32) -> Self {
        let recorded = !value.is_nan();
        Self {
            all: self.all + 1,
            recorded: self.recorded + usize::from(recorded),
            // NaN gives way to any number.
            lowest: self.lowest.min(value),
            highest: self.highest.max(value),
            whole: self.whole & (!recorded || is_whole(value)),
            sum: self.sum + if recorded { f64::from(value) } else { 0.0 },
        }
    }

    /// These and others.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            all: self.all + other.all,
            recorded: self.recorded + other.recorded,
            lowest: self.lowest.min(other.lowest),
            highest: self.highest.max(other.highest),
            whole: self.whole && other.whole,
            sum: self.sum + other.sum,
        }
    }

    /// Whether all are whole numbers from 0.
    pub fn are_counts(self) -> bool {
        self.whole && (self.recorded == 0 || self.lowest >= 0.0)
    }
}

/// Faster than asking for the fraction where no instruction of the machine rounds.
fn is_whole(value: f32) -> bool {
    const FIRST_WITHOUT_FRACTIONS: f32 = 8_388_608.0; // 2^23
    let size = value.abs();
    let rounded = (size + FIRST_WITHOUT_FRACTIONS) - FIRST_WITHOUT_FRACTIONS;
    size >= FIRST_WITHOUT_FRACTIONS || (rounded - size).abs() <= 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_without_a_fraction_are_whole() {
        for value in [0.0, -0.0, 1.0, -7.0, 8_388_607.0, 8_388_609.0, -3e30] {
            assert!(is_whole(value), "{value}");
        }
        for value in [0.5, -0.5, 1e-30, 1.000_000_1, 4_194_303.5, -2.25] {
            assert!(!is_whole(value), "{value}");
        }
    }
}
