//! One process at a time in a run folder.
//!
//! The lock is a file that names its process, held with the system's own file lock, which goes with
//! the process. Where a file system has no such locks, or another machine holds it, the names in the
//! file decide.
use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::base::error::{Error, Result};
use crate::base::files;
use crate::base::process::ProcessIdentity;
use crate::base::wording::counted;

/// Name of the file in the run folder.
pub const LOCK: &str = "lock.json";
/// Bytes that are read of the file at most: it holds a few words.
const LONGEST: u64 = 1 << 16;
/// How often a lock that is being given back is tried.
const TRIES: usize = 10;

/// What is done about a lock that a process of another machine left or holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// It is respected.
    Respected,
    /// It is taken over.
    TakenOver,
}

/// A run folder that no other process writes into as long as this lives.
#[derive(Debug)]
pub struct RunLock {
    path: PathBuf,
    _file: File,
}

impl RunLock {
    /// Takes the lock of a folder that is there.
    ///
    /// # Errors
    /// Another process holds it, or it cannot be written.
    pub fn take(folder: &Path, foreign: Foreign) -> Result<Self> {
        let path = folder.join(LOCK);
        let failed = |source| Error::file(format!("locking {}", path.display()), source);
        files::require_no_link(&path)?;
        for _ in 0..TRIES {
            let options =
                File::options().read(true).write(true).create(true).truncate(false).clone();
            let mut file = options.open(&path).map_err(failed)?;
            require_own((folder, &mut file), File::try_lock, foreign)?;
            // A lock that was given back meanwhile is no longer the file of this name.
            if !is_at(&file, &path) {
                continue;
            }
            let own = serde_json::to_string(&ProcessIdentity::own());
            let own = own.map_err(|source| Error::failed("naming this process", source))?;
            let write = |file: &mut File| -> std::io::Result<()> {
                file.set_len(0)?;
                file.rewind()?;
                file.write_all(own.as_bytes())?;
                file.sync_all()
            };
            write(&mut file).map_err(failed)?;
            return Ok(Self { path, _file: file });
        }
        Err(busy(folder, None))
    }

    /// Fails where another process holds the lock of a folder, which need not be there.
    ///
    /// # Errors
    /// As said.
    pub fn require_free(folder: &Path, foreign: Foreign) -> Result<()> {
        let Ok(mut file) = File::open(folder.join(LOCK)) else { return Ok(()) };
        require_own((folder, &mut file), File::try_lock_shared, foreign)
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // While the file is still locked: whoever waits for it finds another under its name. What cannot be removed does no harm: the process that it names is gone.
        let _removed = fs::remove_file(&self.path);
    }
}

/// Fails where the system's lock cannot be had, or the folder must be left to the process that the
/// file names.
fn require_own(
    (folder, file): (&Path, &mut File),
    lock: fn(&File) -> std::result::Result<(), TryLockError>,
    foreign: Foreign,
) -> Result<()> {
    let held = matches!(lock(file), Err(TryLockError::WouldBlock));
    let mut text = String::new();
    let reading = || format!("reading {}", folder.join(LOCK).display());
    file.take(LONGEST)
        .read_to_string(&mut text)
        .map_err(|source| Error::file(reading(), source))?;
    let other: Option<ProcessIdentity> = serde_json::from_str(&text).ok();
    if held || other.as_ref().is_some_and(|other| is_busy(other, foreign)) {
        return Err(busy(folder, other.as_ref()));
    }
    Ok(())
}

/// Whether the folder must be left to a process.
fn is_busy(other: &ProcessIdentity, foreign: Foreign) -> bool {
    let own = ProcessIdentity::own();
    if other.shares_host_with(&own) {
        *other != own && other.runs_here()
    } else {
        foreign == Foreign::Respected
    }
}

fn is_at(file: &File, path: &Path) -> bool {
    let places = file.metadata().and_then(|own| Ok((own, fs::metadata(path)?)));
    places.is_ok_and(|(own, named)| (own.dev(), own.ino()) == (named.dev(), named.ino()))
}

