//! Clips of which every repeat is recorded in all bins or in none, as most are: what scores need of
//! the repeats comes from reading them once and from the products of all pairs.
use std::borrow::Cow;

use ndarray::{ArrayView1, ArrayView2};

use super::halves::{Halves, Triangle};
use super::lanes::{self, LANES};
use super::reliability::OfClip;
use super::statistics::ROUNDING;
use crate::ops::real::vectorized;
use crate::ops::tile::{MOST_PRODUCTS, Products};

/// Most columns of products that are worked out at once.
const MOST_COLUMNS: usize = 8;

/// One clip; its buffers are used for one after the other.
#[derive(Debug, Default)]
pub struct Complete {
    bins: usize,
    /// Of a row, whole vectors.
    length: usize,
    /// How many repeats are recorded.
    repeats: usize,
    /// The recorded repeats, then the prediction where there is one, each less its mean and with
    /// zeros behind its bins.
    deviations: Vec<f64>,
    /// Of each row.
    means: Vec<f64>,
    /// What rounding leaves of the sum of each row less its mean.
    rests: Vec<f64>,
    /// Sums over every second repeat, from the first and from the second.
    sums: [Vec<f64>; 2],
    /// How many repeats are recorded among those.
    counts: [usize; 2],
    /// `(rows, rows)`: sums of products of each row with those before it and itself, about their
    /// means.
    products: Vec<f64>,
    /// Sums of squares of each row about its mean; 0 for a constant.
    squares: Vec<f64>,
    /// One over the square roots of those; 0 for a constant.
    inverse: Vec<f64>,
    /// The sum of the products of all pairs of repeats.
    between: f64,
    /// The sum of their correlations, constant repeats left out.
    correlations: f64,
    /// Where each row begins.
    offsets: Vec<usize>,
    /// Products of some rows.
    block: Vec<f64>,
    triangle: Triangle,
}

impl Complete {
    /// Takes the responses `(R, T)`, and says whether they are such a clip with 2 bins or more.
    pub fn read(&mut self, responses: ArrayView2<f32>) -> bool {
        let (repeats, bins) = responses.dim();
        self.set_bins(bins);
        self.reserve(repeats + 1);
        let Some(responses) = responses.to_slice() else { return false };
        let mut complete = repeats >= 1 && bins >= 2;
        vectorized(
            #[inline(always)]
            || complete = complete && self.read_rows(responses),
        );
        complete && self.repeats >= 1
    }

    #[inline(always)]
    fn read_rows(&mut self, responses: &[f32]) -> bool {
        for (r, row) in responses.chunks_exact(self.bins).enumerate() {
            let sum = self.write_row(self.repeats, row);
            if sum.is_finite() {
                let row = &self.deviations[self.repeats * self.length..];
                self.sums[r % 2].iter_mut().zip(row).for_each(|(sum, y)| *sum += y);
                self.counts[r % 2] += 1;
                self.centre_row(self.repeats, sum);
                self.repeats += 1;
            } else if !row.iter().all(|y| y.is_nan()) {
                return false;
            }
        }
        true
    }

    /// Works out the products of all pairs of repeats, and of each with a prediction `(T)`.
    pub fn multiply(&mut self, prediction: Option<ArrayView1<f32>>) {
        if let Some(prediction) = prediction {
            let place = self.means.len();
            let series: Cow<[f32]> = match prediction.to_slice() {
                Some(series) => series.into(),
                None => prediction.iter().copied().collect(),
            };
            vectorized(
                #[inline(always)]
                || {
                    let sum = self.write_row(place, &series);
                    self.centre_row(place, sum);
                },
            );
        }
        let rows = self.means.len();
        self.products.resize(rows * rows, 0.0);
        self.offsets.clear();
        self.offsets.extend((0..rows + MOST_COLUMNS).map(|r| r * self.length));
        for first in (0..rows).step_by(MOST_PRODUCTS) {
            self.multiply_rows(first, rows.min(first + MOST_PRODUCTS));
        }
        self.remove_rounding();
        let inverse = |squares: &f64| if *squares > 0.0 { 1.0 / squares.sqrt() } else { 0.0 };
        self.inverse.clear();
        self.inverse.extend(self.squares.iter().map(inverse));
        (self.between, self.correlations) = vectorized(
            #[inline(always)]
            || self.sums_of_products(),
        );
    }

    /// Bins of the clip.
    pub fn bins(&self) -> usize {
        self.bins
    }

    /// How many repeats are recorded.
    pub fn repeats(&self) -> usize {
        self.repeats
    }

    /// The mean over repeats.
    pub fn psth(&self) -> impl Iterator<Item = f64> {
        let all = self.repeats as f64;
        self.sums_of_halves().map(move |(even, odd)| (even + odd) / all)
    }

    /// How every second repeat differs from the others, scaled so that it varies as much as the
    /// noise in the mean over all; NaN where a half has no repeat.
    pub fn difference(&self) -> impl Iterator<Item = f64> {
        let [of_even, of_odd] = self.counts.map(|count| count as f64);
        let scale = (of_even * of_odd).sqrt() / (of_even + of_odd);
        self.sums_of_halves().map(move |(even, odd)| (even / of_even - odd / of_odd) * scale)
    }

    fn sums_of_halves(&self) -> impl Iterator<Item = (f64, f64)> {
        let [even, odd] = &self.sums;
        even[..self.bins].iter().copied().zip(odd.iter().copied())
    }

