//! Which command reads a file or folder: each format says whether it looks like one of its own, and
//! what it proposes is tried.
use std::path::Path;

use clap::Parser;

use self::rows::is_dataset;
use self::seen::{Candidate, Seen};
use super::ImportSource;
use super::report::ImportReport;
use crate::base::error::{Error, Result};
use crate::base::progress::Console;
use crate::base::wording::in_shell;
use crate::dataset;

mod matlab;
mod rows;
mod seen;

pub use rows::{GuessRow, TABLE};

/// A command that reads a path.
#[derive(Debug)]
pub struct Guessed {
    /// The command, but for options that say where to write.
    pub command: String,
    /// What speaks for it, and what it gives.
    pub why: String,
    /// Whether it is the first of several for one path.
    pub is_preferred: bool,
}

/// The words of a command that are tried.
#[derive(Parser)]
struct Tried {
    #[command(subcommand)]
    source: ImportSource,
}

/// The commands that read what lies at a path, the preferred one first. Nothing is written.
///
/// # Errors
/// None does, with what stopped those that might.
pub fn guess(path: &Path, console: &Console) -> Result<Vec<Guessed>> {
    let seen = Seen::at(path)?;
    let shown = path.display();
    if is_dataset(path) {
        return Err(Error::Refused(format!(
            "{shown}: this is a dataset file already, nothing need be imported; strf inspect {} says \
             what is in it",
            in_shell(path)
        )));
    }
    let mut proposed = Proposed::of(&seen, console);
    if proposed.found.is_empty() && proposed.stopped.is_empty() {
        for file in seen.files_at_the_top().take(LOOKED_INTO) {
            if !is_dataset(file) {
                proposed.extend(Proposed::of(&Seen::at(file)?, console));
            }
        }
    }
    let Proposed { found, stopped } = proposed;
    if !found.is_empty() {
        return Ok(found);
    }
    Err(Error::Refused(if stopped.is_empty() {
        let mut formats: Vec<&str> = TABLE.iter().map(|row| row.format).collect();
        formats.dedup();
        let folder = if seen.is_folder() { "" } else { "give the folder that it lies in, or " };
        format!(
            "{shown}: found nothing that looks like one of {}, expected a recording; {folder}see \
             docs/importing.md",
            formats.join(", ")
        )
    } else {
        let all = stopped.join("\n");
        format!("{shown}: found no command that reads it as it is; say what is missing:\n{all}")
    }))
}

/// Of a folder that is nothing itself, so many files are looked into.
const LOOKED_INTO: usize = 20;

/// What formats propose for a path.
struct Proposed {
    /// What was tried and runs.
    found: Vec<Guessed>,
    /// What looked right and stopped, with the message.
    stopped: Vec<String>,
}

impl Proposed {
    fn of(seen: &Seen, console: &Console) -> Self {
        let mut proposed = Self { found: Vec::new(), stopped: Vec::new() };
        for row in TABLE {
            proposed.row(row, seen, console);
        }
        let several = proposed.found.len() > 1;
        if let Some(first) = proposed.found.first_mut() {
            first.is_preferred = several;
        }
        proposed
    }

    /// The first command of a format that runs, or why the most telling one or the last one stops.
    fn row(&mut self, row: &GuessRow, seen: &Seen, console: &Console) {
        let (mut last, mut telling) = (None, None);
        for candidate in (row.look)(seen) {
            match runs(&candidate, console) {
                Ok(found) => {
                    self.found.push(found);
                    return;
                }
                Err(stopped) if candidate.is_telling && telling.is_none() => {
                    telling = Some(stopped);
                }
                Err(stopped) => last = Some(stopped),
            }
        }
        self.stopped.extend(telling.or(last));
    }

    fn extend(&mut self, other: Self) {
        // Files that belong together are met one by one.
        let found = other.found.into_iter();
        for one in found {
            if !self.found.iter().any(|known| known.command == one.command) {
                self.found.push(one);
            }
        }
        self.stopped.extend(other.stopped);
    }
}

/// What a command gives, with the unit of times that it asks for, or why it stops.
fn runs(candidate: &Candidate, console: &Console) -> Result<Guessed, String> {
    let mut words = candidate.words.clone();
    let command = |words: &[String]| {
        let words: Vec<String> = words.iter().map(|word| in_shell(Path::new(word))).collect();
        format!("strf import {}", words.join(" "))
    };
    let mut given = tried(&words, console);
    let stopped = |error: Error| format!("{} stops with\n{error}", command(&candidate.words));
    if let Some(unit) = given.as_ref().err().and_then(|error| unit_asked_for(&error.to_string())) {
        words.extend([UNIT.to_owned(), unit]);
        // What fits no unit is told as it was at first.
        given = tried(&words, console).or(given);
    }
    let gives = given.map_err(stopped)?;
    let why = format!("{}; {gives}", candidate.why);
    Ok(Guessed { command: command(&words), why, is_preferred: false })
}

const UNIT: &str = "--unit";

/// The unit of times that a message names, the one that fits best.
fn unit_asked_for(message: &str) -> Option<String> {
    let (_, rest) = message.split_once(&format!("({UNIT} "))?;
    rest.split_once(')').map(|(unit, _)| unit.to_owned())
}

/// What an import gives, in a few words.
fn tried(words: &[String], console: &Console) -> Result<String> {
    let words = std::iter::once("strf import").chain(words.iter().map(String::as_str));
    let Tried { source } =
        Tried::try_parse_from(words).map_err(|error| Error::Refused(error.to_string()))?;
    let recording = source.format().read(&mut ImportReport::new(console))?.recording;
    dataset::validate(&recording)?;
    let (stimuli, neurons) = (recording.clips.len(), recording.neurons.len());
    Ok(format!(
        "{}, {}",
        crate::base::wording::stimuli_counted(stimuli),
        crate::base::wording::counted(neurons, "neuron")
    ))
}

/// What to type for what somebody has: one line for formats that belong together.
pub fn what_to_type() -> String {
    let told = |row: &&GuessRow| !TABLE.iter().any(|other| other.with.contains(&row.format));
    let line = |row: &GuessRow| {
        let others = match row.with {
            [] => String::new(),
            others => format!(" (or {})", others.join(", ")),
        };
        (row.together, format!("{}{others}", row.example))
    };
    let mut lines: Vec<(&str, String)> = TABLE.iter().filter(told).map(line).collect();
    lines.push(("something else", "strf import guess PATH".to_owned()));
    let widest = lines.iter().map(|(have, _)| have.len()).max().unwrap_or(0);
    let lines = lines.iter().map(|(have, what)| format!("  {have:widest$}  {what}"));
    format!("What you have, and what you type:\n{}", lines.collect::<Vec<_>>().join("\n"))
}
