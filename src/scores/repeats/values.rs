//! The values of some responses: their range, their sum, whether they are counts.
use ndarray::ArrayView2;

use crate::simd::lanes::LANES;
use crate::simd::real::vectorized;

/// The values of some responses.
#[derive(Debug, Clone, Copy)]
pub struct ResponseValues {
    /// How many there are, recorded or not.
    pub all: usize,
    /// How many were recorded.
    pub recorded: usize,
    /// The lowest; NaN of nothing.
    pub lowest: f32,
    /// The highest; NaN of nothing.
    pub highest: f32,
    /// Whether all are whole numbers.
    pub whole: bool,
    /// Sum of the recorded ones.
    pub sum: f64,
}

impl Default for ResponseValues {
    fn default() -> Self {
        let (lowest, highest) = (f32::NAN, f32::NAN);
        Self { all: 0, recorded: 0, lowest, highest, whole: true, sum: 0.0 }
    }
}

impl ResponseValues {
    /// The values of responses `(R, T)`.
    pub fn of(responses: ArrayView2<f32>) -> Self {
        match responses.to_slice() {
            Some(all) => Self::of_row(all),
            None => responses.iter().fold(Self::default(), |values, value| values.with(*value)),
        }
    }

    fn of_row(row: &[f32]) -> Self {
        let mut values = Self::default();
        vectorized(
            #[inline(always)]
            || values = Lanes::of(row),
        );
        values
    }

    fn with(self, value: f32) -> Self {
        let recorded = !value.is_nan();
        Self {
            all: self.all + 1,
            recorded: self.recorded + usize::from(recorded),
            // NaN gives way to any number.
            lowest: self.lowest.min(value),
            highest: self.highest.max(value),
            whole: self.whole & (!recorded || (distance_from_whole(value) <= 0.0)),
            sum: self.sum + if recorded { f64::from(value) } else { 0.0 },
        }
    }

    /// The values of these responses and of others.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            all: self.all + other.all,
            recorded: self.recorded + other.recorded,
            lowest: self.lowest.min(other.lowest),
            highest: self.highest.max(other.highest),
            whole: self.whole && other.whole,
            sum: self.sum + other.sum,
        }
    }

    /// Whether all are whole numbers from 0.
    pub fn are_counts(self) -> bool {
        self.whole && (self.recorded == 0 || self.lowest >= 0.0)
    }
}

/// What [`ResponseValues::with`] makes of every eighth response.
struct Lanes {
    recorded: [u32; LANES],
    lowest: [f32; LANES],
    highest: [f32; LANES],
    /// The largest distance from a whole number.
    fraction: [f32; LANES],
    sums: [f64; LANES],
}

impl Lanes {
    #[inline(always)]
    fn of(row: &[f32]) -> ResponseValues {
        let mut lanes = Self {
            recorded: [0; LANES],
            lowest: [f32::INFINITY; LANES],
            highest: [f32::NEG_INFINITY; LANES],
            fraction: [0.0; LANES],
            sums: [0.0; LANES],
        };
        let (whole, rest) = row.as_chunks::<LANES>();
        for values in whole {
            lanes.take(values);
        }
        let mut last = [f32::NAN; LANES];
        last.iter_mut().zip(rest).for_each(|(last, value)| *last = *value);
        lanes.take(&last);
        lanes.values(row.len())
    }

    /// Quantity by quantity, so that each becomes vector instructions; NaN is neither below nor
    /// above any number.
    #[inline(always)]
    fn take(&mut self, values: &[f32; LANES]) {
        for (recorded, y) in self.recorded.iter_mut().zip(values) {
            *recorded += u32::from(!y.is_nan());
        }
        for (lowest, y) in self.lowest.iter_mut().zip(values) {
            *lowest = if *y < *lowest { *y } else { *lowest };
        }
        for (highest, y) in self.highest.iter_mut().zip(values) {
            *highest = if *y > *highest { *y } else { *highest };
        }
        for (fraction, y) in self.fraction.iter_mut().zip(values) {
            let distance = distance_from_whole(*y);
            *fraction = if distance > *fraction { distance } else { *fraction };
        }
        for (sum, y) in self.sums.iter_mut().zip(values) {
            *sum += f64::from(if y.is_nan() { 0.0 } else { *y });
        }
    }

    #[inline(always)]
    fn values(&self, all: usize) -> ResponseValues {
        let recorded: u32 = self.recorded.iter().sum();
        let or_nan = |value: f32| if recorded == 0 { f32::NAN } else { value };
        ResponseValues {
            all,
            recorded: recorded as usize,
            lowest: or_nan(self.lowest.into_iter().fold(f32::INFINITY, f32::min)),
            highest: or_nan(self.highest.into_iter().fold(f32::NEG_INFINITY, f32::max)),
            whole: self.fraction.iter().all(|fraction| *fraction <= 0.0),
            sum: self.sums.iter().sum(),
        }
    }
}

/// Faster than asking for the fraction where no instruction of the machine rounds; 0 for NaN.
#[inline(always)]
fn distance_from_whole(value: f32) -> f32 {
    const FIRST_WITHOUT_FRACTIONS: f32 = 8_388_608.0; // 2^23
    let size = value.abs();
    let rounded = (size + FIRST_WITHOUT_FRACTIONS) - FIRST_WITHOUT_FRACTIONS;
    if size < FIRST_WITHOUT_FRACTIONS { (rounded - size).abs() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    fn values_of_a_row_are_those_of_its_responses_one_by_one() {
        for missing in [1, 3, 100] {
            let mut responses = Array2::from_shape_fn((3, 37), |(r, t)| match t % missing {
                0 if missing > 1 || r == 1 => f32::NAN,
                _ => (r * 37 + t * 5 % 11) as f32,
            });
            for fraction in [0.0, 0.5] {
                responses[(2, 35)] += fraction;
                let got = ResponseValues::of(responses.view());
                let want = responses.iter().fold(ResponseValues::default(), |all, y| all.with(*y));
                assert_eq!(format!("{got:?}"), format!("{want:?}"));
            }
        }
    }

    #[test]
    fn numbers_without_a_fraction_are_whole() {
        for value in [0.0, -0.0, 1.0, -7.0, 8_388_607.0, 8_388_609.0, -3e30] {
            assert!(distance_from_whole(value) <= 0.0, "{value}");
        }
        for value in [0.5, -0.5, 1e-30, 1.000_000_1, 4_194_303.5, -2.25] {
            assert!(distance_from_whole(value) > 0.0, "{value}");
        }
    }
}
