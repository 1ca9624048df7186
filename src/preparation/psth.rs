//! The mean over repeats.
use ndarray::{Array1, Array2, ArrayRef3, ArrayView2, ArrayViewMut1, Zip};

/// PSTH `(N, T)` of `(N, R, T)` responses: the mean over the repeats that were recorded in a bin,
/// NaN where none was.
pub fn psth(responses: &ArrayRef3<f32>) -> Array2<f32> {
    let (n, _, t) = responses.dim();
    let mut psth = Array2::zeros((n, t));
    Zip::from(psth.rows_mut()).and(responses.outer_iter()).par_for_each(mean_of_recorded);
    psth
}

/// Writes the mean over the rows of `repeats` `(R, T)`.
pub(super) fn mean_of_recorded(mean: ArrayViewMut1<f32>, repeats: ArrayView2<f32>) {
    let zeros = || Array1::<f64>::zeros(mean.len());
    let (mut sums, mut counts) = (zeros(), zeros());
    for repeat in repeats.rows() {
        Zip::from(&mut sums).and(&mut counts).and(repeat).for_each(|sum, count, value| {
            let recorded = !value.is_nan();
            *sum += if recorded { f64::from(*value) } else { 0.0 };
            *count += f64::from(u8::from(recorded));
        });
    }
    #[expect(clippy::cast_possible_truncation, reason = "responses are f32")]
    Zip::from(mean).and(&sums).and(&counts).for_each(|mean, sum, count| {
        *mean = (sum / count) as f32;
    });
}
