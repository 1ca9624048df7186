//! The normal distribution.
use std::f64::consts::FRAC_1_SQRT_2;

use statrs::distribution::{ContinuousCDF, Normal};

/// The probability of a standard normal number at or below `z`.
///
/// From the error function of `libm`, which is exact to the last digits; that of `statrs` is 1e-10
/// off.
pub fn below(z: f64) -> f64 {
    0.5 * libm::erfc(-z * FRAC_1_SQRT_2)
}

/// The number below which a standard normal number lies with probability `p`; infinite at 0 and 1.
pub fn quantile(p: f64) -> f64 {
    if p.is_nan() { p } else { Normal::standard().inverse_cdf(p.clamp(0.0, 1.0)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_and_probabilities_are_those_of_tables() {
        assert!((below(1.959_963_984_540_054) - 0.975).abs() < 1e-15);
        assert!((quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-13);
        assert!((quantile(below(-3.25)) + 3.25).abs() < 1e-12);
        assert!(quantile(0.0) < -1e300 && quantile(1.0) > 1e300 && quantile(f64::NAN).is_nan());
    }
}
