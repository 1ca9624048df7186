//! Who works on a fit: a file that only one process can make.
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tempfile::Builder;

use crate::base::error::{Error, Result};
use crate::base::files::{self, UNFINISHED};
use crate::base::process::ProcessIdentity;

/// What the file of a claim says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// How many claimed it before.
    pub attempt: usize,
    /// Who claims it.
    pub process: ProcessIdentity,
    /// The task of a job array of Slurm that the process is, as `squeue` names it.
    pub slurm: Option<String>,
}

/// What is known of the process behind a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// It runs.
    Alive,
    /// It has ended.
    Dead,
    /// It is on another machine that nothing is known of.
    Unknown,
}

impl Claim {
    /// The claim of this process.
    pub fn own(attempt: usize) -> Self {
        Self { attempt, process: ProcessIdentity::own(), slurm: slurm_task() }
    }

    /// Makes the file; false where it is there already.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn make(&self, path: &Path) -> Result<bool> {
        let failed = |source| Error::file(format!("writing {}", path.display()), source);
        let folder = path.parent().unwrap_or(Path::new("."));
        let beside = Builder::new().prefix(UNFINISHED).tempfile_in(folder).map_err(failed)?;
        let text = serde_json::to_string(self)
            .map_err(|source| Error::failed("naming this process", source))?;
        fs::write(beside.path(), text).map_err(failed)?;
        match beside.persist_noclobber(path) {
            Ok(_) => Ok(true),
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(failed(error.error)),
        }
    }

    /// What a file says; none where it is gone. One that is cut short belongs to nobody.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read(path: &Path) -> Result<Option<Self>> {
        match files::text(path) {
            Ok(text) => Ok(Some(serde_json::from_str(&text).unwrap_or_else(|_damaged| nobody()))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::file(format!("reading {}", path.display()), error)),
        }
    }

    /// Takes the file away from whoever holds it by this claim; false where somebody else has done so.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn withdraw(&self, path: &Path) -> Result<bool> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let own = ProcessIdentity::own();
        let name = format!("{UNFINISHED}{}-{}-{}", own.process, own.started, self.attempt);
        let aside = folder.join(name);
        match fs::rename(path, &aside) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(Error::file(format!("moving {}", path.display()), error)),
        }
        let taken = Self::read(&aside)?;
        let is_meant = taken.as_ref() == Some(self);
        if let (false, Some(other)) = (is_meant, taken) {
            // Somebody was quicker, and this is the claim that came after.
            other.make(path)?;
        }
        match fs::remove_file(&aside) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(Error::file(format!("removing {}", aside.display()), error))
            }
            _ => Ok(is_meant),
        }
    }

    /// What is known of who holds it without asking a scheduler.
    pub fn holder(&self) -> Holder {
        if !self.process.shares_host_with(&ProcessIdentity::own()) {
            return Holder::Unknown;
        }
        if self.process.runs_here() { Holder::Alive } else { Holder::Dead }
    }

    /// `process 12 of node7`, with the task of Slurm where it is one.
    pub fn shown(&self) -> String {
        let ProcessIdentity { host, process, .. } = &self.process;
        match &self.slurm {
            Some(task) => format!("process {process} of {host}, task {task} of Slurm"),
            None => format!("process {process} of {host}"),
        }
    }
}

/// A process that is not there.
fn nobody() -> Claim {
    let own = ProcessIdentity::own();
    Claim { attempt: 0, process: ProcessIdentity { started: 0, process: 0, ..own }, slurm: None }
}

/// The task of Slurm that this process is, as `squeue` names it.
fn slurm_task() -> Option<String> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    match (variable("SLURM_ARRAY_JOB_ID"), variable("SLURM_ARRAY_TASK_ID")) {
        (Some(job), Some(task)) => Some(format!("{job}_{task}")),
        _ => variable("SLURM_JOB_ID"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_made_once_and_withdrawn_once() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("00001.json");
        let own = Claim::own(0);
        assert!(own.make(&path).unwrap());
        assert!(!Claim::own(1).make(&path).unwrap());
        assert_eq!(Claim::read(&path).unwrap(), Some(own.clone()));
        assert_eq!(own.holder(), Holder::Alive);
        let ended = Claim { attempt: 7, ..own.clone() };
        assert!(!ended.withdraw(&path).unwrap(), "another claim is left where it is");
        assert_eq!(Claim::read(&path).unwrap(), Some(own.clone()));
        assert!(own.withdraw(&path).unwrap());
        assert!(!own.withdraw(&path).unwrap());
        assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 0);
    }

    #[test]
    fn who_has_ended_and_who_is_elsewhere_is_told_apart() {
        let own = Claim::own(0);
        let ended = ProcessIdentity { started: own.process.started + 1, ..own.process.clone() };
        assert_eq!(Claim { process: ended, ..own.clone() }.holder(), Holder::Dead);
        let elsewhere = ProcessIdentity { host: "node7".into(), ..own.process.clone() };
        let elsewhere = Claim { process: elsewhere, slurm: Some("12_3".into()), ..own };
        assert_eq!(elsewhere.holder(), Holder::Unknown);
        assert!(elsewhere.shown().ends_with("of node7, task 12_3 of Slurm"));
        assert_eq!(nobody().holder(), Holder::Dead);
    }
}
