//! How well a prediction follows single repeats.
use super::trial_to_trial::ttrc;
use super::{Average, BinsTaken, MetricRow, Visibility};
use crate::config::part::Part;
use crate::scores::comparison::Comparison;
use crate::stats::moments::ratio;

/// The row of [`single_trial_cc`].
pub const SINGLE_TRIAL_CC: MetricRow = MetricRow {
    part: Part {
        name: "single_trial_cc",
        summary: "correlation of the prediction with single repeats, the mean over them",
        source: "",
        keys: &[],
    },
    shown: Visibility::InFiles,
    taken: BinsTaken::Recorded,
    average: Average::Plain,
    compute: single_trial_cc,
};

/// The row of [`cc_norm_trials`].
pub const CC_NORM_TRIALS: MetricRow = MetricRow {
    part: Part {
        name: "cc_norm_trials",
        summary: "single_trial_cc over the square root of ttrc; can exceed 1",
        source: "Pennington & David (2023), PLoS Comput. Biol. 19(5):e1011110, \
                 doi:10.1371/journal.pcbi.1011110",
        keys: &[],
    },
    shown: Visibility::InFiles,
    taken: BinsTaken::Repeated,
    average: Average::Plain,
    compute: cc_norm_trials,
};

/// The mean over the repeats of a clip of their correlation with the prediction, each over its
/// recorded bins, averaged over clips by their recorded bins; −1 to 1.
///
/// Repeats that do not vary are left out, and so are clips without one that does or with a constant
/// prediction. NaN where none is left.
pub fn single_trial_cc(comparison: &Comparison) -> f64 {
    comparison.single_trial_cc.mean()
}

/// [`single_trial_cc`] over the square root of [`ttrc`]: two repeats share no more than the signal
/// in each, so the square root is the best correlation with a single repeat that noise allows. NaN
/// where `ttrc` is not above 0.
///
/// Both are over the clips that have a `ttrc`, at the bins with two repeats or more.
///
/// Source: Pennington & David (2023), doi:10.1371/journal.pcbi.1011110. Differs: both correlations
/// are averaged over clips before one is divided by the other.
pub fn cc_norm_trials(comparison: &Comparison) -> f64 {
    ratio(comparison.repeated_single_trial_cc.mean(), ttrc(comparison).sqrt())
}
