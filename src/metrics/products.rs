//! Products of all pairs of rows, in vector registers.
use ndarray::{Array2, ArrayView2};
use pulp::Simd;

/// Rows that are taken at once, so that no sum waits for the one before.
const AT_ONCE: usize = 4;
/// Numbers in the widest register.
const WIDEST: usize = 8;

/// `(R, R)`: the sums of products of all pairs of rows of `(R, T)`; for so few rows much quicker
/// than a product of matrices, which rearranges both of them first.
pub fn products(rows: ArrayView2<f64>) -> Array2<f64> {
    let (count, bins) = rows.dim();
    let length = bins.next_multiple_of(WIDEST);
    let mut padded = vec![0.0; count.next_multiple_of(AT_ONCE) * length];
    for (to, row) in padded.chunks_mut(length.max(1)).zip(rows.rows()) {
        to.iter_mut().zip(row).for_each(|(to, x)| *to = *x);
    }
    let mut products = Array2::zeros((count, count));
    pulp::Arch::new().dispatch(Pairs { rows: &padded, length, products: &mut products });
    products
}

struct Pairs<'a> {
    /// One after the other, all of one length.
    rows: &'a [f64],
    length: usize,
    products: &'a mut Array2<f64>,
}

impl pulp::WithSimd for Pairs<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { rows, length, products } = self;
        let count = products.nrows();
        let row = |r: usize| S::as_simd_f64s(&rows[r * length..(r + 1) * length]).0;
        for i in 0..count {
            for first in (0..=i).step_by(AT_ONCE) {
                let others = [row(first), row(first + 1), row(first + 2), row(first + 3)];
                let with = with_others(simd, row(i), others);
                (first..count).zip(with).for_each(|(j, product)| products[(i, j)] = product);
                (first..count).zip(with).for_each(|(j, product)| products[(j, i)] = product);
            }
        }
    }
}

/// The sums of products of one row with each of the others.
#[inline(always)]
fn with_others<S: Simd>(
    simd: S,
    row: &[S::f64s],
    [a, b, c, d]: [&[S::f64s]; AT_ONCE],
) -> [f64; AT_ONCE] {
    let mut sums = [simd.splat_f64s(0.0); AT_ONCE];
    for ((((x, a), b), c), d) in row.iter().zip(a).zip(b).zip(c).zip(d) {
        sums[0] = simd.mul_add_f64s(*x, *a, sums[0]);
        sums[1] = simd.mul_add_f64s(*x, *b, sums[1]);
        sums[2] = simd.mul_add_f64s(*x, *c, sums[2]);
        sums[3] = simd.mul_add_f64s(*x, *d, sums[3]);
    }
    sums.map(|sum| simd.reduce_sum_f64s(sum))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_of_rows_is_multiplied_over_every_bin() {
        for (count, bins) in [(1, 2), (3, 7), (4, 8), (7, 33), (21, 100)] {
            let value = |(r, t): (usize, usize)| ((3 * r + 5 * t + r * t) % 11) as f64 - 4.0;
            let rows = Array2::from_shape_fn((count, bins), value);
            assert_eq!(products(rows.view()), rows.dot(&rows.t()), "{count} rows of {bins}");
        }
    }
}
