//! Spectra of a prediction, a PSTH and its noise, summed over segments of clips.
use std::f64::consts::TAU;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use ndarray::{ArrayView1, ArrayView2};
use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

use crate::scores::repeats::complete::Complete;
use crate::simd::lanes;
use crate::simd::real::vectorized;

/// Bins of a segment, as `SciPy` has them by default.
const SEGMENT: usize = 256;

static TRANSFORM: LazyLock<Arc<dyn RealToComplex<f64>>> =
    LazyLock::new(|| RealFftPlanner::new().plan_fft_forward(SEGMENT));

/// Sums over the segments so far.
#[derive(Debug, Clone, Default)]
pub struct Spectra {
    /// How many segments entered.
    pub segments: usize,
    /// How many of them tell the noise of the PSTH.
    pub noisy_segments: usize,
    // One for each frequency; none before the first segment.
    prediction: Vec<f64>,
    cross: Vec<Complex<f64>>,
    noise: Vec<f64>,
    /// The PSTH of segments that tell its noise.
    noisy_psth: Vec<f64>,
    /// The PSTH of those that do not.
    other_psth: Vec<f64>,
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

/// The series of one clip, NaN where missing.
#[derive(Debug, Default)]
pub struct Series {
    /// What is predicted.
    pub prediction: Vec<f64>,
    /// The mean over repeats.
    pub psth: Vec<f64>,
    /// A series that varies as much as the noise in the PSTH.
    pub noise: Vec<f64>,
}

/// A segment under its window and the spectra of three; used for one segment after the other.
#[derive(Debug, Default)]
pub struct Buffers {
    window: Vec<f64>,
    segment: Vec<f64>,
    prediction: Vec<Complex<f64>>,
    psth: Vec<Complex<f64>>,
    noise: Vec<Complex<f64>>,
    scratch: Vec<Complex<f64>>,
}

impl Spectra {
    /// Takes one more clip.
    pub fn add(&mut self, series: &Series, buffers: &mut Buffers) {
        let used = |y: &f64| !y.is_nan();
        let Some(start) = series.psth.iter().position(used) else { return };
        let end = series.psth.iter().rposition(used).map_or(start, |last| last + 1);
        let length = SEGMENT.min(end - start);
        for first in (start..=end - length).step_by((length / 2).max(1)) {
            self.add_segment(series, first..first + length, buffers);
            if length < SEGMENT {
                break;
            }
        }
    }

    /// The sums at each frequency.
    pub fn lines(&self) -> impl Iterator<Item = Line> {
        (0..self.prediction.len()).map(|i| Line {
            prediction: self.prediction[i],
            psth: self.noisy_psth[i] + self.other_psth[i],
            cross: self.cross[i],
            noise: self.noise[i],
            noisy_psth: self.noisy_psth[i],
        })
    }

    fn add_segment(&mut self, series: &Series, bins: Range<usize>, buffers: &mut Buffers) {
        let length = bins.len();
        let [psth, prediction, noise] =
            [&series.psth, &series.prediction, &series.noise].map(|series| &series[bins.clone()]);
        let segments = [(psth, psth), (prediction, psth), (noise, noise)];
        let [psth, prediction, noise] = vectorized(
            #[inline(always)]
            || segments.map(|(series, used)| Segment::new(series, used)),
        );
        let used = psth.count;
        if prediction.count < used || 2.0 * used <= length as f64 || length < 2 {
            return;
        }
        self.segments += 1;
        self.reserve();
        buffers.set_length(length);
        buffers.transform(&psth, |buffers| &mut buffers.psth);
        buffers.transform(&prediction, |buffers| &mut buffers.prediction);
        let noise_scale = (2.0 * noise.count > length as f64).then(|| used / noise.count);
        if noise_scale.is_some() {
            self.noisy_segments += 1;
            buffers.transform(&noise, |buffers| &mut buffers.noise);
        }
        vectorized(
            #[inline(always)]
            || self.add_lines(noise_scale, buffers),
        );
    }

    fn reserve(&mut self) {
        let lines = SEGMENT / 2 + 1;
        let Self { prediction, noise, noisy_psth, other_psth, .. } = self;
        for sums in [prediction, noise, noisy_psth, other_psth] {
            sums.resize(lines, 0.0);
        }
        self.cross.resize(lines, Complex::default());
    }

