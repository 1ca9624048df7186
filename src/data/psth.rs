//! The mean over repeats.
use ndarray::{Array2, Array3, ArrayView1, Axis};

/// PSTH `(N, T)` of `(N, R, T)` responses: the mean over the repeats that were recorded in a bin,
/// NaN where none was.
pub fn psth(responses: &Array3<f32>) -> Array2<f32> {
    responses.map_axis(Axis(1), |repeats| mean_of_recorded(repeats))
}

fn mean_of_recorded(repeats: ArrayView1<f32>) -> f32 {
    let recorded = repeats.iter().filter(|value| !value.is_nan());
    let (sum, count) =
        recorded.fold((0.0, 0_u32), |(sum, count), value| (sum + f64::from(*value), count + 1));
    #[expect(clippy::cast_possible_truncation, reason = "responses are f32")]
    let mean = (sum / f64::from(count)) as f32;
    mean
}
