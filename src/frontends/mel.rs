//! Mel bands of a short-time Fourier transform.
//!
//! With `N` samples of a window, a symmetric Hann window `w(n) = ½ − ½ cos(2π n / (N − 1))`, and the
//! transform `X(t, k) = Σ_n w(n) x(end(t) − N + n) exp(−2πi k n / M)` of `M ≥ N` points:
//! `y(f, t) = Σ_k h(f, k) |X(t, k)|`, or of `|X|²`. `h` are triangles that are 1 at the centre of
//! their band and 0 from the centres of its neighbours on; with the ends of the lowest and the
//! highest triangle, centres are equally spaced in mel from `min_freq_hz` to `max_freq_hz`.
//!
//! Source: Davis & Mermelstein (1980), IEEE Trans. Acoust. Speech Signal Process. 28(4):357-366,
//! doi:10.1109/TASSP.1980.1163420; scale and triangles as in HTK, without area normalization.
use std::f64::consts::TAU;

use realfft::num_complex::Complex;

use super::bins::{Alignment, Bins};
use super::compression::Magnitude;
use super::keys::{
    BANDS, CAUSAL, COMPRESSION, LOG_FLOOR, MAGNITUDE, MAX_FREQ, MIN_FREQ, RANGE_DB, RATE, REFERENCE,
};
use super::spectrum::Spectra;
use super::{Analyzer, FilterBank};
use crate::base::error::{Error, Problem, Result};
use crate::base::units::Scale;
use crate::config::keys::{Default, Key, Kind, Range, Values};
use crate::config::part::Part;

/// The row of `mel`.
pub const PART: Part = Part {
    name: "mel",
    summary: "triangular bands, equally spaced in mel, of a short-time Fourier transform",
    source: "Davis & Mermelstein (1980), IEEE Trans. Acoust. Speech Signal Process. 28(4):357-366, doi:10.1109/TASSP.1980.1163420",
    keys: KEYS,
};

const KEYS: &[Key] = &[
    BANDS,
    Key { doc: "lower end of the lowest band in hertz", ..MIN_FREQ },
    Key {
        doc: "upper end of the highest band in hertz; at most half of every sound's rate",
        ..MAX_FREQ
    },
    Key {
        name: "window_ms",
        kind: Kind::Number(Range::above(0.0, 10_000.0)),
        default: Default::Is("10.0"),
        doc: "length of the Hann window in milliseconds",
    },
    Key {
        name: "transform_ms",
        kind: Kind::Number(Range::closed(0.0, 10_000.0)),
        default: Default::Is("32.0"),
        doc: "length of the Fourier transform in milliseconds, filled with zeros behind the \
              window; 0 = the window's",
    },
    MAGNITUDE,
    COMPRESSION,
    LOG_FLOOR,
    REFERENCE,
    RANGE_DB,
    CAUSAL,
    RATE,
];

/// Phases of a sine of which the loudest counts.
const PHASES: usize = 8;

/// `mel` as its section says.
struct Mel {
    centres_hz: Vec<f64>,
    /// Ends of the lowest and the highest band, and the centres between them.
    corners_hz: Vec<f64>,
    window_ms: f64,
    transform_ms: f64,
    magnitude: Magnitude,
}

/// A front end of the given values.
pub fn build(values: &Values) -> Result<Box<dyn FilterBank>> {
    let (min_hz, max_hz) = (values.number("min_freq_hz")?, values.number("max_freq_hz")?);
    let corners_hz = Scale::Mel.centres_hz(min_hz, max_hz, values.count("bands")? + 2);
    let (window_ms, transform_ms) = (values.number("window_ms")?, values.number("transform_ms")?);
    if transform_ms > 0.0 && transform_ms < window_ms {
        let expected = format!("0, or at least window_ms = {window_ms}");
        let problem = Problem::new("frontend.transform_ms", transform_ms.to_string(), expected);
        return Err(Error::Refused(problem.to_string()));
    }
    Ok(Box::new(Mel {
        centres_hz: corners_hz[1..corners_hz.len() - 1].to_vec(),
        corners_hz,
        window_ms,
        transform_ms,
        magnitude: Magnitude::new(values)?,
    }))
}

impl FilterBank for Mel {
    fn frequencies_hz(&self) -> &[f64] {
        &self.centres_hz
    }

