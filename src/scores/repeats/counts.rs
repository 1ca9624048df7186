//! Responses that are small whole numbers, as counts of spikes are: their sums and the sums of
//! their products are exact in single precision, of which a vector register holds twice as many.
use super::buffer::{RepeatBuffer, RepeatRows};
use super::values::ResponseValues;
use crate::simd::lanes::LANES;
use crate::simd::real::vectorized;

/// Whole numbers up to this one are exact in single precision.
const EXACT: f32 = 16_777_216.0; // 2^24

/// The recorded repeats of one clip, as they are.
#[derive(Debug, Default)]
pub struct CountRepeats {
    buffer: RepeatBuffer<f32>,
    lowest: f32,
    highest: f32,
}

/// What is known of a row once it is copied.
struct CopiedRow {
    /// NaN with a gap.
    sum: f32,
    lowest: f32,
    highest: f32,
    /// The sum of distances from whole numbers; 0 too for numbers that are too large.
    fraction: f32,
}

impl CountRepeats {
    /// Takes the responses `(R, T)`, and says whether they are whole numbers of which all sums are
    /// exact, each repeat recorded in all of 2 bins or more, or in none.
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
        let Self { buffer, lowest, highest } = self;
        buffer.start(bins, responses.len() / bins);
        (*lowest, *highest) = (f32::INFINITY, f32::NEG_INFINITY);
        for (r, row) in responses.chunks_exact(bins).enumerate() {
            let place = buffer.next();
            let found = copy(row, &mut buffer.rows[place..place + buffer.length]);
            if found.sum.is_nan() && row.iter().all(|y| y.is_nan()) {
                continue;
            }
            if found.fraction.is_nan() || found.fraction > 0.0 {
                return false;
            }
            buffer.add_to_half(r);
            let sum = f64::from(found.sum);
            buffer.sums.push(sum);
            buffer.means.push(sum / bins as f64);
            *lowest = lowest.min(found.lowest);
            *highest = highest.max(found.highest);
        }
        let largest = highest.max(-*lowest);
        let repeats = buffer.sums.len() as f32;
        let products = largest * largest * bins as f32;
        repeats > 0.0 && products.max(largest * repeats.max(bins as f32)) <= EXACT
    }

    /// The values of responses of which `all` were read.
    pub fn values(&self, all: usize) -> ResponseValues {
        ResponseValues {
            all,
            recorded: self.buffer.sums.len() * self.buffer.bins,
            lowest: self.lowest,
            highest: self.highest,
            whole: true,
            sum: self.buffer.sums.iter().sum(),
        }
    }
}

impl RepeatRows for CountRepeats {
    fn means(&self) -> &[f64] {
        &self.buffer.means
    }

    fn sums(&self) -> &[f64] {
        &self.buffer.sums
    }

    fn copy_half(&self, half: usize, to: &mut Vec<f64>) -> usize {
        self.buffer.copy_half(half, to)
    }

    fn multiply(&mut self, products: &mut [f64], squares: &mut Vec<f64>) {
        let RepeatBuffer { bins, length, rows, sums, pairs, .. } = &mut self.buffer;
        let (n, repeats) = (*bins as f64, sums.len());
        pairs.multiply(rows, (repeats, *length, *bins), |i, row| {
            let out = &mut products[i * repeats..=i * repeats + i];
            for ((out, product), sum) in out.iter_mut().zip(row).zip(&*sums) {
                // Both terms are whole numbers below 2^53: the difference is exact.
                *out = (n * f64::from(*product) - sums[i] * sum) / n;
            }
            squares.push(out[i]);
        });
    }

    fn weighted_product(&self, series: &[f64], weights: &[f64]) -> f64 {
        self.buffer.weighted_product(series, weights)
    }
}

/// Adding it to a number of less than 2^22 and subtracting it again rounds that to a whole number.
const ROUNDER: f32 = 12_582_912.0; // 3 · 2^22

