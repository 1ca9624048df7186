//! What a run leaves on disk, readable without the program: TOML, CSV, JSON, safetensors.
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use serde_json::Value as Json;

use super::earlier;
use super::lock::{Foreign, LOCK, RunLock};
use super::metadata::{Metadata, PROGRAM};
use super::model_place::ModelPlace;
use crate::base::error::{Cause, Error, Result};
use crate::base::files::{self, Existing};
use crate::base::tensor_file;
use crate::models::params::BATCH_COUNTER;
use crate::training::checkpoint::Checkpoint;
use crate::training::history::History;

/// Name of the run file in a run folder.
pub const CONFIG: &str = "config.toml";
const HISTORY: &str = "history.csv";
const PENALTIES: &str = "penalties.csv";
/// Name of the table of scores in a run folder.
pub const SCORES_CSV: &str = "scores.csv";
/// Name of the summary of scores in a run folder.
pub const SCORES_JSON: &str = "scores.json";
const STATE: &str = "state/state.safetensors";
const MODEL: &str = ModelPlace::OfRun.weights();
const METADATA: &str = ModelPlace::OfRun.metadata();
const REFERENCE: &str = ModelPlace::OfRun.reference();
const EVENTS: &str = "tensorboard/events.out.tfevents.strf";
/// Which neurons are fitted together, where all at once are too many, with a run folder of each group.
pub(super) const GROUPS: &str = "groups";
/// The file in it that says so.
pub(super) const GROUP_PLAN: &str = "groups/groups.json";
/// Everything that a run writes, in the order in which replacing a run removes it.
const ALL: [&str; 11] = [
    SCORES_JSON,
    SCORES_CSV,
    STATE,
    MODEL,
    METADATA,
    REFERENCE,
    HISTORY,
    PENALTIES,
    EVENTS,
    GROUP_PLAN,
    CONFIG,
];
/// The folders inside it.
const FOLDERS: [&str; 2] = ["model", "state"];
/// The folder inside it that only some runs have.
const TENSORBOARD: &str = "tensorboard";

/// A folder with a run in it, or room for one; or one with nothing but a model and what is said of it, as
/// a run keeps it in `model/` and `strf publish` writes it.
#[derive(Debug, Clone)]
pub struct RunFolder {
    path: PathBuf,
    model: ModelPlace,
}

/// What `strf train` may do with a run that is already in the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldRun {
    /// Nothing: stop with a message.
    Refuse,
    /// Go on with it.
    Resume,
    /// Remove it.
    Replace,
}

impl RunFolder {
    /// The folder for a new run, without touching it: fails where something in it may not be
    /// replaced.
    pub fn claim(path: &Path, old: OldRun) -> Result<Self> {
        let folder = Self { path: path.to_owned(), model: ModelPlace::OfRun };
        let shown = path.display();
        if !path.exists() {
            return Ok(folder);
        }
        if !path.is_dir() {
            let what = "is a file, expected a run folder; choose another with --out";
            return Err(Error::Refused(format!("{shown} {what}")));
        }
        let own = ALL.iter().any(|name| folder.has(name));
        match folder.stranger()? {
            _ if Self::holds_model_alone(path) => Err(Error::Refused(format!(
                "{shown} holds a model by itself, as strf publish writes it, expected a run folder, an \
                 empty one or none; choose another with --out"
            ))),
            Some(name) if !own => Err(Error::Refused(format!(
                "{shown} holds {name} and no run, expected a run folder, an empty one or none; \
                 choose another with --out"
            ))),
            _ if own && old == OldRun::Refuse => Err(folder.occupied()),
            _ => Ok(folder),
        }
    }

    /// The first name in the folder, in alphabetical order, that no run leaves there, not even one
    /// that was killed before its first file.
    fn stranger(&self) -> Result<Option<String>> {
        let ours = |name: &String| {
            name == TENSORBOARD
                || name == LOCK
                || name == GROUPS
                || FOLDERS.contains(&name.as_str())
                || name.starts_with(files::UNFINISHED)
        };
        Ok(files::names(&self.path)?.into_iter().find(|name| !ours(name)))
    }

    /// The folder of a run, or of a model alone, that is there.
    pub fn open(path: &Path) -> Result<Self> {
        let shown = path.display();
        let places = [ModelPlace::OfRun, ModelPlace::Alone];
        let folders = places.map(|model| Self { path: path.to_owned(), model });
        let what = match path {
            _ if !path.exists() => "there is no such folder; check the path",
            _ if !path.is_dir() => "found a file, expected a run folder",
            _ => match folders.into_iter().find(Self::has_model) {
                Some(folder) => return Ok(folder),
                None => "found no model in it, expected a run folder that `strf train` wrote",
            },
        };
        Err(Error::Refused(format!("{shown}: {what}")))
    }