fn busy(folder: &Path, other: Option<&ProcessIdentity>) -> Error {
    let shown = folder.display();
    let own = ProcessIdentity::own();
    Error::Refused(match other {
        Some(other) if !other.shares_host_with(&own) => format!(
            "{shown}: found the lock of process {} of {}, which wrote here last {} ago, expected a \
             folder that no other process writes into; wait until it ends, choose another folder \
             with --out, or, if you know that it has ended, take the folder over with --take-over",
            other.process,
            other.host,
            last_write(folder).map_or_else(|| "some time".to_owned(), shown_age)
        ),
        _ => {
            let process = other.map(|other| format!("process {}", other.process));
            format!(
                "{shown}: {} is writing into it, expected a folder that no other process writes \
                 into; wait until it ends, or choose another folder with --out",
                process.as_deref().unwrap_or("another process")
            )
        }
    })
}

/// How long ago the youngest file of a run folder was written.
fn last_write(folder: &Path) -> Option<Duration> {
    let written = |path: PathBuf| fs::metadata(path).and_then(|file| file.modified()).ok();
    let inside = |folder: PathBuf| fs::read_dir(folder).into_iter().flatten().flatten();
    let all = [folder.to_owned(), folder.join("state"), folder.join("model")].into_iter();
    let youngest = all.flat_map(inside).filter_map(|entry| written(entry.path())).max()?;
    SystemTime::now().duration_since(youngest).ok()
}

/// `3 minutes`
fn shown_age(age: Duration) -> String {
    let seconds = age.as_secs();
    let (count, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7_200 => (seconds / 60, "minute"),
        7_200..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    counted(usize::try_from(count).unwrap_or(usize::MAX), unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left_by(folder: &Path, other: &ProcessIdentity) {
        fs::write(folder.join(LOCK), serde_json::to_string(other).unwrap()).unwrap();
    }

    #[test]
    fn one_lock_at_a_time_and_none_is_left_behind() {
        let temp = tempfile::tempdir().unwrap();
        RunLock::require_free(temp.path(), Foreign::Respected).unwrap();
        let first = RunLock::take(temp.path(), Foreign::Respected).unwrap();
        for refused in [
            RunLock::take(temp.path(), Foreign::TakenOver).map(|_| ()),
            RunLock::require_free(temp.path(), Foreign::TakenOver),
        ] {
            let message = refused.unwrap_err().to_string();
            let process = format!("process {} is writing into it", std::process::id());
            assert!(message.contains(&process), "{message}");
        }
        drop(first);
        assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 0);
        RunLock::take(temp.path(), Foreign::Respected).unwrap();
    }

    #[test]
    fn what_a_dead_process_left_is_taken_over_and_what_another_machine_holds_when_asked_to() {
        let temp = tempfile::tempdir().unwrap();
        let own = ProcessIdentity::own();
        for dead in [
            ProcessIdentity { started: own.started + 1, ..own.clone() },
            ProcessIdentity { boot: "an earlier one".into(), ..own.clone() },
        ] {
            left_by(temp.path(), &dead);
            RunLock::require_free(temp.path(), Foreign::Respected).unwrap();
            RunLock::take(temp.path(), Foreign::Respected).unwrap();
        }
        fs::write(temp.path().join(LOCK), "{\"host\": \"cut sho").unwrap();
        RunLock::take(temp.path(), Foreign::Respected).unwrap();

        let elsewhere = ProcessIdentity { host: "node7".into(), process: 12, ..own };
        left_by(temp.path(), &elsewhere);
        let message = RunLock::take(temp.path(), Foreign::Respected).unwrap_err().to_string();
        for said in ["process 12 of node7", "0 seconds ago", "--take-over"] {
            assert!(message.contains(said), "{message}");
        }
        RunLock::take(temp.path(), Foreign::TakenOver).unwrap();
    }
}
