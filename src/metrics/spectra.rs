//! Spectra of a prediction, a PSTH and its noise, summed over segments of clips.
use std::f64::consts::TAU;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use ndarray::{ArrayView1, ArrayView2};
use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

/// Bins of a segment, as `SciPy` has them by default.
const SEGMENT: usize = 256;

static TRANSFORM: LazyLock<Arc<dyn RealToComplex<f64>>> =
    LazyLock::new(|| RealFftPlanner::new().plan_fft_forward(SEGMENT));

/// Sums over the segments so far.
#[derive(Debug, Clone, Default)]
pub struct Spectra {
    /// How many segments entered.
    pub segments: usize,
    /// One for each frequency; none before the first segment.
    pub lines: Vec<Line>,
}

/// What is summed at one frequency.
#[derive(Debug, Clone, Copy, Default)]
pub struct Line {
    /// Power of the prediction.
    pub prediction: f64,
    /// Power of the PSTH.
    pub psth: f64,
    /// Cross-spectrum of both.
    pub cross: Complex<f64>,
    /// Power of the noise in the PSTH, of the segments that tell it.
    pub noise: f64,
    /// Power of the PSTH in those segments.
    pub noisy_psth: f64,
}

/// One clip, NaN where missing.
struct Series {
    prediction: Vec<f64>,
    psth: Vec<f64>,
    noise: Vec<f64>,
}

impl Spectra {
    /// Takes the prediction `(T)` and the responses `(R, T)` of one more clip; NaN in the responses
    /// = not recorded.
    pub fn add(&mut self, prediction: ArrayView1<f32>, responses: ArrayView2<f32>) {
        let series = Series::new(prediction, responses);
        let used = |y: &f64| !y.is_nan();
        let Some(start) = series.psth.iter().position(used) else { return };
        let end = series.psth.iter().rposition(used).map_or(start, |last| last + 1);
        let length = SEGMENT.min(end - start);
        for first in (start..=end - length).step_by((length / 2).max(1)) {
            self.add_segment(&series, first..first + length);
            if length < SEGMENT {
                break;
            }
        }
    }

    fn add_segment(&mut self, series: &Series, bins: Range<usize>) {
        let mut psth = series.psth[bins.clone()].to_vec();
        let mut prediction = series.prediction[bins.clone()].to_vec();
        let mut noise = series.noise[bins.clone()].to_vec();
        for (predicted, y) in prediction.iter_mut().zip(&psth) {
            *predicted = if y.is_nan() { f64::NAN } else { *predicted };
        }
        let (used, noisy) = (centre(&mut psth), centre(&mut noise));
        if centre(&mut prediction) < used || 2 * used <= bins.len() || bins.len() < 2 {
            return;
        }
        self.segments += 1;
        self.lines.resize(SEGMENT / 2 + 1, Line::default());
        let (prediction, psth) = (spectrum(&prediction), spectrum(&psth));
        for (line, (p, y)) in self.lines.iter_mut().zip(prediction.iter().zip(&psth)) {
            line.prediction += p.norm_sqr();
            line.psth += y.norm_sqr();
            line.cross += p.conj() * y;
        }
        if 2 * noisy > bins.len() {
            let scale = used as f64 / noisy as f64;
            for (line, (n, y)) in self.lines.iter_mut().zip(spectrum(&noise).iter().zip(&psth)) {
                line.noise += scale * n.norm_sqr();
                line.noisy_psth += y.norm_sqr();
            }
        }
    }
}

impl Series {
    fn new(prediction: ArrayView1<f32>, responses: ArrayView2<f32>) -> Self {
        let bins = responses.ncols();
        let halves = [0, 1].map(|half| sums_and_counts(responses, half));
        let [(even, of_even), (odd, of_odd)] = &halves;
        let psth = |t: usize| (even[t] + odd[t]) / (of_even[t] + of_odd[t]);
        // 0 / 0 is NaN where a half has nothing.
        let noise = |t: usize| {
            let (difference, all) =
                (even[t] / of_even[t] - odd[t] / of_odd[t], of_even[t] + of_odd[t]);
            difference * (of_even[t] * of_odd[t]).sqrt() / all
        };
        Self {
            prediction: prediction.iter().map(|p| f64::from(*p)).collect(),
            psth: (0..bins).map(psth).collect(),
            noise: (0..bins).map(noise).collect(),
        }
    }
}

/// Sums over the recorded ones of every second repeat from `first`, and how many they are.
fn sums_and_counts(responses: ArrayView2<f32>, first: usize) -> (Vec<f64>, Vec<f64>) {
    let bins = responses.ncols();
    let (mut sums, mut counts) = (vec![0.0; bins], vec![0.0; bins]);
    for repeat in responses.rows().into_iter().skip(first).step_by(2) {
        for ((sum, count), y) in sums.iter_mut().zip(&mut counts).zip(repeat) {
            let recorded = !y.is_nan();
            *sum += if recorded { f64::from(*y) } else { 0.0 };
            *count += f64::from(u8::from(recorded));
        }
    }
    (sums, counts)
}

/// Subtracts the mean of what is there, sets what is missing to 0, and says how much is there.
fn centre(series: &mut [f64]) -> usize {
    let there = series.iter().filter(|y| !y.is_nan());
    let (sum, count) = there.fold((0.0, 0_usize), |(sum, count), y| (sum + y, count + 1));
    let mean = sum / count as f64;
    for y in series.iter_mut() {
        *y = if y.is_nan() { 0.0 } else { *y - mean };
    }
    count
}

/// Of a segment under a Hann window of its length.
fn spectrum(segment: &[f64]) -> Vec<Complex<f64>> {
    let length = segment.len() as f64;
    let mut windowed = vec![0.0; SEGMENT];
    for (i, (windowed, y)) in windowed.iter_mut().zip(segment).enumerate() {
        *windowed = y * (0.5 - 0.5 * (TAU * i as f64 / length).cos());
    }
    let mut lines = TRANSFORM.make_output_vec();
    match TRANSFORM.process(&mut windowed, &mut lines) {
        Ok(()) => lines,
        Err(_) => Vec::new(), // lengths are the transform's own
    }
}
