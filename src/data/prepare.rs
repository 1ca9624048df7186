//! From a recording to samples: smoothed, standardized, what is left out marked as missing.
use candle_core::Device;
use ndarray::{Array2, Array3, s};

use super::batch::Sample;
use super::{
    ClipSets, Recording, Splits, Standardization, divide, doubtful, keep_neurons, psth, select,
    smooth,
};
use crate::config::Data;
use crate::config::keys::Split;
use crate::dims::Dims;
use crate::error::{Error, Result};
use crate::units;

/// How clips of one recording become samples.
#[derive(Debug, Clone, PartialEq)]
pub struct Preparation {
    /// Of the cochleagrams.
    pub standardization: Standardization,
    /// Length of the window over the responses in milliseconds; 0 = none.
    pub smooth_ms: f64,
    /// Start of each clip left out of loss and scores, in milliseconds.
    pub skip_ms: f64,
}

impl Preparation {
    /// The clips with these indices on a device.
    ///
    /// # Errors
    /// The device has no room for them.
    pub fn samples(
        &self,
        recording: &Recording,
        clips: &[usize],
        device: &Device,
    ) -> Result<Vec<Sample>> {
        clips.iter().map(|&clip| self.sample(recording, clip, device)).collect()
    }

    /// The clips with these indices without responses, for a model of so many neurons.
    ///
    /// # Errors
    /// The device has no room for them.
    pub fn sounds(
        &self,
        recording: &Recording,
        clips: &[usize],
        neurons: usize,
        device: &Device,
    ) -> Result<Vec<Sample>> {
        let sound = |&clip: &usize| {
            let clip = &recording.clips[clip];
            let sound = self.standardization.apply(&clip.cochleagram);
            let unknown = Array2::from_elem((neurons, clip.bins()), f32::NAN);
            let none = Array3::zeros((neurons, 0, clip.bins()));
            Ok(Sample::new(&clip.stimulus.id, &sound, &unknown, none, device)?)
        };
        clips.iter().map(sound).collect()
    }

    fn sample(&self, recording: &Recording, clip: usize, device: &Device) -> Result<Sample> {
        let responses = self.responses(recording, clip);
        let clip = &recording.clips[clip];
        let sound = self.standardization.apply(&clip.cochleagram);
        let psth = psth(&responses);
        Ok(Sample::new(&clip.stimulus.id, &sound, &psth, responses, device)?)
    }

    /// Single repeats `(N, R, T)` as losses and scores see them.
    fn responses(&self, recording: &Recording, clip: usize) -> Array3<f32> {
        let (clip, dt_ms) = (&recording.clips[clip], recording.dt_ms);
        let mut responses = if self.smooth_ms > 0.0 {
            smooth(&clip.responses, self.smooth_ms, dt_ms)
        } else {
            clip.responses.clone()
        };
        let skipped = units::bins(self.skip_ms, dt_ms, 0).min(clip.bins());
        responses.slice_mut(s![.., .., ..skipped]).fill(f32::NAN);
        responses
    }
}

/// A recording ready for training.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The selected neurons and stimuli; neurons that cannot be fitted are left out.
    pub recording: Recording,
    /// Which clips serve what.
    pub sets: ClipSets,
    /// How clips become samples.
    pub preparation: Preparation,
    /// What the user should look into.
    pub warnings: Vec<String>,
}

impl Prepared {
    /// Selects, divides and standardizes as `[data]` says; `split` is the one it comes to.
    ///
    /// # Errors
    /// Unknown ids, an empty part, or no neuron left.
    pub fn new(recording: Recording, data: &Data, split: &Split) -> Result<Self> {
        let recording = select(recording, &data.neurons, &data.stimuli)?;
        let sets = divide(&recording, split)?;
        let mut warnings = Vec::new();
        let recording = without_unrecorded(recording, &sets, data, &mut warnings)?;
        let sounds: Vec<&Array2<f32>> =
            sets.train.iter().map(|&clip| &recording.clips[clip].cochleagram).collect();
        let fitted = Standardization::fit(&sounds, data.standardize);
        if !fitted.flat_bands.is_empty() {
            warnings.push(format!(
                "the level of {} never changes in the training stimuli; it is centred, not divided",
                numbered("band", &fitted.flat_bands)
            ));
        }
        let preparation = Preparation {
            standardization: fitted.standardization,
            smooth_ms: data.smooth_ms,
            skip_ms: data.skip_ms,
        };
        Ok(Self { recording, sets, preparation, warnings })
    }

