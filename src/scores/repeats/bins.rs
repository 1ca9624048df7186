//! The repeats at each bin of a clip that may have any gaps.
use ndarray::{Array1, Array2, ArrayView2, Zip};

use crate::stats::moments::beyond_rounding;

/// The repeats at each bin of a clip.
pub struct RepeatsOfBins {
    /// How many there are.
    pub repeats: Array1<f64>,
    /// The mean over them; NaN without repeats.
    pub mean: Array1<f64>,
    /// The variance of that mean; NaN with fewer than two.
    pub variance_of_mean: Array1<f64>,
}

impl RepeatsOfBins {
    /// Takes the responses `(R, T)`, repeat by repeat, so that neighbouring bins lie side by side;
    /// NaN = not recorded.
    pub fn new(responses: ArrayView2<f32>) -> Self {
        let zeros = || Array1::<f64>::zeros(responses.ncols());
        let (mut repeats, mut mean, mut variance_of_mean) = (zeros(), zeros(), zeros());
        for repeat in responses.rows() {
            Zip::from(&mut repeats).and(&mut mean).and(repeat).for_each(|repeats, sum, y| {
                *repeats += f64::from(u8::from(!y.is_nan()));
                *sum += recorded_or_0(*y, f64::from(*y));
            });
        }
        mean /= &repeats;
        for repeat in responses.rows() {
            Zip::from(&mut variance_of_mean).and(&mean).and(repeat).for_each(|sum, mean, y| {
                let deviation = recorded_or_0(*y, f64::from(*y) - mean);
                *sum += deviation * deviation;
            });
        }
        Zip::from(&mut variance_of_mean).and(&mean).and(&repeats).for_each(|sum, mean, repeats| {
            *sum = beyond_rounding(*sum / (repeats - 1.0), *mean) / repeats;
        });
        Self { repeats, mean, variance_of_mean }
    }

    /// Whether any bin has a single repeat, which says nothing of its noise.
    pub fn any_single(&self) -> bool {
        self.repeats.iter().any(|repeats| (1.0..2.0).contains(repeats))
    }

    /// The responses `(R, T)` without those at such bins.
    pub fn without_single(&self, responses: ArrayView2<f32>) -> Array2<f32> {
        let mut repeated = responses.to_owned();
        let bins = repeated.columns_mut().into_iter().zip(&self.repeats);
        bins.filter(|(_, repeats)| **repeats < 2.0).for_each(|(mut bin, _)| bin.fill(f32::NAN));
        repeated
    }
}

/// What a recorded response contributes to a sum.
fn recorded_or_0(response: f32, contributes: f64) -> f64 {
    if response.is_nan() { 0.0 } else { contributes }
}
