//! A bank of gammatone filters, rectified and averaged.
//!
//! The impulse response of the band at `f` is
//! `g(t) = t^(order − 1) exp(−2π b t) cos(2π f t)` for `0 ≤ t < kernel_ms`,
//! `b = 1.019 · 24.7 (0.00437 f + 1)` Hz, scaled to a gain of 1 where its gain is highest; centres
//! are equally spaced on the ERB-rate scale. `y(f, t)` is the mean of the rectified output (or of its
//! square) over the `average_ms` that end with bin `t`.
//!
//! Sources: Patterson et al. (1992), in Auditory Physiology and Perception, 429-446,
//! doi:10.1016/B978-0-08-041847-6.50054-X; Glasberg & Moore (1990), Hear. Res. 47(1-2):103-138,
//! doi:10.1016/0378-5955(90)90170-T. Differs from deepSTRF 0.1.0, whose impulse responses run
//! backwards in time.
use rayon::prelude::*;
use realfft::RealFftPlanner;

use super::bins::{Alignment, Bins, Windows};
use super::compression::Magnitude;
use super::keys::{
    BANDS, CAUSAL, COMPRESSION, LOG_FLOOR, MAGNITUDE, MAX_FREQ, MIN_FREQ, RANGE_DB, RATE, REFERENCE,
};
use super::recursion::{Filters, LANES, Shape};
use super::{Analyzer, FilterBank};
use crate::base::error::{Error, Result};
use crate::base::units::Scale;
use crate::config::keys::{Default, Key, Kind, Range, Values};
use crate::config::part::Part;

/// The row of `gammatone`.
pub const PART: Part = Part {
    name: "gammatone",
    summary: "gammatone filters, equally spaced in ERB rate, rectified and averaged",
    source: "Patterson et al. (1992), in Auditory Physiology and Perception, 429-446, doi:10.1016/B978-0-08-041847-6.50054-X",
    keys: KEYS,
};

const KEYS: &[Key] = &[
    BANDS,
    MIN_FREQ,
    MAX_FREQ,
    Key {
        name: "order",
        kind: Kind::Integer(1, 8),
        default: Default::Is("4"),
        doc: "order of the filters",
    },
    Key {
        name: "kernel_ms",
        kind: Kind::Number(Range::above(0.0, 1000.0)),
        default: Default::Is("20.0"),
        doc: "length of the filters' impulse responses in milliseconds",
    },
    Key {
        name: "rectify",
        kind: Kind::Choice(&["half", "full"]),
        default: Default::Is("\"half\""),
        doc: "what becomes of the negative half of the filters' output: zero, or positive",
    },
    Key {
        name: "average_ms",
        kind: Kind::Number(Range::closed(0.0, 10_000.0)),
        default: Default::Is("0.0"),
        doc: "length in milliseconds of the average over the rectified output; 0 = two bins",
    },
    MAGNITUDE,
    COMPRESSION,
    LOG_FLOOR,
    REFERENCE,
    RANGE_DB,
    CAUSAL,
    RATE,
];

/// What becomes of the negative half of a filter's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rectify {
    /// Zero.
    Half,
    /// Positive.
    Full,
}

/// From a filter's output to what is averaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rectifier {
    rectify: Rectify,
    magnitude: Magnitude,
}

impl Rectifier {
    #[inline(always)]
    fn of(self, output: f64) -> f64 {
        let rectified = match self.rectify {
            Rectify::Half => output.max(0.0),
            Rectify::Full => output.abs(),
        };
        self.magnitude.of_amplitude(rectified)
    }

    /// Mean over a period of a sine of amplitude 1.
    fn mean_of_sine(self) -> f64 {
        let both = match self.magnitude {
            Magnitude::Amplitude => std::f64::consts::FRAC_2_PI,
            Magnitude::Power => 0.5,
        };
        match self.rectify {
            Rectify::Half => both / 2.0,
            Rectify::Full => both,
        }
    }
}

/// `gammatone` as its section says.
struct Gammatone {
    centres_hz: Vec<f64>,
    order: usize,
    kernel_ms: f64,
    average_ms: f64,
    rectifier: Rectifier,
}

/// A front end of the given values.
pub fn build(values: &Values) -> Result<Box<dyn FilterBank>> {
    let (min_hz, max_hz) = (values.number("min_freq_hz")?, values.number("max_freq_hz")?);
    let rectify = if values.text("rectify")? == "full" { Rectify::Full } else { Rectify::Half };
    Ok(Box::new(Gammatone {
        centres_hz: Scale::Erb.centres_hz(min_hz, max_hz, values.count("bands")?),
        order: values.count("order")?,
        kernel_ms: values.number("kernel_ms")?,
        average_ms: values.number("average_ms")?,
        rectifier: Rectifier { rectify, magnitude: Magnitude::new(values)? },
    }))
}

