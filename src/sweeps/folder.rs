//! What a sweep leaves on disk, and from which any process on any machine goes on.
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::claim::Claim;
use super::plan::Plan;
use crate::base::error::{Error, Result};
use crate::base::files::{self, Existing, UNFINISHED};
use crate::base::wording::in_shell;

const PLAN: &str = "plan.json";
const SWEEP: &str = "sweep.toml";
const CLAIMS: &str = "claims";
const WORK: &str = "work";
const JOBS: &str = "jobs";
const FAILED: &str = "failed";
const CANCELLED: &str = "cancelled";
const JOB: &str = "job.json";
/// Folders that hold an entry for each fit.
const FOLDERS: [&str; 4] = [CLAIMS, WORK, JOBS, FAILED];

/// What is written of all fits together.
pub const SCORES: &str = "scores.csv";
/// The mean scores of each combination.
pub const SUMMARY_CSV: &str = "summary.csv";
/// What came out, for programs.
pub const SUMMARY: &str = "summary.json";
/// Scores of predictions of all stimuli, each by the fits that did not see it.
pub const HELD_OUT: &str = "held_out.csv";
/// Those predictions.
pub const PREDICTIONS: &str = "predictions";
/// One HTML file with what came out.
pub const REPORT: &str = "report.html";
/// A picture of what came out.
pub const PICTURE: &str = "models.png";
/// What other schedulers run, one line a task.
pub const COMMANDS: &str = "commands.txt";
/// The script that Slurm runs.
pub const SCRIPT: &str = "slurm.sh";
/// What Slurm said when the script was handed in.
pub const SUBMITTED: &str = "slurm.json";
/// Where tasks of Slurm write what they say.
pub const LOGS: &str = "logs";

/// All that a sweep may leave in its folder.
const OWN: [&str; 21] = [
    PLAN,
    SWEEP,
    CLAIMS,
    WORK,
    JOBS,
    FAILED,
    CANCELLED,
    SCORES,
    SUMMARY_CSV,
    SUMMARY,
    HELD_OUT,
    PREDICTIONS,
    REPORT,
    PICTURE,
    COMMANDS,
    SCRIPT,
    SUBMITTED,
    // Of `strf export-strfs`, where it is not told another place.
    "strfs.h5",
    "strfs.npz",
    "strfs",
    "strfs.png",
];

/// A folder with a sweep in it.
#[derive(Debug, Clone)]
pub struct SweepFolder {
    path: PathBuf,
}

/// How far each fit is.
#[derive(Debug, Clone, Default)]
pub struct SweepProgress {
    /// Numbers of those that are done.
    pub done: BTreeSet<usize>,
    /// Those that failed, with what went wrong.
    pub failed: BTreeMap<usize, Failure>,
    /// Those that somebody works on, or has left.
    pub claimed: BTreeMap<usize, Claim>,
}

/// Why a fit came to no end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What the program said.
    pub error: String,
    /// Who worked on it.
    pub claim: Claim,
}

/// What is known of a fit that is done, beside its run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobRecord {
    /// Seconds from its claim to its scores.
    pub seconds: f64,
    /// The mean correlation over neurons with the responses to the stimuli that were left out; none where no
    /// neuron has one.
    pub cc: Option<f64>,
    /// The machine that it ran on.
    pub host: String,
    /// What the user should know.
    pub warnings: Vec<String>,
}

impl SweepFolder {
    /// A folder for a new sweep: fails where something in it may not be replaced.
    ///
    /// # Errors
    /// As said.
    pub fn claim(path: &Path, existing: Existing) -> Result<Self> {
        let folder = Self { path: path.to_owned() };
        let shown = path.display();
        if !path.exists() {
            return Ok(folder);
        }
        if !path.is_dir() {
            return Err(Error::Refused(format!(
                "{shown} is a file, expected a folder for a sweep; choose another with --out"
            )));
        }
        let is_ours = |name: &String| {
            OWN.contains(&name.as_str()) || name == LOGS || name.starts_with(UNFINISHED)
        };
        let stranger = files::names(path)?.into_iter().find(|name| !is_ours(name));
        match stranger {
            Some(name) => Err(Error::Refused(format!(
                "{shown} holds {name}, expected a sweep, an empty folder or none; choose another with --out"
            ))),
            None if folder.has(PLAN) && existing == Existing::Keep => Err(Error::Refused(format!(
                "{shown} holds a sweep; go on with it with `strf sweep resume {}`, choose another folder \
                 with --out, or replace it with --force",
                in_shell(path)
            ))),
            None => Ok(folder),
        }
    }

