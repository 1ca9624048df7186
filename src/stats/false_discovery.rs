//! How many discoveries among many tests are false.

/// The false-discovery rate at which each p-value would count as a discovery; NaN where it is.
///
/// `q_(i) = min_{j ≥ i} (m p_(j) / j)` of `m` sorted p-values.
///
/// Source: Benjamini & Hochberg (1995), doi:10.1111/j.2517-6161.1995.tb02031.x.
pub fn false_discovery_rates(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).filter(|place| !p[*place].is_nan()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let mut q = vec![f64::NAN; p.len()];
    let mut least = 1.0_f64;
    for (rank, place) in order.iter().enumerate().rev() {
        least = least.min(p[*place] * order.len() as f64 / (rank + 1) as f64);
        q[*place] = least;
    }
    q
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn false_discovery_rates_are_those_of_a_worked_example() {
        let p = [0.01, f64::NAN, 0.04, 0.03, 0.5, 0.02];
        let want = [0.05, f64::NAN, 0.05, 0.05, 0.5, 0.05];
        for (got, want) in false_discovery_rates(&p).iter().zip(want) {
            assert!((got - want).abs() < 1e-12 || got.is_nan() && want.is_nan(), "{got} {want}");
        }
    }
}
