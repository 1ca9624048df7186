//! Arrays as a page holds them: a byte a number, as text.
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ndarray::{Array4, ArrayView2, ArrayView3, s};
use serde_json::{Value, json};

/// Weights of a run that a page holds at most: 2 MB of text.
const MOST_WEIGHTS: usize = 1_500_000;
/// A weight that is not a number.
const NO_WEIGHT: i8 = -128;
/// The byte of a value that is missing.
const MISSING: u8 = 255;
/// The byte of the largest value of a series.
const LARGEST: f32 = 254.0;

/// Receptive fields `(N, C, F, K)`, each in steps of its largest magnitude over 127.
///
/// Where they are too many for a page, neighbouring bands and lags are averaged.
pub fn fields(strfs: &Array4<f32>) -> Value {
    let steps = steps(strfs.dim());
    let coarse = pooled(strfs, steps);
    let (_rows, _channels, bands, lags) = coarse.dim();
    let mut peaks = Vec::new();
    let mut bytes = Vec::with_capacity(coarse.len());
    for row in coarse.outer_iter() {
        let peak = peak(row);
        bytes.extend(row.iter().map(|weight| byte_of_weight(*weight, peak).cast_unsigned()));
        peaks.push(peak);
    }
    json!({
        "bands": bands, "lags": lags, "bandStep": steps.0, "lagStep": steps.1,
        "allBands": strfs.dim().2, "allLags": strfs.dim().3, "peaks": peaks,
        "data": STANDARD.encode(bytes),
    })
}

/// How many bands and lags become one.
fn steps((rows, channels, bands, lags): (usize, usize, usize, usize)) -> (usize, usize) {
    let mut steps = (1, 1);
    let left = |steps: (usize, usize)| (bands.div_ceil(steps.0), lags.div_ceil(steps.1));
    while rows * channels * left(steps).0 * left(steps).1 > MOST_WEIGHTS && left(steps) != (1, 1) {
        if left(steps).0 > left(steps).1 {
            steps.0 += 1;
        } else {
            steps.1 += 1;
        }
    }
    steps
}

/// Means over neighbouring bands and lags.
fn pooled(strfs: &Array4<f32>, steps: (usize, usize)) -> Array4<f32> {
    let (rows, channels, bands, lags) = strfs.dim();
    let shape = (rows, channels, bands.div_ceil(steps.0), lags.div_ceil(steps.1));
    Array4::from_shape_fn(shape, |(row, channel, band, lag)| {
        let (f, k) = (band * steps.0, lag * steps.1);
        let (end_f, end_k) = ((f + steps.0).min(bands), (k + steps.1).min(lags));
        strfs.slice(s![row, channel, f..end_f, k..end_k]).mean().unwrap_or(f32::NAN)
    })
}

fn peak(strf: ArrayView3<f32>) -> f32 {
    strf.iter().filter(|w| w.is_finite()).fold(0.0, |peak, w| peak.max(w.abs()))
}

fn byte_of_weight(weight: f32, peak: f32) -> i8 {
    if !weight.is_finite() {
        return NO_WEIGHT;
    }
    let share = if peak > 0.0 { weight / peak } else { 0.0 };
    #[expect(clippy::cast_possible_truncation, reason = "from −127 to 127")]
    let byte = (share * 127.0).round() as i8;
    byte
}

/// Two series of each neuron, `(N, T)` each, on one scale from the lowest value of both to the
/// highest; what is not a number is missing.
pub fn traces(psth: ArrayView2<f32>, prediction: ArrayView2<f32>) -> Value {
    let (mut low, mut high) = (Vec::new(), Vec::new());
    let mut bytes = [Vec::new(), Vec::new()];
    for (psth, prediction) in psth.rows().into_iter().zip(prediction.rows()) {
        let finite = || psth.iter().chain(prediction).copied().filter(|y| y.is_finite());
        let lowest = finite().fold(f32::INFINITY, f32::min);
        let highest = finite().fold(f32::NEG_INFINITY, f32::max);
        let ends = if lowest <= highest { (lowest, highest) } else { (0.0, 0.0) };
        for (bytes, series) in bytes.iter_mut().zip([psth, prediction]) {
            bytes.extend(series.iter().map(|y| byte_of_value(*y, ends)));
        }
        low.push(ends.0);
        high.push(ends.1);
    }
    let [psth, prediction] = bytes.map(|bytes| STANDARD.encode(bytes));
    json!({ "low": low, "high": high, "psth": psth, "prediction": prediction })
}

fn byte_of_value(value: f32, (low, high): (f32, f32)) -> u8 {
    if !value.is_finite() {
        return MISSING;
    }
    let share = if high > low { (value - low) / (high - low) } else { 0.5 };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 254")]
    let byte = (share * LARGEST).round() as u8;
    byte
}

#[cfg(test)]
mod tests {
    use ndarray::{arr2, array};

    use super::*;

    fn bytes(value: &Value) -> Vec<u8> {
        STANDARD.decode(value.as_str().unwrap()).unwrap()
    }

    #[test]
    fn each_field_is_written_in_steps_of_its_own_peak() {
        let strfs =
            Array4::from_shape_vec((2, 1, 1, 3), vec![0.5, -0.25, 0.0, f32::NAN, -4.0, 1.0]);
        let packed = fields(&strfs.unwrap());
        assert_eq!(packed["peaks"], json!([0.5, 4.0]));
        let weights: Vec<i8> = bytes(&packed["data"]).iter().map(|b| b.cast_signed()).collect();
        assert_eq!(weights, [127, -64, 0, -128, -127, 32]);
    }

    #[test]
    fn fields_that_are_too_many_are_averaged_over_neighbours() {
        let strfs = Array4::from_shape_fn((1000, 1, 64, 60), |(_, _, f, k)| (f + k) as f32);
        let packed = fields(&strfs);
        let [bands, lags] = ["bands", "lags"].map(|name| packed[name].as_u64().unwrap());
        assert!(1000 * bands * lags <= 1_500_000 && bands * lags > 750, "{bands} {lags}");
        assert_eq!((packed["allBands"].as_u64(), packed["allLags"].as_u64()), (Some(64), Some(60)));
        let small = Array4::from_shape_fn((1, 1, 2, 5), |(_, _, f, k)| (10 * f + k) as f32);
        let coarse = pooled(&small, (2, 2));
        assert_eq!(coarse.into_raw_vec_and_offset().0, [5.5, 7.5, 9.0]);
    }

    #[test]
    fn both_series_of_a_neuron_share_a_scale_and_gaps_stay_gaps() {
        let psth = arr2(&[[0.0, f32::NAN, 2.0], [7.0, 7.0, 7.0]]);
        let prediction = array![[1.0, 4.0, 0.0], [7.0, 7.0, 7.0]];
        let packed = traces(psth.view(), prediction.view());
        assert_eq!((&packed["low"], &packed["high"]), (&json!([0.0, 7.0]), &json!([4.0, 7.0])));
        assert_eq!(bytes(&packed["psth"]), [0, 255, 127, 127, 127, 127]);
        assert_eq!(bytes(&packed["prediction"]), [64, 254, 0, 127, 127, 127]);
    }
}
