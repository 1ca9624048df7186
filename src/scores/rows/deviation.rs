//! How far a prediction is from the PSTH, scale and level included.
use super::{Average, BinsTaken, MetricRow, Visibility};
use crate::config::part::Part;
use crate::scores::comparison::Comparison;
use crate::simd::lanes;
use crate::simd::real::vectorized;
use crate::stats::moments::ratio;

/// The row of [`fve`].
pub const FVE: MetricRow = MetricRow {
    part: Part {
        name: "fve",
        summary: "fraction of the PSTH's variance explained; below 0 where its mean predicts better",
        source: "",
        keys: &[],
    },
    shown: Visibility::Everywhere,
    taken: BinsTaken::Recorded,
    average: Average::Plain,
    compute: fve,
};

/// The row of [`mse`].
pub const MSE: MetricRow = MetricRow {
    part: Part {
        name: "mse",
        summary: "mean squared error over the bins of all clips",
        source: "",
        keys: &[],
    },
    shown: Visibility::Everywhere,
    taken: BinsTaken::Recorded,
    average: Average::Plain,
    compute: mse,
};

/// The row of [`poisson`].
pub const POISSON: MetricRow = MetricRow {
    part: Part {
        name: "poisson",
        summary: "negative log likelihood of Poisson counts, as the loss of that name",
        source: "",
        keys: &[],
    },
    shown: Visibility::InFiles,
    taken: BinsTaken::Recorded,
    average: Average::Plain,
    compute: poisson,
};

/// `1 − Σ (PSTH − prediction)² / Σ (PSTH − mean PSTH)²` over the used bins of all clips; NaN with
/// fewer than 2 bins or a constant PSTH.
pub fn fve(comparison: &Comparison) -> f64 {
    let moments = comparison.moments();
    let total = moments.of_psth * (moments.bins as f64 - 1.0);
    1.0 - ratio(moments.squared_error * moments.bins as f64, total)
}

/// The mean of `(PSTH − prediction)²` over the used bins of all clips, in squared units of the
/// response; NaN without bins.
pub fn mse(comparison: &Comparison) -> f64 {
    comparison.moments().squared_error
}

/// The mean of `λ − y·log(max(λ, 1e−8) + 1e−8)` over the used bins of all clips, `λ` predicted and
/// `y` the PSTH; NaN where a prediction is negative, for it is no rate then.
pub fn poisson(comparison: &Comparison) -> f64 {
    const LEAST: f64 = 1e-8;
    let charge = |predicted: f64, recorded: f64| {
        let rate = if predicted >= 0.0 { predicted } else { f64::NAN };
        let least = if rate < LEAST { LEAST } else { rate };
        [rate - recorded * lanes::ln(least + LEAST)]
    };
    let [sum] = vectorized(
        #[inline(always)]
        || lanes::sums(&comparison.prediction, comparison.target.psth(), charge),
    );
    sum / comparison.bins() as f64
}
