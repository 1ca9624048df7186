//! Tables of events: when which stimulus was presented, in CSV or TSV.
use std::path::{Path, PathBuf};

use self::columns::{Columns, Offset};
use super::column_names::{self, NamedUnit};
use super::unit::{TimeStep, Unit};
use crate::base::error::{Error, Problem, Problems, Result};
use crate::base::mark::TextMark;
use crate::base::wording::counted;
use crate::import::report::ImportReport;
use crate::import::text_tables::{MOST_PROBLEMS, TextTable};

mod alignment;
mod columns;
mod options;
mod session;
mod stimuli;

pub use options::{EventOptions, EventsUnit};
pub use session::{EventSources, Recorded};

/// A presentation.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Line of the table, from 1.
    pub line: usize,
    /// Name of the stimulus, as it stands there.
    pub stimulus: String,
    /// Onset in milliseconds on the clock of the events.
    pub onset_ms: f64,
    /// How long it lasted, where the table says so.
    pub length_ms: Option<f64>,
}

/// The presentations of a session, in the order of their onsets.
pub struct Events {
    /// The table.
    pub path: PathBuf,
    /// Unit of the onsets.
    pub step: TimeStep,
    /// Whether an option says the unit, which is then obeyed.
    pub given: bool,
    /// Rate of the samples that they may count.
    pub rate_hz: Option<f64>,
    /// What is added to be on the clock of the spikes.
    pub offset_ms: f64,
    /// Column of the ends or durations, where there is one.
    pub ends: Option<String>,
    /// The presentations.
    pub presented: Vec<Event>,
}

impl Events {
    /// Reads a table; `rate_hz` is that of the samples that it may count.
    ///
    /// # Errors
    /// It cannot be read, columns are not found or do not hold what they should, or nothing was
    /// presented.
    pub fn read(
        path: &Path,
        options: &EventOptions,
        rate_hz: Option<f64>,
        report: &mut ImportReport,
    ) -> Result<Self> {
        let offset_s = options.events_offset_s;
        if !offset_s.is_finite() {
            let found = format!("--events-offset-s: found {offset_s}, expected seconds");
            return Err(Error::Refused(found));
        }
        let table = TextTable::read(path)?;
        let columns = columns::find(&table, options)?;
        let unit = Units { table: &table, options, rate_hz };
        let step = unit.of(columns.onset)?.unwrap_or(TimeStep::Unit(Unit::S));
        tell_columns(&table, &columns, step, report);
        let lengths = lengths(&table, &columns, &unit, step)?;
        let onsets = table.numbers(columns.onset)?;
        let (mut events, mut left_out) = (Vec::with_capacity(onsets.len()), 0);
        for ((row, onset), length_ms) in table.rows.iter().zip(onsets).zip(lengths) {
            let (stimulus, line) = (row.cell(columns.stimulus).to_owned(), row.line);
            match onset {
                Some(onset) if !stimulus.is_empty() => {
                    events.push(Event { line, stimulus, onset_ms: onset * step.ms(), length_ms });
                }
                _ => left_out += 1,
            }
        }
        if left_out > 0 {
            let rows = counted(left_out, "row");
            let shown = path.display();
            report.dropped(format!("{rows} of {shown} without an onset or a stimulus"));
        }
        if events.is_empty() {
            return Err(table.refused("found no presentation of a stimulus, expected at least one"));
        }
        if !events.is_sorted_by(|a, b| a.onset_ms <= b.onset_ms) {
            report.inferred(format!("events of {} put in order of their onsets", path.display()));
            events.sort_by(|a, b| a.onset_ms.total_cmp(&b.onset_ms));
        }
        let given = options.events_unit.is_some();
        let ends = columns.offset.map(|offset| table.columns[offset.column()].clone());
        let (path, offset_ms) = (table.path, 1000.0 * offset_s);
        let presented = events;
        Ok(Self { path, step, given, rate_hz, offset_ms, ends, presented })
    }

