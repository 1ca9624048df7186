//! What noise ceilings need of a neuron's repeats, taken one clip after the other.
use super::halves::Halves;
use super::power::{Powers, shared, unshared};
use super::repeats::{AverageByBins, Repeats};
use super::split_half;
use super::trial_to_trial;

/// Measures of the repeats of each clip, averaged by bins; holds no repeats.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reliability {
    signal: AverageByBins,
    noise: AverageByBins,
    cc_max: AverageByBins,
    ttrc: AverageByBins,
}

/// The same of one clip; NaN where undefined.
#[derive(Debug, Clone, Copy)]
pub struct OfClip {
    /// The weight of the clip.
    pub bins: usize,
    /// Signal power.
    pub signal: f64,
    /// Noise power.
    pub noise: f64,
    /// The mean correlation of halves of the repeats.
    pub half_correlation: f64,
    /// The mean correlation of two repeats.
    pub ttrc: f64,
}

impl OfClip {
    /// Of any repeats; `halves` has the divisions of as many or more.
    pub fn new(clip: &Repeats, halves: &Halves) -> Self {
        Self {
            bins: clip.bins,
            signal: shared(clip),
            noise: unshared(clip),
            half_correlation: halves.correlations(&mut clip.triangle(0))[0],
            ttrc: trial_to_trial::of_clip(clip),
        }
    }
}

impl Reliability {
    /// Takes one more clip.
    pub fn add(&mut self, clip: OfClip) {
        self.signal.add(clip.bins, clip.signal);
        self.noise.add(clip.bins, clip.noise);
        self.cc_max.add(clip.bins, split_half::of_clip(clip.half_correlation));
        self.ttrc.add(clip.bins, clip.ttrc);
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
