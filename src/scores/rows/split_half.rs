//! How well one half of the repeats predicts the other, and what that says of the best correlation
//! that noise allows.
use super::{Average, BinsTaken, MetricRow, Visibility};
use crate::config::part::Part;
use crate::scores::comparison::Comparison;
use crate::stats::moments::ratio;

const SOURCE: &str = "Hsu, Borst & Theunissen (2004), Network 15(2):91-109, \
                      doi:10.1088/0954-898X_15_2_002";

/// The row of [`cc_norm_hsu`].
pub const CC_NORM_HSU: MetricRow = MetricRow {
    part: Part {
        name: "cc_norm_hsu",
        summary: "cc over the best that halves of the repeats allow; can exceed 1",
        source: SOURCE,
        keys: &[],
    },
    shown: Visibility::InFiles,
    taken: BinsTaken::Repeated,
    average: Average::Plain,
    compute: cc_norm_hsu,
};

/// The row of [`cc_max_perclip`].
pub const CC_MAX_PERCLIP: MetricRow = MetricRow {
    part: Part {
        name: "cc_max_perclip",
        summary: "the best correlation within a clip by halves of its repeats, the mean over clips",
        source: SOURCE,
        keys: &[],
    },
    shown: Visibility::InFiles,
    taken: BinsTaken::Repeated,
    average: Average::Plain,
    compute: cc_max_perclip,
};

/// The row of [`cc_norm_hsu_perclip`].
pub const CC_NORM_HSU_PERCLIP: MetricRow = MetricRow {
    part: Part {
        name: "cc_norm_hsu_perclip",
        summary: "cc over cc_max_perclip; can exceed 1",
        source: SOURCE,
        keys: &[],
    },
    shown: Visibility::InFiles,
    taken: BinsTaken::Repeated,
    average: Average::Plain,
    compute: cc_norm_hsu_perclip,
};

/// [`super::correlation::cc`] over the bins with two repeats or more, over the ceiling that halves
/// of the repeats give over the same bins of all clips in a row; can exceed 1.
///
/// `ρ` is the mean over divisions of the repeats in two halves of the correlation between the
/// halves' means, and the ceiling the square root of `2ρ / (1 + ρ)`. There are 126 divisions at
/// most, drawn once for all where there are more; an odd number of repeats is divided in halves of
/// unequal size, for which the formula is that of Horst (1951). A clip with fewer divisions than
/// another repeats them. NaN where `ρ` is not above 0, or a half does not vary.
///
/// Source: Hsu, Borst & Theunissen (2004), doi:10.1088/0954-898X_15_2_002; Horst (1951),
/// Educational and Psychological Measurement 11:368-371. Differs: over all clips in a row, with unequal repeats and gaps.
pub fn cc_norm_hsu(comparison: &Comparison) -> f64 {
    let cc = comparison.repeated_moments().correlation();
    ratio(cc, comparison.halves.cc_max_squared().sqrt())
}

/// `sqrt(2ρ / (1 + ρ))` per clip, averaged by bins, where `ρ` is the mean correlation between the
/// means of two halves of the repeats over all divisions, or 126 drawn from them once for all where
/// there are more. The last
/// of an odd number of repeats is left out; so are clips with `ρ` at 0 or below, or with a half
/// that does not vary. NaN where no clip with 2 repeats and 2 bins is left.
///
/// It leaves out how clips differ, and clips that show no signal: it is no ceiling of
/// [`super::correlation::cc`], which [`super::ceiling::cc_max`] is.
///
/// Source: Hsu, Borst & Theunissen (2004), doi:10.1088/0954-898X_15_2_002, as deepSTRF 0.1.0
/// computes it. Differs: where bins are missing, the halves vary as the covariances of their
/// repeats over common bins say.
pub fn cc_max_perclip(comparison: &Comparison) -> f64 {
    comparison.halves.cc_max_per_clip()
}

/// [`super::correlation::cc`] over the bins with two repeats or more, over [`cc_max_perclip`]; can
/// exceed 1.
///
/// Source: Hsu, Borst & Theunissen (2004), doi:10.1088/0954-898X_15_2_002, as deepSTRF 0.1.0
/// computes it.
pub fn cc_norm_hsu_perclip(comparison: &Comparison) -> f64 {
    ratio(comparison.repeated_moments().correlation(), cc_max_perclip(comparison))
}
