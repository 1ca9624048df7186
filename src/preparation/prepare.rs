//! From a recording to samples: smoothed, standardized, what is left out marked as missing.
use std::mem::take;

use candle_core::Device;
use ndarray::Array2;

use super::reduce::{Reduced, numbered};
use super::treatment::{Preparation, Treatment};
use super::{
    ClipSets, FitMemory, Selected, Standardization, divide, require_level, select, to_amplitude,
};
use crate::base::error::{Error, Result};
use crate::base::files::Version;
use crate::dataset::content::{self, PartContent, UsedContent};
use crate::dataset::{Clip, Recording, ResponseLocation, SoundLevel, Splits};
use crate::models::amplitude::ToAmplitude;
use crate::models::batch::Sample;
use crate::models::dims::Dims;
use crate::run_file::{RunConfig, Split, Standardize};
use crate::scores::Ceiling;

/// The part of a recording that a run file takes, before responses are read.
pub(super) struct Taken {
    pub(super) recording: Recording<ResponseLocation>,
    /// How many neurons and stimuli a comparison of numbers has kept.
    pub(super) notes: Vec<String>,
    pub(super) sets: ClipSets,
}

impl Taken {
    /// Selects and divides as `[data]` says; `split` is the one it comes to.
    ///
    /// # Errors
    /// Unknown ids, an empty part, or sound that is not what a prefilter needs.
    pub(super) fn new(
        recording: Recording<ResponseLocation>,
        config: &RunConfig,
        split: &Split,
    ) -> Result<Self> {
        let RunConfig { data, architecture, .. } = config;
        let Selected { recording, notes } = select(recording, &data.neurons, &data.stimuli)?;
        let sets = divide(&recording, split)?;
        let used = [&sets.train, &sets.valid, &sets.test].into_iter().flatten().copied();
        require_level(&recording, used, (architecture, data.level))?;
        Ok(Self { recording, notes, sets })
    }
}

/// A recording ready for training.
pub struct PreparedRecording {
    /// What the recording fixes of a model.
    pub dims: Dims,
    /// What the numbers of cochleagrams are, by the dataset or the run file.
    pub level: Option<SoundLevel>,
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
    pub test_responses: Vec<ResponseLocation>,
    /// What the recording holds of what is used.
    pub content: UsedContent,
    /// The file as it was read.
    pub version: Version,
    /// Bins of the longest clip.
    longest: usize,
}

impl PreparedRecording {
    /// Selects, divides, reads and standardizes as `[data]` says, or as the first prefilter needs it;
    /// `split` is the one it comes to, `given` a standardization that does not follow from this
    /// recording.
    ///
    /// # Errors
    /// Unknown ids, an empty part, no neuron left, sound that is not what a prefilter needs, or
    /// responses that cannot be used.
    pub fn new(
        recording: Recording<ResponseLocation>,
        config: &RunConfig,
        (split, given): (&Split, Option<Standardization>),
        device: &Device,
    ) -> Result<Self> {
        let data = &config.data;
        let version = Version::of(&recording.file)?;
        let Taken { recording, notes, sets } = Taken::new(recording, config, split)?;
        let tight = FitMemory::of((&recording, &dims(&recording)), &sets, config).require()?;
        let treatment = Treatment::of(recording.dt_ms, data);
        let Reduced { mut recording, psths, ceiling, mut warnings, responses } =
            Reduced::read(recording, &sets, &treatment)?;
        warnings.extend(tight);
        let content = content(&recording, &sets, responses);

        let kind = config.standardize_sound();
        let standardization = match given {
            Some(given) => given,
            None => fit(&recording, &sets, kind, &mut warnings),
        };
        let bins = recording.clips.iter().map(Clip::bins);
        let longest = bins.max().unwrap_or(0);
        let dims = dims(&recording);
        let sounds = Sounds { standardization: &standardization, neurons: dims.neurons, device };
        let (train, valid, test) = (
            sounds.with(&mut recording, &sets.train, psths)?,
            sounds.alone(&mut recording, &sets.valid)?,
            sounds.alone(&mut recording, &sets.test)?,
        );
        let responses = |clip: &usize| recording.clips[*clip].responses.clone();
        Ok(Self {
            dims,
            level: recording.level.or(data.level.map(SoundLevel::of)),
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
            content,
            version,
            longest,
        })
    }

    /// How the sound that the model sees becomes amplitude, where the dataset says what it is.
    pub fn to_amplitude(&self) -> Option<ToAmplitude> {
        let constant = self.preparation.standardization.scale.first();
        self.level.zip(constant).and_then(|(level, constant)| to_amplitude(level, *constant))
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

/// What a recording fixes of a model.
pub fn dims<R>(recording: &Recording<R>) -> Dims {
    Dims {
        dt_ms: recording.dt_ms,
        bands: recording.bands(),
        neurons: recording.neurons.len(),
        frequencies_hz: recording.frequencies_hz.clone(),
    }
}

/// Makes samples out of cochleagrams, which it takes out of the recording.
struct Sounds<'a> {
    standardization: &'a Standardization,
    neurons: usize,
    device: &'a Device,
}

impl Sounds<'_> {
    fn take(
        &self,
        recording: &mut Recording<ResponseLocation>,
        clip: usize,
    ) -> (String, Array2<f32>) {
        let Clip { stimulus, cochleagram, .. } = &mut recording.clips[clip];
        (stimulus.id.clone(), self.standardization.apply(&take(cochleagram)))
    }

    /// Clips with their PSTHs.
    fn with(
        &self,
        recording: &mut Recording<ResponseLocation>,
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
    fn alone(
        &self,
        recording: &mut Recording<ResponseLocation>,
        clips: &[usize],
    ) -> Result<Vec<Sample>> {
        let sample = |clip: &usize| {
            let (id, sound) = self.take(recording, *clip);
            Ok(Sample::sound(&id, sound, self.neurons, self.device)?)
        };
        clips.iter().map(sample).collect()
    }
}

/// What the parts hold; `responses` are the hashes of their neurons.
fn content(
    recording: &Recording<ResponseLocation>,
    sets: &ClipSets,
    responses: [Vec<String>; 3],
) -> UsedContent {
    let part = |clips: &[usize], responses: Vec<String>| {
        let sound = content::sound(clips.iter().map(|clip| &recording.clips[*clip]));
        PartContent { sound, responses }
    };
    let [train, valid, test] = responses;
    UsedContent {
        axes: content::axes(recording),
        train: part(&sets.train, train),
        valid: part(&sets.valid, valid),
        test: part(&sets.test, test),
    }
}

/// The standardization of the training clips.
fn fit(
    recording: &Recording<ResponseLocation>,
    sets: &ClipSets,
    kind: Standardize,
    warnings: &mut Vec<String>,
) -> Standardization {
    let sounds = sets.train.iter().map(|&clip| &recording.clips[clip].cochleagram);
    let fitted = Standardization::fit(&sounds.collect::<Vec<_>>(), kind);
    if !fitted.flat_bands.is_empty() {
        warnings.push(format!(
            "the level of {} never changes in the training stimuli; it is centred, not divided",
            numbered("band", &fitted.flat_bands)
        ));
    }
    fitted.standardization
}

/// Ids of the stimuli that serve what.
fn splits(recording: &Recording<ResponseLocation>, sets: &ClipSets) -> Splits {
    let id = |clip: &usize| recording.clips[*clip].stimulus.id.clone();
    let ids = |clips: &[usize]| clips.iter().map(id).collect();
    Splits { train: ids(&sets.train), valid: ids(&sets.valid), test: ids(&sets.test) }
}
