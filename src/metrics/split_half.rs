//! The best correlation that noise allows, from how well one half of the repeats predicts the
//! other.
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
    average_by_bins(&comparison.repeats, |clip| {
        let rho = half_correlation(clip);
        if rho > 0.0 { (2.0 * rho / (1.0 + rho)).sqrt() } else { f64::NAN }
    })
}

/// The mean over divisions of the correlation between both halves' means.
fn half_correlation(clip: &Repeats) -> f64 {
    let half = clip.covariance.nrows() / 2;
    let correlations: Vec<f64> = first_halves(half)
        .map(|first| {
            let second: Vec<usize> = (0..2 * half).filter(|r| !first.contains(r)).collect();
            let sum = |a: &[usize], b: &[usize]| -> f64 {
                a.iter().flat_map(|i| b.iter().map(|j| clip.covariance[(*i, *j)])).sum()
            };
            let scale = sum(&first, &first).sqrt() * sum(&second, &second).sqrt();
            ratio(sum(&first, &second), scale)
        })
        .collect();
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
