//! How likely the PSTH is if the prediction is the rate of a Poisson process.
use super::{Average, BinsTaken, MetricRow, Visibility};
use crate::config::part::Part;
use crate::scores::comparison::Comparison;
use crate::simd::lanes;
use crate::simd::real::vectorized;
use crate::stats::moments::ratio;

/// Lowest rate that a prediction counts as, so that a single response where none was predicted
/// does not cost without limit.
const LEAST: f64 = 1e-8;

/// The row of [`deviance`].
pub const DEVIANCE: MetricRow = MetricRow {
    part: Part {
        name: "deviance",
        summary: "Poisson deviance per bin: twice the log likelihood short of that of the PSTH",
        source: "Nelder & Wedderburn (1972), J. R. Stat. Soc. A 135:370-384, doi:10.2307/2344614",
        keys: &[],
    },
    shown: Visibility::InFiles,
    taken: BinsTaken::Recorded,
    average: Average::Plain,
    compute: deviance,
};

/// The row of [`bits_per_spike`].
pub const BITS_PER_SPIKE: MetricRow = MetricRow {
    part: Part {
        name: "bits_per_spike",
        summary: "log likelihood beyond that of the mean rate, in bits per spike",
        source: "Pillow et al. (2008), Nature 454:995-999, doi:10.1038/nature07140",
        keys: &[],
    },
    shown: Visibility::InFiles,
    taken: BinsTaken::Recorded,
    average: Average::Plain,
    compute: bits_per_spike,
};

/// The mean over the used bins of all clips of `2 (y log(y/λ) − (y − λ))`, `λ` predicted and `y`
/// the PSTH; from 0, which is a perfect prediction. NaN where a prediction or a PSTH is negative.
///
/// Source: Nelder & Wedderburn (1972), doi:10.2307/2344614.
pub fn deviance(comparison: &Comparison) -> f64 {
    let unlikely = |rate: f64, y: f64| {
        // log(0) is none.
        let surprise = if y > 0.0 { y * lanes::ln(y / at_least(rate)) } else { 0.0 };
        2.0 * (surprise - (y - rate))
    };
    sum_over_bins(comparison, unlikely) / comparison.bins() as f64
}

/// `Σ (y log(λ/ȳ) − (λ − ȳ)) / (log 2 · Σ y)` over the used bins of all clips, `λ` predicted, `y`
/// the PSTH and `ȳ` its mean; 0 for the mean rate, below it for worse. NaN without responses, or
/// where a prediction or a PSTH is negative.
///
/// Source: Pillow et al. (2008), doi:10.1038/nature07140. Differs: of the PSTH, which weighs every
/// bin the same whatever its repeats.
pub fn bits_per_spike(comparison: &Comparison) -> f64 {
    let average = comparison.moments().mean_psth;
    let gain = |rate: f64, y: f64| y * lanes::ln(at_least(rate) / average) - (rate - average);
    let total = average * comparison.bins() as f64;
    ratio(sum_over_bins(comparison, gain), std::f64::consts::LN_2 * total)
}

/// A rate, or the least that it counts as.
#[inline(always)]
fn at_least(rate: f64) -> f64 {
    if rate < LEAST { LEAST } else { rate }
}

/// The sum over the used bins of a term of the predicted and the recorded rate; NaN where one of
/// them is none.
fn sum_over_bins(comparison: &Comparison, term: impl Fn(f64, f64) -> f64) -> f64 {
    let rate = |value: f64| if value >= 0.0 { value } else { f64::NAN };
    let [sum] = vectorized(
        #[inline(always)]
        || {
            lanes::sums(&comparison.prediction, comparison.target.psth(), |predicted, recorded| {
                [term(rate(predicted), rate(recorded))]
            })
        },
    );
    sum
}