    fn share_of_full_scale(&self, band: usize) -> f64 {
        // About the same at any rate that holds the bands.
        let rate_hz = 4.0 * self.corners_hz.iter().copied().fold(0.0, f64::max);
        let length = super::samples(self.window_ms, rate_hz);
        let points = super::samples(self.transform_ms, rate_hz).max(length);
        let window = hann(length);
        let full_scale = self.magnitude.of_amplitude(window.iter().sum::<f64>() / 2.0);
        let bands = self.bands(rate_hz / points as f64, points / 2 + 1);
        let (band, centre_hz) = (&bands[band], self.centres_hz[band]);
        let step = TAU / points as f64;
        let at_phase = |phase: usize| {
            let phase = TAU * phase as f64 / PHASES as f64;
            let sine = |n: usize| (TAU * centre_hz / rate_hz * n as f64 + phase).sin();
            let samples: Vec<f64> = window.iter().enumerate().map(|(n, w)| w * sine(n)).collect();
            let weighted = band.weights.iter().enumerate().map(|(place, weight)| {
                let turn = step * (band.first + place) as f64;
                let terms = samples.iter().enumerate();
                let value: Complex<f64> =
                    terms.map(|(n, x)| Complex::from_polar(*x, -turn * n as f64)).sum();
                weight * self.magnitude.of(value)
            });
            weighted.sum::<f64>()
        };
        let most = (0..PHASES).map(at_phase).fold(0.0, f64::max);
        // A band between two frequencies stays silent.
        if most > 0.0 { most / full_scale } else { 1.0 }
    }

    fn analyzer(
        &self,
        rate_hz: f64,
        bins: Bins,
        alignment: Alignment,
    ) -> Result<Box<dyn Analyzer>> {
        let length = super::samples(self.window_ms, rate_hz);
        let points = super::samples(self.transform_ms, rate_hz).max(length);
        let bands = self.bands(rate_hz / points as f64, points / 2 + 1);
        let empty = bands.iter().filter(|band| band.weights.is_empty()).count();
        Ok(Box::new(MelAnalyzer {
            spectra: Spectra::new(&hann(length), points, bins, alignment),
            bands,
            magnitude: self.magnitude,
            notes: empty_note(empty, rate_hz / points as f64).into_iter().collect(),
        }))
    }
}

impl Mel {
    /// The triangles over the frequencies `k · step_hz` of a transform.
    fn bands(&self, step_hz: f64, frequencies: usize) -> Vec<Band> {
        let triangles = self.corners_hz.windows(3);
        triangles.map(|corners| Band::triangle(corners, step_hz, frequencies)).collect()
    }
}

/// Weights of a band from the frequency `first` of a transform on.
struct Band {
    first: usize,
    weights: Vec<f64>,
}

impl Band {
    /// 0 at the first and last of three corners, 1 at the middle one, straight between them.
    fn triangle(corners_hz: &[f64], step_hz: f64, frequencies: usize) -> Self {
        let &[low, centre, high] = corners_hz else {
            return Self { first: 0, weights: Vec::new() };
        };
        let weight = |k: usize| {
            let hz = k as f64 * step_hz;
            ((hz - low) / (centre - low)).min((high - hz) / (high - centre))
        };
        let inside = |k: &usize| weight(*k) > 0.0;
        let first = (0..frequencies).find(inside).unwrap_or(0);
        Self { first, weights: (first..frequencies).take_while(inside).map(weight).collect() }
    }
}

fn empty_note(empty: usize, step_hz: f64) -> Option<String> {
    (empty > 0).then(|| {
        format!(
            "front end: {empty} bands lie between two frequencies of the Fourier transform, which \
             are {step_hz:.1} Hz apart, and stay silent; a longer transform_ms or fewer bands \
             avoid it"
        )
    })
}

/// A symmetric Hann window, which is 0 at both ends.
fn hann(length: usize) -> Vec<f64> {
    let last = length.saturating_sub(1).max(1) as f64;
    (0..length).map(|n| 0.5 - 0.5 * (TAU * n as f64 / last).cos()).collect()
}

/// `mel` that listens to one sound.
struct MelAnalyzer {
    spectra: Spectra,
    bands: Vec<Band>,
    magnitude: Magnitude,
    notes: Vec<String>,
}

impl Analyzer for MelAnalyzer {
    fn process(&mut self, samples: &[f32]) -> Vec<f64> {
        let Self { spectra, bands, magnitude, .. } = self;
        spectra.process(samples, bands.len(), |spectrum, levels| {
            let values: Vec<f64> = spectrum.iter().map(|value| magnitude.of(*value)).collect();
            for (level, band) in levels.iter_mut().zip(bands.iter()) {
                let weighted = band.weights.iter().zip(&values[band.first..]);
                *level = weighted.map(|(weight, value)| weight * value).sum();
            }
        })
    }

    fn ahead(&self) -> usize {
        self.spectra.ahead()
    }

    fn full_scale(&self) -> f64 {
        self.magnitude.of_amplitude(self.spectra.full_scale())
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }
}
