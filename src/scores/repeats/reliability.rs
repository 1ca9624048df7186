//! What noise ceilings need of a neuron's repeats, taken one clip after the other.
use super::covariance::{AverageByBins, Repeats};
use super::powers::{Powers, shared, unshared};
use super::split_halves::SplitHalves;

/// Measures of the repeats of each clip, averaged by bins; holds no repeats.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reliability {
    signal: AverageByBins,
    noise: AverageByBins,
    cc_max: AverageByBins,
    ttrc: AverageByBins,
}

/// Measures of the repeats of one clip; NaN where undefined.
#[derive(Debug, Clone, Copy)]
pub struct ClipReliability {
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

impl ClipReliability {
    /// Measures of any repeats; `halves` has the divisions of as many or more.
    pub fn new(clip: &Repeats, halves: &SplitHalves) -> Self {
        Self {
            bins: clip.bins,
            signal: shared(clip),
            noise: unshared(clip),
            half_correlation: halves.correlations(&mut clip.triangle(0))[0],
            ttrc: clip.mean_correlation(),
        }
    }

    /// The best correlation that noise allows, from that of halves; NaN where that is not above 0.
    fn cc_max(&self) -> f64 {
        let rho = self.half_correlation;
        if rho > 0.0 { (2.0 * rho / (1.0 + rho)).sqrt() } else { f64::NAN }
    }
}

impl Reliability {
    /// Takes one more clip.
    pub fn add(&mut self, clip: ClipReliability) {
        self.signal.add(clip.bins, clip.signal);
        self.noise.add(clip.bins, clip.noise);
        self.cc_max.add(clip.bins, clip.cc_max());
        self.ttrc.add(clip.bins, clip.ttrc);
    }

    /// Signal and noise power, as [`super::powers::signal_and_noise_power`] has them.
    pub fn powers(&self) -> Powers {
        Powers { signal: self.signal.mean(), noise: self.noise.mean() }
    }

    /// The best correlation that noise allows, as [`crate::scores::rows::split_half::cc_max`] has
    /// it.
    pub fn cc_max(&self) -> f64 {
        self.cc_max.mean()
    }

    /// The mean correlation of two repeats, as [`crate::scores::rows::trial_to_trial::ttrc`] has
    /// it.
    pub fn ttrc(&self) -> f64 {
        self.ttrc.mean()
    }
}
