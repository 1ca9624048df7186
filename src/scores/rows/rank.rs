//! How well a prediction follows the PSTH in rank, whatever the nonlinearity between them.
use std::cell::RefCell;

use super::{Average, BinsTaken, MetricRow, Visibility};
use crate::config::part::Part;
use crate::scores::comparison::Comparison;
use crate::stats::moments::{correlation, key, ranks, ratio, sort_key};

/// The row of [`spearman`].
pub const SPEARMAN: MetricRow = MetricRow {
    part: Part {
        name: "spearman",
        summary: "Spearman's rank correlation of prediction and PSTH over the bins of all clips",
        source: "",
        keys: &[],
    },
    shown: Visibility::InFiles,
    taken: BinsTaken::Recorded,
    average: Average::Plain,
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

thread_local! {
    /// Pairs and room to sort them, which serve one neuron after the other.
    static LISTS: RefCell<[Vec<u64>; 2]> = const { RefCell::new([Vec::new(), Vec::new()]) };
}

/// What the correlation of [`crate::stats::moments::ranks`] is, from bins sorted by one series and
/// then by the other.
fn rank_correlation(x: &[f32], y: &[f64]) -> f64 {
    // Twice the ranks are integers, which hold as many bins as anyone has.
    if u32::try_from(2 * x.len()).is_err() {
        let x: Vec<f64> = x.iter().map(|x| f64::from(*x)).collect();
        return correlation(&ranks(&x), &ranks(y));
    }
    let mut lists = LISTS.take();
    let correlation = correlation_of_pairs(x, y, &mut lists);
    LISTS.set(lists);
    correlation
}

fn correlation_of_pairs(x: &[f32], y: &[f64], [pairs, spare]: &mut [Vec<u64>; 2]) -> f64 {
    pairs.clear();
    spare.resize(x.len(), 0);
    let squares_y = if let Some(distinct) = Distinct::of(y) {
        let pair = |(x, y): (&f32, &f64)| pair(key(*x), distinct.value(sort_key(*y)));
        pairs.extend(x.iter().zip(y).map(pair));
        distinct.squares
    } else {
        pairs.extend(x.iter().zip(y).map(|(x, y)| pair(sort_key(*y), key(*x))));
        let squares = replace_by_ranks(pairs, spare);
        for pair in pairs.iter_mut() {
            *pair = pair.rotate_left(u32::BITS);
        }
        squares
    };
    sort_by_first(pairs, spare);
    let middle = pairs.len() as f64 - 1.0;
    let (mut before, mut squares_x, mut products) = (0, 0.0, 0.0);
    for equal in pairs.chunk_by(|a, b| first(*a) == first(*b)) {
        let rank = f64::from(twice_rank(before, equal.len())) - middle;
        squares_x += equal.len() as f64 * rank * rank;
        products += rank * equal.iter().map(|pair| f64::from(second(*pair)) - middle).sum::<f64>();
        before += equal.len();
    }
    ratio(products, (squares_x * squares_y).sqrt())
}

/// Twice the rank that some equal values share, of pairs fewer than 2³¹.
#[expect(clippy::cast_possible_truncation, reason = "pairs are fewer than 2³¹")]
fn twice_rank(before: usize, equal: usize) -> u32 {
    (2 * before + equal - 1) as u32
}

/// The ranks of a series that has few distinct values, as PSTHs of counts have.
struct Distinct {
    /// Keys by their hash, or the next free slot.
    keys: Vec<u32>,
    /// How many bins have each, then twice their rank.
    values: Vec<u32>,
    /// The sum of squares of those about their mean.
    squares: f64,
}

impl Distinct {
    /// Most values that are few.
    const MOST: usize = 1024;
    /// Bits of a slot's number: twice as many slots.
    const BITS: u32 = 11;
    /// No key of a number.
    const NONE: u32 = 0;

    /// None of a series with more values.
    fn of(series: &[f64]) -> Option<Self> {
        let slots = 1 << Self::BITS;
        let (keys, values) = (vec![Self::NONE; slots], vec![0; slots]);
        let mut distinct = Self { keys, values, squares: 0.0 };
        let mut used = Vec::new();
        for value in series {
            let value = sort_key(*value);
            let slot = distinct.slot(value);
            if distinct.keys[slot] == Self::NONE {
                distinct.keys[slot] = value;
                used.push((value, slot));
            }
            if used.len() > Self::MOST {
                return None;
            }
            distinct.values[slot] += 1;
        }
        used.sort_unstable();
        let (mut before, middle) = (0, series.len() as f64 - 1.0);
        for (_, slot) in used {
            let count = distinct.values[slot] as usize;
            distinct.values[slot] = twice_rank(before, count);
            let rank = f64::from(distinct.values[slot]) - middle;
            distinct.squares += count as f64 * rank * rank;
            before += count;
        }
        Some(distinct)
    }

    /// The slot of a key, or that in which it belongs.
    #[inline]
    fn slot(&self, key: u32) -> usize {
        // 2³² over the golden ratio spreads keys over the highest bits.
        let mut slot = (key.wrapping_mul(0x9e37_79b9) >> (u32::BITS - Self::BITS)) as usize;
        while self.keys[slot] != key && self.keys[slot] != Self::NONE {
            slot = (slot + 1) % self.keys.len();
        }
        slot
    }

    fn value(&self, key: u32) -> u32 {
        self.values[self.slot(key)]
    }
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
        let (count, twice) = (equal.len(), twice_rank(before, equal.len()));
        for both in equal {
            *both = pair(twice, second(*both));
        }
        squares += count as f64 * (f64::from(twice) - middle).powi(2);
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
    fn sorted_bins_give_the_correlation_of_ranks_whether_or_not_values_are_few() {
        for bins in [2_u32, 3, 17, 1001, 4001] {
            let x: Vec<f64> = (0..bins).map(|t| f64::from(t * 7919 % 1009).ln_1p() - 3.0).collect();
            let few: Vec<f64> = (0..bins).map(|t| f64::from(t * t % 23) / 7.0 - 1.0).collect();
            let many: Vec<f64> = (0..bins).map(|t| f64::from(t * 37 % 2003).sqrt() - 5.0).collect();
            for (x, y) in [(&x, &few), (&x, &many), (&many, &x), (&few, &few)] {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "ranks are of single precision"
                )]
                let single: Vec<f32> = x.iter().map(|x| *x as f32).collect();
                let got = rank_correlation(&single, y);
                let want = correlation(&ranks(x), &ranks(y));
                assert!((got - want).abs() < 1e-12, "{bins} bins: {got}, want {want}");
            }
        }
        assert!(rank_correlation(&[1.0, 2.0], &[0.1, 0.1]).is_nan());
        assert!(rank_correlation(&[1.0], &[2.0]).is_nan());
    }

    #[test]
    fn only_few_distinct_values_are_ranked_by_counting() {
        let of = |values: u32| {
            let series: Vec<f64> = (0..3000).map(|t| f64::from(t % values) - 7.5).collect();
            Distinct::of(&series).is_some()
        };
        assert!(of(3) && of(1024) && !of(1025));
    }
}
