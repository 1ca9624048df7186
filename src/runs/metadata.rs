//! `model/metadata.json`: what prediction needs beside the weights.
use std::ops::RangeInclusive;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::exchange::Exchange;
use crate::base::error::{Error, Result};
use crate::dataset::content::UsedContent;
use crate::dataset::{SoundLevel, Splits};
use crate::models::Architecture;
use crate::models::dims::Dims;
use crate::preparation::to_amplitude;
use crate::run_file::{RunConfig, last_name, relative};

/// Name and version of this program.
pub const PROGRAM: &str = concat!("strf ", env!("CARGO_PKG_VERSION"));

/// Widths of bins that are read: the shortest is far below what a recording is binned in.
const BIN_MS: RangeInclusive<f64> = 1e-3..=f64::MAX;
/// Windows over the responses, as the run file has them.
const SMOOTH_MS: RangeInclusive<f64> = 0.0..=10_000.0;
/// Starts of clips that are left out, as the run file has them.
const SKIP_MS: RangeInclusive<f64> = 0.0..=1e6;

/// Everything about a trained model but its weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    /// Name and version of the program that wrote it.
    pub program: String,
    /// `[model]`, `[prefilter]` and `[parameterization]` with every default filled in.
    pub architecture: serde_json::Value,
    /// What else of the run file is asked for behind training; none in metadata of strf 0.1.0.
    #[serde(default)]
    pub settings: Option<RunSettings>,
    /// Width of a bin in milliseconds.
    pub dt_ms: f64,
    /// Number of bands.
    pub bands: usize,
    /// Centres of the bands in Hz, where the dataset gave them.
    pub frequencies_hz: Option<Vec<f64>>,
    /// What the numbers of cochleagrams were, where that was said.
    #[serde(default)]
    pub level: Option<SoundLevel>,
    /// Ids of the neurons.
    pub neurons: Vec<String>,
    /// What is subtracted from each band before it is divided by its scale.
    pub mean: Vec<f32>,
    /// What each band is divided by.
    pub scale: Vec<f32>,
    /// Length of the window over the responses in milliseconds.
    pub smooth_ms: f64,
    /// Bins at the start of each clip left out of loss and scores, in milliseconds.
    pub skip_ms: f64,
    /// Which stimuli served what.
    pub stimuli: Splits,
    /// What the dataset held of them; none in metadata of strf 0.1.0.
    #[serde(default)]
    pub content: Option<UsedContent>,
    /// The run that prefilters and core came from, where they came from one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceRun>,
    /// What deepSTRF 0.1.0 needs to load the model, beside `config.json`.
    #[serde(default)]
    pub deepstrf: Option<Exchange>,
    /// Name and version of the program that published the model; none in a run folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<String>,
}

/// A run that prefilters and core came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRun {
    /// Its folder, relative to the run folder.
    pub run: String,
    /// What of it training left as it was: `core` or `none`.
    pub freeze: String,
    /// A hash of the file of its weights, XXH3 of 128 bits.
    pub weights: String,
}

/// What is asked for of `[data]` and `[train]` behind training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSettings {
    /// The dataset, relative to the run folder.
    pub data: String,
    /// What training made small.
    pub loss: String,
    /// What decided which epoch was best.
    pub monitor: String,
    /// Clips that were predicted at a time.
    pub batch: usize,
    /// What every random number of training followed from.
    pub seed: u64,
    /// Where the model was trained.
    pub device: String,
}

impl RunSettings {
    /// Those of a run file whose run lies in `folder`.
    ///
    /// # Errors
    /// The path of the dataset has no name in UTF-8.
    pub fn of(config: &RunConfig, folder: &Path) -> Result<Self> {
        let RunConfig { data, train, .. } = config;
        Ok(Self {
            data: relative(&data.file, folder)?,
            loss: train.loss.part.name.to_owned(),
            monitor: train.monitor.word().to_owned(),
            batch: train.batch,
            seed: train.seed,
            device: train.device.to_string(),
        })
    }
}

impl Metadata {
    /// What is not as long as the model has bands, or a duration that no run has: windows would take
    /// more bins than there is memory for.
    pub(super) fn disagreement(&self) -> Option<String> {
        let Self { bands, mean, scale, dt_ms, smooth_ms, skip_ms, .. } = self;
        let frequencies = self.frequencies_hz.as_ref().map_or(*bands, Vec::len);
        let lists = [("mean", mean.len()), ("scale", scale.len()), ("frequencies_hz", frequencies)];
        let other = lists.into_iter().find(|(_, length)| length != bands);
        let durations = [
            ("dt_ms", *dt_ms, BIN_MS),
            ("smooth_ms", *smooth_ms, SMOOTH_MS),
            ("skip_ms", *skip_ms, SKIP_MS),
        ];
        let outside = durations.into_iter().find(|(_, ms, range)| !range.contains(ms));
        let of_list = |(name, length)| format!("bands = {bands}, and {length} numbers in {name}");
        other.map(of_list).or_else(|| outside.map(|(name, ms, _)| format!("{name} = {ms}")))
    }

    /// The same for others to read: nothing of where dataset and runs lie on this machine but their names.
    #[must_use]
    pub fn published(&self, settings: &RunSettings, deepstrf: Exchange) -> Self {
        let named =
            |path: &String| last_name(path.as_ref()).unwrap_or_else(|| "unnamed".to_owned());
        let settings = RunSettings { data: named(&settings.data), ..settings.clone() };
        let source = self.source.clone();
        let source = source.map(|source| SourceRun { run: named(&source.run), ..source });
        Self {
            settings: Some(settings),
            source,
            deepstrf: Some(deepstrf),
            published: Some(PROGRAM.to_owned()),
            ..self.clone()
        }
    }

    /// The parts of the model; `file` is where the metadata lie, for messages.
    ///
    /// # Errors
    /// Parts or values that this version of the program does not know.
    pub fn architecture(&self, file: &Path) -> Result<Architecture> {
        let doing = || format!("{}: its architecture is no table of sections", file.display());
        let text =
            toml::to_string(&self.architecture).map_err(|source| Error::file(doing(), source))?;
        let constant = self.scale.first();
        let known = self.level.zip(constant);
        let to_amplitude = known.and_then(|(level, constant)| to_amplitude(level, *constant));
        Ok(Architecture { to_amplitude, ..RunConfig::architecture(&text, file)? })
    }

    /// What the recording fixed of the model.
    pub fn dims(&self) -> Dims {
        Dims {
            dt_ms: self.dt_ms,
            bands: self.bands,
            neurons: self.neurons.len(),
            frequencies_hz: self.frequencies_hz.clone(),
        }
    }
}

/// The parts as JSON, by section.
pub fn architecture_json(architecture: &Architecture) -> Result<serde_json::Value> {
    let doing = "describing the model as JSON";
    let table: toml::Table =
        architecture.to_toml()?.parse().map_err(|source| Error::failed(doing, source))?;
    serde_json::to_value(table).map_err(|source| Error::failed(doing, source))
}
