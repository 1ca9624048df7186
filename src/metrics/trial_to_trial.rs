//! How alike single repeats are.
use super::repeats::{Repeats, average_by_bins};
use super::statistics::{mean_of_defined, ratio};
use super::{Comparison, MetricRow, Shown};
use crate::config::part::Part;

/// The row of [`ttrc`].
pub const TTRC: MetricRow = MetricRow {
    part: Part {
        name: "ttrc",
        summary: "trial-to-trial response correlation: the mean over pairs of repeats",
        source: "",
        keys: &[],
    },
    shown: Shown::InFiles,
    compute: ttrc,
};

/// The mean correlation over pairs of repeats of a clip, each pair over the bins that both have,
/// averaged over clips by their recorded bins.
///
/// Pairs with a repeat that does not vary are left out. NaN where no pair is left.
pub fn ttrc(comparison: &Comparison) -> f64 {
    average_by_bins(&comparison.repeats, |clip| {
        mean_of_defined(clip.pairs().map(|(i, j)| correlation(clip, i, j)))
    })
}

fn correlation(clip: &Repeats, i: usize, j: usize) -> f64 {
    let scale = clip.variance[(i, j)].sqrt() * clip.variance[(j, i)].sqrt();
    ratio(clip.covariance[(i, j)], scale)
}
