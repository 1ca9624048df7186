//! How the repeats of a clip vary together; noise ceilings need nothing else of them.
use ndarray::{Array2, ArrayView1, ArrayView2, Axis, s};

use super::split_halves::Triangles;
use crate::stats::moments::{ROUNDING, mean_of_defined, ratio};

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
        let bins = recorded_bins(responses);
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

    /// The same, and the mean correlation of the repeats with a prediction `(T)`, over those that
    /// vary; NaN where none does.
    pub fn with_prediction(responses: ArrayView2<f32>, prediction: ArrayView1<f32>) -> (Self, f64) {
        if prediction.len() < 2 || prediction.iter().any(|p| p.is_nan()) {
            return (Self::new(responses), f64::NAN);
        }
        // The prediction is one more repeat, the last.
        let all = ndarray::concatenate![Axis(0), responses, prediction.insert_axis(Axis(0))];
        let all = Self::new(all.view());
        let repeats = all.covariance.nrows().saturating_sub(1);
        let mean = mean_of_defined((0..repeats).map(|r| all.correlation(r, repeats)));
        let of_repeats = |all: &Array2<f64>| all.slice(s![..repeats, ..repeats]).to_owned();
        let (covariance, variance) = (of_repeats(&all.covariance), of_repeats(&all.variance));
        (Self { bins: recorded_bins(responses), covariance, variance }, mean)
    }

    /// How they vary together but for the last of an odd number, as the repeats of a neuron among
    /// others.
    pub fn triangle(&self, neuron: usize) -> Triangles {
        let mut triangles = Triangles::default();
        triangles.start(self.covariance.nrows() / 2 * 2, 0);
        triangles.read(neuron, |i, j| self.covariance[(i, j)]);
        triangles
    }

    /// The correlation of repeats `i` and `j`; NaN where one of them does not vary.
    pub fn correlation(&self, i: usize, j: usize) -> f64 {
        let scale = self.variance[(i, j)].sqrt() * self.variance[(j, i)].sqrt();
        ratio(self.covariance[(i, j)], scale)
    }

    /// The mean correlation over pairs of repeats, of which the pairs with one that does not vary are
    /// left out; NaN where no pair is left.
    pub fn mean_correlation(&self) -> f64 {
        self.mean_over_pairs(|i, j| self.correlation(i, j))
    }

    /// The mean of `value` over the pairs of different repeats, `i` before `j`, for which it is
    /// defined; NaN where it is for none.
    pub fn mean_over_pairs(&self, value: impl Fn(usize, usize) -> f64) -> f64 {
        let repeats = self.covariance.nrows();
        let (mut sum, mut pairs) = (0.0, 0.0);
        for i in 0..repeats {
            let values = (i + 1..repeats).map(|j| value(i, j));
            for value in values.filter(|value| !value.is_nan()) {
                sum += value;
                pairs += 1.0;
            }
        }
        sum / pairs
    }
}

/// Bins at which at least one repeat is recorded.
fn recorded_bins(responses: ArrayView2<f32>) -> usize {
    let mut recorded = vec![false; responses.ncols()];
    for repeat in responses.rows() {
        for (recorded, y) in recorded.iter_mut().zip(repeat) {
            *recorded |= !y.is_nan();
        }
    }
    recorded.into_iter().filter(|recorded| *recorded).count()
}

/// How many repeats have anything recorded.
pub fn recorded_repeats(responses: ArrayView2<f32>) -> usize {
    responses.axis_iter(Axis(0)).filter(|repeat| repeat.iter().any(|y| !y.is_nan())).count()
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
        let n = bins[(i, j)];
        ratio(beyond_rounding(squares[(i, j)], sums[(i, j)], n), n - 1.0)
    });
    (covariance, variance)
}

/// The sum of squares about the mean of `n` numbers; 0 where a constant leaves rounding behind.
fn beyond_rounding(squares: f64, sum: f64, n: f64) -> f64 {
    let rest = squares - sum.powi(2) / n;
    if rest <= ROUNDING * squares { 0.0 } else { rest }
}

/// A mean over clips weighted by their bins, taken one clip after the other.
#[derive(Debug, Clone, Copy, Default)]
pub struct AverageByBins {
    weight: f64,
    sum: f64,
}

impl AverageByBins {
    /// Takes the value of one more clip; NaN leaves the clip out.
    pub fn add(&mut self, bins: usize, value: f64) {
        if !value.is_nan() {
            self.weight += bins as f64;
            self.sum += bins as f64 * value;
        }
    }

    /// NaN where no clip is left.
    pub fn mean(self) -> f64 {
        self.sum / self.weight
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clip_without_repeats_has_no_recorded_bins() {
        let clip = Repeats::new(Array2::zeros((0, 13)).view());
        assert_eq!((clip.bins, clip.covariance.dim()), (0, (0, 0)));
    }
}