    fn has_model(&self) -> bool {
        self.has(self.model.weights()) && self.has(self.model.metadata())
    }

    /// Whether a model lies in a folder by itself, with what prediction needs beside the weights.
    pub fn holds_model_alone(path: &Path) -> bool {
        Self { path: path.to_owned(), model: ModelPlace::Alone }.has_model()
    }

    fn occupied(&self) -> Error {
        let shown = self.path.display();
        Error::Refused(if self.has(SCORES_JSON) {
            format!(
                "{shown} holds a finished run; choose another folder with --out, or replace it \
                 with --force"
            )
        } else {
            format!(
                "{shown} holds a run that was stopped; go on with it with --resume, or replace it \
                 with --force"
            )
        })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the folder, and removes what a kill left half written in it.
    pub fn make(&self) -> Result<()> {
        make(&self.path)?;
        FOLDERS.iter().try_for_each(|name| make(&files::folder_inside(&self.path, name)?))
    }

    /// Makes the folder where it is not there, and keeps other processes from writing into it.
    ///
    /// # Errors
    /// Another process writes into it, or has written a run since it was claimed.
    pub fn lock(&self, old: OldRun, foreign: Foreign) -> Result<RunLock> {
        files::create_folder(&self.path)?;
        let lock = RunLock::take(&self.path, foreign)?;
        Self::claim(&self.path, old)?;
        Ok(lock)
    }

    /// Removes the files of the run in it.
    pub fn clear(&self) -> Result<()> {
        self.remove_scores()?;
        self.remove_groups()?;
        ALL.iter().try_for_each(|name| self.remove(name))
    }

    /// Removes the scores: the run is not finished.
    pub fn remove_scores(&self) -> Result<()> {
        [SCORES_JSON, SCORES_CSV].iter().try_for_each(|name| self.remove(name))
    }

    /// Removes what only going on with the run needs, and its folder.
    pub fn remove_state(&self) -> Result<()> {
        self.remove(STATE)?;
        let folder = self.path.join("state");
        fs::remove_dir(&folder)
            .map_err(|source| Error::file(format!("removing {}", folder.display()), source))
    }

    fn remove(&self, name: &str) -> Result<()> {
        if self.has(name) { files::remove(&files::inside(&self.path, name)?) } else { Ok(()) }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.path.join(name).exists()
    }

    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        files::write(&files::inside(&self.path, name)?, Existing::Replace, bytes)
    }

    pub(super) fn read(&self, name: &str) -> Result<String> {
        let path = self.path.join(name);
        files::text(&path)
            .map_err(|source| Error::file(format!("reading {}", path.display()), source))
    }

    /// The run file with every default filled in.
    pub fn config_file(&self) -> PathBuf {
        self.path.join(CONFIG)
    }

    /// Its text.
    pub fn config(&self) -> Result<String> {
        self.read(CONFIG)
    }

    /// Writes the run file with every default filled in.
    pub fn write_config(&self, text: &str) -> Result<()> {
        self.write(CONFIG, text.as_bytes())
    }

    /// Writes what prediction needs beside the weights, and deepSTRF's arguments.
    pub fn write_metadata(&self, metadata: &Metadata, reference: &Json) -> Result<()> {
        self.write(REFERENCE, files::pretty_json(reference)?.as_bytes())?;
        self.write(METADATA, files::pretty_json(metadata)?.as_bytes())
    }

    /// Where lies what prediction needs beside the weights.
    pub fn metadata_file(&self) -> PathBuf {
        self.path.join(self.model.metadata())
    }

    /// What prediction needs beside the weights.
    pub fn metadata(&self) -> Result<Metadata> {
        let text = self.read(self.model.metadata())?;
        let damaged = |source: Cause| {
            let what = "it is damaged or describes no model; copy it again or train anew";
            Error::file(format!("{}: {what}", self.metadata_file().display()), source)
        };
        let metadata: Metadata = serde_json::from_str(&text).map_err(|e| damaged(e.into()))?;
        match metadata.disagreement() {
            Some(found) => Err(damaged(found.into())),
            None => Ok(metadata),
        }
    }

    /// Fails where a state was written by another version of the program, which may go another
    /// way from there.
    ///
    /// # Errors
    /// As said, or the metadata beside the state cannot be read.
    pub fn require_own_state(&self) -> Result<()> {
        if !self.has(STATE) || !self.has(METADATA) {
            return Ok(());
        }
        let program = self.metadata()?.program;
        if program == PROGRAM {
            return Ok(());
        }
        Err(Error::Refused(format!(
            "{}: found the state of a run of {program}, expected one of {PROGRAM}, which alone goes \
             on as if it had not been stopped; go on with {program}, or start the run anew with \
             --force",
            self.state_file().display()
        )))
    }

