//! What noise ceilings need of a neuron's repeats, taken one clip after the other.
use super::power::{Powers, shared, unshared};
use super::repeats::{AverageByBins, Repeats};
use super::split_half::{self, Halves};
use super::trial_to_trial;

/// Measures of the repeats of each clip, averaged by bins; holds no repeats.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reliability {
    signal: AverageByBins,
    noise: AverageByBins,
    cc_max: AverageByBins,
    ttrc: AverageByBins,
}

impl Reliability {
    /// Takes one more clip; `halves` has the divisions of as many repeats or more.
    pub fn add(&mut self, clip: &Repeats, halves: &Halves) {
        self.signal.add(clip.bins, shared(clip));
        self.noise.add(clip.bins, unshared(clip));
        self.cc_max.add(clip.bins, split_half::of_clip(clip, halves));
        self.ttrc.add(clip.bins, trial_to_trial::of_clip(clip));
    }

    /// See [`super::power::signal_and_noise_power`].
    pub fn powers(&self) -> Powers {
        Powers { signal: self.signal.mean(), noise: self.noise.mean() }
    }

    /// See [`split_half::cc_max`].
    pub fn cc_max(&self) -> f64 {
        self.cc_max.mean()
    }

    /// See [`trial_to_trial::ttrc`].
    pub fn ttrc(&self) -> f64 {
        self.ttrc.mean()
    }
}
