//! Rows mixed bin by bin: weighted sums of chosen rows, and products of rows summed over bins.
use std::ops::Range;

use super::blocks::{self, Summands};
use super::rows::Rows;
use crate::simd::parallel::{each, map};
use crate::simd::real::Real;
use crate::simd::sums::total;
use crate::simd::tile::Products;

/// Some rows of a map, read so many bins back in their past, in the zeros before the first bin too.
pub struct RowSet<'a, R> {
    rows: &'a Rows<R>,
    places: Vec<usize>,
    delay: usize,
}

impl<'a, R: Real> RowSet<'a, R> {
    /// All rows of a map.
    pub fn all(rows: &'a Rows<R>) -> Self {
        Self::range(rows, 0..rows.layout().rows())
    }

    /// Neighbouring rows.
    pub fn range(rows: &'a Rows<R>, range: Range<usize>) -> Self {
        Self::listed(rows, range.collect())
    }

    /// Rows at these places.
    pub fn listed(rows: &'a Rows<R>, places: Vec<usize>) -> Self {
        Self { rows, places, delay: 0 }
    }

    /// The same rows one bin back; before each lies at least one zero.
    #[must_use]
    pub fn a_bin_before(self) -> Self {
        Self { delay: self.delay + 1, ..self }
    }

    fn offsets(&self) -> Vec<usize> {
        let start = self.rows.layout().left - self.delay;
        self.places.iter().map(|row| row * self.rows.stride() + start).collect()
    }
}

/// Weights `(O, P)` in the order of [`mix`], `at` giving each.
pub fn pack<R: Real>(outputs: usize, inputs: usize, at: impl Fn(usize, usize) -> R) -> Vec<R> {
    let blocks = blocks::of_sums(outputs).into_iter();
    blocks.flat_map(|rows| columns(rows, inputs, &at)).collect()
}

fn columns<R: Real>(rows: Range<usize>, inputs: usize, at: &impl Fn(usize, usize) -> R) -> Vec<R> {
    (0..inputs).flat_map(|p| rows.clone().map(move |o| at(o, p))).collect()
}

/// `out(o,t) = start(o) + Σ_p weight(o,p) · source(p,t)`; without `start` from 0.
pub fn mix<R: Real>(packed: &[R], start: Option<&[R]>, source: &RowSet<R>, out: &mut Rows<R>) {
    let (layout, offsets, base) = (out.layout(), source.offsets(), 0);
    let work = layout.rows() * offsets.len() * layout.bins;
    let zeros = vec![R::constant(0.0); if start.is_none() { layout.rows() } else { 0 }];
    let (start, source) = (start.unwrap_or(&zeros), source.rows.values());
    let summands = Summands { weights: packed, start, source, offsets: &offsets, base };
    each(blocks::of_map(out, layout.rows()), work, |block| block.fill(layout, summands));
}

/// `out(m,q) += Σ_t rows(m,t) · source(q,t)`.
pub fn add_products<R: Real>(rows: &RowSet<R>, source: &RowSet<R>, out: &mut [R]) {
    let (starts, offsets, bins) = (rows.offsets(), source.offsets(), rows.rows.layout().bins);
    let work = starts.len() * offsets.len() * bins;
    let tasks = blocks::of_products(starts.len(), offsets.len(), out);
    each(tasks, work, |(own, out)| {
        Products {
            rows: rows.rows.values(),
            row_offsets: &starts[own],
            source: source.rows.values(),
            offsets: &offsets,
            base: 0,
            bins,
            out,
        }
        .run();
    });
}

/// Adds the sum of each row.
pub fn add_totals<R: Real>(rows: &RowSet<R>, out: &mut [R]) {
    let work = rows.places.len() * rows.rows.layout().bins;
    let sums = map(rows.places.clone(), work, |row| total(rows.rows.row(row)));
    out.iter_mut().zip(sums).for_each(|(out, sum)| *out += R::from_f64(sum));
}
