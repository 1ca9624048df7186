//! The best correlation with the PSTH that noise allows.
use super::{Average, BinsTaken, MetricRow, Visibility};
use crate::config::part::Part;
use crate::scores::comparison::Comparison;
use crate::scores::repeats::reliability::root;

const SOURCE: &str = "Schoppe et al. (2016), Front. Comput. Neurosci. 10:10, \
                      doi:10.3389/fncom.2016.00010";

/// The row of [`cc_max`].
pub const CC_MAX: MetricRow = MetricRow {
    part: Part {
        name: "cc_max",
        summary: "the best cc that noise allows: the ceiling of cc; 0 where no signal was found",
        source: SOURCE,
        keys: &[],
    },
    shown: Visibility::Everywhere,
    taken: BinsTaken::Repeated,
    average: Average::RootOf("cc_max_squared"),
    compute: cc_max,
};

/// The row of [`cc_max_squared`].
pub const CC_MAX_SQUARED: MetricRow = MetricRow {
    part: Part {
        name: "cc_max_squared",
        summary: "the share of the PSTH's variance that is signal; below 0 by chance",
        source: SOURCE,
        keys: &[],
    },
    shown: Visibility::InFiles,
    taken: BinsTaken::Repeated,
    average: Average::Plain,
    compute: cc_max_squared,
};

/// The correlation that the true mean response would have with the PSTH over the bins of all clips
/// with two repeats or more: the square root of [`cc_max_squared`], 0 where that is below 0.
///
/// With [`super::correlation::cc`] over the same bins, `cc / cc_max` is
/// [`super::correlation::cc_norm`].
///
/// Source: Schoppe et al. (2016), doi:10.3389/fncom.2016.00010.
pub fn cc_max(comparison: &Comparison) -> f64 {
    root(cc_max_squared(comparison))
}

/// `signal power / variance(PSTH)`, both over the bins of all clips with two repeats or more, with
/// the signal power of [`crate::scores::Target::signal_power`], but that it may come out below 0 by
/// chance: about 0 on average where there is no signal. NaN with fewer than 2 such bins, or where
/// the PSTH is constant.
///
/// Source: Schoppe et al. (2016), doi:10.3389/fncom.2016.00010.
pub fn cc_max_squared(comparison: &Comparison) -> f64 {
    comparison.reliability.cc_max_squared()
}
