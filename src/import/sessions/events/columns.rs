//! Which columns of a table of events hold what.
use super::options::EventOptions;
use crate::base::error::Result;
use crate::base::wording::joined;
use crate::import::sessions::column_names::{
    speaks_of_ends, speaks_of_lengths, speaks_of_onsets, speaks_of_times,
};
use crate::import::text_tables::TextTable;

/// Usual names of the column with the stimuli, in small letters; the first that is there.
const STIMULI: [&str; 16] = [
    "stimulus",
    "stimulus_name",
    "stimulus_id",
    "stim",
    "stim_name",
    "stim_id",
    "sound",
    "sound_name",
    "stimulus_file",
    "stim_file",
    "sound_file",
    "wav",
    "filename",
    "file",
    "trial_type",
    "name",
];

/// What stands for no column in an option, unless one is called so.
const NO_COLUMN: &str = "none";

/// Columns of a table of events.
pub struct Columns {
    /// Onsets.
    pub onset: usize,
    /// Names of the stimuli.
    pub stimulus: usize,
    /// Ends or durations.
    pub offset: Option<Offset>,
}

/// A column that tells when presentations end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offset {
    /// It holds times.
    End(usize),
    /// It holds times from the onset on.
    Length(usize),
}

impl Offset {
    /// The column.
    pub fn column(self) -> usize {
        match self {
            Self::End(column) | Self::Length(column) => column,
        }
    }
}

/// The columns that options name, or that are called so.
///
/// # Errors
/// A column is not there, or no option says which of several it is.
pub fn find(table: &TextTable, options: &EventOptions) -> Result<Columns> {
    let onset = match &options.onset_column {
        Some(name) => table.column("--onset-column", name)?,
        None => onset(table)?,
    };
    let stimulus = match &options.stimulus_column {
        Some(name) => table.column("--stimulus-column", name)?,
        None => stimulus(table, onset)?,
    };
    let offset = match &options.offset_column {
        Some(name) if name == NO_COLUMN && !table.columns.contains(name) => None,
        Some(name) => Some(kind(table, table.column("--offset-column", name)?)),
        None => offset(table, [onset, stimulus]),
    };
    Ok(Columns { onset, stimulus, offset })
}

fn called(table: &TextTable, speaks: impl Fn(&str) -> bool) -> Vec<usize> {
    (0..table.columns.len()).filter(|column| speaks(&table.columns[*column])).collect()
}

fn names(table: &TextTable, columns: &[usize]) -> Vec<String> {
    columns.iter().map(|column| table.columns[*column].clone()).collect()
}

fn onset(table: &TextTable) -> Result<usize> {
    let mut found = called(table, speaks_of_onsets);
    if found.is_empty() {
        found = called(table, speaks_of_times);
    }
    only(table, &found, "holds the onsets; give --onset-column NAME")
}

/// The only column of those found; what it is to be told otherwise.
fn only(table: &TextTable, found: &[usize], told: &str) -> Result<usize> {
    if let [only] = found {
        return Ok(*only);
    }
    let shown = if found.is_empty() { &table.columns } else { &names(table, found) };
    let shown = joined(shown, "and");
    Err(table.refused(&format!("found the columns {shown}, expected to be told which {told}")))
}

fn stimulus(table: &TextTable, onset: usize) -> Result<usize> {
    let is_named = |usual: &str| {
        let named = |column: &usize| table.columns[*column].to_lowercase() == usual;
        (0..table.columns.len()).filter(|column| *column != onset).find(named)
    };
    if let Some(column) = STIMULI.into_iter().find_map(is_named) {
        return Ok(column);
    }
    let holds_texts = |column: &usize| {
        let filled = table.rows.iter().any(|row| !row.cell(*column).is_empty());
        *column != onset && filled && !table.is_number(*column)
    };
    let texts: Vec<usize> = (0..table.columns.len()).filter(holds_texts).collect();
    only(table, &texts, "names the stimulus; give --stimulus-column NAME")
}

/// The only column that may hold ends or durations; that of ends where there is one of each.
fn offset(table: &TextTable, others: [usize; 2]) -> Option<Offset> {
    let only = |speaks: fn(&str) -> bool| {
        let mut found = called(table, speaks);
        found.retain(|column| !others.contains(column) && table.is_number(*column));
        <[usize; 1]>::try_from(found).ok().map(|[only]| kind(table, only))
    };
    only(speaks_of_ends).or_else(|| only(speaks_of_lengths))
}

fn kind(table: &TextTable, column: usize) -> Offset {
    if speaks_of_lengths(&table.columns[column]) {
        Offset::Length(column)
    } else {
        Offset::End(column)
    }
}
