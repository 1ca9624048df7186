//! How a prediction and a PSTH vary, alone and together, for all scores that need it.
use crate::simd::lanes;
use crate::simd::real::vectorized;
use crate::stats::moments::{beyond_rounding, ratio};

/// Means and variances over some bins; NaN without any, variances and the covariance with fewer
/// than 2.
#[derive(Debug, Clone, Copy)]
pub struct Moments {
    /// How many bins.
    pub bins: usize,
    /// Mean of the PSTH.
    pub mean_psth: f64,
    /// Variance of the PSTH, unbiased as all are; exactly 0 for a constant.
    pub of_psth: f64,
    /// Variance of the prediction.
    pub of_prediction: f64,
    /// Variance of the PSTH less the prediction.
    pub of_error: f64,
    /// Covariance of both.
    pub covariance: f64,
    /// Mean square of the PSTH less the prediction.
    pub squared_error: f64,
}

impl Moments {
    /// Takes both at the same bins.
    pub fn new<P: Copy>(prediction: &[P], psth: &[f64]) -> Self
    where
        f64: From<P>,
    {
        let bins = psth.len();
        let [sum, sum_psth, squares] = vectorized(
            #[inline(always)]
            || lanes::sums(prediction, psth, |p, y| [p, y, (y - p) * (y - p)]),
        );
        let n = bins as f64;
        let (mean, mean_psth, squared_error) = (sum / n, sum_psth / n, squares / n);
        let products = vectorized(
            #[inline(always)]
            || {
                lanes::sums(prediction, psth, |p, y| {
                    let (p, y) = (p - mean, y - mean_psth);
                    [p * p, y * y, p * y, (y - p) * (y - p)]
                })
            },
        );
        let freedom = if bins < 2 { f64::NAN } else { n - 1.0 };
        let [pp, yy, covariance, errors] = products.map(|sum| sum / freedom);
        Self {
            bins,
            mean_psth,
            of_psth: beyond_rounding(yy, mean_psth),
            of_prediction: beyond_rounding(pp, mean),
            of_error: beyond_rounding(errors, mean_psth - mean),
            covariance,
            squared_error,
        }
    }

    /// Pearson's correlation; NaN where one of them is constant.
    pub fn correlation(&self) -> f64 {
        ratio(self.covariance, self.of_prediction.sqrt() * self.of_psth.sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::moments::{correlation, covariance, mean, variance};

    #[test]
    fn moments_are_those_of_their_definitions() {
        let psth: Vec<f64> = (0..101).map(|t| 50.0 + f64::from(t * t % 17)).collect();
        let prediction: Vec<f64> = (0..101).map(|t| 0.3 * f64::from(t * 5 % 13)).collect();
        let error: Vec<f64> = psth.iter().zip(&prediction).map(|(y, p)| y - p).collect();
        let squares: Vec<f64> = error.iter().map(|e| e * e).collect();
        let got = Moments::new(&prediction, &psth);
        let pairs = [
            (got.mean_psth, mean(&psth)),
            (got.of_psth, variance(&psth)),
            (got.of_prediction, variance(&prediction)),
            (got.of_error, variance(&error)),
            (got.covariance, covariance(&prediction, &psth)),
            (got.squared_error, mean(&squares)),
            (got.correlation(), correlation(&prediction, &psth)),
        ];
        for (place, (got, want)) in pairs.into_iter().enumerate() {
            assert!((got - want).abs() <= 1e-13 * want.abs(), "{place}: {got}, want {want}");
        }
    }

    #[test]
    fn a_constant_does_not_vary_and_a_single_bin_has_no_variance() {
        let moments = Moments::new(&[1.0 / 3.0; 1001], &[0.1; 1001]);
        let variances = [moments.of_psth, moments.of_prediction, moments.of_error];
        assert!(variances.iter().all(|variance| variance.to_bits() == 0), "{moments:?}");
        let single = Moments::new(&[1.0], &[3.0]);
        assert!(single.of_psth.is_nan() && single.covariance.is_nan());
        assert_eq!((single.bins, single.squared_error.to_bits()), (1, 4.0_f64.to_bits()));
    }
}
