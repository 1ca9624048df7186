//! What is done to sound and responses before a model sees them, in training and after it.
use candle_core::Device;
use ndarray::{Array2, Array3, s};

use super::smooth::{smooth, smoothed_psth};
use super::standardize::Standardization;
use crate::base::error::Result;
use crate::base::units;
use crate::dataset::{Clip, Recording};
use crate::models::batch::Sample;
use crate::run_file::Data;

/// How clips of one recording become samples.
#[derive(Debug, Clone, PartialEq)]
pub struct Preparation {
    /// Of the cochleagrams.
    pub standardization: Standardization,
    /// How responses are treated.
    pub treatment: Treatment,
}

/// What is done to responses before losses and scores see them.
#[derive(Debug, Clone, PartialEq)]
pub struct Treatment {
    /// Width of a bin in milliseconds.
    pub dt_ms: f64,
    /// Length of the window over the responses in milliseconds; 0 = none.
    pub smooth_ms: f64,
    /// Start of each clip left out of loss and scores, in milliseconds.
    pub skip_ms: f64,
}

impl Preparation {
    /// The clips with these indices without responses, for a model of so many neurons.
    ///
    /// # Errors
    /// The device has no room for them.
    pub fn sounds<R>(
        &self,
        recording: &Recording<R>,
        clips: &[usize],
        neurons: usize,
        device: &Device,
    ) -> Result<Vec<Sample>> {
        let sound = |&clip: &usize| {
            let Clip { stimulus, cochleagram, .. } = &recording.clips[clip];
            let sound = self.standardization.apply(cochleagram);
            Ok(Sample::sound(&stimulus.id, sound, neurons, device)?)
        };
        clips.iter().map(sound).collect()
    }
}

impl Treatment {
    /// As `[data]` says, of bins of this width.
    pub fn of(dt_ms: f64, data: &Data) -> Self {
        Self { dt_ms, smooth_ms: data.smooth_ms, skip_ms: data.skip_ms }
    }

    /// Whether the window over responses is longer than a bin.
    pub fn smooths(&self) -> bool {
        self.smooth_ms > 0.0 && units::odd_bins(self.smooth_ms, self.dt_ms) > 1
    }

    /// Single repeats `(N, R, T)` as losses and scores see them.
    pub fn repeats(&self, responses: Array3<f32>) -> Array3<f32> {
        let mut responses = if self.smooth_ms > 0.0 {
            smooth(&responses, self.smooth_ms, self.dt_ms)
        } else {
            responses
        };
        let skipped = self.skipped_bins().min(responses.dim().2);
        responses.slice_mut(s![.., .., ..skipped]).fill(f32::NAN);
        responses
    }

    /// The mean over repeats `(N, T)` as losses see it, out of single repeats `(N, R, T)` and their
    /// own mean.
    pub(super) fn psth(&self, responses: &Array3<f32>, raw: Array2<f32>) -> Array2<f32> {
        let mut psth = if self.smooth_ms > 0.0 {
            smoothed_psth(responses, &raw, self.smooth_ms, self.dt_ms)
        } else {
            raw
        };
        let skipped = self.skipped_bins().min(psth.ncols());
        psth.slice_mut(s![.., ..skipped]).fill(f32::NAN);
        psth
    }

    pub(super) fn skipped_bins(&self) -> usize {
        units::bins(self.skip_ms, self.dt_ms, 0)
    }
}
