//! Amplitudes of a short-time Fourier transform with a Gaussian window.
//!
//! `y(f, t) = |Σ_n w(n) x(end(t) − N + n) exp(−2πi f n / rate)|`, or its square, at the frequencies
//! `f` that are multiples of `spacing_hz` from `min_freq_hz` to `max_freq_hz`, with the window
//! `w(n) = exp(−½ ((n − (N − 1)/2) / σ)²)`, `σ = N / deviations` samples, of
//! `N = deviations / (2π bandwidth_hz) · rate` samples, made even. `bandwidth_hz` is the standard
//! deviation of a band.
//!
//! Source: Theunissen, David, Singh, Hsu, Vinje & Gallant (2001), Network 12(3):289-316,
//! doi:10.1080/net.12.3.289.316, and the log spectrogram of its program `STRFlab`. Differs from
//! `STRFlab`: there the bands are those of a transform as long as the window, 131 Hz apart for a
//! bandwidth of 125 Hz, and somewhat different from rate to rate.
use std::f64::consts::TAU;

use rayon::prelude::*;

use super::bins::{Alignment, Bins, Windows};
use super::compression::Magnitude;
use super::keys::{
    CAUSAL, COMPRESSION, LOG_FLOOR, MAGNITUDE, MAX_FREQ, MIN_FREQ, RANGE_DB, RATE, REFERENCE,
};
use super::{Analyzer, FilterBank};
use crate::base::error::{Error, Problem, Result};
use crate::config::keys::{Default, Key, Kind, Range, Values};
use crate::config::part::Part;

/// The row of `stft`.
pub const PART: Part = Part {
    name: "stft",
    summary: "amplitudes of a short-time Fourier transform with a Gaussian window",
    source: "Theunissen et al. (2001), Network 12(3):289-316, doi:10.1080/net.12.3.289.316",
    keys: KEYS,
};

const KEYS: &[Key] = &[
    Key { doc: "lowest frequency in hertz", ..MIN_FREQ },
    Key { doc: "highest frequency in hertz; at most half of every sound's rate", ..MAX_FREQ },
    Key {
        name: "spacing_hz",
        kind: Kind::Number(Range::above(0.0, 1e6)),
        default: Default::Is("125.0"),
        doc: "step between bands in hertz, which are its multiples",
    },
    Key {
        name: "bandwidth_hz",
        kind: Kind::Number(Range::above(0.0, 1e6)),
        default: Default::Is("125.0"),
        doc: "standard deviation of a band in hertz; the window gets shorter as it grows",
    },
    Key {
        name: "deviations",
        kind: Kind::Number(Range::closed(1.0, 100.0)),
        default: Default::Is("6.0"),
        doc: "length of the window in its standard deviations",
    },
    MAGNITUDE,
    COMPRESSION,
    LOG_FLOOR,
    REFERENCE,
    RANGE_DB,
    CAUSAL,
    RATE,
];

/// `stft` as its section says.
struct Stft {
    centres_hz: Vec<f64>,
    bandwidth_hz: f64,
    deviations: f64,
    magnitude: Magnitude,
}

/// A front end of the given values.
pub fn build(values: &Values) -> Result<Box<dyn FilterBank>> {
    let (min_hz, max_hz) = (values.number("min_freq_hz")?, values.number("max_freq_hz")?);
    let centres_hz = multiples(values.number("spacing_hz")?, min_hz, max_hz)?;
    Ok(Box::new(Stft {
        centres_hz,
        bandwidth_hz: values.number("bandwidth_hz")?,
        deviations: values.number("deviations")?,
        magnitude: Magnitude::new(values)?,
    }))
}

/// Most bands, as of other front ends.
const MOST_BANDS: f64 = 4096.0;

/// The multiples of a step from one frequency to another, both included.
fn multiples(step_hz: f64, min_hz: f64, max_hz: f64) -> Result<Vec<f64>> {
    // A billionth of a step keeps 0.3 / 0.1 from falling just short of 3.
    let (first, last) = ((min_hz / step_hz - 1e-9).ceil(), (max_hz / step_hz + 1e-9).floor());
    let bands = last - first + 1.0;
    if !(1.0..=MOST_BANDS).contains(&bands) {
        let found =
            format!("{step_hz}, of which {bands} multiples lie between {min_hz} and {max_hz}");
        let expected =
            format!("a step with 1 to {MOST_BANDS} multiples between min_freq_hz and max_freq_hz");
        let problem = Problem::new("frontend.spacing_hz", found, expected);
        return Err(Error::Refused(problem.to_string()));
    }
    let steps = std::iter::successors(Some(first), |step| Some(step + 1.0));
    Ok(steps.take_while(|step| *step <= last).map(|step| step * step_hz).collect())
}