    /// Adds the spectra of a segment; `noise_scale` is what its noise weighs, where it tells any.
    #[inline(always)]
    fn add_lines(&mut self, noise_scale: Option<f64>, buffers: &Buffers) {
        add_powers(&buffers.prediction, 1.0, &mut self.prediction);
        add_products(&buffers.prediction, &buffers.psth, &mut self.cross);
        if let Some(scale) = noise_scale {
            add_powers(&buffers.noise, scale, &mut self.noise);
            add_powers(&buffers.psth, 1.0, &mut self.noisy_psth);
        } else {
            add_powers(&buffers.psth, 1.0, &mut self.other_psth);
        }
    }
}

impl Series {
    /// Reads the prediction `(T)` and the responses `(R, T)` of a clip; NaN in the responses = not
    /// recorded.
    pub fn read(&mut self, prediction: ArrayView1<f32>, responses: ArrayView2<f32>) {
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
        self.prediction = prediction.iter().map(|p| f64::from(*p)).collect();
        self.psth = (0..bins).map(psth).collect();
        self.noise = (0..bins).map(noise).collect();
    }

    /// Takes the prediction `(T)` of a clip that is recorded completely.
    pub fn read_complete(&mut self, prediction: &[f32], clip: &Complete) {
        self.prediction.clear();
        self.prediction.extend(prediction.iter().map(|p| f64::from(*p)));
        self.psth.clear();
        self.psth.extend_from_slice(clip.psth());
        self.noise.clear();
        self.noise.extend_from_slice(clip.difference());
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

/// Some bins of a series, of which some are used.
struct Segment<'a> {
    series: &'a [f64],
    /// NaN where it is not used; none where all are there and used.
    gaps: Option<&'a [f64]>,
    /// How many bins are there and used.
    count: f64,
    /// Over those.
    mean: f64,
}

impl<'a> Segment<'a> {
    #[inline(always)]
    fn new(series: &'a [f64], used: &'a [f64]) -> Self {
        let [sum, of_used] = lanes::sums(series, used, |y, used| [y, used]);
        if (sum + of_used).is_finite() {
            let count = series.len() as f64;
            return Self { series, gaps: None, count, mean: sum / count };
        }
        let there = |y: f64, used: f64| {
            let there = !(y.is_nan() | used.is_nan());
            [if there { 1.0 } else { 0.0 }, if there { y } else { 0.0 }]
        };
        let [count, sum] = lanes::sums(series, used, there);
        Self { series, gaps: Some(used), count, mean: sum / count }
    }

    /// Writes it less its mean under a window; 0 where it is missing.
    #[inline(always)]
    fn write(&self, window: &[f64], to: &mut [f64]) {
        let bins = to.iter_mut().zip(self.series).zip(window);
        match self.gaps {
            None => bins.for_each(|((to, y), window)| *to = (y - self.mean) * window),
            Some(used) => bins.zip(used).for_each(|(((to, y), window), used)| {
                let there = !(y.is_nan() | used.is_nan());
                *to = if there { (y - self.mean) * window } else { 0.0 };
            }),
        }
    }
}

impl Buffers {
    /// Makes a Hann window of so many bins.
    fn set_length(&mut self, length: usize) {
        if self.window.len() != length {
            let hann = |i: usize| 0.5 - 0.5 * (TAU * i as f64 / length as f64).cos();
            self.window = (0..length).map(hann).collect();
        }
    }

    /// The spectrum of a segment of the window's length.
    fn transform(&mut self, segment: &Segment, of: impl Fn(&mut Self) -> &mut Vec<Complex<f64>>) {
        self.segment.clear();
        self.segment.resize(SEGMENT, 0.0);
        let (window, to) = (&self.window, &mut self.segment);
        vectorized(
            #[inline(always)]
            || segment.write(window, to),
        );
        let mut lines = std::mem::take(of(self));
        lines.resize(SEGMENT / 2 + 1, Complex::default());
        self.scratch.resize(TRANSFORM.get_scratch_len(), Complex::default());
        let done = TRANSFORM.process_with_scratch(&mut self.segment, &mut lines, &mut self.scratch);
        if done.is_err() {
            lines.clear(); // never: all lengths are the transform's own
        }
        *of(self) = lines;
    }
}

/// Adds the power at each frequency.
#[inline(always)]
fn add_powers(lines: &[Complex<f64>], scale: f64, sums: &mut [f64]) {
    let both = sums.iter_mut().zip(lines);
    both.for_each(|(sum, line)| *sum += scale * (line.re * line.re + line.im * line.im));
}

/// Adds the cross-spectrum of two spectra.
#[inline(always)]
fn add_products(x: &[Complex<f64>], y: &[Complex<f64>], sums: &mut [Complex<f64>]) {
    for (sum, (x, y)) in sums.iter_mut().zip(x.iter().zip(y)) {
        sum.re += x.re * y.re + x.im * y.im;
        sum.im += x.re * y.im - x.im * y.re;
    }
}
