//! How alike single repeats are.
use super::{Average, BinsTaken, MetricRow, Visibility};
use crate::config::part::Part;
use crate::scores::comparison::Comparison;

/// The row of [`ttrc`].
pub const TTRC: MetricRow = MetricRow {
    part: Part {
        name: "ttrc",
        summary: "trial-to-trial response correlation: the mean over pairs of repeats",
        source: "",
        keys: &[],
    },
    shown: Visibility::InFiles,
    taken: BinsTaken::Repeated,
    average: Average::Plain,
    compute: ttrc,
};

/// The mean correlation over pairs of repeats of a clip, each pair over the bins that both have,
/// averaged over clips by their recorded bins.
///
/// `Σ_clips T Σ_{i<j} ρ(r_i, r_j) / (R (R − 1) / 2)  /  Σ_clips T`. Pairs with a repeat that does
/// not vary are left out, and so are clips without a pair. NaN where no pair is left.
///
/// Source: the `TTRC` of deepSTRF 0.1.0. Differs: it is undefined, not 1, with a single repeat.
pub fn ttrc(comparison: &Comparison) -> f64 {
    comparison.reliability.ttrc()
}