    /// Onset of an event on the clock of the spikes, in milliseconds.
    pub fn start_ms(&self, event: &Event) -> f64 {
        event.onset_ms + self.offset_ms
    }

    /// What is wrong with the table.
    pub fn refused(&self, what: &str) -> Error {
        Error::Refused(format!("{}: {what}", self.path.display()))
    }
}

/// In which unit columns are.
struct Units<'a> {
    table: &'a TextTable,
    options: &'a EventOptions,
    rate_hz: Option<f64>,
}

impl Units<'_> {
    /// The unit that an option or the name of a column says.
    fn of(&self, column: usize) -> Result<Option<TimeStep>> {
        let name = &self.table.columns[column];
        let (unit, by) = match self.options.events_unit {
            Some(EventsUnit::S) => (NamedUnit::Of(Unit::S), "--events-unit"),
            Some(EventsUnit::Ms) => (NamedUnit::Of(Unit::Ms), "--events-unit"),
            Some(EventsUnit::Us) => (NamedUnit::Of(Unit::Us), "--events-unit"),
            Some(EventsUnit::Samples) => (NamedUnit::Samples, "--events-unit"),
            None => match column_names::unit(name) {
                Some(unit) => (unit, name.as_str()),
                None => return Ok(None),
            },
        };
        match (unit, self.rate_hz) {
            (NamedUnit::Of(unit), _) => Ok(Some(TimeStep::Unit(unit))),
            (NamedUnit::Samples, Some(rate_hz)) => Ok(Some(TimeStep::Sample(rate_hz))),
            (NamedUnit::Samples, None) => Err(self.table.refused(&format!(
                "found times in samples, as {by} says, expected to be told their rate; give \
                 --rate-hz HZ, or another --events-unit"
            ))),
        }
    }
}

fn tell_columns(table: &TextTable, columns: &Columns, step: TimeStep, report: &mut ImportReport) {
    let name = |column: usize| table.columns[column].as_str();
    let ends = match columns.offset {
        Some(Offset::End(column)) => format!(", ends {}", name(column)),
        Some(Offset::Length(column)) => format!(", durations {}", name(column)),
        None => String::new(),
    };
    report.inferred(format!(
        "{}: onsets are {}, in {}, stimuli {}{ends}",
        table.path.display(),
        name(columns.onset),
        step.name(),
        name(columns.stimulus)
    ));
}

/// How long each presentation lasted, none where the table does not say it or says 0.
fn lengths(
    table: &TextTable,
    columns: &Columns,
    units: &Units,
    onset_step: TimeStep,
) -> Result<Vec<Option<f64>>> {
    let Some(offset) = columns.offset else { return Ok(vec![None; table.rows.len()]) };
    let step = units.of(offset.column())?.unwrap_or(onset_step);
    let (onsets, ends) = (table.numbers(columns.onset)?, table.numbers(offset.column())?);
    let mut problems = Problems::default();
    let mut lengths = Vec::with_capacity(ends.len());
    for ((row, onset), end) in table.rows.iter().zip(onsets).zip(ends) {
        let length_ms = match (offset, onset, end) {
            (Offset::Length(_), _, Some(length)) => Some(length * step.ms()),
            (Offset::End(_), Some(onset), Some(end)) => {
                Some(end * step.ms() - onset * onset_step.ms())
            }
            _ => None,
        };
        problems.require(length_ms.is_none_or(|length| length >= 0.0), || {
            let (name, found) = (&table.columns[offset.column()], row.cell(offset.column()));
            let problem = Problem::new(name, found, "an end behind the onset, or nothing");
            let hint = "give the column of the ends or durations with --offset-column";
            problem.hint(hint).placed(TextMark::bare(row.line, offset.column() + 1))
        });
        lengths.push(length_ms.filter(|length| *length > 0.0));
    }
    problems.first(MOST_PROBLEMS).into_result(&table.path, lengths)
}
