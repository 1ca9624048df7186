//! Sums over rows, in several lanes at once, the lanes always added in the same order.
use super::real::Real;

/// Sums that run side by side.
const LANES: usize = 16;
/// Values after which lanes are added up in f64.
const BLOCK: usize = 1024;

/// `Σ_t term(t)` over `count` values.
#[inline(always)]
pub fn sum<R: Real>(count: usize, term: impl Fn(usize) -> R) -> f64 {
    let mut total = 0.0;
    let mut from = 0;
    while from < count {
        let to = (from + BLOCK).min(count);
        let whole = from + (to - from) / LANES * LANES;
        let mut lanes = [R::constant(0.0); LANES];
        for start in (from..whole).step_by(LANES) {
            for (lane, sum) in lanes.iter_mut().enumerate() {
                *sum += term(start + lane);
            }
        }
        for t in whole..to {
            lanes[t - whole] += term(t);
        }
        total += lanes.iter().map(|lane| lane.to_f64()).sum::<f64>();
        from = to;
    }
    total
}

/// The sum of a row.
#[inline(always)]
pub fn total<R: Real>(row: &[R]) -> f64 {
    sum(row.len(), |t| row[t])
}

/// The sum of products of two rows of equal length.
#[inline(always)]
pub fn dot<R: Real>(a: &[R], b: &[R]) -> f64 {
    let b = &b[..a.len()];
    sum(a.len(), |t| a[t] * b[t])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_reach_every_value_once() {
        for count in [0, 1, 15, 16, 17, 1023, 1024, 1040, 5000] {
            let row: Vec<f64> = (0..count).map(f64::from).collect();
            let last = f64::from(count) - 1.0;
            let squares = f64::from(count) * last * (2.0 * last + 1.0) / 6.0;
            assert!((total(&row) - f64::from(count) * last / 2.0).abs() < 0.5);
            assert!((dot(&row, &row) - squares).abs() < 0.5);
        }
    }
}
