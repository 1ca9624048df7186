//! The best correlation that noise allows, from how well one half of the repeats predicts the
//! other.
use super::correlation::cc;
use super::{MetricRow, Visibility};
use crate::config::part::Part;
use crate::scores::comparison::Comparison;
use crate::stats::moments::ratio;

const SOURCE: &str = "Hsu, Borst & Theunissen (2004), Network 15(2):91-109, \
                      doi:10.1088/0954-898X_15_2_002";

/// The row of [`cc_norm_hsu`].
pub const CC_NORM_HSU: MetricRow = MetricRow {
    part: Part { name: "cc_norm_hsu", summary: "cc over cc_max", source: SOURCE, keys: &[] },
    shown: Visibility::InFiles,
    compute: cc_norm_hsu,
};

/// The row of [`cc_max`].
pub const CC_MAX: MetricRow = MetricRow {
    part: Part {
        name: "cc_max",
        summary: "the best correlation that noise allows, from halves of the repeats",
        source: SOURCE,
        keys: &[],
    },
    shown: Visibility::Everywhere,
    compute: cc_max,
};

/// [`cc`] over [`cc_max`]; can exceed 1.
///
/// Source: Hsu, Borst & Theunissen (2004), doi:10.1088/0954-898X_15_2_002.
pub fn cc_norm_hsu(comparison: &Comparison) -> f64 {
    ratio(cc(comparison), cc_max(comparison))
}

/// The correlation that the true mean response would have with the PSTH.
///
/// `sqrt(2ρ / (1 + ρ))` per clip, averaged by bins, where `ρ` is the mean correlation between the
/// means of two halves of the repeats over all divisions, or 126 drawn from them once for all where
/// there are more. The last
/// of an odd number of repeats is left out; so are clips with `ρ` at 0 or below, or with a half
/// that does not vary. NaN where no clip with 2 repeats and 2 bins is left.
///
/// Source: Hsu, Borst & Theunissen (2004), doi:10.1088/0954-898X_15_2_002. Differs: where bins are
/// missing, the halves vary as the covariances of their repeats over common bins say.
pub fn cc_max(comparison: &Comparison) -> f64 {
    comparison.reliability.cc_max()
}
