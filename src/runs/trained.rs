//! A trained model as it lies in its run folder, ready to predict.
use std::path::{Path, PathBuf};

use candle_core::{DType, Device};

use super::SplitName;
use super::folder::RunFolder;
use super::metadata::{Metadata, RunSettings};
use crate::base::device;
use crate::base::device::DeviceName;
use crate::base::error::{Error, Problem, Problems, Result};
use crate::base::tensor_file;
use crate::base::wording::one_of;
use crate::dataset::content::{self, PartContent};
use crate::dataset::{ReadRecording, Recording, ResponseLocation, read_for_prediction, read_sound};
use crate::models::params::Params;
use crate::models::{Architecture, Network, Owners};
use crate::preparation::{Preparation, Treatment};
use crate::preparation::{Standardization, keep_neurons};
use crate::run_file::{Monitor, RunConfig, title};

/// A model with the weights of its best epoch.
///
/// ```
/// use strf::dataset::ResponseFile;
/// use strf::runs::SplitName;
/// use strf::runs::trained::{Needs, Trained};
///
/// let trained = Trained::open("tests/fixtures/runs_0.1.0/linear".as_ref())?;
/// let clips = trained.clips(None, SplitName::Test, Needs::Responses)?;
/// let mut file = ResponseFile::open(&clips.recording.file)?;
/// let (predictions, scores) = trained.scored(&clips, &mut file)?;
/// assert_eq!(predictions.len(), clips.places.len());
/// assert_eq!(scores.neurons, trained.metadata.neurons);
/// # Ok::<(), strf::base::error::Error>(())
/// ```
pub struct Trained {
    /// Where it lies.
    pub folder: RunFolder,
    /// The parts of the model.
    pub architecture: Architecture,
    /// The run's dataset, relative to the working directory.
    pub data: PathBuf,
    /// What else of the run file is asked for.
    pub settings: RunSettings,
    /// What prediction needs beside the weights.
    pub metadata: Metadata,
    /// The model.
    pub network: Network,
    /// How many numbers training may change.
    pub parameters: usize,
    /// Where its tensors lie.
    pub device: Device,
}

/// The parts in the order of their contents.
const SPLITS: [SplitName; 3] = [SplitName::Train, SplitName::Valid, SplitName::Test];

/// What a dataset has to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Sound and responses of the model's neurons.
    Responses,
    /// Sound only.
    Sound,
}

impl Trained {
    /// Opens a run folder.
    ///
    /// # Errors
    /// No run lies there, or its weights are not those of the model that it describes.
    pub fn open(path: &Path) -> Result<Self> {
        let folder = RunFolder::open(path)?;
        let metadata = folder.metadata()?;
        let settings = match &metadata.settings {
            Some(settings) => settings.clone(),
            // strf 0.1.0 left them to the run file.
            None => RunSettings::of(&RunConfig::load(&folder.config_file(), &[])?, path)?,
        };
        let device = usable_device(&settings, &folder)?;
        let params = Params::new(settings.seed, DType::F32, &device);
        let architecture = metadata.architecture(&folder.metadata_file())?;
        let network = Network::build(&architecture, &metadata.dims(), &params)?;
        let file = folder.weights_file();
        let problems = params.load(&tensor_file::read(&file)?)?;
        if !problems.is_empty() {
            return Err(Error::Input { file, problems });
        }
        let (data, parameters) = (path.join(&settings.data), params.count());
        Ok(Self { folder, architecture, data, settings, metadata, network, parameters, device })
    }

    /// `ln + adaptrans, zebra_finch.h5`: model, prefilters and dataset, as pictures name them.
    pub fn title(&self) -> String {
        title(&self.architecture, &self.data)
    }

