//! What noise ceilings need of a neuron's repeats, taken one clip after the other.
use super::bins::RepeatsOfBins;
use super::covariance::{AverageByBins, Repeats};
use super::powers::{Powers, shared, unshared};
use crate::stats::moments::{PairMoments, ROUNDING, beyond_rounding, ratio};

/// Measures of the repeats of each clip, averaged by bins, and how the PSTH varies over all clips;
/// holds no repeats.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reliability {
    signal: AverageByBins,
    noise: AverageByBins,
    ttrc: AverageByBins,
    psth: PsthVariance,
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
    /// The mean correlation of two repeats.
    pub ttrc: f64,
    /// How the PSTH varies.
    pub psth: PsthVariance,
}

/// How the PSTH varies over the bins with two repeats or more, and how much of that is noise.
#[derive(Debug, Clone, Copy, Default)]
pub struct PsthVariance {
    /// Of the PSTH with itself.
    moments: PairMoments,
    /// The sum over bins of the variance of the mean over repeats.
    noise: f64,
}

impl PsthVariance {
    /// Of a PSTH and the sum of the variance of its noise.
    pub fn new(psth: &[f64], noise: f64) -> Self {
        Self { moments: PairMoments::of(psth, psth), noise }
    }

    /// Of the bins of a clip that have two repeats or more.
    pub fn of_bins(bins: &RepeatsOfBins) -> Self {
        let repeated = || (0..bins.repeats.len()).filter(|t| bins.repeats[*t] >= 2.0);
        let psth: Vec<f64> = repeated().map(|t| bins.mean[t]).collect();
        Self::new(&psth, repeated().map(|t| bins.variance_of_mean[t]).sum())
    }

    /// Takes one more clip.
    fn add(&mut self, clip: &Self) {
        self.moments.add(&clip.moments);
        self.noise += clip.noise;
    }

    /// The share of the variance that is no noise; below 0 by chance. NaN with fewer than 2 bins or
    /// where the PSTH is constant.
    fn share_of_signal(&self) -> f64 {
        let PairMoments { n, x, xx, .. } = self.moments;
        let freedom = if n < 2.0 { f64::NAN } else { n - 1.0 };
        let total = beyond_rounding(xx / freedom, x);
        let signal = total - self.noise / n;
        ratio(if signal.abs() > ROUNDING * total { signal } else { 0.0 }, total)
    }
}

impl ClipReliability {
    /// Measures of any repeats; `psth` is of the same clip.
    pub fn new(clip: &Repeats, psth: PsthVariance) -> Self {
        Self {
            bins: clip.bins,
            signal: shared(clip),
            noise: unshared(clip),
            ttrc: clip.mean_correlation(),
            psth,
        }
    }
}

impl Reliability {
    /// Takes one more clip.
    pub fn add(&mut self, clip: ClipReliability) {
        self.signal.add(clip.bins, clip.signal);
        self.noise.add(clip.bins, clip.noise);
        self.ttrc.add(clip.bins, clip.ttrc);
        self.psth.add(&clip.psth);
    }

    /// Signal and noise power, as [`super::powers::signal_and_noise_power`] has them.
    pub fn powers(&self) -> Powers {
        Powers { signal: self.signal.mean(), noise: self.noise.mean() }
    }

    /// The square of the best correlation that noise allows, as
    /// [`crate::scores::rows::ceiling::cc_max_squared`] has it.
    pub fn cc_max_squared(&self) -> f64 {
        self.psth.share_of_signal()
    }

    /// The mean correlation of two repeats, as [`crate::scores::rows::trial_to_trial::ttrc`] has
    /// it.
    pub fn ttrc(&self) -> f64 {
        self.ttrc.mean()
    }
}

/// A correlation from its square, which may come out below 0 by chance: 0 there. NaN where the
/// square is.
pub fn root(squared: f64) -> f64 {
    if squared < 0.0 { 0.0 } else { squared.sqrt() }
}
