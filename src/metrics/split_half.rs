//! The best correlation that noise allows, from how well one half of the repeats predicts the
//! other.
use ndarray::{Array2, ArrayView1, Axis, s};

use super::correlation::cc;
use super::repeats::{Repeats, average_by_bins};
use super::statistics::{mean, ratio};
use super::{Comparison, MetricRow, Shown};
use crate::config::part::Part;

const SOURCE: &str = "Hsu, Borst & Theunissen (2004), Network 15(2):91-109, \
                      doi:10.1088/0954-898X_15_2_002";

/// Divisions into halves that are looked at: all of them up to 10 repeats.
const SPLITS: usize = 126;

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
/// means of two halves of the repeats over the first 126 divisions in lexicographic order. The last
/// of an odd number of repeats is left out; so are clips with `ρ` at 0 or below, or with a half
/// that does not vary. NaN where no clip with 2 repeats and 2 bins is left.
///
/// Source: Hsu, Borst & Theunissen (2004), doi:10.1088/0954-898X_15_2_002. Differs: where bins are
/// missing, the halves vary as the covariances of their repeats over common bins say.
pub fn cc_max(comparison: &Comparison) -> f64 {
    let clips = &comparison.repeats;
    let halves = Halves::of(clips.iter().map(|clip| clip.covariance.nrows()).max().unwrap_or(0));
    average_by_bins(clips, |clip| of_clip(clip, &halves))
}

/// [`cc_max`] of one clip, with the divisions of as many repeats or more.
pub(super) fn of_clip(clip: &Repeats, halves: &Halves) -> f64 {
    let rho = half_correlation(clip, halves);
    if rho > 0.0 { (2.0 * rho / (1.0 + rho)).sqrt() } else { f64::NAN }
}

/// The divisions in two halves of every even number of repeats up to a largest one.
#[derive(Debug, Clone, Default)]
pub(super) struct Halves(Vec<Array2<f64>>); // by half the repeats: (divisions, R), 1 in the first half

impl Halves {
    /// Of up to `repeats` repeats.
    pub(super) fn of(repeats: usize) -> Self {
        let mut halves = Self::default();
        halves.extend(repeats);
        halves
    }

    /// Also of up to `repeats` repeats.
    pub(super) fn extend(&mut self, repeats: usize) {
        self.0.extend((self.0.len()..=repeats / 2).map(divisions));
    }
}

/// `(divisions, 2 half)`: 1 for a repeat in the first half, 0 for one in the second.
fn divisions(half: usize) -> Array2<f64> {
    let sets: Vec<Vec<usize>> = first_halves(half).collect();
    Array2::from_shape_fn((sets.len(), 2 * half), |(division, repeat)| {
        f64::from(u8::from(sets[division].contains(&repeat)))
    })
}

/// The mean over divisions of the correlation between both halves' means.
fn half_correlation(clip: &Repeats, halves: &Halves) -> f64 {
    let Some(divisions) = halves.0.get(clip.covariance.nrows() / 2) else { return f64::NAN };
    let repeats = divisions.ncols();
    let covariance = clip.covariance.slice(s![..repeats, ..repeats]);
    let all = covariance.sum_axis(Axis(0));
    let of_first = divisions.dot(&covariance); // with the sum over the first half
    let correlation = |(first, with_first): (ArrayView1<f64>, ArrayView1<f64>)| {
        let (mut within_first, mut between, mut within_second) = (0.0, 0.0, 0.0);
        for ((&first, &with_first), &with_all) in first.iter().zip(with_first).zip(&all) {
            within_first += first * with_first;
            between += (1.0 - first) * with_first;
            within_second += (1.0 - first) * (with_all - with_first);
        }
        ratio(between, within_first.sqrt() * within_second.sqrt())
    };
    let correlations: Vec<f64> =
        divisions.rows().into_iter().zip(of_first.rows()).map(correlation).collect();
    mean(&correlations)
}

/// The first halves of the divisions of `2 half` repeats in two: those that hold repeat 0, in
/// lexicographic order.
fn first_halves(half: usize) -> impl Iterator<Item = Vec<usize>> {
    let start: Option<Vec<usize>> = (half > 0).then(|| (0..half).collect());
    std::iter::successors(start, move |set| next_combination(set, 2 * half))
        .take_while(|set| set.first() == Some(&0))
        .take(SPLITS)
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
    use super::*;

    #[test]
    fn every_division_of_six_repeats_comes_once_in_lexicographic_order() {
        let halves: Vec<Vec<usize>> = first_halves(3).collect();
        assert_eq!(halves.len(), 10);
        assert!(halves.is_sorted());
        assert_eq!(halves.first(), Some(&vec![0, 1, 2]));
        assert_eq!(halves.last(), Some(&vec![0, 4, 5]));
    }

    #[test]
    fn ten_repeats_are_divided_in_all_ways_and_twenty_in_no_more() {
        assert_eq!(first_halves(5).count(), 126);
        assert_eq!(first_halves(10).count(), 126);
        assert_eq!(first_halves(0).count(), 0);
    }
}
