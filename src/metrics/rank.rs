//! How well a prediction follows the PSTH in rank, whatever the nonlinearity between them.
use super::statistics::{correlation, ranks};
use super::{Comparison, MetricRow, Shown};
use crate::config::part::Part;

/// The row of [`spearman`].
pub const SPEARMAN: MetricRow = MetricRow {
    part: Part {
        name: "spearman",
        summary: "Spearman's rank correlation of prediction and PSTH over the bins of all clips",
        source: "",
        keys: &[],
    },
    shown: Shown::InFiles,
    compute: spearman,
};

/// Pearson's correlation of the ranks of prediction and PSTH over the used bins of all clips, equal
/// values sharing their mean rank; −1 to 1. NaN where [`super::correlation::cc`] is.
///
/// PSTHs are compared in single precision, so that sums of the same responses in another order are
/// equal.
pub fn spearman(comparison: &Comparison) -> f64 {
    let prediction = &comparison.prediction;
    if prediction.iter().any(|predicted| predicted.is_nan()) {
        return f64::NAN;
    }
    correlation(&ranks(prediction), &ranks(comparison.target.psth()))
}
