//! `[data]` and `[output]` with a field for each key.
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::choices::Standardize;
use super::{Selection, Split};
use crate::base::error::Result;
use crate::config::keyed::{KeyedValue, choice};
use crate::config::keys::{Value, Values};
use crate::dataset::LevelKind;

/// `[data]`: what the model is fitted to.
#[derive(Debug, Clone)]
pub struct Data {
    /// Dataset, relative to the working directory.
    pub file: PathBuf,
    /// Neurons that are fitted.
    pub neurons: Selection,
    /// Stimuli that are used.
    pub stimuli: Selection,
    /// Length of the Hanning window on the responses in milliseconds; 0 = none.
    pub smooth_ms: f64,
    /// Start of each clip left out of loss and scores, in milliseconds.
    pub skip_ms: f64,
    /// How cochleagrams are standardized.
    pub standardize: Standardize,
    /// What the numbers of cochleagrams are, as the run file or the dataset says it.
    pub level: Option<LevelKind>,
    /// How stimuli are divided; known once the dataset is open if the run file leaves it out.
    pub split: Option<Split>,
}

/// `[output]`: where the run is written, and what beside the model.
#[derive(Debug, Clone)]
pub struct Output {
    /// Run folder, relative to the working directory.
    pub folder: PathBuf,
    /// Whether `TensorBoard` is told of every epoch.
    pub tensorboard: bool,
    /// Epochs from one picture of the STRFs for `TensorBoard` to the next; 0 = none.
    pub tensorboard_pictures: usize,
}

impl Data {
    /// `folder` is the run file's; `unsaid` is how to standardize where the file does not say.
    pub(super) fn new(values: &Values, folder: &Path, unsaid: Standardize) -> Result<Self> {
        let standardize = match values.get("standardize") {
            Some(_) => choice(values, "standardize", Standardize::from_word)?,
            None => unsaid,
        };
        let split = values.get("split").map(|_| values.declared::<Split>("split")).transpose()?;
        Ok(Self {
            file: folder.join(values.text("file")?),
            neurons: values.declared::<Selection>("neurons")?.clone(),
            stimuli: values.declared::<Selection>("stimuli")?.clone(),
            smooth_ms: values.number("smooth_ms")?,
            skip_ms: values.number("skip_ms")?,
            standardize,
            level: KeyedValue::read(values, "level")?,
            split: split.cloned(),
        })
    }

    /// The values by key, the path as `write_path` has it.
    pub(super) fn values(&self, write_path: impl Fn(&Path) -> Result<String>) -> Result<Values> {
        let Self { file, neurons, stimuli, smooth_ms, skip_ms, standardize, level, split } = self;
        let mut values = Values::default();
        values.set("file", Value::Text(write_path(file)?));
        values.set("neurons", Value::Declared(Arc::new(neurons.clone())));
        values.set("stimuli", Value::Declared(Arc::new(stimuli.clone())));
        values.set("smooth_ms", Value::Number(*smooth_ms));
        values.set("skip_ms", Value::Number(*skip_ms));
        values.set("standardize", Value::Text(standardize.word().into()));
        if let Some(level) = level {
            values.set("level", Value::Text(level.word().into()));
        }
        if let Some(split) = split {
            values.set("split", Value::Declared(Arc::new(split.clone())));
        }
        Ok(values)
    }
}

impl Output {
    /// `file` is the run file, after which the run folder is called by default.
    pub(super) fn new(values: &Values, file: &Path) -> Result<Self> {
        let folder = match values.get("folder") {
            Some(_) => PathBuf::from(values.text("folder")?),
            None => Path::new("runs").join(file.file_stem().unwrap_or_else(|| "run".as_ref())),
        };
        Ok(Self {
            folder: super::folder_of(file).join(folder),
            tensorboard: values.flag("tensorboard")?,
            tensorboard_pictures: values.count("tensorboard_pictures")?,
        })
    }

    /// The values by key, the path as `write_path` has it.
    pub(super) fn values(&self, write_path: impl Fn(&Path) -> Result<String>) -> Result<Values> {
        let Self { folder, tensorboard, tensorboard_pictures } = self;
        let mut values = Values::default();
        values.set("folder", Value::Text(write_path(folder)?));
        values.set("tensorboard", Value::Flag(*tensorboard));
        values.set("tensorboard_pictures", Value::Integer(*tensorboard_pictures as u64));
        Ok(values)
    }
}
