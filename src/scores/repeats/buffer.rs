//! What is needed of the repeats of a clip, whichever precision they are held in: the products of
//! all pairs of them, and of a series with all.
use crate::simd::lanes::LANES;
use crate::simd::real::{Real, vectorized};
use crate::simd::tile::{MOST_PRODUCTS, Products};

/// Most columns of products that are worked out at once.
const MOST_COLUMNS: usize = 8;

/// Rows that may be read behind the last one.
pub const SPARE_ROWS: usize = MOST_COLUMNS;

/// Buffers; they serve one list of rows after the other.
#[derive(Debug, Default)]
pub struct Pairs<R> {
    /// Where each row begins.
    offsets: Vec<usize>,
    /// Products of some rows.
    block: Vec<R>,
}

impl<R: Real> Pairs<R> {
    /// Multiplies the first `count` of some rows of `length` numbers, `bins` and zeros up to whole
    /// vectors, which are followed by [`SPARE_ROWS`]; `take` gets the place of each row and the
    /// sums of its products with those before it and with itself.
    pub fn multiply(
        &mut self,
        rows: &[R],
        (count, length, bins): (usize, usize, usize),
        mut take: impl FnMut(usize, &[R]),
    ) {
        self.offsets.clear();
        self.offsets.extend((0..count + SPARE_ROWS).map(|row| row * length));
        for first in (0..count).step_by(MOST_PRODUCTS) {
            let end = count.min(first + MOST_PRODUCTS);
            // As many columns as the kernel takes at once, so that none is left over.
            let at_once = [MOST_COLUMNS, 5, 4, 3][end - first - 1];
            let columns = end.next_multiple_of(at_once);
            self.block.clear();
            self.block.resize((end - first) * columns, R::default());
            Products {
                rows,
                row_offsets: &self.offsets[first..end],
                source: rows,
                offsets: &self.offsets[..columns],
                base: 0,
                bins,
                out: &mut self.block,
            }
            .run();
            for (i, of_row) in (first..end).zip(self.block.chunks_exact(columns)) {
                take(i, &of_row[..=i]);
            }
        }
    }
}

/// The recorded repeats of one clip in some precision; the buffers serve one clip after the other.
#[derive(Debug, Default)]
pub struct RepeatBuffer<R> {
    pub bins: usize,
    /// Numbers of a row: the bins, filled up to whole vectors.
    pub length: usize,
    /// `(R, T)`, with zeros behind the bins.
    pub rows: Vec<R>,
    /// The mean of each repeat.
    pub means: Vec<f64>,
    /// The sum of each row.
    pub sums: Vec<f64>,
    pub pairs: Pairs<R>,
    /// Sums over every second repeat, from the first and from the second.
    halves: [Vec<R>; 2],
    /// How many repeats are recorded among those.
    counts: [usize; 2],
}

impl<R: Real> RepeatBuffer<R>
where
    f64: From<R>,
{
    /// Makes room for `rows` repeats of a clip of `bins` bins.
    pub fn start(&mut self, bins: usize, rows: usize) {
        if self.bins != bins {
            self.rows.clear(); // what stands behind the bins becomes 0
        }
        (self.bins, self.length) = (bins, bins.next_multiple_of(R::MOST_LANES));
        let needed = (rows + SPARE_ROWS) * self.length;
        self.rows.resize(self.rows.len().max(needed), R::default());
        for half in &mut self.halves {
            half.clear();
            half.resize(self.length, R::default());
        }
        self.counts = [0, 0];
        self.means.clear();
        self.sums.clear();
    }

    /// Where the next row begins.
    #[inline(always)]
    pub fn next(&self) -> usize {
        self.means.len() * self.length
    }

    /// Adds the next row, as it was heard, to the half of repeat `r`.
    #[inline(always)]
    pub fn add_to_half(&mut self, r: usize) {
        let row = &self.rows[self.next()..];
        self.halves[r % 2].iter_mut().zip(row).for_each(|(sum, y)| *sum += *y);
        self.counts[r % 2] += 1;
    }

    /// Copies the sum over every second repeat and counts those, as [`RepeatRows::copy_half`] says.
    pub fn copy_half(&self, half: usize, to: &mut Vec<f64>) -> usize {
        to.clear();
        to.extend(self.halves[half][..self.bins].iter().map(|sum| f64::from(*sum)));
        self.counts[half]
    }

    /// The product of a series with the weighted sum over repeats, as
    /// [`RepeatRows::weighted_product`] says.
    pub fn weighted_product(&self, series: &[f64], weights: &[f64]) -> f64 {
        vectorized(
            #[inline(always)]
            || weighted_product((&self.rows, self.length), series, weights),
        )
    }
}

/// The recorded repeats of a clip, as they are or less their means.
pub trait RepeatRows {
    /// The mean of each.
    fn means(&self) -> &[f64];

    /// The sum of each, as it is held.
    fn sums(&self) -> &[f64];

    /// Copies the sum over every second repeat, from the first or from the second, and says how
    /// many are recorded among those.
    fn copy_half(&self, half: usize, to: &mut Vec<f64>) -> usize;

    /// Fills in `(R, R)`: sums of products of each repeat with those before it and itself, about
    /// their means; and adds those with itself to a list, 0 for a constant.
    fn multiply(&mut self, products: &mut [f64], squares: &mut Vec<f64>);

    /// The sum over bins of a series `(T)` times the weighted sum over repeats, as they are held.
    fn weighted_product(&self, series: &[f64], weights: &[f64]) -> f64;
}

/// What [`RepeatRows::weighted_product`] gives, of rows of `length` numbers.
#[inline(always)]
fn weighted_product<T: Copy>((rows, length): (&[T], usize), series: &[f64], weights: &[f64]) -> f64
where
    f64: From<T>,
{
    let mut sums = [0.0; LANES];
    let (whole, rest) = series.as_chunks::<LANES>();
    let mut last = [0.0; LANES];
    last.iter_mut().zip(rest).for_each(|(last, factor)| *last = *factor);
    let rest = if rest.is_empty() { None } else { Some(&last) };
    for (place, factors) in whole.iter().chain(rest).enumerate() {
        let mut weighted = [0.0; LANES];
        let rows = rows.get(place * LANES..).unwrap_or_default().chunks(length.max(1));
        for (row, weight) in rows.zip(weights) {
            let Some(ys) = row.first_chunk::<LANES>() else { continue };
            for (sum, y) in weighted.iter_mut().zip(ys) {
                *sum += weight * f64::from(*y);
            }
        }
        for ((sum, weighted), factor) in sums.iter_mut().zip(weighted).zip(factors) {
            *sum += weighted * factor;
        }
    }
    sums.iter().sum()
}
