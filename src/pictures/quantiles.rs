//! Values over quantiles of what they are held against.

/// The pairs between two quantiles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bin {
    /// Mean of what they are held against.
    pub(super) at: f64,
    /// Mean of the values.
    pub(super) mean: f64,
    /// Standard error of that mean, `s / √n`, as if the pairs were independent; NaN for one pair.
    pub(super) error: f64,
    /// How many pairs the bin holds, `n`.
    pub(super) count: usize,
}

/// At most `bins` bins of equal counts of `(x, y)` pairs, in the order of `x`; equal `x` stay in
/// one bin, so that bins may be fewer and larger. All pairs must be numbers.
pub(super) fn quantile_bins(mut pairs: Vec<(f64, f64)>, bins: usize) -> Vec<Bin> {
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut found = Vec::new();
    let mut start = 0;
    for bin in 1..=bins {
        let edge = (bin * pairs.len()) / bins;
        let tied = |last: usize| pairs.partition_point(|pair| pair.0 <= pairs[last].0);
        let end = if edge > start { tied(edge - 1) } else { start };
        if end > start {
            found.push(Bin::of(&pairs[start..end]));
            start = end;
        }
    }
    found
}

impl Bin {
    fn of(pairs: &[(f64, f64)]) -> Self {
        let n = pairs.len() as f64;
        let at = pairs.iter().map(|(x, _)| x).sum::<f64>() / n;
        let mean = pairs.iter().map(|(_, y)| y).sum::<f64>() / n;
        let squares = pairs.iter().map(|(_, y)| (y - mean).powi(2)).sum::<f64>();
        let error = (squares / (n - 1.0) / n).sqrt();
        Self { at, mean, error, count: pairs.len() }
    }
}

/// How many of `values` lie in each of so many equal cells between two ends, over the fullest.
pub(super) fn density(values: &[f64], (low, high): (f64, f64), cells: usize) -> Vec<f64> {
    let mut counts = vec![0usize; cells];
    for value in values.iter().filter(|value| **value >= low && **value <= high) {
        let place = (value - low) / (high - low) * cells as f64;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to cells")]
        let place = (place as usize).min(cells - 1);
        counts[place] += 1;
    }
    let most = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    counts.into_iter().map(|count| count as f64 / most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_hold_equal_counts_with_their_means_and_standard_errors() {
        let pairs = vec![(5.0, 2.0), (1.0, 3.0), (2.0, 5.0), (4.0, 4.0), (3.0, 7.0), (6.0, 9.0)];
        let bins = quantile_bins(pairs, 2);
        let want = [(2.0, 5.0, (4.0f64 / 3.0).sqrt()), (5.0, 5.0, (13.0f64 / 3.0).sqrt())];
        assert_eq!(bins.len(), 2);
        for (bin, (at, mean, error)) in bins.iter().zip(want) {
            assert_eq!((bin.at, bin.mean, bin.count), (at, mean, 3));
            assert!((bin.error - error).abs() < 1e-12, "{bin:?}, {error}");
        }
    }

    #[test]
    fn equal_values_stay_in_one_bin_and_every_pair_in_some() {
        let silent = (0..70).map(|i| (-1.0, f64::from(i)));
        let pairs: Vec<(f64, f64)> = silent.chain((0..30).map(|i| (f64::from(i), 1.0))).collect();
        let bins = quantile_bins(pairs, 20);
        assert_eq!((bins[0].at, bins[0].count), (-1.0, 70));
        assert_eq!(bins.len(), 7, "70 %, then six of 5 %");
        assert!(bins[1..].iter().all(|bin| bin.count == 5), "{bins:?}");
        let few = quantile_bins(vec![(0.0, 1.0), (1.0, 2.0)], 20);
        assert_eq!(few.iter().map(|bin| bin.count).collect::<Vec<_>>(), [1, 1]);
        assert!(few[0].error.is_nan());
        assert_eq!(quantile_bins(Vec::new(), 20), []);
    }

    #[test]
    fn densities_are_shares_of_the_fullest_cell() {
        let values = [0.0, 0.1, 0.2, 0.6, 1.0, 7.0];
        assert_eq!(density(&values, (0.0, 1.0), 2), [1.0, 2.0 / 3.0]);
        assert_eq!(density(&[], (0.0, 1.0), 2), [0.0, 0.0]);
    }
}
