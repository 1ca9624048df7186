//! How much of the power that repeats share a prediction explains.
use super::{Average, BinsTaken, MetricRow, Visibility};
use crate::config::part::Part;
use crate::scores::comparison::Comparison;
use crate::stats::moments::ratio;

/// The row of [`signal_power_explained`].
pub const SPE: MetricRow = MetricRow {
    part: Part {
        name: "spe",
        summary: "signal power explained: the share of the PSTH's signal power in the prediction",
        source: "Sahani & Linden (2003), Advances in Neural Information Processing Systems 15",
        keys: &[],
    },
    shown: Visibility::InFiles,
    taken: BinsTaken::Repeated,
    average: Average::Plain,
    compute: signal_power_explained,
};

/// `(variance(PSTH) − variance(PSTH − prediction)) / signal power`, all over the bins of all clips
/// with two repeats or more, with the signal power of [`crate::scores::Target::signal_power`]; 1
/// for the true mean response, 0 for a constant, below it where the error varies more than the
/// PSTH.
///
/// Source: Sahani & Linden (2003). Differs: over all clips in a row, with unequal repeats.
pub fn signal_power_explained(comparison: &Comparison) -> f64 {
    let moments = comparison.repeated_moments();
    ratio(moments.of_psth - moments.of_error, comparison.signal_power_over_clips())
}
