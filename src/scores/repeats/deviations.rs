//! Repeats of any numbers, each less its mean so that little is lost in sums of products.
use super::buffer::{RepeatBuffer, RepeatRows};
use crate::simd::lanes;
use crate::simd::real::vectorized;
use crate::stats::moments::ROUNDING;

/// The recorded repeats of one clip, each less its mean; the sums are what rounding leaves of them.
#[derive(Debug, Default)]
pub struct Deviations(RepeatBuffer<f64>);

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
        let buffer = &mut self.0;
        buffer.start(bins, responses.len() / bins);
        for (r, series) in responses.chunks_exact(bins).enumerate() {
            let place = buffer.next()..buffer.next() + bins;
            let sum = lanes::copy(series, &mut buffer.rows[place.clone()]);
            if sum.is_finite() {
                buffer.add_to_half(r);
                let mean = sum / bins as f64;
                buffer.means.push(mean);
                buffer.sums.push(lanes::subtract(&mut buffer.rows[place], mean));
            } else if !series.iter().all(|y| y.is_nan()) {
                return false;
            }
        }
        !buffer.means.is_empty()
    }
}

impl RepeatRows for Deviations {
    fn means(&self) -> &[f64] {
        &self.0.means
    }

    fn sums(&self) -> &[f64] {
        &self.0.sums
    }

    fn copy_half(&self, half: usize, to: &mut Vec<f64>) -> usize {
        self.0.copy_half(half, to)
    }

    fn multiply(&mut self, products: &mut [f64], squares: &mut Vec<f64>) {
        let RepeatBuffer { bins, length, rows, sums, pairs, .. } = &mut self.0;
        let repeats = sums.len();
        pairs.multiply(rows, (repeats, *length, *bins), |i, row| {
            let rest = sums[i] / *bins as f64;
            let out = &mut products[i * repeats..=i * repeats + i];
            for ((out, product), other) in out.iter_mut().zip(row).zip(&*sums) {
                *out = product - rest * other;
            }
            if out[i] <= ROUNDING * row[i] {
                out[i] = 0.0;
            }
            squares.push(out[i]);
        });
    }

    fn weighted_product(&self, series: &[f64], weights: &[f64]) -> f64 {
        self.0.weighted_product(series, weights)
    }
}
