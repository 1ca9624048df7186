//! Signal and noise power: how much of a response repeats itself and how much does not.
use ndarray::ArrayView2;

use super::covariance::{AverageByBins, Repeats};
use crate::stats::moments::{ROUNDING, ratio};

/// Signal and noise power of a neuron, in squared units of the response; NaN where undefined.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Powers {
    /// Variance over time that repeats share; may come out below 0 by chance.
    pub signal: f64,
    /// Variance over time of one repeat beyond that.
    pub noise: f64,
}

impl Powers {
    /// The signal power where it is above 0, else NaN.
    pub fn usable_signal(self) -> f64 {
        // Identical repeats of nothing leave rounding behind, which is no signal.
        let defined = self.signal > ROUNDING * (self.signal + self.noise);
        if defined { self.signal } else { f64::NAN }
    }

    /// Signal over noise; NaN where no noise can be told from rounding.
    pub fn snr(self) -> f64 {
        let defined = self.noise > ROUNDING * (self.signal.abs() + self.noise);
        ratio(self.signal, if defined { self.noise } else { f64::NAN })
    }
}

/// Signal and noise power of one neuron's responses, `(R, T)` for each clip, NaN = not recorded.
///
/// With every bin of every repeat recorded these are the formulas of Sahani & Linden (2003),
/// written by pairs of repeats: within a clip, the signal power is the mean over pairs of their
/// covariance, the noise power half the mean variance of their difference. Pairs take the bins
/// that both repeats have. Clips are averaged by their recorded bins; a clip with fewer than 2
/// repeats or 2 bins is left out. NaN where no clip is left.
pub fn signal_and_noise_power(clips: &[ArrayView2<f32>]) -> Powers {
    let (mut signal, mut noise) = (AverageByBins::default(), AverageByBins::default());
    for clip in clips.iter().map(|clip| Repeats::new(*clip)) {
        signal.add(clip.bins, shared(&clip));
        noise.add(clip.bins, unshared(&clip));
    }
    Powers { signal: signal.mean(), noise: noise.mean() }
}

/// Signal power of one clip.
pub fn shared(clip: &Repeats) -> f64 {
    clip.mean_over_pairs(|i, j| clip.covariance[(i, j)])
}

/// Noise power of one clip.
pub fn unshared(clip: &Repeats) -> f64 {
    clip.mean_over_pairs(|i, j| {
        f64::midpoint(clip.variance[(i, j)], clip.variance[(j, i)]) - clip.covariance[(i, j)]
    })
}
