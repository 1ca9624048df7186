//! Which column of a table of presentations holds the onsets of the sounds. `start_time` is the
//! start of the trial, before which or after which the sound may begin: a column that may be more
//! precise is not passed over without a word.
use super::table::Table;
use super::{Nwb, Nwbfile};
use crate::base::error::Result;
use crate::base::wording::joined;
use crate::import::report::ImportReport;
use crate::import::sessions::column_names::speaks_of_onsets;

/// Column with the start of each row, in seconds on the clock of the session.
pub const START: &str = "start_time";
/// Column with the end of each row.
pub const STOP: &str = "stop_time";
/// Onsets that differ by less are the same, in seconds.
const SAME_S: f64 = 0.001;
/// What may be rounded off.
const SLACK_S: f64 = 1e-6;

/// Onsets of the rows, in seconds on the clock of the session; NaN where there is none.
pub struct Onsets {
    /// The column.
    pub column: String,
    /// One for each row.
    pub times_s: Vec<f64>,
}

/// The onsets in the column that an option names, or else in `start_time`.
///
/// # Errors
/// There is no such column, its times do not fit the rows, or no option says which of several
/// columns it is.
pub fn read(
    file: &Nwbfile,
    options: &Nwb,
    table: &Table,
    at: &str,
    report: &mut ImportReport,
) -> Result<Onsets> {
    let starts = table.numbers(START)?;
    let column = if let Some(column) = &options.onset_column {
        column.clone()
    } else {
        let doubtful = more_precise(table, &starts)?;
        if !doubtful.is_empty() {
            let all = joined(&[&doubtful[..], &[START.to_owned()]].concat(), "or");
            let found = format!("found the columns {all} for the onset of the sound");
            let expected = "expected to be told which; give --onset-column NAME";
            return Err(file.refused(at, &format!("{found}, {expected}")));
        }
        START.to_owned()
    };
    if column == START {
        report.inferred(format!("onsets of sounds are {START} of {at}"));
        return Ok(Onsets { column, times_s: starts });
    }
    let stops = table.numbers(STOP)?;
    let values = table.numbers(&column)?;
    let rows = OnsetRows { starts: &starts, stops: &stops, values: &values };
    let times_s = if values.len() != starts.len() {
        let found = format!("found {} values, expected {}", values.len(), starts.len());
        return Err(file.refused(&table.path(&column), &format!("{found}, as there are rows")));
    } else if rows.all_inside(|_, value| value) {
        report.inferred(format!("onsets of sounds are {column} of {at}"));
        values
    } else if rows.all_near() {
        report.inferred(format!("onsets of sounds are {column} of {at}"));
        report.warn(format!(
            "{}: {}: onsets lie outside of their rows, which go from {START} to {STOP}",
            file.path.display(),
            table.path(&column)
        ));
        values
    } else if rows.all_inside(|start, value| start + value) {
        report.inferred(format!(
            "onsets of sounds are {column} of {at}, in seconds from {START} on: in every row that \
             lies before its end"
        ));
        starts.iter().zip(&values).map(|(start, value)| start + value).collect()
    } else {
        return Err(file.refused(&table.path(&column), &rows.misfit()));
    };
    Ok(Onsets { column, times_s })
}

/// The columns that may hold more precise onsets.
fn more_precise(table: &Table, starts: &[f64]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for column in table.plain_columns(starts.len())? {
        if column == START || !speaks_of_onsets(&column) || table.is_text(&column) {
            continue;
        }
        let values = table.numbers(&column)?;
        let differ = |onset: &dyn Fn(f64, f64) -> f64| {
            let pairs =
                starts.iter().zip(&values).filter(|(start, value)| (**start + **value).is_finite());
            pairs
                .map(|(start, value)| (onset(*start, *value) - start).abs())
                .any(|d| d > SAME_S + SLACK_S)
        };
        if differ(&|_, value| value) && differ(&|start, value| start + value) {
            found.push(column);
        }
    }
    Ok(found)
}

/// A column beside the rows that it belongs to.
struct OnsetRows<'a> {
    starts: &'a [f64],
    stops: &'a [f64],
    values: &'a [f64],
}

impl OnsetRows<'_> {
    /// Whether every onset lies between the start and the end of its row.
    fn all_inside(&self, onset: impl Fn(f64, f64) -> f64) -> bool {
        let rows = self.starts.iter().zip(self.stops).zip(self.values);
        let known = rows.filter(|((start, _), value)| start.is_finite() && value.is_finite());
        let mut inside = known.map(|((start, stop), value)| {
            let onset = onset(*start, *value);
            let stop = if stop.is_finite() { *stop } else { f64::INFINITY };
            onset >= start - SAME_S && onset <= stop + SAME_S
        });
        inside.all(|inside| inside)
    }

    /// Whether every onset lies nearer to its row than rows are long, and rows lie so far from 0
    /// that no onset can be meant from the start of its row on.
    fn all_near(&self) -> bool {
        let lengths = self.starts.iter().zip(self.stops).map(|(start, stop)| stop - start);
        let longest = lengths.filter(|length| length.is_finite()).fold(0.0, f64::max);
        let mut pairs = self.starts.iter().zip(self.values);
        let far = self.starts.iter().any(|start| *start > 3.0 * longest);
        far && pairs.all(|(start, value)| {
            let apart = (value - start).abs();
            apart.is_nan() || apart <= longest
        })
    }

    /// What was found and what was expected.
    fn misfit(&self) -> String {
        let range = |values: &[f64]| {
            let known = || values.iter().copied().filter(|value| value.is_finite());
            (known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max))
        };
        let (least, most) = range(self.values);
        let (from, to) = (range(self.starts).0, range(self.stops).1);
        format!(
            "found values from {least} to {most}, expected seconds that lie inside of their rows, \
             which go from {from} to {to} s, or seconds from {START} on; give another --onset-column"
        )
    }
}