    /// A folder for what is planned without writing anything.
    pub fn unwritten(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// The folder of a sweep that is there.
    ///
    /// # Errors
    /// None lies there.
    pub fn open(path: &Path) -> Result<Self> {
        let folder = Self { path: path.to_owned() };
        if folder.has(PLAN) {
            FOLDERS.iter().try_for_each(|name| files::require_no_link(&path.join(name)))?;
            return Ok(folder);
        }
        let shown = path.display();
        let what = if path.exists() { "found no sweep in it" } else { "there is no such folder" };
        let hint = "a machine that shares no files with the one that made it does not see it";
        Err(Error::Refused(format!(
            "{shown}: {what}, expected a folder that `strf sweep` wrote ({hint})"
        )))
    }

    /// Whether a sweep lies in a folder.
    pub fn lies_in(path: &Path) -> bool {
        path.join(PLAN).is_file()
    }

    /// Makes the folder anew.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn begin(&self, plan: &Plan) -> Result<()> {
        for name in OWN.iter().chain(&[LOGS]) {
            files::remove_if_there(&self.path.join(name))?;
        }
        files::create_folder(&self.path)?;
        for name in FOLDERS {
            files::folder_inside(&self.path, name)?;
        }
        self.write(SWEEP, plan.text.as_bytes())?;
        // The plan comes last: with it, the sweep is there.
        self.write_json(PLAN, plan)
    }

    /// Writes a plan that goes on from the one that is there.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn replan(&self, plan: &Plan) -> Result<()> {
        self.write_json(PLAN, plan)
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether something of this name lies in it.
    pub fn has(&self, name: &str) -> bool {
        self.path.join(name).exists()
    }

