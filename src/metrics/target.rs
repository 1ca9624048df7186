//! What a neuron's predictions are held against: its PSTH, and how noisy that is.
use ndarray::{ArrayView1, ArrayView2, Axis};

use super::statistics::{ROUNDING, correlation, covariance, mean, ratio, variance};
use crate::error::{Error, Result};

/// The recorded bins of one neuron, all clips one after the other; holds nothing that depends on a
/// prediction.
///
/// A bin is used where at least one repeat is recorded. Its PSTH is the mean over those repeats.
#[derive(Debug, Clone)]
pub struct Target {
    clips: Vec<ClipBins>,
    psth: Vec<f64>,
    repeated: Repeated,
    repeats: usize,
}

/// The used bins of one clip.
#[derive(Debug, Clone)]
struct ClipBins {
    bins: usize,
    used: Vec<usize>,
}

/// The used bins at which two repeats or more tell how noisy the PSTH is.
#[derive(Debug, Clone)]
struct Repeated {
    /// Places among the used bins.
    at: Vec<usize>,
    psth: Vec<f64>,
    signal_power: f64,
}

impl Target {
    /// Takes the responses `(R, T)` to each clip; NaN = not recorded, or left out of the scores.
    pub fn new(responses: &[ArrayView2<f32>]) -> Self {
        let clips: Vec<Vec<Bin>> = responses.iter().map(|clip| bins(*clip)).collect();
        let used: Vec<Bin> = clips.iter().flatten().copied().filter(Bin::is_used).collect();
        Self {
            clips: clips.iter().map(|clip| ClipBins::new(clip)).collect(),
            psth: used.iter().map(|bin| bin.mean).collect(),
            repeated: Repeated::new(&used),
            repeats: responses.iter().map(|clip| recorded_repeats(*clip)).max().unwrap_or(0),
        }
    }

    /// The PSTH at the used bins.
    pub fn psth(&self) -> &[f64] {
        &self.psth
    }

    /// Whether repeats have a signal in common, so that `cc_norm` can be defined.
    pub fn has_signal(&self) -> bool {
        !self.repeated.signal_power.is_nan()
    }

    /// The largest number of repeats that a clip has anything recorded of.
    pub fn repeats(&self) -> usize {
        self.repeats
    }

    /// The prediction at the used bins, out of one series of `T` bins per clip.
    ///
    /// # Errors
    /// The predictions do not have the clips or the bins of the responses.
    pub fn at_used_bins(&self, predictions: &[ArrayView1<f32>]) -> Result<Vec<f64>> {
        let expected: Vec<usize> = self.clips.iter().map(|clip| clip.bins).collect();
        let found: Vec<usize> = predictions.iter().map(ArrayView1::len).collect();
        if found != expected {
            let cause = format!("found clips of {found:?} bins, expected {expected:?}");
            return Err(Error::failed("comparing predictions with responses", cause));
        }
        let clips = self.clips.iter().zip(predictions);
        Ok(clips.flat_map(|(clip, p)| clip.used.iter().map(|t| f64::from(p[*t]))).collect())
    }

    /// Pearson's correlation of the PSTH with a prediction given at the used bins.
    pub fn cc(&self, prediction: &[f64]) -> f64 {
        correlation(prediction, &self.psth)
    }

    /// The noise-corrected correlation: covariance of the PSTH with the prediction over
    /// `sqrt(variance of the prediction · signal power)`, all over the same bins.
    ///
    /// The signal power is the variance of the PSTH minus the mean over bins of
    /// `variance over repeats / number of repeats`. A bin with a single repeat says nothing of its
    /// noise and enters none of the three. NaN where the signal power is not above 0.
    pub fn cc_norm(&self, prediction: &[f64]) -> f64 {
        let Repeated { at, psth, signal_power } = &self.repeated;
        let prediction: Vec<f64> = at.iter().map(|place| prediction[*place]).collect();
        let scale = variance(&prediction).sqrt() * signal_power.sqrt();
        ratio(covariance(&prediction, psth), scale)
    }
}

impl ClipBins {
    fn new(clip: &[Bin]) -> Self {
        let used = clip.iter().enumerate().filter(|(_, bin)| bin.is_used()).map(|(t, _)| t);
        Self { bins: clip.len(), used: used.collect() }
    }
}

impl Repeated {
    fn new(used: &[Bin]) -> Self {
        let at: Vec<usize> = (0..used.len()).filter(|place| used[*place].repeats >= 2).collect();
        let psth: Vec<f64> = at.iter().map(|place| used[*place].mean).collect();
        let noise: Vec<f64> = at.iter().map(|place| used[*place].variance_of_mean).collect();
        let total = variance(&psth);
        let signal_power = total - mean(&noise);
        // A difference as small as its rounding would make a correlation of any size.
        let defined = signal_power > ROUNDING * total;
        Self { at, psth, signal_power: if defined { signal_power } else { f64::NAN } }
    }
}

/// The repeats at one bin.
#[derive(Debug, Clone, Copy)]
struct Bin {
    repeats: usize,
    mean: f64,
    /// Of the mean over repeats; NaN with fewer than two.
    variance_of_mean: f64,
}

impl Bin {
    fn is_used(&self) -> bool {
        self.repeats > 0
    }
}

fn bins(responses: ArrayView2<f32>) -> Vec<Bin> {
    let at_bin = |column: ArrayView1<f32>| {
        let recorded: Vec<f64> =
            column.iter().filter(|y| !y.is_nan()).map(|y| f64::from(*y)).collect();
        let variance_of_mean = variance(&recorded) / recorded.len() as f64;
        Bin { repeats: recorded.len(), mean: mean(&recorded), variance_of_mean }
    };
    responses.columns().into_iter().map(at_bin).collect()
}

fn recorded_repeats(responses: ArrayView2<f32>) -> usize {
    responses.axis_iter(Axis(0)).filter(|repeat| repeat.iter().any(|y| !y.is_nan())).count()
}
