//! A run file, its dataset and its model, ready to be fitted.
use std::path::Path;

use candle_core::DType;
use serde_json::{Map, Value as Json, json};

use super::clips::Responses;
use super::exchange::Exchange;
use super::folder::{OldRun, RunFolder};
use super::metadata::{Metadata, PROGRAM, RunSettings, SourceRun, architecture_json};
use super::source::Source;
use crate::base::device;
use crate::base::error::{Error, Result};
use crate::base::units;
use crate::dataset::content::{ScoredContent, UsedContent};
use crate::dataset::{ReadRecording, ResponseFile, ResponseLocation, Splits, read_sound};
use crate::models::Network;
use crate::models::params::Params;
use crate::models::prediction;
use crate::preparation::prepare::PreparedRecording;
use crate::preparation::{Standardization, Treatment};
use crate::run_file::Split;
use crate::run_file::{Optimizer, RunConfig, relative};
use crate::scores::Correlations;
use crate::scores::evaluation::{Over, Scores};
use crate::training::checkpoint::{Checkpoint, Tensors};
use crate::training::history::History;
use crate::training::{self, Task, path};

/// Clips that are predicted at once.
const AT_ONCE: usize = 8;

/// All that a fit needs, checked against each other; nothing has been written yet.
///
/// ```
/// use strf::run_file::RunConfig;
/// use strf::runs::experiment::Experiment;
/// use strf::runs::folder::OldRun;
///
/// let text = "[data]\nfile = \"tests/fixtures/runs_0.1.0/data.h5\"\n[model]\ntype = \"ln\"\n";
/// let config = RunConfig::parse(text, "run.toml".as_ref(), &[])?;
/// let experiment = Experiment::open(config, OldRun::Refuse)?;
/// assert_eq!(experiment.prepared.neurons, ["n001", "n002"]);
/// assert_eq!(experiment.scores()?.neurons.len(), 2);
/// # Ok::<(), strf::base::error::Error>(())
/// ```
pub struct Experiment {
    /// With what follows from the dataset filled in.
    pub config: RunConfig,
    /// Where the run is written.
    pub folder: RunFolder,
    /// The dataset's part that is used, as the model meets it.
    pub prepared: PreparedRecording,
    /// The model, which starts from predictions of the size of the responses.
    pub network: Network,
    /// Its tensors.
    pub params: Params,
    /// A hash of the weights that prefilters and core come from, where they come from a run.
    pub source_hash: Option<String>,
    /// What was inferred from the dataset, and what the user should know of the model.
    pub notes: Vec<String>,
}

impl Experiment {
    /// Reads the dataset and builds the model.
    ///
    /// # Errors
    /// The dataset, the run file and the run folder do not go together.
    pub fn open(config: RunConfig, old: OldRun) -> Result<Self> {
        Self::of(config, old, |config| read_sound(&config.data.file))
    }

    /// [`Experiment::open`] with a way to come by the dataset.
    ///
    /// # Errors
    /// As [`Experiment::open`].
    pub fn of(
        config: RunConfig,
        old: OldRun,
        read: impl FnOnce(&RunConfig) -> Result<ReadRecording<ResponseLocation>>,
    ) -> Result<Self> {
        Self::standardized(config, old, None, read)
    }

    /// [`Experiment::of`] with a standardization of the sound that does not follow from the training
    /// stimuli, where one is `given`.
    ///
    /// # Errors
    /// As [`Experiment::open`].
    pub fn standardized(
        mut config: RunConfig,
        old: OldRun,
        given: Option<Standardization>,
        read: impl FnOnce(&RunConfig) -> Result<ReadRecording<ResponseLocation>>,
    ) -> Result<Self> {
        let folder = RunFolder::claim(&config.output.folder, old)?;
        if old == OldRun::Resume {
            folder.require_own_state()?;
        }
        let device = device::open(config.train.device)?;
        let ReadRecording { recording, mut notes } = read(&config)?;
        config.resolve(&recording)?;
        let source = config.origin.as_ref().map(Source::open).transpose()?;
        if let Some(source) = &source {
            source.require_axes(&recording)?;
            notes.extend(source.treat(&mut config)?);
        }
        let given = given.or_else(|| source.as_ref().map(Source::standardization));
        let split = config.data.split.clone().unwrap_or(Split::UNSAID);
        let prepared = PreparedRecording::new(recording, &config, (&split, given), &device)?;
        let params = Params::new(config.train.seed, DType::F32, &device);
        config.architecture.to_amplitude = prepared.to_amplitude();
        let mut network = Network::build(&config.architecture, &prepared.dims, &params)?;
        let source_hash = source.as_ref().map(|source| source.hash.clone());
        if let Some(source) = &source {
            network = source.give(network, &params)?;
        }
        prepared.require_room(network.lags())?;
        notes.extend(prepared.notes.iter().chain(network.notes()).cloned());
        notes.extend(one_bin(&config, &prepared.preparation.treatment));
        notes.extend(idle_dropout(&config));
        let experiment = Self { config, folder, prepared, network, params, source_hash, notes };
        training::start(&experiment.task(), String::new())?;
        Ok(experiment)
    }

