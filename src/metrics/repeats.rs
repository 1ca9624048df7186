//! How the repeats of a clip vary together; noise ceilings need nothing else of them.
use ndarray::{Array2, ArrayView1, ArrayView2};

use super::statistics::{ROUNDING, mean_of_defined, ratio};

/// Covariances of the recorded repeats of one clip, each over the bins that both repeats have.
///
/// A repeat with fewer than 2 recorded bins is left out. Entries of two repeats with fewer than 2
/// bins in common are NaN.
#[derive(Debug, Clone)]
pub struct Repeats {
    /// Bins at which at least one repeat is recorded: the weight of the clip.
    pub bins: usize,
    /// `(R, R)`: unbiased covariance of repeats `i` and `j`.
    pub covariance: Array2<f64>,
    /// `(R, R)`: unbiased variance of repeat `i` over the bins it has in common with `j`.
    pub variance: Array2<f64>,
}

impl Repeats {
    /// Takes the responses `(R, T)` to one clip; NaN = not recorded.
    pub fn new(responses: ArrayView2<f32>) -> Self {
        let recorded = |y: &f32| !y.is_nan();
        let bins = responses.columns().into_iter().filter(|bin| bin.iter().any(recorded)).count();
        let rows = responses.rows().into_iter();
        let kept: Vec<ArrayView1<f32>> = rows
            .filter(|repeat| repeat.iter().copied().filter(|y| recorded(y)).count() >= 2)
            .collect();

        let shape = (kept.len(), responses.ncols());
        let mask =
            Array2::from_shape_fn(shape, |(r, t)| f64::from(u8::from(recorded(&kept[r][t]))));
        // Deviations from each repeat's own mean, so that little is lost in the differences below.
        let means: Vec<f64> =
            kept.iter().map(|r| mean_of_defined(r.iter().map(|y| f64::from(*y)))).collect();
        let deviations = Array2::from_shape_fn(shape, |(r, t)| {
            if recorded(&kept[r][t]) { f64::from(kept[r][t]) - means[r] } else { 0.0 }
        });
        let (covariance, variance) = pairwise(&deviations, &mask);
        Self { bins, covariance, variance }
    }

    /// The pairs of different repeats `(i, j)`, `i < j`.
    pub fn pairs(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let repeats = self.covariance.nrows();
        (0..repeats).flat_map(move |i| (i + 1..repeats).map(move |j| (i, j)))
    }
}

/// Covariances and variances over common bins out of deviations `(R, T)`, 0 where the mask
/// `(R, T)` is 0.
fn pairwise(deviations: &Array2<f64>, mask: &Array2<f64>) -> (Array2<f64>, Array2<f64>) {
    let bins = mask.dot(&mask.t());
    let sums = deviations.dot(&mask.t()); // of repeat i over the bins of j
    let products = deviations.dot(&deviations.t());
    let squares = deviations.powi(2).dot(&mask.t());

    // ratio() makes the entries of fewer than 2 common bins NaN.
    let covariance = Array2::from_shape_fn(bins.dim(), |(i, j)| {
        let n = bins[(i, j)];
        ratio(products[(i, j)] - sums[(i, j)] * sums[(j, i)] / n, n - 1.0)
    });
    let variance = Array2::from_shape_fn(bins.dim(), |(i, j)| {
        let (n, sum) = (bins[(i, j)], squares[(i, j)]);
        let rest = sum - sums[(i, j)].powi(2) / n;
        // A repeat that is constant over the common bins leaves rounding behind.
        ratio(if rest <= ROUNDING * sum { 0.0 } else { rest }, n - 1.0)
    });
    (covariance, variance)
}

/// The mean over clips weighted by their bins, without the clips whose value is NaN; NaN where
/// none is left.
pub fn average_by_bins(clips: &[Repeats], value: impl Fn(&Repeats) -> f64) -> f64 {
    let defined: Vec<(f64, f64)> = clips
        .iter()
        .map(|clip| (clip.bins as f64, value(clip)))
        .filter(|(_, value)| !value.is_nan())
        .collect();
    let weight: f64 = defined.iter().map(|(bins, _)| bins).sum();
    defined.iter().map(|(bins, value)| bins * value).sum::<f64>() / weight
}