    /// The sum over bins of the variance of the mean over repeats; 0 with a single repeat.
    pub fn noise(&self) -> f64 {
        let repeats = self.repeats as f64;
        if self.repeats < 2 {
            return 0.0;
        }
        let means = &self.means[..self.repeats];
        let level = means.iter().sum::<f64>() / repeats;
        let of_means: f64 = means.iter().map(|mean| (mean - level).powi(2)).sum();
        let within: f64 = self.squares[..self.repeats].iter().sum();
        // Squares about the mean over repeats: all squares less those of that mean.
        let about = within - (within + 2.0 * self.between) / repeats + self.bins as f64 * of_means;
        about.max(0.0) / (repeats - 1.0) / repeats
    }

    /// What noise ceilings need of the clip.
    pub fn reliability(&mut self, halves: &Halves) -> OfClip {
        self.read_triangle();
        let freedom = self.bins as f64 - 1.0;
        let pairs = |of: usize| (of * of.saturating_sub(1)) as f64 / 2.0;
        let signal = self.between / pairs(self.repeats) / freedom;
        let squares: f64 = self.squares[..self.repeats].iter().sum();
        let varying = varying(&self.inverse[..self.repeats]);
        OfClip {
            bins: self.bins,
            signal,
            noise: squares / self.repeats as f64 / freedom - signal,
            half_correlation: halves.correlation(&mut self.triangle),
            ttrc: self.correlations / pairs(varying),
        }
    }

    /// The mean correlation of the repeats that vary with the prediction; NaN where none does, or
    /// the prediction does not.
    pub fn single_trial_cc(&self) -> f64 {
        let (repeats, rows) = (self.repeats, self.means.len());
        let (of_repeats, of_prediction) = self.inverse.split_at(repeats);
        let Some(scale) = of_prediction.first().filter(|scale| **scale > 0.0) else {
            return f64::NAN;
        };
        let with_prediction = &self.products[repeats * rows..repeats * rows + repeats];
        let sum: f64 = with_prediction.iter().zip(of_repeats).map(|(p, inverse)| p * inverse).sum();
        scale * sum / varying(of_repeats) as f64
    }

    /// Sums over all pairs of repeats of their products, and of their correlations.
    #[inline(always)]
    fn sums_of_products(&self) -> (f64, f64) {
        let weights = &self.inverse[..self.repeats];
        let (mut between, mut correlations) = (0.0, 0.0);
        let rows = self.products.chunks_exact(self.means.len()).zip(weights).enumerate();
        for (i, (row, weight)) in rows {
            let terms = |product: f64, weight: f64| [product, product * weight];
            let [sum, weighted] = lanes::sums(&row[..i], &weights[..i], terms);
            between += sum;
            correlations += weight * weighted;
        }
        (between, correlations)
    }

    /// Takes the products of all repeats but the last of an odd number.
    fn read_triangle(&mut self) {
        let (repeats, rows) = (self.repeats / 2 * 2, self.means.len());
        let Self { triangle, products, squares, .. } = self;
        triangle.read(repeats, |i| {
            let before = products[i * rows..i * rows + i].iter();
            before.copied().chain(std::iter::once(squares[i]))
        });
    }

    fn set_bins(&mut self, bins: usize) {
        if self.bins != bins {
            self.bins = bins;
            self.length = bins.next_multiple_of(LANES);
            self.deviations.clear(); // what stands behind the bins becomes 0
        }
        self.repeats = 0;
        self.counts = [0, 0];
        self.means.clear();
        self.rests.clear();
        for sums in &mut self.sums {
            sums.clear();
            sums.resize(self.length, 0.0);
        }
    }

    fn reserve(&mut self, rows: usize) {
        let needed = (rows + MOST_COLUMNS) * self.length;
        self.deviations.resize(self.deviations.len().max(needed), 0.0);
    }

    /// Writes a series to a row, and gives its sum.
    #[inline(always)]
    fn write_row(&mut self, place: usize, series: &[f32]) -> f64 {
        let row = &mut self.deviations[place * self.length..][..self.length];
        lanes::copy(series, &mut row[..series.len()])
    }

    /// Subtracts the mean of a row, whose sum is known.
    #[inline(always)]
    fn centre_row(&mut self, place: usize, sum: f64) {
        let mean = sum / self.bins as f64;
        let row = &mut self.deviations[place * self.length..][..self.bins];
        self.means.push(mean);
        self.rests.push(lanes::subtract(row, mean));
    }

    /// The products of some rows with all rows up to the last of them.
    fn multiply_rows(&mut self, first: usize, end: usize) {
        let rows = self.means.len();
        // As many columns as the kernel takes at once, so that none is left over.
        let at_once = [8, 5, 4, 3][end - first - 1];
        let columns = end.next_multiple_of(at_once);
        self.block.clear();
        self.block.resize((end - first) * columns, 0.0);
        Products {
            rows: &self.deviations,
            row_offsets: &self.offsets[first..end],
            source: &self.deviations,
            offsets: &self.offsets[..columns],
            base: 0,
            bins: self.length,
            out: &mut self.block,
        }
        .run();
        for (i, of_row) in (first..end).zip(self.block.chunks_exact(columns)) {
            self.products[i * rows..=i * rows + i].copy_from_slice(&of_row[..=i]);
        }
    }

    /// Takes what rounding left of the means from the products.
    fn remove_rounding(&mut self) {
        let bins = self.bins as f64;
        self.squares.clear();
        let rows = self.products.chunks_exact_mut(self.means.len()).zip(&self.rests);
        for (i, (row, rest)) in rows.enumerate() {
            let (squares, rest) = (row[i], rest / bins);
            let products = row.iter_mut().zip(&self.rests).take(i + 1);
            products.for_each(|(product, other)| *product -= rest * other);
            let constant = row[i] <= ROUNDING * squares;
            self.squares.push(if constant { 0.0 } else { row[i] });
        }
    }
}

/// How many rows vary.
fn varying(inverse: &[f64]) -> usize {
    inverse.iter().filter(|inverse| **inverse > 0.0).count()
}
