//! The best correlation that noise allows, from how well one half of the repeats predicts the
//! other.
use std::collections::BTreeSet;

use ndarray::{ArrayView1, Axis, s};
use rand::seq::index::sample;

use super::correlation::cc;
use super::repeats::Repeats;
use super::statistics::{ROUNDING, mean, ratio};
use super::{Comparison, MetricRow, Shown};
use crate::config::part::Part;
use crate::rng;

const SOURCE: &str = "Hsu, Borst & Theunissen (2004), Network 15(2):91-109, \
                      doi:10.1088/0954-898X_15_2_002";

/// Divisions into halves that are looked at: all of them up to 10 repeats, else so many drawn.
const SPLITS: usize = 126;

/// Largest half of which there are no more divisions than that.
const LARGEST_HALF: usize = 5;

/// The row of [`cc_norm_hsu`].
pub const CC_NORM_HSU: MetricRow = MetricRow {
    part: Part { name: "cc_norm_hsu", summary: "cc over cc_max", source: SOURCE, keys: &[] },
    shown: Shown::InFiles,
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
    shown: Shown::Everywhere,
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

/// [`cc_max`] of one clip, with the divisions of as many repeats or more.
pub(super) fn of_clip(clip: &Repeats, halves: &Halves) -> f64 {
    let rho = half_correlation(clip, halves);
    if rho > 0.0 { (2.0 * rho / (1.0 + rho)).sqrt() } else { f64::NAN }
}

/// The divisions in two halves of every even number of repeats up to a largest one.
#[derive(Debug, Clone, Default)]
pub struct Halves(Vec<Vec<Division>>); // by half the repeats

/// One division of repeats in two halves.
#[derive(Debug, Clone)]
struct Division {
    /// The repeats of the first half, ascending.
    first: Vec<usize>,
    /// The first place at which they differ from those of the division before.
    changed_from: usize,
}

impl Halves {
    /// Of up to `repeats` repeats.
    #[cfg(test)]
    fn of(repeats: usize) -> Self {
        let mut halves = Self::default();
        halves.extend(repeats);
        halves
    }

    /// Also of up to `repeats` repeats.
    pub fn extend(&mut self, repeats: usize) {
        self.0.extend((self.0.len()..=repeats / 2).map(divisions));
    }
}

fn divisions(half: usize) -> Vec<Division> {
    let mut before: Vec<usize> = Vec::new();
    let division = |first: Vec<usize>| {
        let changed_from = before.iter().zip(&first).take_while(|(a, b)| a == b).count();
        before.clone_from(&first);
        Division { first, changed_from }
    };
    let all = half <= LARGEST_HALF;
    let halves = if all { first_halves(half).collect() } else { drawn_halves(half) };
    halves.into_iter().map(division).collect()
}

/// How the sum over some repeats varies.
#[derive(Debug, Clone, Default)]
struct Sum {
    variance: f64,
    /// With the sum over all repeats.
    with_all: f64,
    /// With each repeat that may yet be added.
    with: Vec<f64>,
}

/// The mean over divisions of the correlation between both halves' means.
fn half_correlation(clip: &Repeats, halves: &Halves) -> f64 {
    let half = clip.covariance.nrows() / 2;
    let covariance = clip.covariance.slice(s![..2 * half, ..2 * half]);
    let all = covariance.sum_axis(Axis(0));
    let total = all.sum();
    let Some(divisions) = halves.0.get(half) else { return f64::NAN };
    // Sums over the first repeats of a division, none to all of its first half: one division
    // differs from the next in its last repeats.
    let mut sums = vec![Sum { with: vec![0.0; 2 * half], ..Sum::default() }; half + 1];
    let correlation = |Division { first, changed_from }: &Division| {
        for (place, repeat) in first.iter().enumerate().skip(*changed_from) {
            let (fewer, more) = sums.split_at_mut(place + 1);
            more[0].add(&fewer[place], *repeat, covariance.row(*repeat));
            more[0].with_all = fewer[place].with_all + all[*repeat];
        }
        let Sum { variance, with_all, .. } = sums[half];
        let of_second = total - 2.0 * with_all + variance;
        // A half that does not vary leaves rounding behind.
        let varies = variance.min(of_second) > ROUNDING * total.abs();
        let scale = if varies { variance.sqrt() * of_second.sqrt() } else { f64::NAN };
        ratio(with_all - variance, scale)
    };
    mean(&divisions.iter().map(correlation).collect::<Vec<_>>())
}

impl Sum {
    /// Becomes another sum with one more repeat, which varies with each as `covariance` says.
    fn add(&mut self, fewer: &Self, repeat: usize, covariance: ArrayView1<f64>) {
        self.variance = fewer.variance + 2.0 * fewer.with[repeat] + covariance[repeat];
        // Repeats are added in ascending order.
        let after = self.with.iter_mut().zip(&fewer.with).zip(covariance).skip(repeat + 1);
        for ((with, fewer), covariance) in after {
            *with = fewer + covariance;
        }
    }
}

/// The first halves of the divisions of `2 half` repeats in two: those that hold repeat 0, in
/// lexicographic order.
fn first_halves(half: usize) -> impl Iterator<Item = Vec<usize>> {
    let start: Option<Vec<usize>> = (half > 0).then(|| (0..half).collect());
    std::iter::successors(start, move |set| next_combination(set, 2 * half))
        .take_while(|set| set.first() == Some(&0))
}

/// As many different ones as are looked at, in lexicographic order, the same every time.
fn drawn_halves(half: usize) -> Vec<Vec<usize>> {
    let mut generator = rng::generator(0, &format!("divisions of {} repeats", 2 * half));
    let mut drawn = BTreeSet::new();
    while drawn.len() < SPLITS {
        let others = sample(&mut generator, 2 * half - 1, half - 1).into_iter().map(|r| r + 1);
        let mut first: Vec<usize> = std::iter::once(0).chain(others).collect();
        first.sort_unstable();
        drawn.insert(first);
    }
    drawn.into_iter().collect()
}

/// The combination of as many numbers below `n` that follows in lexicographic order.
fn next_combination(set: &[usize], n: usize) -> Option<Vec<usize>> {
    let size = set.len();
    // The last place that can still grow with all after it fitting below n.
    let place = (0..size).rev().find(|place| set[*place] + size - place < n)?;
    let grown = set[place] + 1..;
    Some(set[..place].iter().copied().chain(grown.take(size - place)).collect())
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    fn every_division_of_six_repeats_comes_once_in_lexicographic_order() {
        let halves: Vec<Vec<usize>> = first_halves(3).collect();
        assert_eq!(halves.len(), 10);
        assert!(halves.is_sorted());
        assert_eq!(halves.first(), Some(&vec![0, 1, 2]));
        assert_eq!(halves.last(), Some(&vec![0, 4, 5]));
    }

    /// Both halves' sums over the covariances of their repeats, one by one.
    fn clear_half_correlation(clip: &Repeats) -> f64 {
        let half = clip.covariance.nrows() / 2;
        let correlation = |Division { first, .. }: Division| {
            let second: Vec<usize> = (0..2 * half).filter(|r| !first.contains(r)).collect();
            let sum = |a: &[usize], b: &[usize]| -> f64 {
                a.iter().flat_map(|i| b.iter().map(|j| clip.covariance[(*i, *j)])).sum()
            };
            let scale = sum(&first, &first).sqrt() * sum(&second, &second).sqrt();
            ratio(sum(&first, &second), scale)
        };
        mean(&divisions(half).into_iter().map(correlation).collect::<Vec<_>>())
    }

    #[test]
    fn sums_that_share_their_first_repeats_give_the_correlation_of_all_divisions() {
        for repeats in 2..24 {
            let value = |r: usize, t: usize| ((t * t + 3 * r * t + 5 * r) % 13) as f32 + t as f32;
            let responses = Array2::from_shape_fn((repeats, 17), |(r, t)| value(r, t));
            let clip = Repeats::new(responses.view());
            let (got, want) =
                (half_correlation(&clip, &Halves::of(30)), clear_half_correlation(&clip));
            assert!((got - want).abs() < 1e-12, "{repeats} repeats: {got}, want {want}");
        }
    }

    #[test]
    fn a_half_that_never_varies_has_no_correlation() {
        let responses = Array2::from_shape_fn((4, 9), |(r, t)| if r < 2 { t as f32 } else { 0.1 });
        let clip = Repeats::new(responses.view());
        assert!(half_correlation(&clip, &Halves::of(4)).is_nan());
    }

    #[test]
    fn ten_repeats_are_divided_in_all_ways_and_twenty_in_no_more() {
        for (half, count) in [(0, 0), (3, 10), (5, 126), (6, 126), (10, 126)] {
            let divisions = divisions(half);
            assert_eq!(divisions.len(), count);
            assert!(divisions.is_sorted_by(|a, b| a.first < b.first), "{half}");
            assert!(divisions.iter().all(|d| d.first.len() == half && d.first[0] == 0));
        }
        let often = divisions(10).iter().filter(|d| d.first.contains(&19)).count();
        // 126 · 9/19 = 60, give or take 6.
        assert!((42..=78).contains(&often), "{often}");
    }
}
