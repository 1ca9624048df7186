//! Repeats of any numbers, each less its mean so that little is lost in sums of products.
use super::lanes::{self, LANES};
use super::pairs::{Pairs, Rows, SPARE_ROWS, weighted_product};
use super::statistics::ROUNDING;
use crate::ops::real::vectorized;

/// The recorded repeats of one clip; the buffers serve one after the other.
#[derive(Debug, Default)]
pub struct Deviations {
    bins: usize,
    /// Of a row, whole vectors.
    length: usize,
    /// `(R, T)`: each repeat less its mean, with zeros behind the bins.
    rows: Vec<f64>,
    /// Of each repeat.
    means: Vec<f64>,
    /// What rounding leaves of the sum of each repeat less its mean.
    rests: Vec<f64>,
    /// Sums over every second repeat, from the first and from the second.
    halves: [Vec<f64>; 2],
    /// How many repeats are recorded among those.
    counts: [usize; 2],
    pairs: Pairs<f64>,
}

impl Deviations {
    /// Takes the responses `(R, T)`, and says whether each repeat is recorded in all of 2 bins or
    /// more, or in none.
    pub fn read(&mut self, responses: &[f32], bins: usize) -> bool {
        let mut read = false;
        vectorized(
            #[inline(always)]
            || read = self.read_rows(responses, bins),
        );
        read
    }

    #[inline(always)]
    fn read_rows(&mut self, responses: &[f32], bins: usize) -> bool {
        if bins < 2 {
            return false;
        }
        self.set_bins(bins, responses.len() / bins);
        for (r, series) in responses.chunks_exact(bins).enumerate() {
            let place = self.means.len() * self.length;
            let row = &mut self.rows[place..place + bins];
            let sum = lanes::copy(series, row);
            if sum.is_finite() {
                self.halves[r % 2].iter_mut().zip(&*row).for_each(|(sum, y)| *sum += y);
                self.counts[r % 2] += 1;
                let mean = sum / bins as f64;
                self.means.push(mean);
                self.rests.push(lanes::subtract(row, mean));
            } else if !series.iter().all(|y| y.is_nan()) {
                return false;
            }
        }
        !self.means.is_empty()
    }

    fn set_bins(&mut self, bins: usize, rows: usize) {
        if self.bins != bins {
            self.rows.clear(); // what stands behind the bins becomes 0
        }
        (self.bins, self.length) = (bins, bins.next_multiple_of(LANES));
        let needed = (rows + SPARE_ROWS) * self.length;
        self.rows.resize(self.rows.len().max(needed), 0.0);
        for half in &mut self.halves {
            half.clear();
            half.resize(bins, 0.0);
        }
        self.counts = [0, 0];
        self.means.clear();
        self.rests.clear();
    }
}

impl Rows for Deviations {
    fn means(&self) -> &[f64] {
        &self.means
    }

    fn sums(&self) -> &[f64] {
        &self.rests
    }

    fn copy_half(&self, half: usize, to: &mut Vec<f64>) -> usize {
        to.clone_from(&self.halves[half]);
        self.counts[half]
    }

    fn multiply(&mut self, products: &mut [f64], squares: &mut Vec<f64>) {
        let Self { bins, length, rows, rests, pairs, .. } = self;
        let repeats = rests.len();
        pairs.multiply(rows, (repeats, *length, *bins), |i, row| {
            let rest = rests[i] / *bins as f64;
            let out = &mut products[i * repeats..=i * repeats + i];
            for ((out, product), other) in out.iter_mut().zip(row).zip(&*rests) {
                *out = product - rest * other;
            }
            if out[i] <= ROUNDING * row[i] {
                out[i] = 0.0;
            }
            squares.push(out[i]);
        });
    }

    fn weighted_product(&self, series: &[f64], weights: &[f64]) -> f64 {
        vectorized(
            #[inline(always)]
            || weighted_product((&self.rows, self.length), series, weights),
        )
    }
}
