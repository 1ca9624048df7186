//! A model that strf wrote, as another run: in a folder that it was published in, or the `model/` of a run.
//!
//! Its metadata say all that the run file of the new run needs, so that it predicts and scores as the run
//! that it comes from, to the last bit.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::Tensor;

use super::experiment::Experiment;
use super::metadata::{Metadata, architecture_json};
use super::trained::{Needs, Trained};
use crate::base::error::{Error, Result};
use crate::base::tensor_file;
use crate::dataset::{ReadRecording, ResponseLocation};
use crate::preparation::Standardization;
use crate::run_file::{RunConfig, Selection, Split, Standardize};

/// A model with its metadata and weights.
pub struct OwnModel {
    trained: Trained,
    /// Its weights by name.
    pub weights: BTreeMap<String, Tensor>,
}

impl OwnModel {
    /// Opens a folder.
    ///
    /// # Errors
    /// No model lies there, or its weights are not those that its metadata describe.
    pub fn open(folder: &Path) -> Result<Self> {
        let trained = Trained::open(folder)?;
        let weights = tensor_file::read(&trained.folder.weights_file())?;
        Ok(Self { trained, weights })
    }

    /// The file of its weights.
    pub fn file(&self) -> PathBuf {
        self.trained.folder.weights_file()
    }

    /// A dataset with its neurons, in its order.
    ///
    /// # Errors
    /// It cannot be read, or has other bins, bands or neurons.
    pub fn recording(&self, data: &Path) -> Result<ReadRecording<ResponseLocation>> {
        self.trained.recording(Some(data), Needs::Responses)
    }

    /// How it standardizes sound.
    pub fn standardization(&self) -> Standardization {
        self.trained.preparation().standardization
    }

    /// The run file that builds it for a dataset and treats that as the model's own was treated.
    ///
    /// # Errors
    /// The metadata say what no run file says.
    pub fn run_config(&self, data: &Path, out: &Path) -> Result<RunConfig> {
        let Trained { metadata, settings, architecture, .. } = &self.trained;
        let Metadata { smooth_ms, skip_ms, mean, scale, level, .. } = metadata;
        let word = how(mean, scale).word();
        let level = level.map(|level| format!("level = {:?}\n", level.kind.word()));
        let text = format!(
            "[data]\nfile = \"data.h5\"\nsmooth_ms = {smooth_ms:?}\nskip_ms = {skip_ms:?}\n\
             standardize = {word:?}\n{}{}\n[train]\noptimizer = \"adamw\"\nepochs = 0\nstarts = 1\n\
             calibrate = false\naverage = false\nloss = {:?}\nmonitor = {:?}\nbatch = {}\nseed = {}\n",
            level.unwrap_or_default(),
            architecture.to_toml()?,
            settings.loss,
            settings.monitor,
            settings.batch,
            settings.seed,
        );
        let mut config = RunConfig::parse(&text, &self.trained.folder.metadata_file(), &[])?;
        config.data.neurons = Selection::Ids(metadata.neurons.clone());
        let stimuli = &metadata.stimuli;
        config.data.split =
            Some(Split::Ids([&stimuli.train, &stimuli.valid, &stimuli.test].map(Clone::clone)));
        // The paths are relative to where the command was typed.
        config.data.file = data.into();
        config.output.folder = out.into();
        Ok(config)
    }

    /// Fails where a dataset makes another model of the run file.
    ///
    /// # Errors
    /// As said.
    pub fn require_same(&self, experiment: &Experiment) -> Result<()> {
        let (own, new) = (&self.trained.metadata, experiment.metadata()?);
        let architecture = architecture_json(&self.trained.architecture)?;
        let has_gain = self.trained.architecture.output_gain.is_some();
        let pairs = [
            ("widths of bins", own.dt_ms.to_bits() == new.dt_ms.to_bits()),
            ("centres of bands", own.frequencies_hz == new.frequencies_hz),
            ("settings of its parts", architecture == new.architecture),
            ("neurons that can be fitted", own.neurons == new.neurons),
            ("amplitudes", !has_gain || own.level == new.level),
        ];
        match pairs.into_iter().find(|(_, same)| !same) {
            None => Ok(()),
            Some((what, _)) => Err(Error::Refused(format!(
                "{}: found other {what} than {} was fitted with, expected the same; give the dataset that \
                 the model was fitted to",
                experiment.config.data.file.display(),
                self.trained.folder.path().display()
            ))),
        }
    }

    /// What a dataset holds otherwise than that which the model was fitted to, where it says what that
    /// held.
    pub fn changed_content(&self, experiment: &Experiment) -> Option<String> {
        let Metadata { content, neurons, .. } = &self.trained.metadata;
        content.as_ref()?.difference(&experiment.prepared.content, neurons)
    }
}

/// The kind of standardization that these numbers came from.
fn how(mean: &[f32], scale: &[f32]) -> Standardize {
    let alike =
        |values: &[f32]| values.windows(2).all(|pair| pair[0].to_bits() == pair[1].to_bits());
    let all =
        |values: &[f32], number: f32| values.iter().all(|value| (value - number).abs() <= 0.0);
    match (all(mean, 0.0), alike(mean) && alike(scale)) {
        (true, _) if all(scale, 1.0) => Standardize::None,
        (true, true) => Standardize::Scale,
        (false, true) => Standardize::Global,
        (_, false) => Standardize::Band,
    }
}
