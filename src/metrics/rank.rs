//! How well a prediction follows the PSTH in rank, whatever the nonlinearity between them.
use super::statistics::{correlation, ranks, ratio, sort_key};
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
    let Comparison { prediction, target, .. } = comparison;
    if prediction.iter().any(|predicted| predicted.is_nan()) {
        return f64::NAN;
    }
    rank_correlation(prediction, target.psth())
}

/// What the correlation of [`super::statistics::ranks`] is, from bins sorted by one series and then
/// by the other.
fn rank_correlation(x: &[f64], y: &[f64]) -> f64 {
    // Twice the ranks are integers, which hold as many bins as anyone has.
    if u32::try_from(2 * x.len()).is_err() {
        return correlation(&ranks(x), &ranks(y));
    }
    let pair = |(x, y): (&f64, &f64)| pair(sort_key(*x), sort_key(*y));
    let mut pairs: Vec<u64> = x.iter().zip(y).map(pair).collect();
    let mut spare = vec![0; pairs.len()];
    let squares_x = replace_by_ranks(&mut pairs, &mut spare);
    for pair in &mut pairs {
        *pair = pair.rotate_left(u32::BITS);
    }
    let squares_y = replace_by_ranks(&mut pairs, &mut spare);
    let middle = pairs.len() as f64 - 1.0;
    let product =
        |pair: &u64| (f64::from(first(*pair)) - middle) * (f64::from(second(*pair)) - middle);
    let products: f64 = pairs.iter().map(product).sum();
    ratio(products, (squares_x * squares_y).sqrt())
}

fn pair(first: u32, second: u32) -> u64 {
    u64::from(first) << u32::BITS | u64::from(second)
}

fn first(pair: u64) -> u32 {
    (pair >> u32::BITS) as u32
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
fn second(pair: u64) -> u32 {
    pair as u32
}

/// Sorts pairs by the first of them, which become twice their ranks; the sum of squares of those
/// about their mean.
fn replace_by_ranks(pairs: &mut Vec<u64>, spare: &mut Vec<u64>) -> f64 {
    sort_by_first(pairs, spare);
    let middle = pairs.len() as f64 - 1.0;
    let (mut before, mut squares) = (0, 0.0);
    for equal in pairs.chunk_by_mut(|a, b| first(*a) == first(*b)) {
        #[expect(clippy::cast_possible_truncation, reason = "pairs are fewer than 2³¹")]
        let count = equal.len() as u32;
        let twice = 2 * before + (count - 1);
        for both in equal {
            *both = pair(twice, second(*both));
        }
        squares += f64::from(count) * (f64::from(twice) - middle).powi(2);
        before += count;
    }
    squares
}

/// By one digit after the other, the last first: three passes instead of comparisons.
fn sort_by_first(pairs: &mut Vec<u64>, spare: &mut Vec<u64>) {
    const DIGITS: usize = 1 << 11;
    const SHIFTS: [u32; 3] = [0, 11, 22];
    let digit = |pair: u64, shift: u32| (first(pair) >> shift) as usize % DIGITS;
    let mut starts = vec![[0_u32; DIGITS]; SHIFTS.len()];
    for pair in &*pairs {
        for (counts, shift) in starts.iter_mut().zip(SHIFTS) {
            counts[digit(*pair, shift)] += 1;
        }
    }
    for (starts, shift) in starts.iter_mut().zip(SHIFTS) {
        let mut before = 0;
        for start in &mut *starts {
            (*start, before) = (before, before + *start);
        }
        for pair in &*pairs {
            let start = &mut starts[digit(*pair, shift)];
            spare[*start as usize] = *pair;
            *start += 1;
        }
        std::mem::swap(pairs, spare);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_sorted_twice_give_the_correlation_of_ranks() {
        for bins in [2_u32, 3, 17, 1001] {
            let x: Vec<f64> = (0..bins).map(|t| f64::from(t * 7919 % 1009).ln_1p() - 3.0).collect();
            let y: Vec<f64> = (0..bins).map(|t| f64::from(t * t % 23) / 7.0 - 1.0).collect();
            let (got, want) = (rank_correlation(&x, &y), correlation(&ranks(&x), &ranks(&y)));
            assert!((got - want).abs() < 1e-12, "{bins} bins: {got}, want {want}");
        }
        assert!(rank_correlation(&[1.0, 2.0], &[0.1, 0.1]).is_nan());
        assert!(rank_correlation(&[1.0], &[2.0]).is_nan());
    }
}