    /// What is fitted to what.
    pub fn task(&self) -> Task<'_> {
        let Self { network, params, prepared, config, .. } = self;
        let PreparedRecording { train, valid, ceiling, neurons, .. } = prepared;
        Task { network, params, train, valid, ceiling, neurons, settings: &config.train }
    }

    /// Begins the run folder, or finds where a stopped run is to go on.
    ///
    /// # Errors
    /// The folder cannot be written, or holds a run with other settings.
    pub fn begin(&self, old: OldRun) -> Result<(Checkpoint, History)> {
        let state = match old {
            OldRun::Resume => self.folder.state()?,
            OldRun::Refuse | OldRun::Replace => None,
        };
        let found = if let Some(checkpoint) = state {
            self.require_same_run(&checkpoint)?;
            self.require_epochs(&checkpoint)?;
            let history = self.folder.history(checkpoint.progress.epoch)?;
            self.folder.remove_scores()?;
            self.folder.make()?;
            (checkpoint, history)
        } else {
            self.folder.make()?;
            self.folder.clear()?;
            (training::start(&self.task(), self.identity()?)?, History::default())
        };
        let (checkpoint, history) = &found;
        self.write(checkpoint, history)?;
        Ok(found)
    }

    /// Writes what a run folder holds besides scores.
    fn write(&self, checkpoint: &Checkpoint, history: &History) -> Result<()> {
        self.write_results(checkpoint, history)?;
        self.folder.write_state(checkpoint)
    }

    /// Writes what a run folder holds besides scores, and besides what only going on with the run needs.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn write_results(&self, checkpoint: &Checkpoint, history: &History) -> Result<()> {
        self.folder.write_config(&self.config.to_toml(self.folder.path())?)?;
        let arguments = self.exchange()?.arguments(self.network.reference());
        self.folder.write_metadata(&self.metadata()?, &arguments)?;
        self.folder.write_history(history.text())?;
        let path = &checkpoint.progress.path;
        if !path.is_empty() {
            self.folder.write_penalties(&path::table(path, &self.prepared.neurons))?;
        }
        self.folder.write_best(checkpoint)
    }

    /// A run of no epochs with the weights of a file.
    ///
    /// # Errors
    /// They are not those of the model, by name and shape.
    pub fn with_weights(&self, weights: &Tensors, file: &Path) -> Result<Checkpoint> {
        let checkpoint = training::start(&self.task(), self.identity()?)?;
        let problems = self.params.load(weights)?;
        if !problems.is_empty() {
            return Err(Error::Input { file: file.to_owned(), problems });
        }
        let model = self.params.values()?;
        let (weights, best_weights) = (model.clone(), model.clone());
        Ok(Checkpoint { weights, best_weights, model, ..checkpoint })
    }

    /// Begins the run folder with a run that is as far as this.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn begin_with(&self, checkpoint: &Checkpoint) -> Result<()> {
        self.folder.make()?;
        self.folder.clear()?;
        self.write(checkpoint, &History::default())
    }

    /// Writes scores into the run folder; what `scores.json` says.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn keep_scores(&self, scores: &Scores, checkpoint: &Checkpoint) -> Result<Json> {
        let summary = scores.json(self.description(checkpoint)?);
        self.folder.write_scores(&scores.csv()?, &summary)?;
        Ok(summary)
    }

    /// Scores as they are shown behind a run.
    pub fn shown(&self, scores: &Scores) -> String {
        scores.table(&format!("see {}/scores.csv", self.folder.path().display()))
    }

    /// Scores the model as it is on the test stimuli, whose responses are read again.
    ///
    /// # Errors
    /// A tensor operation fails, or the dataset is no longer what it was.
    pub fn scores(&self) -> Result<Scores> {
        let PreparedRecording { test, test_responses, neurons, preparation, version, .. } =
            &self.prepared;
        let mut file = ResponseFile::reopen(&self.config.data.file, *version)?;
        let predictions = prediction::of(&self.network, test, AT_ONCE)?;
        let responses = Responses {
            file: &mut file,
            stored: test_responses.iter().collect(),
            treatment: &preparation.treatment,
            heard: None,
        };
        Ok(responses.score(&predictions, neurons, Over::AllClips)?.finish())
    }

    /// [`Experiment::scores`] of a finished fit, with a column that says which outputs were calibrated
    /// where some were.
    ///
    /// # Errors
    /// As [`Experiment::scores`].
    pub fn final_scores(&self, checkpoint: &Checkpoint) -> Result<Scores> {
        let scores = self.scores()?;
        let flags = &checkpoint.progress.calibrated;
        if flags.is_empty() {
            return Ok(scores);
        }
        let flags = flags.iter().map(|flag| f64::from(u8::from(*flag)));
        Ok(scores.with_column("calibrated", flags.collect()))
    }

    /// How the model as it is correlates with the responses to the validation stimuli.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn validation(&self) -> Result<Correlations> {
        let PreparedRecording { valid, ceiling, .. } = &self.prepared;
        let predictions = prediction::of(&self.network, valid, AT_ONCE)?;
        ceiling.correlations(
            &predictions.iter().map(|prediction| prediction.view()).collect::<Vec<_>>(),
        )
    }

    /// What `scores.json` says of how the scores came about.
    ///
    /// # Errors
    /// A path that has no name in UTF-8.
    fn description(&self, checkpoint: &Checkpoint) -> Result<Map<String, Json>> {
        let Splits { test, .. } = &self.prepared.splits;
        let best = &checkpoint.progress.best;
        let mut run = Map::new();
        run.insert("program".into(), PROGRAM.into());
        run.insert("data".into(), relative(&self.config.data.file, self.folder.path())?.into());
        run.insert("split".into(), "test".into());
        run.insert("stimuli".into(), test.clone().into());
        let UsedContent { axes, test: part, .. } = self.prepared.content.clone();
        run.insert("content".into(), json!(ScoredContent { axes, part }));
        run.insert("parameters".into(), self.params.count().into());
        run.insert("epochs".into(), checkpoint.progress.epoch.into());
        run.insert("best_epoch".into(), best.epoch.into());
        run.insert("best_score".into(), json!(best.score));
        let constant =
            checkpoint.progress.given_up.iter().map(|n| self.prepared.neurons[*n].clone());
        run.insert("constant_neurons".into(), constant.collect::<Vec<_>>().into());
        Ok(run)
    }

    /// What prediction needs beside the weights.
    ///
    /// # Errors
    /// The architecture cannot be described.
    pub fn metadata(&self) -> Result<Metadata> {
        let PreparedRecording { dims, level, neurons, splits, preparation, content, .. } =
            &self.prepared;
        Ok(Metadata {
            program: PROGRAM.to_owned(),
            architecture: architecture_json(&self.config.architecture)?,
            settings: Some(RunSettings::of(&self.config, self.folder.path())?),
            dt_ms: dims.dt_ms,
            bands: dims.bands,
            frequencies_hz: dims.frequencies_hz.clone(),
            level: *level,
            neurons: neurons.clone(),
            mean: preparation.standardization.mean.clone(),
            scale: preparation.standardization.scale.clone(),
            smooth_ms: preparation.treatment.smooth_ms,
            skip_ms: preparation.treatment.skip_ms,
            stimuli: splits.clone(),
            content: Some(content.clone()),
            source: self.source()?,
            deepstrf: Some(self.exchange()?),
            published: None,
        })
    }

    /// What deepSTRF needs to load the model.
    fn exchange(&self) -> Result<Exchange> {
        Exchange::of(&self.config.architecture, &self.prepared.dims, self.network.reference())
    }

    /// What prefilters and core came from, where they came from a run.
    pub(super) fn source(&self) -> Result<Option<SourceRun>> {
        let (Some(origin), Some(weights)) = (&self.config.origin, &self.source_hash) else {
            return Ok(None);
        };
        let run = relative(&origin.run, self.folder.path())?;
        let freeze = origin.freeze.word().to_owned();
        Ok(Some(SourceRun { run, freeze, weights: weights.clone() }))
    }
}