    /// Writes one of its files.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        files::write(&self.path.join(name), Existing::Replace, bytes)
    }

    /// Writes one of its files as JSON.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write_json(&self, name: &str, value: &impl Serialize) -> Result<()> {
        self.write(name, files::pretty_json(value)?.as_bytes())
    }

    /// One of its files of JSON.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read_json<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        parse(&self.path.join(name))
    }

    /// What it fits.
    ///
    /// # Errors
    /// The file is damaged.
    pub fn plan(&self) -> Result<Plan> {
        let plan: Plan = self.read_json(PLAN)?;
        match plan.damage() {
            None => Ok(plan),
            Some(found) => {
                let file = self.path.join(PLAN);
                Err(Error::Refused(format!("{}: {found}; the file is damaged", file.display())))
            }
        }
    }

    /// How far each fit is.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn progress(&self) -> Result<SweepProgress> {
        let numbers = |folder: &str| -> Result<Vec<usize>> {
            let path = self.path.join(folder);
            if !path.is_dir() {
                return Ok(Vec::new());
            }
            let names = files::names(&path)?.into_iter();
            Ok(names.filter_map(|name| name.trim_end_matches(".json").parse().ok()).collect())
        };
        let mut progress = SweepProgress {
            done: numbers(JOBS)?.into_iter().collect(),
            ..SweepProgress::default()
        };
        for number in numbers(FAILED)? {
            if !progress.done.contains(&number) {
                progress.failed.insert(number, parse(&self.failure_file(number))?);
            }
        }
        for number in numbers(CLAIMS)? {
            let claim = Claim::read(&self.claim_file(number))?;
            if let (Some(claim), false) = (claim, progress.done.contains(&number)) {
                progress.claimed.insert(number, claim);
            }
        }
        Ok(progress)
    }

    /// Where a fit lies once it is done.
    pub fn job(&self, number: usize) -> PathBuf {
        self.path.join(JOBS).join(named(number))
    }

    /// Where a fit is written until it is done; as deep as where it goes then.
    pub fn work(&self, number: usize, attempt: usize) -> PathBuf {
        self.path.join(WORK).join(format!("{}-{attempt}", named(number)))
    }

    /// Where it is written who works on a fit.
    pub fn claim_file(&self, number: usize) -> PathBuf {
        self.path.join(CLAIMS).join(format!("{}.json", named(number)))
    }

    fn failure_file(&self, number: usize) -> PathBuf {
        self.path.join(FAILED).join(format!("{}.json", named(number)))
    }

    /// Takes a fit for this process; none where it is done or another has it. What an earlier process left
    /// of it, which has ended, is gone on with.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn take(&self, number: usize) -> Result<Option<Claim>> {
        let file = self.claim_file(number);
        let attempt = 1 + self.attempts(number)?;
        let claim = Claim::own(attempt);
        if !claim.make(&file)? {
            return Ok(None);
        }
        if self.job(number).exists() {
            claim.withdraw(&file)?;
            return Ok(None);
        }
        Ok(Some(claim))
    }

    /// The last attempt at a fit that left something, 0 where none did.
    fn attempts(&self, number: usize) -> Result<usize> {
        let prefix = format!("{}-", named(number));
        let names = files::names(&self.path.join(WORK))?.into_iter();
        let attempts = names.filter_map(|name| name.strip_prefix(&prefix)?.parse().ok());
        Ok(attempts.max().unwrap_or(0))
    }

    /// Frees a fit of a claim whose process has ended, for the next to go on with; false where somebody
    /// else has done so.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn free(&self, number: usize, claim: &Claim) -> Result<bool> {
        claim.withdraw(&self.claim_file(number))
    }

    /// The folder to write a claimed fit into, and whether it holds what an earlier attempt has reached.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn workplace(&self, number: usize, claim: &Claim) -> Result<(PathBuf, bool)> {
        let own = self.work(number, claim.attempt);
        let earlier = self.work(number, claim.attempt - 1);
        [&earlier, &own].into_iter().try_for_each(|folder| files::require_no_link(folder))?;
        match fs::rename(&earlier, &own) {
            Ok(()) => {
                let is_begun = !files::names(&own)?.is_empty();
                Ok((own, is_begun))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                files::create_folder(&own)?;
                Ok((own, false))
            }
            Err(error) => Err(Error::file(format!("moving {}", earlier.display()), error)),
        }
    }

    /// Puts a finished fit where it belongs; whoever comes first stays.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn finish(&self, number: usize, claim: &Claim, record: &JobRecord) -> Result<()> {
        let (work, job) = (self.work(number, claim.attempt), self.job(number));
        files::write(&work.join(JOB), Existing::Replace, files::pretty_json(record)?.as_bytes())?;
        if let Err(error) = fs::rename(&work, &job) {
            if !job.is_dir() {
                return Err(Error::file(format!("moving {}", work.display()), error));
            }
            files::remove_if_there(&work)?;
        }
        self.forgive(number)?;
        claim.withdraw(&self.claim_file(number))?;
        Ok(())
    }

    /// Writes down why a fit came to no end.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn fail(&self, number: usize, claim: &Claim, error: &str) -> Result<()> {
        let failure = Failure { error: error.to_owned(), claim: claim.clone() };
        let text = files::pretty_json(&failure)?;
        files::write(&self.failure_file(number), Existing::Replace, text.as_bytes())?;
        files::remove_if_there(&self.work(number, claim.attempt))?;
        claim.withdraw(&self.claim_file(number))?;
        Ok(())
    }

    /// Removes claims of fits that are done, which a process leaves that is killed behind its last step.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn clear_done(&self) -> Result<()> {
        let claims = self.path.join(CLAIMS);
        let done = |name: &&String| {
            let number = name.trim_end_matches(".json").parse();
            number.is_ok_and(|number| self.job(number).is_dir())
        };
        let names = files::names(&claims)?;
        names.iter().filter(done).try_for_each(|name| files::remove_if_there(&claims.join(name)))
    }

    /// Forgets that a fit failed.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn forgive(&self, number: usize) -> Result<()> {
        files::remove_if_there(&self.failure_file(number))
    }

    /// What is known of a fit that is done.
    ///
    /// # Errors
    /// The file is damaged.
    pub fn record(&self, number: usize) -> Result<JobRecord> {
        parse(&self.job(number).join(JOB))
    }

    /// Asks all processes that work here to stop, or no longer.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn cancel(&self, is_cancelled: bool) -> Result<()> {
        if is_cancelled {
            return self.write(CANCELLED, b"");
        }
        files::remove_if_there(&self.path.join(CANCELLED))
    }

    /// Whether processes that work here were asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.has(CANCELLED)
    }
}

impl SweepProgress {
    /// Numbers of the fits that nobody has begun, failed ones left out.
    pub fn open(&self, all: usize) -> Vec<usize> {
        let is_open = |number: &usize| {
            !self.done.contains(number)
                && !self.failed.contains_key(number)
                && !self.claimed.contains_key(number)
        };
        (0..all).filter(is_open).collect()
    }
}

fn named(number: usize) -> String {
    format!("{number:05}")
}

fn parse<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = files::text(path)
        .map_err(|source| Error::file(format!("reading {}", path.display()), source))?;
    serde_json::from_str(&text).map_err(|source| {
        let what = "it is damaged, or another version of the program wrote it";
        Error::file(format!("{}: {what}", path.display()), source)
    })
}
