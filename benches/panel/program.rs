//! The program under measurement, run as a user runs it.
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::Result;

/// A copy of the program: the panel goes on with it where the original is built anew.
pub struct Program {
    /// What `strf --version` says.
    pub version: String,
    /// A hash of its bytes.
    pub hash: u64,
    path: PathBuf,
}

/// What a command printed and how long it took.
pub struct Timed {
    /// Standard output.
    pub text: String,
    /// From the start of the process to its end.
    pub seconds: f64,
    /// Of all processors together.
    pub processor_seconds: f64,
}

impl Program {
    /// Copies the program into a folder, in place of other copies.
    pub fn copy(original: &Path, folder: &Path) -> Result<Self> {
        let told = |error| format!("{}: {error}", original.display());
        let bytes = fs::read(original).map_err(told)?;
        let hash = hash(&bytes);
        let copies = folder.join("program");
        let path = copies.join(format!("strf-{hash:016x}"));
        if !path.exists() {
            if copies.exists() {
                fs::remove_dir_all(&copies)?;
            }
            fs::create_dir_all(&copies)?;
            let unfinished = path.with_extension("unfinished");
            fs::write(&unfinished, bytes)?;
            fs::set_permissions(&unfinished, fs::metadata(original)?.permissions())?;
            fs::rename(unfinished, &path)?;
        }
        let version = answer(Command::new(&path).arg("--version"))?.trim().to_owned();
        Ok(Self { version, hash, path })
    }

    /// A command of the program.
    pub fn command(&self, name: &str) -> Command {
        let mut command = Command::new(&self.path);
        command.arg(name);
        command
    }
}

/// A number by which bytes are told apart.
pub fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// What a command prints; where it fails, what it says of that.
pub fn answer(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{}: {}", output.status, said.trim()).into())
}

/// The same with the time that it took.
pub fn timed(command: &mut Command) -> Result<Timed> {
    let (start, processor) = (Instant::now(), processor_seconds_of_children()?);
    let text = answer(command)?;
    let seconds = start.elapsed().as_secs_f64();
    let processor_seconds = processor_seconds_of_children()? - processor;
    Ok(Timed { text, seconds, processor_seconds })
}

/// Of all processes that this one has started and that have ended.
fn processor_seconds_of_children() -> Result<f64> {
    /// Places of user and system time behind the name of the program in `/proc/self/stat`.
    const TIMES: RangeInclusive<usize> = 13..=14;
    /// Linux counts these times in hundredths of a second.
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat")?;
    let behind_name = stat.rsplit(") ").next().unwrap_or_default();
    let fields: Vec<&str> = behind_name.split(' ').collect();
    let ticks = fields.get(TIMES).unwrap_or_default().iter().map(|field| field.parse::<f64>());
    Ok(ticks.sum::<std::result::Result<f64, _>>()? / TICKS_PER_SECOND)
}
