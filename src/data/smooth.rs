//! Smooths responses over time.
use std::f64::consts::PI;

use ndarray::{Array3, ArrayView1, ArrayViewMut1, Axis, Zip};

use crate::units;

/// Smooths every repeat of `(N, R, T)` responses with a Hanning window that lasts `window_ms`,
/// rounded down to whole bins and up to an odd number of them.
///
/// Near edges and gaps the weights that fall on recorded bins are scaled to sum 1; NaN stays NaN.
/// Differs from deepSTRF 0.1.0, whose window does not sum to 1.
pub fn smooth(responses: &Array3<f32>, window_ms: f64, dt_ms: f64) -> Array3<f32> {
    let weights = hanning(units::odd_bins(window_ms, dt_ms));
    let mut smoothed = responses.clone();
    Zip::from(responses.lanes(Axis(2)))
        .and(smoothed.lanes_mut(Axis(2)))
        .for_each(|from, to| smooth_repeat(from, to, &weights));
    smoothed
}

/// Interior of a Hanning window, so that no weight is 0: `w(i) ∝ 1 − cos(2π (i+1)/(n+1))`, sum 1.
pub fn hanning(bins: usize) -> Vec<f64> {
    let step = 2.0 * PI / (bins + 1) as f64;
    let weights: Vec<f64> = (1..=bins).map(|i| 0.5 * (1.0 - (step * i as f64).cos())).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / sum).collect()
}

fn smooth_repeat(from: ArrayView1<f32>, mut to: ArrayViewMut1<f32>, weights: &[f64]) {
    let half = weights.len() / 2;
    for (t, smoothed) in to.iter_mut().enumerate().filter(|(_, value)| !value.is_nan()) {
        let first = t.saturating_sub(half);
        let weights = &weights[first + half - t..];
        let (mut sum, mut weight_sum) = (0.0, 0.0);
        for (value, weight) in from.iter().skip(first).zip(weights) {
            if !value.is_nan() {
                sum += weight * f64::from(*value);
                weight_sum += weight;
            }
        }
        #[expect(clippy::cast_possible_truncation, reason = "responses are f32")]
        let mean = (sum / weight_sum) as f32;
        *smoothed = mean;
    }
}
