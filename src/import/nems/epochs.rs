//! Epochs of a NEMS recording: those that are presentations of stimuli.
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use wildmatch::WildMatch;

use crate::base::error::{Error, Result};
use crate::base::wording::counted_that;
use crate::import::report::{ImportReport, listed};
use crate::import::text_tables::Table;

/// One presentation.
#[derive(Debug, Clone, PartialEq)]
pub struct Epoch {
    /// Line of its table.
    pub line: u64,
    /// From the start of the recording.
    pub start_s: f64,
    /// From the start of the recording.
    pub end_s: f64,
}

/// The presentations of each stimulus in order, stimuli in the order in which they were first heard.
pub struct Epochs {
    /// The file, for messages.
    pub file: String,
    /// Names with their presentations.
    pub stimuli: Vec<(String, Vec<Epoch>)>,
    /// The end of the last epoch of any name.
    pub end_s: f64,
}

/// A pattern for those of the names that begin alike, `SOUND_*`: the most of them, if any do.
fn example(names: &[String]) -> Option<String> {
    let mut alike: BTreeMap<&str, usize> = BTreeMap::new();
    for (word, _) in names.iter().filter_map(|name| name.split_once('_')) {
        *alike.entry(word).or_default() += 1;
    }
    // The first of several.
    let (word, count) = alike.into_iter().rev().max_by_key(|(_, count)| *count)?;
    (count > 1).then(|| format!("{word}_*"))
}

/// Differences of less are rounding.
const SAME_S: f64 = 1e-6;

impl Epochs {
    /// Reads the epochs whose names fit a pattern, in which `*` stands for any letters.
    ///
    /// # Errors
    /// The table cannot be read, has other columns or no such epoch.
    pub fn read(path: &Path, file: &str, pattern: &str, report: &mut ImportReport) -> Result<Self> {
        let table = Table::open(path, file)?;
        let columns = ["name", "start", "end"].map(|name| table.column(&[name]));
        let [Some(name), Some(start), Some(end)] = columns else {
            let found = table.header.as_ref().map_or("no header".into(), |names| listed(names));
            return Err(Error::Refused(format!(
                "{file}: line 1: found {found}, expected the columns name, start and end"
            )));
        };
        let wanted = WildMatch::new(pattern);
        let mut by_name: BTreeMap<String, Vec<Epoch>> = BTreeMap::new();
        let mut others: BTreeSet<String> = BTreeSet::new();
        let mut last_s = 0.0f64;
        table.each_row(|row| {
            let text = row.text(name);
            if !wanted.matches(text) {
                others.insert(text.to_owned());
                last_s = last_s.max(row.number(end).unwrap_or(0.0));
                return Ok(());
            }
            let (start_s, end_s) = (row.number(start)?, row.number(end)?);
            if !(f64::is_finite(start_s) && f64::is_finite(end_s) && end_s > start_s) {
                let found = format!("found {text} from {start_s} to {end_s} s");
                return Err(row.refused(&format!("{found}, expected an end after its start")));
            }
            last_s = last_s.max(end_s);
            let epoch = Epoch { line: row.line(), start_s, end_s };
            by_name.entry(text.to_owned()).or_default().push(epoch);
            Ok(())
        })?;
        if by_name.is_empty() {
            let others: Vec<String> = others.into_iter().collect();
            let found =
                if others.is_empty() { "none".into() } else { format!("only {}", listed(&others)) };
            let example = example(&others).map(|own| format!(", as in --epochs '{own}'"));
            return Err(Error::Refused(format!(
                "{file}: found no epoch called {pattern}, {found}; say with --epochs which are \
                 presentations{}",
                example.unwrap_or_default()
            )));
        }
        Ok(Self::of(file, by_name, last_s, report))
    }

    fn of(
        file: &str,
        by_name: BTreeMap<String, Vec<Epoch>>,
        end_s: f64,
        report: &mut ImportReport,
    ) -> Self {
        let mut doubled = 0;
        let mut stimuli: Vec<(String, Vec<Epoch>)> = by_name.into_iter().collect();
        for (_, epochs) in &mut stimuli {
            epochs.sort_by(|a, b| a.start_s.total_cmp(&b.start_s).then(a.line.cmp(&b.line)));
            let before = epochs.len();
            epochs.dedup_by(|a, b| {
                let apart = (a.start_s - b.start_s).abs().max((a.end_s - b.end_s).abs());
                apart < SAME_S
            });
            doubled += before - epochs.len();
        }
        stimuli.sort_by(|(_, a), (_, b)| a[0].start_s.total_cmp(&b[0].start_s));
        if doubled > 0 {
            let stand = counted_that(doubled, "epoch", ["that stands", "that stand"]);
            report.dropped(format!("{stand} twice in {file}"));
        }
        let epochs = Self { file: file.into(), stimuli, end_s };
        let overlapping = epochs.overlapping();
        if overlapping > 0 {
            let begin = counted_that(overlapping, "presentation", ["begins", "begin"]);
            report.inferred(format!("{begin} before the one before ends; each takes its own time"));
        }
        epochs
    }

    /// How many begin before another has ended.
    fn overlapping(&self) -> usize {
        let mut all: Vec<&Epoch> = self.stimuli.iter().flat_map(|(_, epochs)| epochs).collect();
        all.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
        let mut end_s = f64::NEG_INFINITY;
        let mut count = 0;
        for epoch in all {
            count += usize::from(epoch.start_s < end_s - SAME_S);
            end_s = end_s.max(epoch.end_s);
        }
        count
    }

    /// How many presentations there are.
    pub fn count(&self) -> usize {
        self.stimuli.iter().map(|(_, epochs)| epochs.len()).sum()
    }

    /// Refuses another table of the same recording that has other presentations.
    ///
    /// # Errors
    /// As said.
    pub fn require_same(&self, other: &Self) -> Result<()> {
        let all = |epochs: &Self| -> Vec<(String, f64, f64)> {
            let of = |(name, epochs): &(String, Vec<Epoch>)| {
                let name = name.clone();
                let of = move |epoch: &Epoch| (name.clone(), epoch.start_s, epoch.end_s);
                epochs.iter().map(of).collect::<Vec<_>>()
            };
            epochs.stimuli.iter().flat_map(of).collect()
        };
        let (own, others) = (all(self), all(other));
        let has = |all: &[(String, f64, f64)], (name, start, end): &(String, f64, f64)| {
            all.iter().any(|(known, from, to)| {
                known == name && (from - start).abs() < SAME_S && (to - end).abs() < SAME_S
            })
        };
        let only = |of: &[(String, f64, f64)], others: &[(String, f64, f64)]| {
            of.iter().find(|one| !has(others, one)).cloned()
        };
        let found = only(&own, &others).map(|one| (&self.file, &other.file, one));
        let found = found.or_else(|| only(&others, &own).map(|one| (&other.file, &self.file, one)));
        match found {
            None => Ok(()),
            Some((file, lacking, (name, start_s, end_s))) => Err(Error::Refused(format!(
                "{file}: found {name} from {start_s} to {end_s} s, which {lacking} lacks, expected \
                 the same presentations of sound and responses; say with --epochs-of NAME of which \
                 signal they are right"
            ))),
        }
    }
}
