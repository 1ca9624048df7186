//! From a recording to samples: smoothed, standardized, what is left out marked as missing.
use std::mem::take;

use candle_core::Device;
use ndarray::{Array2, Array3, s};

use super::reduce::{Reduced, numbered};
use super::{ClipSets, Selected, Standardization, divide, select, smooth, smoothed_psth};
use crate::base::error::{Error, Result};
use crate::base::files::Version;
use crate::base::units;
use crate::dataset::{Clip, Recording, Splits, Stored};
use crate::models::batch::Sample;
use crate::models::dims::Dims;
use crate::run_file::Data;
use crate::run_file::Split;
use crate::scores::Ceiling;

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

/// A recording ready for training.
pub struct Prepared {
    /// What the recording fixes of a model.
    pub dims: Dims,
    /// Ids of the selected neurons; those that cannot be fitted are left out.
    pub neurons: Vec<String>,
    /// Ids of the stimuli that serve what.
    pub splits: Splits,
    /// How clips became samples.
    pub preparation: Preparation,
    /// How many neurons and stimuli a comparison of numbers has kept.
    pub notes: Vec<String>,
    /// What the user should look into.
    pub warnings: Vec<String>,
    /// The training clips.
    pub train: Vec<Sample>,
    /// The sound of the validation clips.
    pub valid: Vec<Sample>,
    /// What scores need of the responses to the validation clips.
    pub ceiling: Ceiling,
    /// The sound of the test clips.
    pub test: Vec<Sample>,
    /// Where the responses to the test clips lie.
    pub test_responses: Vec<Stored>,
    /// The file as it was read.
    pub version: Version,
    /// Bins of the longest clip.
    longest: usize,
}

impl Prepared {
    /// Selects, divides, reads and standardizes as `[data]` says; `split` is the one it comes to.
    ///
    /// # Errors
    /// Unknown ids, an empty part, no neuron left, or responses that cannot be used.
    pub fn new(
        recording: Recording<Stored>,
        data: &Data,
        split: &Split,
        device: &Device,
    ) -> Result<Self> {
        let version = Version::of(&recording.file)?;
        let Selected { recording, notes } = select(recording, &data.neurons, &data.stimuli)?;
        let sets = divide(&recording, split)?;
        let Data { smooth_ms, skip_ms, .. } = *data;
        let treatment = Treatment { dt_ms: recording.dt_ms, smooth_ms, skip_ms };
        let Reduced { mut recording, psths, ceiling, mut warnings } =
            Reduced::read(recording, &sets, &treatment)?;

        let standardization = fit(&recording, &sets, data, &mut warnings);
        let bins = recording.clips.iter().map(Clip::bins);
        let longest = bins.max().unwrap_or(0);
        let dims = Dims {
            dt_ms: recording.dt_ms,
            bands: recording.bands(),
            neurons: recording.neurons.len(),
            frequencies_hz: recording.frequencies_hz.clone(),
        };
        let sounds = Sounds { standardization: &standardization, neurons: dims.neurons, device };
        let (train, valid, test) = (
            sounds.with(&mut recording, &sets.train, psths)?,
            sounds.alone(&mut recording, &sets.valid)?,
            sounds.alone(&mut recording, &sets.test)?,
        );
        let responses = |clip: &usize| recording.clips[*clip].responses.clone();
        Ok(Self {
            dims,
            neurons: recording.neuron_ids(),
            splits: splits(&recording, &sets),
            preparation: Preparation { standardization, treatment },
            notes,
            warnings,
            train,
            valid,
            ceiling,
            test,
            test_responses: sets.test.iter().map(responses).collect(),
            version,
            longest,
        })
    }

    /// Fails if a model that looks back over `lags` bins sees no clip in full.
    ///
    /// # Errors
    /// As said.
    pub fn require_room(&self, lags: usize) -> Result<()> {
        let (longest, dt_ms) = (self.longest, self.dims.dt_ms);
        if lags <= longest {
            return Ok(());
        }
        Err(Error::Refused(format!(
            "the model looks back over {lags} bins ({} ms), expected at most {longest} ({} ms), the \
             length of the longest clip; shorten the model's window",
            lags as f64 * dt_ms,
            longest as f64 * dt_ms
        )))
    }
}

/// Makes samples out of cochleagrams, which it takes out of the recording.
struct Sounds<'a> {
    standardization: &'a Standardization,
    neurons: usize,
    device: &'a Device,
}

impl Sounds<'_> {
    fn take(&self, recording: &mut Recording<Stored>, clip: usize) -> (String, Array2<f32>) {
        let Clip { stimulus, cochleagram, .. } = &mut recording.clips[clip];
        (stimulus.id.clone(), self.standardization.apply(&take(cochleagram)))
    }

    /// Clips with their PSTHs.
    fn with(
        &self,
        recording: &mut Recording<Stored>,
        clips: &[usize],
        psths: Vec<Array2<f32>>,
    ) -> Result<Vec<Sample>> {
        let sample = |(clip, psth): (&usize, Array2<f32>)| {
            let (id, sound) = self.take(recording, *clip);
            Ok(Sample::new(&id, sound, psth, self.device)?)
        };
        clips.iter().zip(psths).map(sample).collect()
    }

    /// Clips without responses.
    fn alone(&self, recording: &mut Recording<Stored>, clips: &[usize]) -> Result<Vec<Sample>> {
        let sample = |clip: &usize| {
            let (id, sound) = self.take(recording, *clip);
            Ok(Sample::sound(&id, sound, self.neurons, self.device)?)
        };
        clips.iter().map(sample).collect()
    }
}

/// The standardization of the training clips.
fn fit(
    recording: &Recording<Stored>,
    sets: &ClipSets,
    data: &Data,
    warnings: &mut Vec<String>,
) -> Standardization {
    let sounds = sets.train.iter().map(|&clip| &recording.clips[clip].cochleagram);
    let fitted = Standardization::fit(&sounds.collect::<Vec<_>>(), data.standardize);
    if !fitted.flat_bands.is_empty() {
        warnings.push(format!(
            "the level of {} never changes in the training stimuli; it is centred, not divided",
            numbered("band", &fitted.flat_bands)
        ));
    }
    fitted.standardization
}

/// Ids of the stimuli that serve what.
fn splits(recording: &Recording<Stored>, sets: &ClipSets) -> Splits {
    let id = |clip: &usize| recording.clips[*clip].stimulus.id.clone();
    let ids = |clips: &[usize]| clips.iter().map(id).collect();
    Splits { train: ids(&sets.train), valid: ids(&sets.valid), test: ids(&sets.test) }
}