impl FilterBank for Stft {
    fn frequencies_hz(&self) -> &[f64] {
        &self.centres_hz
    }

    fn analyzer(
        &self,
        rate_hz: f64,
        bins: Bins,
        alignment: Alignment,
    ) -> Result<Box<dyn Analyzer>> {
        let window_ms = 1000.0 * self.deviations / (TAU * self.bandwidth_hz);
        let length = super::samples(window_ms, rate_hz).next_multiple_of(2);
        let window = gaussian(length, length as f64 / self.deviations);
        let bands = self.centres_hz.iter().map(|hz| Band::new(*hz / rate_hz, &window)).collect();
        Ok(Box::new(StftAnalyzer {
            bands,
            full_scale: window.iter().sum::<f64>() / 2.0,
            magnitude: self.magnitude,
            windows: Windows::new(bins, length, alignment),
            ahead: Windows::<f32>::ahead(bins, length, alignment),
        }))
    }
}

fn gaussian(length: usize, deviation: f64) -> Vec<f64> {
    let middle = (length as f64 - 1.0) / 2.0;
    let weight = |n: usize| (-0.5 * ((n as f64 - middle) / deviation).powi(2)).exp();
    (0..length).map(weight).collect()
}

/// The window times a cosine and a sine: real and imaginary part of the transform's weights.
struct Band {
    cosine: Vec<f64>,
    sine: Vec<f64>,
}

impl Band {
    /// For a frequency in cycles a sample.
    fn new(frequency: f64, window: &[f64]) -> Self {
        let angle = |n: usize| TAU * (frequency * n as f64).fract();
        let weights = |part: fn(f64) -> f64| {
            window.iter().enumerate().map(|(n, weight)| weight * part(angle(n))).collect()
        };
        Self { cosine: weights(f64::cos), sine: weights(f64::sin) }
    }

    fn amplitude(&self, samples: &[f64]) -> f64 {
        dot(&self.cosine, samples).hypot(dot(&self.sine, samples))
    }
}

/// Sums that are added up side by side.
const LANES: usize = 8;

/// `Σ a b`, added up in an order that depends on their length only.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (mut sums, tail) = ([0.0; LANES], a.len() - a.len() % LANES);
    for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let tail: f64 = a[tail..].iter().zip(&b[tail..]).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + tail
}

/// `stft` that listens to one sound.
struct StftAnalyzer {
    bands: Vec<Band>,
    full_scale: f64,
    magnitude: Magnitude,
    windows: Windows<f32>,
    ahead: usize,
}

impl Analyzer for StftAnalyzer {
    fn process(&mut self, samples: &[f32]) -> Vec<f64> {
        let Self { bands, magnitude, windows, .. } = self;
        windows.push(samples.iter().copied());
        let ready = windows.ready();
        let mut levels = vec![0.0; ready.len() * bands.len()];
        let pairs = levels.par_chunks_mut(bands.len()).zip(&ready).with_min_len(8);
        pairs.for_each(|(levels, samples)| {
            let samples: Vec<f64> = samples.iter().map(|sample| f64::from(*sample)).collect();
            for (level, band) in levels.iter_mut().zip(bands.iter()) {
                *level = magnitude.of_amplitude(band.amplitude(&samples));
            }
        });
        levels
    }

    fn ahead(&self) -> usize {
        self.ahead
    }

    fn full_scale(&self) -> f64 {
        self.magnitude.of_amplitude(self.full_scale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_are_the_multiples_between_the_ends() {
        assert_eq!(multiples(125.0, 250.0, 500.0).unwrap(), [250.0, 375.0, 500.0]);
        assert_eq!(multiples(0.1, 0.3, 0.5).unwrap().len(), 3);
        let said = multiples(125.0, 251.0, 260.0).unwrap_err().to_string();
        assert_eq!(
            said,
            "frontend.spacing_hz: found 125, of which 0 multiples lie between 251 and 260, \
             expected a step with 1 to 4096 multiples between min_freq_hz and max_freq_hz"
        );
    }

    #[test]
    fn a_gaussian_is_symmetric_with_its_deviation() {
        let window = gaussian(6, 1.5);
        assert!((window[0] - (-0.5 * (2.5_f64 / 1.5).powi(2)).exp()).abs() < 1e-15);
        assert!(window.iter().eq(window.iter().rev()));
    }
}