/// Says that an optimizer that looks at all clips as they are leaves nothing out.
fn idle_dropout(config: &RunConfig) -> Option<String> {
    let dropout = config.architecture.model.values.number("dropout").ok()?;
    let optimizer = config.train.optimizer;
    let is_idle = dropout > 0.0 && optimizer != Optimizer::AdamW;
    is_idle.then(|| {
        format!(
            "model.dropout = {dropout} leaves out nothing: {} fits without it, adamw with it",
            optimizer.word()
        )
    })
}

/// Says of windows that come to a single bin what that means.
fn one_bin(config: &RunConfig, treatment: &Treatment) -> Vec<String> {
    let Treatment { dt_ms, smooth_ms, .. } = *treatment;
    let window_ms = config.architecture.model.values.number("window_ms").ok();
    let window = window_ms.filter(|ms| units::bins(*ms, dt_ms, 1) == 1).map(|ms| {
        format!(
            "model.window_ms = {ms} comes to one bin of {dt_ms} ms: receptive fields see the present \
             bin alone"
        )
    });
    let smooth = (smooth_ms > 0.0 && !treatment.smooths()).then(|| {
        format!(
            "data.smooth_ms = {smooth_ms} comes to one bin of {dt_ms} ms: responses are not smoothed"
        )
    });
    window.into_iter().chain(smooth).collect()
}
