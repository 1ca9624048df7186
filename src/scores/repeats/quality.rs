//! How good the recording of a neuron is, whatever model may be fitted to it.
use ndarray::{ArrayView2, ArrayView3};
use rayon::prelude::*;
use serde::Serialize;

use super::bins::RepeatsOfBins;
use super::complete::Complete;
use super::covariance::{Repeats, recorded_repeats};
use super::reliability::{ClipReliability, PsthVariance, Reliability, root};
use super::values::ResponseValues;

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
    /// [`crate::scores::rows::power::signal_power`]: variance over time that repeats share, in
    /// squared units of the response.
    pub signal_power: f64,
    /// [`crate::scores::rows::power::noise_power`]: the rest of a single repeat's variance over
    /// time.
    pub noise_power: f64,
    /// [`crate::scores::rows::power::snr`]: signal power over noise power.
    pub snr: f64,
    /// [`crate::scores::rows::ceiling::cc_max`]: the best correlation with the PSTH that noise
    /// allows.
    pub cc_max: f64,
    /// [`crate::scores::rows::ceiling::cc_max_squared`]: its square, below 0 by chance.
    pub cc_max_squared: f64,
    /// [`crate::scores::rows::trial_to_trial::ttrc`]: the mean correlation of two repeats.
    pub reliability: f64,
}

/// One number of a [`Quality`]: a column of tables, and what a run file selects by.
#[derive(Debug)]
pub struct Measure {
    /// Name of the measure, as tables and run files write it.
    pub name: &'static str,
    /// Whether the measure counts something, and is a whole number.
    pub counts: bool,
    /// Whether the terminal shows it, which is narrow.
    pub shown: bool,
    /// The number of one neuron.
    pub of: fn(&Quality) -> f64,
}

/// The measures in the order of their columns.
pub static MEASURES: &[Measure] = &[
    Measure { name: "repeats", counts: true, shown: true, of: |q| q.repeats as f64 },
    Measure { name: "bins", counts: true, shown: true, of: |q| q.bins as f64 },
    Measure { name: "mean", counts: false, shown: true, of: |q| q.mean },
    Measure { name: "rate_hz", counts: false, shown: true, of: |q| q.rate_hz },
    Measure { name: "signal_power", counts: false, shown: true, of: |q| q.signal_power },
    Measure { name: "noise_power", counts: false, shown: true, of: |q| q.noise_power },
    Measure { name: "snr", counts: false, shown: true, of: |q| q.snr },
    Measure { name: "cc_max", counts: false, shown: true, of: |q| q.cc_max },
    Measure { name: "cc_max_squared", counts: false, shown: false, of: |q| q.cc_max_squared },
    Measure { name: "reliability", counts: false, shown: true, of: |q| q.reliability },
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
pub struct QualitySurvey {
    neurons: Vec<Seen>,
}

/// What was seen of one neuron so far.
#[derive(Debug, Clone, Default)]
struct Seen {
    values: ResponseValues,
    repeats: usize,
    bins: usize,
    reliability: Reliability,
}

impl QualitySurvey {
    /// No clips yet.
    pub fn new(neurons: usize) -> Self {
        Self { neurons: vec![Seen::default(); neurons] }
    }

    /// Takes the responses `(N, R, T)` to one more clip, NaN = not recorded, and says what values
    /// each neuron has in it.
    pub fn add(&mut self, responses: ArrayView3<f32>) -> Vec<ResponseValues> {
        let views: Vec<ArrayView2<f32>> = responses.outer_iter().collect();
        let neurons = self.neurons.par_iter_mut().zip(views);
        neurons
            .map_init(Complete::default, |clip, (seen, responses)| seen.take(responses, clip))
            .collect()
    }

    /// The qualities of bins of `dt_ms` milliseconds.
    pub fn finish(self, dt_ms: f64) -> Vec<Quality> {
        let counts = self.neurons.iter().all(|seen| seen.values.are_counts());
        let bins_per_second = if counts { 1000.0 / dt_ms } else { f64::NAN };
        self.neurons.into_iter().map(|seen| seen.quality(bins_per_second)).collect()
    }
}

impl Seen {
    /// Takes the responses `(R, T)` to one more clip, and gives its values.
    fn take(&mut self, responses: ArrayView2<f32>, clip: &mut Complete) -> ResponseValues {
        if clip.read(responses) {
            clip.multiply(None);
            self.add(clip.reliability(), clip.repeats(), clip.values(responses))
        } else {
            let psth = PsthVariance::of_bins(&RepeatsOfBins::new(responses));
            let any = ClipReliability::new(&Repeats::new(responses), psth);
            self.add(any, recorded_repeats(responses), ResponseValues::of(responses))
        }
    }

    /// Takes what one more clip has, and gives its values.
    fn add(
        &mut self,
        clip: ClipReliability,
        repeats: usize,
        values: ResponseValues,
    ) -> ResponseValues {
        self.bins += clip.bins;
        self.repeats = self.repeats.max(repeats);
        self.reliability.add(clip);
        self.values = self.values.and(values);
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
            cc_max: root(self.reliability.cc_max_squared()),
            cc_max_squared: self.reliability.cc_max_squared(),
            reliability: self.reliability.ttrc(),
        }
    }
}
