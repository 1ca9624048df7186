//! How rows are divided into the blocks that the loops of [`crate::simd::tile`] compute: by their number
//! alone, so that results do not depend on the number of threads.
use std::ops::Range;

use super::rows::{Layout, Rows};
use crate::simd::parallel::split;
use crate::simd::real::Real;
use crate::simd::tile::{MOST_PRODUCTS, MOST_SUMS, Sums};

/// Divides `rows` into blocks of equal size, give or take one.
fn ranges(rows: usize, most: usize) -> Vec<Range<usize>> {
    let count = rows.div_ceil(most).max(1);
    (0..count).map(|block| rows * block / count..rows * (block + 1) / count).collect()
}

/// The blocks in which weighted sums of `rows` outputs are computed.
pub fn of_sums(rows: usize) -> Vec<Range<usize>> {
    ranges(rows, MOST_SUMS)
}

/// The blocks in which products with `rows` rows are computed, each with its part of a slice that
/// holds `width` values for every row.
pub fn of_products<R>(rows: usize, width: usize, out: &mut [R]) -> Vec<(Range<usize>, &mut [R])> {
    with_parts(ranges(rows, MOST_PRODUCTS), width, out)
}

fn with_parts<R>(
    ranges: Vec<Range<usize>>,
    width: usize,
    slice: &mut [R],
) -> Vec<(Range<usize>, &mut [R])> {
    let parts = split(slice, ranges.iter().map(|rows| rows.len() * width));
    ranges.into_iter().zip(parts).collect()
}

/// Some rows of a band, zeros included, that are computed together.
pub struct Block<'a, R> {
    /// The band.
    pub band: usize,
    /// Which rows of the band.
    pub rows: Range<usize>,
    /// Where they lie.
    pub out: &'a mut [R],
}

/// What rows of a block are weighted sums of.
#[derive(Clone, Copy)]
pub struct Summands<'a, R> {
    /// `(rows, P)` of all rows, packed block after block.
    pub weights: &'a [R],
    /// `(rows)`: what the sums start from.
    pub start: &'a [R],
    /// What is summed.
    pub source: &'a [R],
    /// `(P)`: where each summand lies.
    pub offsets: &'a [usize],
    /// What is added to all offsets.
    pub base: usize,
}

impl<R: Real> Block<'_, R> {
    /// Fills the rows, of a map laid out like this.
    pub fn fill(self, layout: Layout, summands: Summands<R>) {
        let Summands { weights, start, source, offsets, base } = summands;
        let terms = offsets.len();
        Sums {
            weights: &weights[self.rows.start * terms..self.rows.end * terms],
            start: &start[self.rows],
            source,
            offsets,
            base,
            bins: layout.bins,
            out: self.out,
            left: layout.left,
        }
        .run();
    }
}

/// The rows of a map in blocks of sums, `per_band` rows being of one band.
pub fn of_map<R: Real>(map: &mut Rows<R>, per_band: usize) -> Vec<Block<'_, R>> {
    let stride = map.stride();
    let bands = map.padded_mut().chunks_exact_mut(per_band * stride).enumerate();
    bands.flat_map(|(band, rows)| of_band(band, per_band, rows)).collect()
}

/// The rows of one band in blocks of sums.
pub fn of_band<R>(band: usize, per_band: usize, rows: &mut [R]) -> Vec<Block<'_, R>> {
    let stride = rows.len() / per_band;
    let blocks = with_parts(of_sums(per_band), stride, rows).into_iter();
    blocks.map(|(rows, out)| Block { band, rows, out }).collect()
}

/// Weights `(O, P)` in the order in which blocks of sums use them: for each block `(P, M)`.
pub fn pack<R: Real>(weights: &[R], rows: &Range<usize>, patch: usize) -> Vec<R> {
    let block = &weights[rows.start * patch..rows.end * patch];
    (0..patch).flat_map(|p| block[p..].iter().step_by(patch).copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_cover_all_rows_evenly() {
        for rows in 1..40 {
            let sizes: Vec<usize> = of_sums(rows).into_iter().map(|rows| rows.len()).collect();
            assert_eq!(sizes.iter().sum::<usize>(), rows);
            assert!(sizes.iter().all(|size| (1..=MOST_SUMS).contains(size)), "{sizes:?}");
        }
    }
}