    /// What decided which epoch was best.
    ///
    /// # Errors
    /// This version of the program knows no such score.
    pub fn monitor(&self) -> Result<Monitor> {
        let word = &self.settings.monitor;
        Monitor::from_word(word).ok_or_else(|| {
            let expected = one_of(Monitor::WORDS);
            let problem = Problem::new("settings.monitor", format!("{word:?}"), expected);
            Error::Input { file: self.folder.metadata_file(), problems: vec![problem] }
        })
    }

    /// Whether every neuron has an STRF of its own among the weights.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn has_strfs_of_neurons(&self) -> Result<bool> {
        Ok(self.network.strfs()?.is_some_and(|strfs| strfs.owners == Owners::Neurons))
    }

    /// `PSTH as it is scored, smoothed over 21 ms`: what pictures of it say.
    pub fn psth_remark(&self) -> String {
        match self.metadata.smooth_ms {
            smooth_ms if smooth_ms > 0.0 => {
                format!("PSTH as it is scored, smoothed over {smooth_ms} ms")
            }
            _ => "PSTH as it is scored".to_owned(),
        }
    }

    /// How clips become samples.
    pub fn preparation(&self) -> Preparation {
        let Metadata { mean, scale, dt_ms, smooth_ms, skip_ms, .. } = self.metadata.clone();
        let standardization = Standardization { mean, scale };
        Preparation { standardization, treatment: Treatment { dt_ms, smooth_ms, skip_ms } }
    }

    /// The run's dataset or another, with the model's neurons in the model's order.
    ///
    /// # Errors
    /// It cannot be read, or does not fit the model.
    pub fn recording(
        &self,
        other: Option<&Path>,
        needs: Needs,
    ) -> Result<ReadRecording<ResponseLocation>> {
        let file: PathBuf = other.map_or_else(|| self.data.clone(), Path::to_owned);
        let ReadRecording { recording, notes } = match needs {
            Needs::Responses => read_sound(&file)?,
            Needs::Sound => read_for_prediction(&file)?,
        };
        let recording = self.fitting(recording, needs)?;
        Ok(ReadRecording { recording, notes })
    }

    fn fitting(
        &self,
        recording: Recording<ResponseLocation>,
        needs: Needs,
    ) -> Result<Recording<ResponseLocation>> {
        let Metadata { dt_ms, bands, neurons, .. } = &self.metadata;
        let mut problems = Problems::default();
        problems.require((recording.dt_ms - dt_ms).abs() < 1e-9, || {
            Problem::new("dt_ms", recording.dt_ms.to_string(), format!("{dt_ms}, as in training"))
        });
        problems.require(recording.bands() == *bands, || {
            let found = format!("{} bands", recording.bands());
            Problem::new("/stimuli/*/cochleagram", found, format!("{bands}, as in training"))
        });
        if let (Some(own), Some(other)) = (self.metadata.level, recording.level) {
            problems.require(own.kind == other.kind, || {
                let expected = format!("{}, as in training", own.kind.word());
                Problem::new("level", other.kind.word(), expected)
            });
            let matters = self.architecture.output_gain.is_some() && own.kind == other.kind;
            problems.require(!matters || own == other, || {
                let expected = "level_base, level_offset, level_scale and level_of as in training";
                let hint = "the output gain needs amplitudes that can be compared";
                Problem::new("level", "others", expected).hint(hint)
            });
        }
        let place = |id: &String| recording.neurons.iter().position(|known| known.id == *id);
        let places: Vec<Option<usize>> = neurons.iter().map(place).collect();
        let missing = neurons.iter().zip(&places).filter(|(_, place)| place.is_none());
        for (id, _) in missing.filter(|_| needs == Needs::Responses) {
            problems.push(Problem::new(
                "/neurons/id",
                format!("no neuron {id}"),
                "every neuron of the model",
            ));
        }
        problems.into_result(&recording.file, ())?;
        match needs {
            Needs::Sound => Ok(recording),
            Needs::Responses => {
                let places: Vec<usize> = places.into_iter().flatten().collect();
                Ok(keep_neurons(recording, &places))
            }
        }
    }

    /// Fails where the axes, or the sound of a part of the run's own dataset, are not what they were in
    /// training; what cannot be told, if so.
    ///
    /// # Errors
    /// As said.
    pub fn require_same_sound<R>(
        &self,
        recording: &Recording<R>,
        split: SplitName,
    ) -> Result<Option<String>> {
        let Some(known) = &self.metadata.content else {
            return Ok(Some(format!(
                "{} does not say what its dataset held ({} did not write it down); it is taken as it is",
                self.folder.path().display(),
                self.metadata.program
            )));
        };
        if known.axes != content::axes(recording) {
            return Err(self.changed(&recording.file, "other bins or bands"));
        }
        for (asked, (name, part)) in SPLITS.into_iter().zip(known.parts()) {
            if split != asked && split != SplitName::All {
                continue;
            }
            let places = self.places(recording, asked)?;
            let sound = content::sound(places.iter().map(|place| &recording.clips[*place]));
            let now = PartContent { sound, ..PartContent::default() };
            if let Some(difference) = part.difference(&now, &[], name) {
                return Err(self.changed(&recording.file, &difference));
            }
        }
        Ok(None)
    }

    /// What a part held, with its name, where it is one part and the run has it written down.
    pub fn content_of(&self, split: SplitName) -> Option<(&'static str, &PartContent)> {
        let place = SPLITS.iter().position(|part| *part == split)?;
        self.metadata.content.as_ref().map(|content| content.parts()[place])
    }

    /// The complaint that a dataset is not what it was in training.
    pub fn changed(&self, file: &Path, difference: &str) -> Error {
        Error::Refused(format!(
            "{}: found {difference} than when {} was trained, expected what it held then; put that \
             dataset back, or name this one with --data where it is meant to be another",
            file.display(),
            self.folder.path().display()
        ))
    }

    /// Where the clips of a part lie in a recording; of a dataset that is not the run's own, only `all` makes
    /// sense.
    ///
    /// # Errors
    /// A stimulus that the run used is no longer there, or `split` is asked of another dataset.
    pub fn places<R>(&self, recording: &Recording<R>, split: SplitName) -> Result<Vec<usize>> {
        let stimuli = &self.metadata.stimuli;
        let ids = match split {
            SplitName::All => return Ok((0..recording.clips.len()).collect()),
            SplitName::Train => &stimuli.train,
            SplitName::Valid => &stimuli.valid,
            SplitName::Test => &stimuli.test,
        };
        let mut problems = Problems::default();
        let mut clips = Vec::new();
        for id in ids {
            match recording.clips.iter().position(|clip| clip.stimulus.id == *id) {
                Some(clip) => clips.push(clip),
                None => problems.push(
                    Problem::new(
                        "/stimuli",
                        format!("no stimulus {id}"),
                        "every stimulus of the split",
                    )
                    .hint("--split all takes whatever stimuli the file has"),
                ),
            }
        }
        problems.into_result(&recording.file, clips)
    }
}

/// The device that the run was trained on, or the CPU where that is not there.
fn usable_device(settings: &RunSettings, folder: &RunFolder) -> Result<Device> {
    let name = DeviceName::from_word(&settings.device).ok_or_else(|| {
        let problem = Problem::new(
            "settings.device",
            format!("{:?}", settings.device),
            r#""cpu", "cuda" or "cuda:N""#,
        );
        Error::Input { file: folder.metadata_file(), problems: vec![problem] }
    })?;
    match device::open(name) {
        Ok(device) => Ok(device),
        Err(_) => device::open(DeviceName::Cpu),
    }
}

/// The part that is meant where none is named: the test stimuli of the run's own dataset, all of
/// another.
pub fn default_split(split: Option<SplitName>, other: Option<&Path>) -> SplitName {
    let unsaid = if other.is_some() { SplitName::All } else { SplitName::Test };
    split.unwrap_or(unsaid)
}