/// Equivalent rectangular bandwidth of 24.7 (0.00437 f + 1) Hz times 1.019, the decay `b` in Hz.
///
/// Sources: Glasberg & Moore (1990); the factor of Patterson et al. (1992).
fn decay_hz(centre_hz: f64) -> f64 {
    1.019 * 24.7 * (0.00437 * centre_hz + 1.0)
}

/// Points of the Fourier transform that a filter's gain is read from, unless it is longer.
const GAIN_POINTS: usize = 4096;

impl Gammatone {
    /// Impulse responses at a rate, before they are scaled.
    fn shapes(&self, rate_hz: f64) -> Vec<Shape> {
        let length = super::samples(self.kernel_ms, rate_hz);
        let shape = |hz: &f64| Shape {
            order: self.order,
            length,
            decay: decay_hz(*hz) / rate_hz,
            frequency: hz / rate_hz,
        };
        self.centres_hz.iter().map(shape).collect()
    }
}

/// The largest gain of an impulse response at any frequency of a transform.
fn gain(response: &[f64]) -> Result<f64> {
    let points = GAIN_POINTS.max(response.len().next_power_of_two());
    let transform = RealFftPlanner::new().plan_fft_forward(points);
    let (mut input, mut spectrum) = (transform.make_input_vec(), transform.make_output_vec());
    input[..response.len()].copy_from_slice(response);
    transform
        .process(&mut input, &mut spectrum)
        .map_err(|source| Error::failed("finding the gain of a filter", source))?;
    Ok(spectrum.iter().map(|value| value.norm()).fold(0.0, f64::max))
}

impl FilterBank for Gammatone {
    fn frequencies_hz(&self) -> &[f64] {
        &self.centres_hz
    }

    fn analyzer(
        &self,
        rate_hz: f64,
        bins: Bins,
        alignment: Alignment,
    ) -> Result<Box<dyn Analyzer>> {
        let shapes = self.shapes(rate_hz);
        let gains: Result<Vec<f64>> = shapes.iter().map(|shape| gain(&shape.response())).collect();
        let gains = gains?;
        let average = match self.average_ms {
            0.0 => bins.samples(2),
            average_ms => super::samples(average_ms, rate_hz),
        };
        let groups = shapes.chunks(LANES).zip(gains.chunks(LANES)).map(|(shapes, gains)| Group {
            filters: Filters::new(shapes, gains),
            bands: shapes.len(),
            windows: Windows::new(bins, average, alignment),
        });
        Ok(Box::new(GammatoneAnalyzer {
            groups: groups.collect(),
            rectifier: self.rectifier,
            ahead: Windows::<f32>::ahead(bins, average, alignment),
        }))
    }
}

/// Samples whose outputs stay in the processor's cache until they are averaged.
const PIECE: usize = 2048;

/// Neighbouring bands that are computed side by side.
struct Group {
    filters: Filters,
    bands: usize,
    windows: Windows<[f64; LANES]>,
}

impl Group {
    /// Means of the bins that the samples complete, bin by bin.
    fn process(&mut self, samples: &[f32], rectifier: Rectifier) -> Vec<[f64; LANES]> {
        let mut means = Vec::new();
        for piece in samples.chunks(PIECE) {
            let mut outputs = self.filters.process(piece);
            for output in &mut outputs {
                *output = output.map(|value| rectifier.of(value));
            }
            self.windows.push(outputs);
            means.extend(self.windows.ready().into_iter().map(mean));
        }
        means
    }
}

fn mean(window: &[[f64; LANES]]) -> [f64; LANES] {
    let mut sums = [0.0; LANES];
    for values in window {
        for lane in 0..LANES {
            sums[lane] += values[lane];
        }
    }
    sums.map(|sum| sum / window.len() as f64)
}

/// `gammatone` that listens to one sound.
struct GammatoneAnalyzer {
    groups: Vec<Group>,
    rectifier: Rectifier,
    ahead: usize,
}

impl Analyzer for GammatoneAnalyzer {
    fn process(&mut self, samples: &[f32]) -> Vec<f64> {
        let rectifier = self.rectifier;
        let groups = self.groups.par_iter_mut().with_max_len(1);
        let means: Vec<Vec<[f64; LANES]>> =
            groups.map(|group| group.process(samples, rectifier)).collect();
        let bins = means.first().map_or(0, Vec::len);
        let by_bin = (0..bins).flat_map(|bin| {
            let groups = self.groups.iter().zip(&means);
            groups.flat_map(move |(group, means)| means[bin][..group.bands].iter().copied())
        });
        by_bin.collect()
    }

    fn ahead(&self) -> usize {
        self.ahead
    }

    fn full_scale(&self) -> f64 {
        self.rectifier.mean_of_sine()
    }
}