/// Copies a row, and says what is in it.
#[inline(always)]
fn copy(row: &[f32], to: &mut [f32]) -> CopiedRow {
    let mut last = [row.first().copied().unwrap_or_default(); LANES];
    let first = last[0];
    let ((whole, rest), (to, _)) = (row.as_chunks::<LANES>(), to.as_chunks_mut::<LANES>());
    let (mut sums, mut fractions) = ([0.0; LANES], [0.0; LANES]);
    let (mut lowest, mut highest) = ([first; LANES], [first; LANES]);
    last.iter_mut().zip(rest).for_each(|(last, y)| *last = *y);
    for (place, ys) in whole.iter().chain((!rest.is_empty()).then_some(&last)).enumerate() {
        to[place] = *ys;
        // Quantity by quantity, so that each becomes vector instructions.
        sums.iter_mut().zip(ys).for_each(|(sum, y)| *sum += y);
        for (lowest, y) in lowest.iter_mut().zip(ys) {
            *lowest = if *y < *lowest { *y } else { *lowest };
        }
        for (highest, y) in highest.iter_mut().zip(ys) {
            *highest = if *y > *highest { *y } else { *highest };
        }
        for (fraction, y) in fractions.iter_mut().zip(ys) {
            *fraction += ((y + ROUNDER) - ROUNDER - y).abs();
        }
    }
    let mut sum: f32 = sums.iter().sum();
    if !rest.is_empty() {
        to[whole.len()][rest.len()..].fill(0.0);
        sum -= first * (LANES - rest.len()) as f32;
    }
    CopiedRow {
        sum,
        lowest: lowest.iter().fold(first, |a, b| if *b < a { *b } else { a }),
        highest: highest.iter().fold(first, |a, b| if *b > a { *b } else { a }),
        fraction: fractions.iter().sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scores::repeats::deviations::Deviations;

    #[test]
    fn only_whole_numbers_with_exact_sums_are_taken() {
        let read = |responses: &[f32]| CountRepeats::default().read(responses, 3);
        let (nan, infinite) = (f32::NAN, f32::INFINITY);
        assert!(read(&[1.0, 0.0, -7.0, 2000.0, 3.0, 4.0]));
        assert!(read(&[nan, nan, nan, 2.0, 3.0, 4.0]));
        assert!(!read(&[1.0, 0.0, 2.5, 2.0, 3.0, 4.0]));
        assert!(!read(&[1.0, 0.0, nan, 2.0, 3.0, 4.0]));
        assert!(!read(&[1.0, 0.0, 2.0, infinite, 3.0, 4.0]));
        assert!(!read(&[1.0, 0.0, 2.0, 1e10, 3.0, 4.0]));
        assert!(!read(&[1.0, 0.0, 2.0, 4096.0, 3.0, 4.0]), "3 · 4096² is beyond 2^24");
        assert!(!read(&[nan; 6]));
        assert!(!CountRepeats::default().read(&[1.0; 6], 1));
    }

    #[test]
    fn whole_numbers_give_the_values_and_products_of_any_numbers() {
        let (bins, repeats) = (37, 7);
        let numbers = 0..bins * repeats;
        let responses: Vec<f32> = numbers.map(|i| ((i * i) % 23) as f32 + 400.0).collect();
        let (mut whole, mut any) = (CountRepeats::default(), Deviations::default());
        assert!(whole.read(&responses, bins) && any.read(&responses, bins));
        let values = whole.values(responses.len());
        assert_eq!(
            (values.recorded, values.lowest, values.highest),
            (bins * repeats, 400.0, 418.0)
        );
        let products = |rows: &mut dyn RepeatRows| {
            let (mut products, mut squares) = (vec![0.0; repeats * repeats], Vec::new());
            rows.multiply(&mut products, &mut squares);
            [products, squares].concat()
        };
        let both = products(&mut whole).into_iter().zip(products(&mut any));
        for (place, (got, want)) in both.enumerate() {
            assert!((got - want).abs() < 1e-9, "{place}: {got}, want {want}");
        }
        let series: Vec<f64> = (0..bins).map(|t| (t as f64 * 0.3).sin()).collect();
        let weights: Vec<f64> = (0..repeats).map(|r| 0.5 + r as f64).collect();
        let want = (0..repeats * bins)
            .map(|i| f64::from(responses[i]) * weights[i / bins] * series[i % bins]);
        let (got, want) = (whole.weighted_product(&series, &weights), want.sum::<f64>());
        assert!((got - want).abs() < 1e-9 * want.abs(), "{got}, want {want}");
    }
}
