//! Several rows bin by bin, side by side: where each step of a recursion waits for the one before,
//! several rows take hardly longer than one.
use crate::simd::real::Real;

/// Rows that are computed side by side.
pub const SIDE_BY_SIDE: usize = 4;

/// Some bins of several rows, bin by bin: what a recursion works on lies in the nearest cache.
pub type Block<const N: usize> = [[f64; N]; BLOCK];
/// Bins of a block.
pub const BLOCK: usize = 64;

/// Fills the block with the bins from `start` on, less what is taken from each row; how many.
#[inline(always)]
pub fn gather<R: Real, const N: usize>(
    rows: &[&[R]; N],
    start: usize,
    less: [f64; N],
    block: &mut Block<N>,
) -> usize {
    for (i, row) in rows.iter().enumerate() {
        for (values, x) in block.iter_mut().zip(&row[start..]) {
            values[i] = x.to_f64() - less[i];
        }
    }
    BLOCK.min(rows[0].len() - start)
}

/// One bin of each row, less what is taken from each.
#[inline(always)]
pub fn bin<R: Real, const N: usize>(rows: &[&[R]; N], t: usize, less: [f64; N]) -> [f64; N] {
    std::array::from_fn(|i| rows[i][t].to_f64() - less[i])
}

/// Writes the block into the rows from bin `start` on.
#[inline(always)]
pub fn scatter<R: Real, const N: usize>(block: &Block<N>, rows: &mut [&mut [R]], start: usize) {
    for (i, row) in rows.iter_mut().enumerate().take(N) {
        for (x, values) in row[start..].iter_mut().zip(block) {
            *x = R::from_f64(values[i]);
        }
    }
}

/// Adds to a sum of each row.
#[inline(always)]
pub fn add<const N: usize>(sums: &mut [f64; N], values: [f64; N]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += value;
    }
}
