//! Fourier transforms of windows of sound, one for each bin.
use std::sync::Arc;

use rayon::prelude::*;
use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

use super::bins::{Alignment, Bins, Windows};

/// A short-time Fourier transform.
pub(super) struct Spectra {
    window: Vec<f64>,
    transform: Arc<dyn RealToComplex<f64>>,
    windows: Windows<f32>,
    ahead: usize,
}

/// What one thread works in.
struct Room {
    input: Vec<f64>,
    spectrum: Vec<Complex<f64>>,
    scratch: Vec<Complex<f64>>,
}

impl Spectra {
    /// Transforms of `points` of windows with these weights, zeros behind them.
    pub(super) fn new(window: &[f64], points: usize, bins: Bins, alignment: Alignment) -> Self {
        Self {
            window: window.to_vec(),
            transform: RealFftPlanner::new().plan_fft_forward(points),
            windows: Windows::new(bins, window.len(), alignment),
            ahead: Windows::<f32>::ahead(bins, window.len(), alignment),
        }
    }

    /// Takes the next samples; `measure` makes the `bands` magnitudes of a bin of the frequencies
    /// `0..=points / 2` of its transform.
    pub(super) fn process(
        &mut self,
        samples: &[f32],
        bands: usize,
        measure: impl Fn(&[Complex<f64>], &mut [f64]) + Sync,
    ) -> Vec<f64> {
        let Self { window, transform, windows, .. } = self;
        windows.push(samples.iter().copied());
        let ready = windows.ready();
        let mut levels = vec![0.0; ready.len() * bands];
        let pairs = levels.par_chunks_mut(bands).zip(&ready).with_min_len(8);
        pairs.for_each_init(
            || Room::new(transform.as_ref()),
            |room, (levels, samples)| {
                room.transform(transform.as_ref(), window, samples);
                measure(&room.spectrum, levels);
            },
        );
        levels
    }

    /// Samples behind the end of a bin that its window may see.
    pub(super) fn ahead(&self) -> usize {
        self.ahead
    }

    /// Amplitude of a sine of full scale at a frequency of the transform.
    pub(super) fn full_scale(&self) -> f64 {
        self.window.iter().sum::<f64>() / 2.0
    }
}

impl Room {
    fn new(transform: &dyn RealToComplex<f64>) -> Self {
        Self {
            input: transform.make_input_vec(),
            spectrum: transform.make_output_vec(),
            scratch: transform.make_scratch_vec(),
        }
    }

    /// The transform of one window, or NaN should it not fit the plan.
    fn transform(&mut self, transform: &dyn RealToComplex<f64>, window: &[f64], samples: &[f32]) {
        let Self { input, spectrum, scratch } = self;
        let (head, tail) = input.split_at_mut(window.len());
        for ((value, weight), sample) in head.iter_mut().zip(window).zip(samples) {
            *value = weight * f64::from(*sample);
        }
        tail.fill(0.0);
        if transform.process_with_scratch(input, spectrum, scratch).is_err() {
            spectrum.fill(Complex::new(f64::NAN, f64::NAN));
        }
    }
}