    /// Writes the weights of the best epoch.
    pub fn write_best(&self, checkpoint: &Checkpoint) -> Result<()> {
        let weights = with_batch_counter(&checkpoint.model, batches(checkpoint))?;
        self.write(MODEL, &tensor_file::bytes(&weights, None)?)
    }

    /// Where the weights of the best epoch lie.
    pub fn weights_file(&self) -> PathBuf {
        self.path.join(self.model.weights())
    }

    /// Writes all that the next epoch depends on.
    pub fn write_state(&self, checkpoint: &Checkpoint) -> Result<()> {
        self.write(STATE, &checkpoint.bytes()?)
    }

    /// Where the state lies.
    pub fn state_file(&self) -> PathBuf {
        self.path.join(STATE)
    }

    /// The state of a run that was stopped, if one got so far.
    pub fn state(&self) -> Result<Option<Checkpoint>> {
        let has = self.has(STATE);
        has.then(|| Checkpoint::read(&self.path.join(STATE))).transpose()
    }

    /// The first `epochs` epochs of `history.csv`.
    pub fn history(&self, epochs: usize) -> Result<History> {
        History::first(&self.read(HISTORY)?, epochs).map_err(|found| {
            Error::Refused(format!(
                "{}: found {found}, expected the history of the state beside it; start the run \
                 anew with --force",
                self.path.join(HISTORY).display()
            ))
        })
    }

    /// `history.csv`.
    pub fn history_file(&self) -> PathBuf {
        self.path.join(HISTORY)
    }

    /// `scores.csv`.
    pub fn scores_file(&self) -> PathBuf {
        self.path.join(SCORES_CSV)
    }

    /// Writes `history.csv`.
    pub fn write_history(&self, text: &str) -> Result<()> {
        self.write(HISTORY, text.as_bytes())
    }

    /// `penalties.csv`, which is there where strengths of penalties were chosen.
    pub fn penalties_file(&self) -> PathBuf {
        self.path.join(PENALTIES)
    }

    /// Writes `penalties.csv`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_penalties(&self, text: &str) -> Result<()> {
        self.write(PENALTIES, text.as_bytes())
    }

    /// Where the events for `TensorBoard` lie, in a folder that is there.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn events_file(&self) -> Result<PathBuf> {
        make(&files::folder_inside(&self.path, TENSORBOARD)?)?;
        Ok(self.path.join(EVENTS))
    }

    /// The text of `scores.csv`, and what `scores.json` says, by the names that scores have now.
    ///
    /// # Errors
    /// The run is not finished, or its scores are damaged.
    pub fn scores(&self) -> Result<(String, Json)> {
        if !self.has(SCORES_JSON) || !self.has(SCORES_CSV) {
            return Err(Error::Refused(format!(
                "{}: found no scores, expected a finished run; go on with it with --resume",
                self.path.display()
            )));
        }
        let mut summary = serde_json::from_str(&self.read(SCORES_JSON)?).map_err(|source| {
            let file = self.path.join(SCORES_JSON);
            Error::file(format!("{}: it is damaged; score the run anew", file.display()), source)
        })?;
        earlier::rename_summary(&mut summary);
        Ok((self.read(SCORES_CSV)?, summary))
    }

    /// Writes `scores.csv` and then `scores.json`, which marks the run as finished.
    pub fn write_scores(&self, csv: &str, summary: &Json) -> Result<()> {
        write_scores(&self.path, csv, summary, Existing::Replace)
    }
}

/// Makes a folder, and removes what a kill left half written in it.
pub(super) fn make(folder: &Path) -> Result<()> {
    files::create_folder(folder)?;
    files::remove_unfinished(folder)
}

/// Writes `scores.csv` and `scores.json` into a folder.
pub fn write_scores(folder: &Path, csv: &str, summary: &Json, existing: Existing) -> Result<()> {
    files::write(&folder.join(SCORES_CSV), existing, csv.as_bytes())?;
    files::write(&folder.join(SCORES_JSON), existing, files::pretty_json(summary)?.as_bytes())
}

/// Batches that batch normalization has seen: those of steps, or all clips at once.
fn batches(checkpoint: &Checkpoint) -> u32 {
    let begun = u32::from(checkpoint.progress.epoch > 0);
    checkpoint.progress.steps.max(begun)
}

/// The weights with the counter that PyTorch's batch normalization keeps beside its statistics.
fn with_batch_counter(
    weights: &BTreeMap<String, Tensor>,
    steps: u32,
) -> Result<BTreeMap<String, Tensor>> {
    let mut all = weights.clone();
    for norm in weights.keys().filter_map(|name| name.strip_suffix("running_mean")) {
        let counter = Tensor::new(i64::from(steps), &Device::Cpu)?;
        all.insert(format!("{norm}{BATCH_COUNTER}"), counter);
    }
    Ok(all)
}
