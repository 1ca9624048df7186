//! When which stimulus was presented: a table of intervals, or the start of each sound.
use super::onsets::{self, Onsets, START, STOP};
use super::table::Table;
use super::{Nwb, Nwbfile, sounds};
use crate::base::error::Result;
use crate::base::wording::counted;
use crate::base::wording::joined;
use crate::dataset::hdf5_values::members;
use crate::import::report::ImportReport;
use crate::import::sessions::clock::Shown;

const INTERVALS: &str = "/intervals";
const TRIALS: &str = "trials";
/// Columns that every table has, or that name no stimulus.
const OTHERS: [&str; 5] = ["id", START, STOP, "tags", "timeseries"];
/// Names of the column with the stimuli where several columns hold texts.
const USUAL: [&str; 7] =
    ["stimulus", "stimulus_name", "stimulus_id", "stim", "stim_name", "stim_id", "sound"];

/// All presentations, and where they were found.
pub struct Presentations {
    /// The presentations in the order of the table.
    pub shown: Vec<Shown>,
    /// Path of the table.
    pub table: String,
}

/// Reads the table of intervals; without any, each sound that starts at a time was presented then.
///
/// # Errors
/// No such table or column, or nothing presented.
pub fn read(file: &Nwbfile, options: &Nwb, report: &mut ImportReport) -> Result<Presentations> {
    let tables = file.file.group(INTERVALS).and_then(|group| members(&group)).unwrap_or_default();
    let known: Vec<&str> = tables.iter().map(String::as_str).collect();
    let name = match (&options.intervals, known.as_slice()) {
        (Some(name), known) if known.contains(&name.as_str()) => name.clone(),
        (Some(name), _) => return Err(file.refused(INTERVALS, &no_table(name, &known))),
        (None, []) => return by_sound(file, options, report),
        (None, known) if known.contains(&TRIALS) => TRIALS.to_owned(),
        (None, [only]) => (*only).to_owned(),
        (None, known) => {
            let found =
                format!("found the tables {}, expected to be told one", joined(known, "and"));
            return Err(file.refused(INTERVALS, &format!("{found}; give --intervals NAME")));
        }
    };
    let at = format!("{INTERVALS}/{name}");
    let Some(table) = Table::open(file, &at) else {
        return Err(file.refused(&at, "found no table, expected one"));
    };
    let column = stimulus_column(file, &table, options, &at, report)?;
    let Onsets { column: onset, times_s: starts } =
        onsets::read(file, options, &table, &at, report)?;
    let stops = table.numbers(STOP)?;
    let names = table.texts(&column)?;
    if names.len() != starts.len() || stops.len() != starts.len() {
        let found = format!(
            "found {} starts, {} ends and {} stimuli",
            starts.len(),
            stops.len(),
            names.len()
        );
        return Err(file.refused(&at, &format!("{found}, expected as many of each")));
    }
    let mut shown = Vec::with_capacity(starts.len());
    let mut left_out = 0;
    for ((stimulus, start), stop) in names.into_iter().zip(starts).zip(stops) {
        if stimulus.trim().is_empty() || !start.is_finite() {
            left_out += 1;
            continue;
        }
        let length_ms = stop.is_finite().then_some(1000.0 * (stop - start));
        shown.push(Shown { stimulus, start_ms: 1000.0 * start, length_ms, cut_short_ms: None });
    }
    if left_out > 0 {
        let rows = counted(left_out, "row");
        let start = if onset == START { "start".to_owned() } else { format!("value of {onset}") };
        report.dropped(format!("{rows} of {at} without a stimulus or a {start}"));
    }
    if shown.is_empty() {
        return Err(file.refused(&at, "found no presentation of a stimulus, expected at least one"));
    }
    Ok(Presentations { shown, table: at })
}

fn no_table(name: &str, known: &[&str]) -> String {
    let tables = if known.is_empty() { "there is none".into() } else { joined(known, "and") };
    format!("found no table {name}, expected one of those in the file: {tables}")
}

/// The column that names the stimuli.
fn stimulus_column(
    file: &Nwbfile,
    table: &Table,
    options: &Nwb,
    at: &str,
    report: &mut ImportReport,
) -> Result<String> {
    if let Some(column) = &options.stimulus_column {
        return if table.has(column) { Ok(column.clone()) } else { Err(table.missing(column)) };
    }
    let columns = table.columns()?;
    let usual = USUAL.iter().find(|usual| columns.iter().any(|column| column == *usual));
    let texts =
        columns.iter().filter(|name| !OTHERS.contains(&name.as_str()) && table.is_text(name));
    let texts: Vec<&String> = texts.collect();
    let column = match (usual, texts.as_slice()) {
        (Some(usual), _) => (*usual).to_owned(),
        (None, [only]) => (*only).clone(),
        (None, texts) => {
            let all = if texts.is_empty() {
                &columns
            } else {
                &texts.iter().map(|t| (*t).clone()).collect()
            };
            let found = format!("found the columns {}", joined(all, "and"));
            let expected =
                "expected to be told which names the stimulus; give --stimulus-column NAME";
            return Err(file.refused(at, &format!("{found}, {expected}")));
        }
    };
    report.inferred(format!("stimuli are named by the column {column} of {at}"));
    Ok(column)
}

/// Every series of /stimulus/presentation is a stimulus that was presented once.
fn by_sound(file: &Nwbfile, options: &Nwb, report: &mut ImportReport) -> Result<Presentations> {
    if let Some(column) = &options.onset_column {
        let found = "found no table of presentations, expected one with the column";
        return Err(file.refused(INTERVALS, &format!("{found} {column}; leave --onset-column out")));
    }
    let series = sounds::all(file)?;
    let shown = series.iter().filter_map(|one| {
        let stimulus = one.name.clone();
        let start_ms = one.presented_ms?;
        Some(Shown { stimulus, start_ms, length_ms: None, cut_short_ms: None })
    });
    let shown: Vec<Shown> = shown.collect();
    if shown.is_empty() {
        let found = "found no table of presentations, and no sound in /stimulus/presentation";
        return Err(file.refused(INTERVALS, &format!("{found}, expected one of them")));
    }
    report
        .inferred("no table of intervals: each sound of /stimulus/presentation was presented once");
    Ok(Presentations { shown, table: sounds::PRESENTATION.to_owned() })
}
