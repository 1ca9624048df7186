//! Sums over rows in vector registers, the lanes always added in the same order.
use pulp::Simd;

use super::level::dispatch;
use super::real::Real;

/// Values after which sums go on in f64.
const BLOCK: usize = 1024;
/// Sums that run side by side, so that none waits for the one before.
const SIDE_BY_SIDE: usize = 4;

/// The sum of a row.
pub fn total<R: Real>(row: &[R]) -> f64 {
    row.chunks(BLOCK).map(|row| dispatch(Total(row)).to_f64()).sum()
}

/// The sum of products of two rows of equal length.
pub fn dot<R: Real>(a: &[R], b: &[R]) -> f64 {
    let blocks = a.chunks(BLOCK).zip(b.chunks(BLOCK));
    blocks.map(|(a, b)| dispatch(Dot(a, b)).to_f64()).sum()
}

struct Total<'a, R>(&'a [R]);

impl<R: Real> pulp::WithSimd for Total<'_, R> {
    type Output = R;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> R {
        let (vectors, rest) = R::vectors::<S>(self.0);
        let mut sums = [R::splat(simd, R::constant(0.0)); SIDE_BY_SIDE];
        let (groups, last) = vectors.as_chunks::<SIDE_BY_SIDE>();
        for group in groups {
            for (sum, x) in sums.iter_mut().zip(group) {
                *sum = R::add_lanes(simd, *sum, *x);
            }
        }
        for x in last {
            sums[0] = R::add_lanes(simd, sums[0], *x);
        }
        let [a, b, c, d] = sums;
        let whole = R::sum_lanes(
            simd,
            R::add_lanes(simd, R::add_lanes(simd, a, b), R::add_lanes(simd, c, d)),
        );
        rest.iter().fold(whole, |sum, x| sum + *x)
    }
}

struct Dot<'a, R>(&'a [R], &'a [R]);

impl<R: Real> pulp::WithSimd for Dot<'_, R> {
    type Output = R;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> R {
        let ((xs, x_rest), (ys, y_rest)) = (R::vectors::<S>(self.0), R::vectors::<S>(self.1));
        let mut sums = [R::splat(simd, R::constant(0.0)); SIDE_BY_SIDE];
        let ((x_groups, x_last), (y_groups, y_last)) =
            (xs.as_chunks::<SIDE_BY_SIDE>(), ys.as_chunks::<SIDE_BY_SIDE>());
        for (xs, ys) in x_groups.iter().zip(y_groups) {
            for (sum, (x, y)) in sums.iter_mut().zip(xs.iter().zip(ys)) {
                *sum = R::mul_add(simd, *x, *y, *sum);
            }
        }
        for (x, y) in x_last.iter().zip(y_last) {
            sums[0] = R::mul_add(simd, *x, *y, sums[0]);
        }
        let [a, b, c, d] = sums;
        let whole = R::sum_lanes(
            simd,
            R::add_lanes(simd, R::add_lanes(simd, a, b), R::add_lanes(simd, c, d)),
        );
        x_rest.iter().zip(y_rest).fold(whole, |sum, (x, y)| sum + *x * *y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_reach_every_value_once() {
        for count in [0, 1, 15, 16, 17, 63, 64, 1023, 1024, 1040, 5000] {
            let row: Vec<f64> = (0..count).map(f64::from).collect();
            let last = f64::from(count) - 1.0;
            let squares = f64::from(count) * last * (2.0 * last + 1.0) / 6.0;
            assert!((total(&row) - f64::from(count) * last / 2.0).abs() < 0.5);
            assert!((dot(&row, &row) - squares).abs() < 0.5);
        }
    }
}
