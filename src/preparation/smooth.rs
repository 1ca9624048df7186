//! Smooths responses over time.
use std::f64::consts::PI;

use ndarray::parallel::prelude::*;
use ndarray::{Array2, Array3, ArrayView2, ArrayViewMut1, Axis, Zip};

use super::psth::mean_of_recorded;
use crate::base::units;

/// Smooths every repeat of `(N, R, T)` responses with a Hanning window that lasts `window_ms`,
/// rounded down to whole bins and up to an odd number of them.
///
/// Near edges and gaps the weights that fall on recorded bins are scaled to sum 1; NaN stays NaN.
/// Differs from deepSTRF 0.1.0, whose window does not sum to 1.
pub fn smooth(responses: &Array3<f32>, window_ms: f64, dt_ms: f64) -> Array3<f32> {
    let weights = hanning(units::odd_bins(window_ms, dt_ms));
    let mut smoothed = responses.as_standard_layout().into_owned();
    smoothed.axis_iter_mut(Axis(0)).into_par_iter().for_each(|mut repeats| {
        let mut smoother = Smoother::new(&weights, repeats.ncols());
        repeats.rows_mut().into_iter().for_each(|repeat| smoother.smooth(repeat));
    });
    smoothed
}

/// The PSTH `(N, T)` of smoothed responses, out of `(N, R, T)` raw ones and their PSTH.
///
/// Equal to the mean of [`smooth`] up to rounding: where each repeat was recorded from the first
/// bin to the last or not at all, smoothing and averaging may change places.
pub fn smoothed_psth(
    responses: &Array3<f32>,
    psth: &Array2<f32>,
    window_ms: f64,
    dt_ms: f64,
) -> Array2<f32> {
    let weights = hanning(units::odd_bins(window_ms, dt_ms));
    let mut smoothed = psth.clone();
    Zip::from(smoothed.rows_mut()).and(responses.outer_iter()).par_for_each(|mut row, repeats| {
        let mut smoother = Smoother::new(&weights, row.len());
        if has_no_gap(repeats) {
            smoother.smooth(row);
        } else {
            let mut repeats = repeats.to_owned();
            repeats.rows_mut().into_iter().for_each(|repeat| smoother.smooth(repeat));
            mean_of_recorded(row.view_mut(), repeats.view());
        }
    });
    smoothed
}

/// Whether each repeat of `(R, T)` was recorded in all bins or in none.
fn has_no_gap(repeats: ArrayView2<f32>) -> bool {
    repeats.rows().into_iter().all(|repeat| {
        // Counted in the width of the values, so that several are looked at in one step.
        let missing = repeat.fold(0, |count, value| count + u32::from(value.is_nan()));
        missing == 0 || usize::try_from(missing) == Ok(repeat.len())
    })
}

/// Interior of a Hanning window, so that no weight is 0: `w(i) ∝ 1 − cos(2π (i+1)/(n+1))`, sum 1.
pub fn hanning(bins: usize) -> Vec<f64> {
    let step = 2.0 * PI / (bins + 1) as f64;
    let weights: Vec<f64> = (1..=bins).map(|i| 0.5 * (1.0 - (step * i as f64).cos())).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / sum).collect()
}

/// A window and room for series of one length.
struct Smoother<'a> {
    weights: &'a [f64],
    /// Weights that fall on the series, at each bin of one without gaps.
    whole: Vec<f64>,
    values: Vec<f64>,
    recorded: Vec<f64>,
    sums: Vec<f64>,
    weight_sums: Vec<f64>,
}

impl<'a> Smoother<'a> {
    fn new(weights: &'a [f64], bins: usize) -> Self {
        let zeros = || vec![0.0; bins];
        let mut whole = zeros();
        convolve(&vec![1.0; bins], weights, &mut whole);
        let (values, recorded, sums, weight_sums) = (zeros(), zeros(), zeros(), zeros());
        Self { weights, whole, values, recorded, sums, weight_sums }
    }

    /// Smooths a series of bins in place.
    fn smooth(&mut self, mut series: ArrayViewMut1<f32>) {
        let Self { weights, whole, values, recorded, sums, weight_sums } = self;
        let copies = Zip::from(ArrayViewMut1::from(&mut values[..]))
            .and(ArrayViewMut1::from(&mut recorded[..]));
        copies.and(&series).for_each(|value, recorded, y| {
            *value = if y.is_nan() { 0.0 } else { f64::from(*y) };
            *recorded = f64::from(u8::from(!y.is_nan()));
        });
        convolve(values, weights, sums);
        let weight_sums = if recorded.contains(&0.0) {
            convolve(recorded, weights, weight_sums);
            weight_sums
        } else {
            whole
        };
        let means = Zip::from(&mut series).and(&sums[..]).and(&weight_sums[..]);
        means.for_each(|y, sum, weight_sum| {
            #[expect(clippy::cast_possible_truncation, reason = "responses are f32")]
            let mean = (sum / weight_sum) as f32;
            *y = if y.is_nan() { *y } else { mean };
        });
    }
}

/// `sums(t) = Σ_k weights(k) · values(t + k − half)` over the bins that there are, in the order of
/// the weights.
fn convolve(values: &[f64], weights: &[f64], sums: &mut [f64]) {
    sums.fill(0.0);
    let (half, bins) = (weights.len() / 2, values.len());
    for (k, weight) in weights.iter().enumerate() {
        let (to, from) = (half.saturating_sub(k).min(bins), k.saturating_sub(half).min(bins));
        for (sum, value) in sums[to..].iter_mut().zip(&values[from..]) {
            *sum += weight * value;
        }
    }
}
