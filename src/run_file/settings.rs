//! `[data]`, `[train]` and `[output]` with a field for each key.
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::choices::{Best, Monitor, Schedule, Standardize};
use super::{Selection, Split};
use crate::base::device::DeviceName;
use crate::base::error::{Error, Result};
use crate::config::keys::{Value, Values};
use crate::config::part::{Row, find};
use crate::models::loss::{self, LossRow};

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
    /// How stimuli are divided; known once the dataset is open if the run file leaves it out.
    pub split: Option<Split>,
}

/// `[train]`: how the model is fitted.
#[derive(Debug, Clone)]
pub struct Train {
    /// What training makes small.
    pub loss: &'static LossRow,
    /// Most passes over the training stimuli; 0 = the untrained model.
    pub epochs: usize,
    /// Clips per step.
    pub batch: usize,
    /// Learning rate of AdamW.
    pub lr: f64,
    /// Weight decay of AdamW.
    pub weight_decay: f64,
    /// Epochs without a better score after which training stops.
    pub patience: usize,
    /// Score that decides which epoch is best.
    pub monitor: Monitor,
    /// Whose best epoch is kept.
    pub best: Best,
    /// Weight of the L1 penalty on the STRF as it acts.
    pub l1: f64,
    /// Largest norm of a step's gradient; 0 = no clipping.
    pub clip_norm: f64,
    /// How the learning rate changes.
    pub schedule: Schedule,
    /// Every random number of training follows from it.
    pub seed: u64,
    /// Where to compute.
    pub device: DeviceName,
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
            split: split.cloned(),
        })
    }

    /// The values by key, the path as `write_path` has it.
    pub(super) fn values(&self, write_path: impl Fn(&Path) -> Result<String>) -> Result<Values> {
        let Self { file, neurons, stimuli, smooth_ms, skip_ms, standardize, split } = self;
        let mut values = Values::default();
        values.set("file", Value::Text(write_path(file)?));
        values.set("neurons", Value::Declared(Arc::new(neurons.clone())));
        values.set("stimuli", Value::Declared(Arc::new(stimuli.clone())));
        values.set("smooth_ms", Value::Number(*smooth_ms));
        values.set("skip_ms", Value::Number(*skip_ms));
        values.set("standardize", Value::Text(standardize.word().into()));
        if let Some(split) = split {
            values.set("split", Value::Declared(Arc::new(split.clone())));
        }
        Ok(values)
    }
}

impl Train {
    pub(super) fn new(values: &Values) -> Result<Self> {
        Ok(Self {
            loss: choice(values, "loss", |word| find(loss::TABLE, word))?,
            epochs: values.count("epochs")?,
            batch: values.count("batch")?,
            lr: values.number("lr")?,
            weight_decay: values.number("weight_decay")?,
            patience: values.count("patience")?,
            monitor: choice(values, "monitor", Monitor::from_word)?,
            best: choice(values, "best", Best::from_word)?,
            l1: values.number("l1")?,
            clip_norm: values.number("clip_norm")?,
            schedule: choice(values, "schedule", Schedule::from_word)?,
            seed: values.integer("seed")?,
            device: choice(values, "device", DeviceName::from_word)?,
        })
    }

    /// The values by key.
    pub(super) fn values(&self) -> Values {
        let mut values = Values::default();
        let count = |count: usize| Value::Integer(count as u64);
        values.set("loss", Value::Text(self.loss.part().name.into()));
        values.set("epochs", count(self.epochs));
        values.set("batch", count(self.batch));
        values.set("lr", Value::Number(self.lr));
        values.set("weight_decay", Value::Number(self.weight_decay));
        values.set("patience", count(self.patience));
        values.set("monitor", Value::Text(self.monitor.word().into()));
        values.set("best", Value::Text(self.best.word().into()));
        values.set("l1", Value::Number(self.l1));
        values.set("clip_norm", Value::Number(self.clip_norm));
        values.set("schedule", Value::Text(self.schedule.word().into()));
        values.set("seed", Value::Integer(self.seed));
        values.set("device", Value::Text(self.device.to_string()));
        values
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

/// What the word of a key stands for.
fn choice<T>(values: &Values, key: &str, from_word: impl Fn(&str) -> Option<T>) -> Result<T> {
    let word = values.text(key)?;
    let unknown =
        || Error::failed(format!("reading {key}"), format!("{word:?} stands for nothing"));
    from_word(word).ok_or_else(unknown)
}
