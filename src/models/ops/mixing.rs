//! Rows mixed bin by bin: weighted sums of chosen rows, and products of rows summed over bins.
use super::blocks;
use super::rows::Rows;
use crate::simd::parallel::{each, map};
use crate::simd::real::Real;
use crate::simd::tile::{Products, Sums};

/// Some rows of a map, read so many bins back in their past, in the zeros before the first bin too.
#[derive(Clone, Copy)]
pub struct RowSet<'a, R> {
    /// The map, with at least as many zeros before its rows.
    pub rows: &'a Rows<R>,
    /// Which of its rows.
    pub places: &'a [usize],
    /// Bins back.
    pub delay: usize,
}

impl<R: Real> RowSet<'_, R> {
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

fn columns<R: Real>(
    rows: std::ops::Range<usize>,
    inputs: usize,
    at: &impl Fn(usize, usize) -> R,
) -> Vec<R> {
    (0..inputs).flat_map(|p| rows.clone().map(move |o| at(o, p))).collect()
}

/// `out(o,t) = start(o) + Σ_p weight(o,p) · source(p,t)`.
pub fn mix<R: Real>(packed: &[R], start: &[R], source: RowSet<R>, out: &mut Rows<R>) {
    let (layout, offsets, inputs) = (out.layout(), source.offsets(), source.places.len());
    let work = layout.rows() * inputs * layout.bins;
    each(blocks::of_map(out, layout.rows()), work, |blocks::Block { rows, out, .. }| {
        Sums {
            weights: &packed[rows.start * inputs..rows.end * inputs],
            start: &start[rows],
            source: source.rows.values(),
            offsets: &offsets,
            base: 0,
            bins: layout.bins,
            out,
            left: layout.left,
        }
        .run();
    });
}

/// `out(m,q) += Σ_t rows(m,t) · source(q,t)`.
pub fn add_products<R: Real>(rows: RowSet<R>, source: RowSet<R>, out: &mut [R]) {
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
pub fn add_totals<R: Real>(rows: RowSet<R>, out: &mut [R]) {
    let work = rows.places.len() * rows.rows.layout().bins;
    let sums = map(rows.places.to_vec(), work, |row| crate::simd::sums::total(rows.rows.row(row)));
    out.iter_mut().zip(sums).for_each(|(out, sum)| *out += R::from_f64(sum));
}
