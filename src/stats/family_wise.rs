//! How sure many tests are together that none of them errs.

/// The probability that any of these tests, all together, gives a p-value as small as each by chance;
/// NaN where it is, which is no test. Valid however the tests depend on each other.
///
/// `max_{j ≤ i} min(1, (m − j + 1) p_(j))` of `m` sorted p-values.
///
/// Source: Holm (1979), Scandinavian Journal of Statistics 6:65-70.
pub fn corrected(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).filter(|place| !p[*place].is_nan()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let mut corrected = vec![f64::NAN; p.len()];
    let mut most = 0.0_f64;
    for (rank, place) in order.iter().enumerate() {
        most = most.max(p[*place] * (order.len() - rank) as f64).min(1.0);
        corrected[*place] = most;
    }
    corrected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_of_several_tests_are_those_worked_out_by_hand() {
        // Of four: 4 · 0.01; 3 · 0.02; 2 · 0.025 = 0.05, below the one before; 0.4.
        let p = [0.4, 0.01, f64::NAN, 0.025, 0.02];
        let want = [0.4, 0.04, f64::NAN, 0.06, 0.06];
        for (got, want) in corrected(&p).iter().zip(want) {
            assert!((got - want).abs() < 1e-12 || got.is_nan() && want.is_nan(), "{got} {want}");
        }
        assert_eq!(corrected(&[0.7, 0.9]), [1.0, 1.0]);
        assert_eq!(corrected(&[0.3]), [0.3]);
    }
}
