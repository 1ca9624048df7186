//! How well a prediction follows the PSTH, plain and relative to what the noise leaves to explain.
use super::{Average, BinsTaken, MetricRow, Visibility};
use crate::config::part::Part;
use crate::scores::comparison::{Comparison, Moments};
use crate::stats::moments::ratio;

/// The row of [`cc`].
pub const CC: MetricRow = MetricRow {
    part: Part {
        name: "cc",
        summary: "Pearson's correlation of prediction and PSTH over the bins of all clips",
        source: "",
        keys: &[],
    },
    shown: Visibility::Everywhere,
    taken: BinsTaken::Recorded,
    average: Average::Plain,
    compute: cc,
};

/// The row of [`cc_norm`].
pub const CC_NORM: MetricRow = MetricRow {
    part: Part {
        name: "cc_norm",
        summary: "the correlation relative to the best that the noise of the recording allows",
        source: "Schoppe et al. (2016), Front. Comput. Neurosci. 10:10, \
                 doi:10.3389/fncom.2016.00010",
        keys: &[],
    },
    shown: Visibility::Everywhere,
    taken: BinsTaken::Repeated,
    average: Average::Plain,
    compute: cc_norm,
};

/// The row of [`cc_norm_perclip`].
pub const CC_NORM_PERCLIP: MetricRow = MetricRow {
    part: Part {
        name: "cc_norm_perclip",
        summary: "cc_norm with the signal power averaged over clips; can exceed 1",
        source: "Schoppe et al. (2016), Front. Comput. Neurosci. 10:10, \
                 doi:10.3389/fncom.2016.00010",
        keys: &[],
    },
    shown: Visibility::InFiles,
    taken: BinsTaken::Repeated,
    average: Average::Plain,
    compute: cc_norm_perclip,
};

/// Pearson's correlation of prediction and PSTH over the used bins of all clips; NaN with fewer
/// than 2 bins or where either is constant.
pub fn cc(comparison: &Comparison) -> f64 {
    comparison.moments().correlation()
}

/// `covariance(prediction, PSTH) / sqrt(variance(prediction) · signal power)`, all over the same
/// bins of all clips, with the signal power of [`crate::scores::Target::signal_power`].
///
/// A bin with a single repeat says nothing of its noise and enters none of the three. NaN where
/// that signal power is.
///
/// Source: Schoppe et al. (2016), doi:10.3389/fncom.2016.00010. Differs: the number of repeats may
/// change from bin to bin.
pub fn cc_norm(comparison: &Comparison) -> f64 {
    let Moments { covariance, of_prediction, .. } = *comparison.repeated_moments();
    ratio(covariance, of_prediction.sqrt() * comparison.signal_power_over_clips().sqrt())
}

/// The same with the signal power of [`super::power::signal_power`], which leaves out how the mean
/// response differs between clips while the covariance holds it: that is how it can exceed 1.
///
/// Source: Schoppe et al. (2016), doi:10.3389/fncom.2016.00010, as deepSTRF 0.1.0 computes it.
pub fn cc_norm_perclip(comparison: &Comparison) -> f64 {
    let Moments { covariance, of_prediction, .. } = *comparison.repeated_moments();
    let signal_power = comparison.reliability.powers().usable_signal();
    ratio(covariance, of_prediction.sqrt() * signal_power.sqrt())
}
