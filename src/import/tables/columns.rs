//! What columns hold, by their names or by options.
use clap::Args;

use crate::base::error::{Error, Result};
use crate::base::wording::{did_you_mean, joined};
use crate::import::report::{ImportReport, listed};
use crate::import::sessions::unit::Unit;
use crate::import::text_tables::Table;

/// Which columns hold what.
#[derive(Debug, Clone, Default, Args)]
pub struct ColumnOptions {
    /// Column that names the stimulus [default: stimulus, or another usual name]
    #[arg(long, value_name = "COLUMN")]
    pub stimulus_column: Option<String>,
    /// Column that tells repeats apart [default: repeat, trial, or another usual name]
    #[arg(long, value_name = "COLUMN")]
    pub repeat_column: Option<String>,
    /// Column of the times of the bins [default: `time_ms`, `time_s`, bin, or another usual name]
    #[arg(long, value_name = "COLUMN")]
    pub time_column: Option<String>,
    /// Unit of that column, where its name does not say it
    #[arg(long, value_enum)]
    pub time_unit: Option<Unit>,
    /// Columns of the responses that are no neurons
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub leave_out: Vec<String>,
}

impl ColumnOptions {
    /// The same for a table of cochleagrams, as far as it has these columns.
    #[must_use]
    pub fn of_sounds(&self, table: &Table) -> Self {
        let has = |name: &String| table.header.as_ref().is_some_and(|names| names.contains(name));
        Self {
            stimulus_column: self.stimulus_column.clone().filter(has),
            repeat_column: None,
            time_column: self.time_column.clone().filter(has),
            time_unit: self.time_unit,
            leave_out: Vec::new(),
        }
    }
}

/// What a column holds that is neither a neuron nor a band.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ColumnKind {
    /// Names of stimuli.
    Stimulus,
    /// What tells repeats apart.
    Repeat,
    /// Times of bins.
    Time(TimeStep),
    /// Numbers of rows, as spreadsheets write them.
    RowNumber,
}

/// What times are counted in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TimeStep {
    /// Bins.
    Bin,
    /// So many milliseconds.
    Ms(f64),
    /// What nothing says.
    Unsaid,
}

/// Usual names in small letters, with what they mean.
const USUAL: [(ColumnKind, &[&str]); 7] = [
    (
        ColumnKind::Stimulus,
        &[
            "stimulus",
            "stim",
            "stimulus_id",
            "stim_id",
            "stimulus_name",
            "stim_name",
            "sound",
            "clip",
        ],
    ),
    (ColumnKind::Repeat, &["repeat", "repetition", "rep", "trial", "presentation"]),
    (ColumnKind::Time(TimeStep::Ms(1.0)), &["time_ms", "t_ms", "ms"]),
    (ColumnKind::Time(TimeStep::Ms(1000.0)), &["time_s", "t_s", "time_sec", "seconds"]),
    (ColumnKind::Time(TimeStep::Bin), &["bin", "time_bin", "frame"]),
    (ColumnKind::Time(TimeStep::Unsaid), &["time", "t"]),
    (ColumnKind::RowNumber, &["", "unnamed: 0", "index"]),
];

impl ColumnKind {
    /// What a usual name means.
    pub fn of(name: &str) -> Option<Self> {
        let name = name.to_lowercase();
        let known = USUAL.iter().find(|(_, names)| names.contains(&name.as_str()));
        known.map(|(kind, _)| *kind)
    }
}

/// The columns of a table.
pub struct Columns {
    /// Names of stimuli.
    pub stimulus: Option<usize>,
    /// What tells repeats apart.
    pub repeat: Option<usize>,
    /// Times, and what they are counted in.
    pub time: Option<(usize, TimeStep)>,
    /// All else, with their names.
    pub values: Vec<(usize, String)>,
}

impl Columns {
    /// What the header and options tell; without a header all columns hold values, called by a letter
    /// and their number.
    ///
    /// # Errors
    /// A column that an option names is not there, or several may be meant.
    pub fn of(
        table: &Table,
        options: &ColumnOptions,
        letter: &str,
        report: &mut ImportReport,
    ) -> Result<Self> {
        let Some(header) = &table.header else {
            let name = |column| (column, format!("{letter}{}", column + 1));
            let values = (0..table.width).map(name).collect();
            return Ok(Self { stimulus: None, repeat: None, time: None, values });
        };
        let search = Search { table, header };
        let stimulus =
            search.one(options.stimulus_column.as_ref(), "--stimulus-column", |kind| {
                kind == ColumnKind::Stimulus
            })?;
        let repeat = search.one(options.repeat_column.as_ref(), "--repeat-column", |kind| {
            kind == ColumnKind::Repeat
        })?;
        let is_time = |kind| matches!(kind, ColumnKind::Time(_));
        let time = search.one(options.time_column.as_ref(), "--time-column", is_time)?;
        let step = |column: usize| match (options.time_unit, ColumnKind::of(&header[column])) {
            (Some(Unit::S), _) => TimeStep::Ms(1000.0),
            (Some(Unit::Ms), _) => TimeStep::Ms(1.0),
            (Some(Unit::Us), _) => TimeStep::Ms(0.001),
            (None, Some(ColumnKind::Time(step))) => step,
            (None, _) => TimeStep::Unsaid,
        };
        let taken = [stimulus, repeat, time];
        let rest = (0..table.width).filter(|column| !taken.contains(&Some(*column)));
        let (mut values, mut others) = (Vec::new(), Vec::new());
        for column in rest {
            let name = &header[column];
            if ColumnKind::of(name).is_some() || options.leave_out.contains(name) {
                others.push(format!("{name:?}"));
            } else {
                values.push((column, name.clone()));
            }
        }
        if !others.is_empty() {
            report.dropped(format!("columns {} of {}", listed(&others), table.file));
        }
        Ok(Self { stimulus, repeat, time: time.map(|column| (column, step(column))), values })
    }
}

struct Search<'a> {
    table: &'a Table,
    header: &'a [String],
}

impl Search<'_> {
    /// The column that an option names, or the only one of a usual name.
    fn one(
        &self,
        given: Option<&String>,
        option: &str,
        fits: impl Fn(ColumnKind) -> bool,
    ) -> Result<Option<usize>> {
        let named = |name: &str| self.header.iter().position(|known| known == name);
        if let Some(name) = given {
            return named(name).map(Some).ok_or_else(|| {
                let meant = did_you_mean(name, self.header.iter().map(String::as_str));
                let text = format!(
                    "{}: {option}: found no column {name:?}, expected one of {}; {meant}",
                    self.table.file,
                    listed(self.header)
                );
                Error::Refused(text.trim_end_matches("; ").to_owned())
            });
        }
        let usual = |name: &String| ColumnKind::of(name).is_some_and(&fits);
        let found: Vec<&String> = self.header.iter().filter(|name| usual(name)).collect();
        match found[..] {
            [] => Ok(None),
            [name] => Ok(named(name)),
            _ => Err(Error::Refused(format!(
                "{}: found the columns {}, expected one of them; say which with {option}",
                self.table.file,
                joined(&found, "and")
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_names_are_known_in_any_case() {
        assert_eq!(ColumnKind::of("Stimulus"), Some(ColumnKind::Stimulus));
        assert_eq!(ColumnKind::of("TIME_S"), Some(ColumnKind::Time(TimeStep::Ms(1000.0))));
        assert_eq!(ColumnKind::of(""), Some(ColumnKind::RowNumber));
        assert_eq!(ColumnKind::of("unit1"), None);
    }
}