    /// What the recording fixes of a model.
    pub fn dims(&self) -> Dims {
        Dims {
            dt_ms: self.recording.dt_ms,
            bands: self.recording.bands(),
            neurons: self.recording.neurons.len(),
            frequencies_hz: self.recording.frequencies_hz.clone(),
        }
    }

    /// Ids of the stimuli that serve what.
    pub fn splits(&self) -> Splits {
        let ids = |clips: &[usize]| {
            clips.iter().map(|&clip| self.recording.clips[clip].stimulus.id.clone()).collect()
        };
        let ClipSets { train, valid, test } = &self.sets;
        Splits { train: ids(train), valid: ids(valid), test: ids(test) }
    }

    /// Fails if a model that looks back over `lags` bins sees no clip in full.
    ///
    /// # Errors
    /// As said.
    pub fn require_room(&self, lags: usize) -> Result<()> {
        let bins = self.recording.clips.iter().map(super::Clip::bins);
        let longest = bins.max().unwrap_or(0);
        if lags <= longest {
            return Ok(());
        }
        let dt_ms = self.recording.dt_ms;
        Err(Error::Refused(format!(
            "the model looks back over {lags} bins ({} ms), expected at most {longest} ({} ms), the \
             length of the longest clip; shorten the model's window",
            lags as f64 * dt_ms,
            longest as f64 * dt_ms
        )))
    }
}

/// Leaves out neurons that were not recorded in training, and names those with doubtful data.
fn without_unrecorded(
    recording: Recording,
    sets: &ClipSets,
    data: &Data,
    warnings: &mut Vec<String>,
) -> Result<Recording> {
    let skip = units::bins(data.skip_ms, recording.dt_ms, 0);
    let doubts = doubtful(&recording, &sets.train, skip);
    let named = |indices: &[usize]| {
        let ids: Vec<&str> = indices.iter().map(|&n| recording.neurons[n].id.as_str()).collect();
        listed("neuron", &ids)
    };
    if !doubts.constant.is_empty() {
        warnings.push(format!(
            "{}: the response never changes in the training stimuli",
            named(&doubts.constant)
        ));
    }
    let untested = doubtful(&recording, &sets.test, skip).unrecorded;
    let untested: Vec<usize> =
        untested.into_iter().filter(|neuron| !doubts.unrecorded.contains(neuron)).collect();
    if !untested.is_empty() {
        warnings.push(format!(
            "{}: no recorded bin in the test stimuli, so no score",
            named(&untested)
        ));
    }
    if doubts.unrecorded.is_empty() {
        return Ok(recording);
    }
    warnings.push(format!(
        "{}: no recorded bin in the training stimuli, left out",
        named(&doubts.unrecorded)
    ));
    let kept: Vec<usize> =
        (0..recording.neurons.len()).filter(|n| !doubts.unrecorded.contains(n)).collect();
    if kept.is_empty() {
        return Err(Error::Refused(format!(
            "{}: no neuron has a recorded bin in the training stimuli, expected at least one; \
             check data.split and data.skip_ms",
            recording.file.display()
        )));
    }
    Ok(keep_neurons(recording, &kept))
}

/// `neuron a`, `neurons a, b, c`, or the first ten of them and how many more.
fn listed(what: &str, ids: &[&str]) -> String {
    const SHOWN: usize = 10;
    let plural = if ids.len() == 1 { "" } else { "s" };
    let shown = ids[..ids.len().min(SHOWN)].join(", ");
    match ids.len().saturating_sub(SHOWN) {
        0 => format!("{what}{plural} {shown}"),
        more => format!("{what}{plural} {shown} and {more} more"),
    }
}

fn numbered(what: &str, numbers: &[usize]) -> String {
    let texts: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    listed(what, &texts.iter().map(String::as_str).collect::<Vec<_>>())
}
