//! Files of one unit each, on the clock of a session, beside a table of events.
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::comma::Comma;
use super::names::{Pattern, is_sound, plain};
use super::text::SpikeText;
use super::walk::{LeftOut, paths};
use super::{Spikes, header, meaning};
use crate::base::error::{Error, Result};
use crate::base::wording::{counted, joined};
use crate::dataset::Entity;
use crate::import::format::Imported;
use crate::import::npy;
use crate::import::report::ImportReport;
use crate::import::sessions::clock::Trains;
use crate::import::sessions::events::{EventSources, Recorded};
use crate::import::sessions::times::SpikeTrain;
use crate::import::sessions::unit::{TimeScale, Unit};

/// What NumPy's files end in.
const NPY: &str = ".npy";

/// The recording of units beside a table of events.
///
/// # Errors
/// Files that are no lists of times, or do not lie on the clock of the events.
pub fn imported(options: &Spikes, table: &PathBuf, report: &mut ImportReport) -> Result<Imported> {
    let scale = options.time.scale(Unit::S)?;
    let sources = EventSources {
        table,
        columns: &options.columns,
        sounds: &options.sounds,
        sound: &options.sound,
    };
    let events = sources.events(options.time.rate_hz, report)?;
    let files = files(options, table, report)?;
    let trains = trains(options, &files, scale, report)?;
    let spans = || trains.spikes.iter().filter_map(|train| train.span_ms());
    let span_ms = spans().reduce(|all, one| (all.0.min(one.0), all.1.max(one.1)));
    let file = options.folders[0].clone();
    sources.imported(&events, Recorded { file, trains, span_ms, scale: Some(scale) }, report)
}

/// A file of a unit, and the unit's id.
struct UnitFile {
    id: String,
    path: PathBuf,
}

/// The files of units, in the order in which people count.
fn files(options: &Spikes, table: &Path, report: &mut ImportReport) -> Result<Vec<UnitFile>> {
    let pattern = options.spike_files.as_deref();
    let pattern = pattern.map(|given| Pattern::new("--spike-files", given)).transpose()?;
    let mut left_out = LeftOut::default();
    let mut found: Vec<UnitFile> = Vec::new();
    for source in &options.folders {
        for path in paths(source, &mut left_out)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let id = match &pattern {
                Some(pattern) => pattern.key(&name),
                None => Some(plain(&name)),
            };
            let is_table = same_file(&path, table);
            let Some(id) = id.filter(|_| !is_table && !is_sound(&name)) else { continue };
            if let Some(other) = found.iter().find(|other| other.id == id) {
                return Err(Error::Refused(format!(
                    "{}: found a second file of the unit {id} beside {}, expected one; rename or \
                     remove one of them",
                    path.display(),
                    other.path.display()
                )));
            }
            found.push(UnitFile { id: id.to_owned(), path });
        }
    }
    left_out.tell(report);
    if found.is_empty() {
        let folders: Vec<String> =
            options.folders.iter().map(|folder| folder.display().to_string()).collect();
        return Err(Error::Refused(format!(
            "{}: found no file of spike times, expected one for each unit; check the folder, or \
             give --spike-files",
            joined(&folders, "and")
        )));
    }
    Ok(found)
}

fn same_file(a: &Path, b: &Path) -> bool {
    a.canonicalize().ok().is_some_and(|a| b.canonicalize().is_ok_and(|b| a == b))
}

fn trains(
    options: &Spikes,
    files: &[UnitFile],
    scale: TimeScale,
    report: &mut ImportReport,
) -> Result<Trains> {
    let is_npy = |file: &&UnitFile| file.path.to_string_lossy().ends_with(NPY);
    let texts: Vec<SpikeText> = files
        .iter()
        .filter(|file| !is_npy(file))
        .map(|file| SpikeText::read(&file.path, options.skip_lines))
        .collect::<Result<_>>()?;
    let comma = options.comma.map_or_else(|| meaning::of(&texts, report), Ok)?;
    check_headers(options, &texts, comma, report)?;
    let mut texts = texts.into_iter();
    let (mut spikes, mut unsorted) = (Vec::with_capacity(files.len()), 0);
    for file in files {
        let mut times = if is_npy(&file) {
            of_npy(&file.path)?
        } else {
            texts.next().map_or_else(|| Ok(Vec::new()), |text| of_text(&text, comma))?
        };
        for time in &mut times {
            *time *= scale.step.ms();
        }
        let (train, was_unsorted) = SpikeTrain::of_ms(times);
        unsorted += usize::from(was_unsorted);
        spikes.push(Arc::new(train));
    }
    let (neurons, name) = (counted(files.len(), "neuron"), scale.step.name());
    report.inferred(format!(
        "{neurons} from the names of files, times in {name} on the clock of the session"
    ));
    if unsorted > 0 {
        report.inferred(format!("spike times of {} put in order", counted(unsorted, "unit")));
    }
    let silent = spikes.iter().filter(|train| train.is_empty()).count();
    if silent > 0 {
        report.inferred(format!("{} without spikes, kept", counted(silent, "unit")));
    }
    let neurons = files.iter().map(|file| Entity { id: file.id.clone(), ..Entity::default() });
    Ok(Trains { neurons: neurons.collect(), spikes, observed: vec![Vec::new(); files.len()] })
}

/// Refuses files whose first lines look like a header, unless an option says what they are.
fn check_headers(
    options: &Spikes,
    texts: &[SpikeText],
    comma: Comma,
    report: &mut ImportReport,
) -> Result<()> {
    if options.skip_lines.is_some() {
        return Ok(());
    }
    let mut headers = Vec::new();
    for text in texts {
        headers.extend(header::header(text, comma, || Ok(f64::INFINITY))?);
    }
    header::refuse(&options.folders[0], &headers, texts.len())?;
    header::warn(&headers, report);
    Ok(())
}

fn of_npy(path: &Path) -> Result<Vec<f64>> {
    let mut times = Vec::new();
    for time in npy::list(path)?.1 {
        let time = time.map_err(|source| npy::damaged(path, source))?;
        if !time.is_finite() {
            let found = format!("found {time} at place {}", times.len());
            return Err(Error::Refused(format!(
                "{}: {found}, expected finite numbers",
                path.display()
            )));
        }
        times.push(time);
    }
    Ok(times)
}

/// All times of a text, however they are divided into lines.
fn of_text(text: &SpikeText, comma: Comma) -> Result<Vec<f64>> {
    let lines = text.repeats(comma)?;
    let several = lines.iter().filter(|line| line.len() > 1);
    let sorted_lines = several.clone().count() > 1 && several.clone().all(|line| line.is_sorted());
    let times = lines.concat();
    if text.is_toe_lis() || (sorted_lines && !times.is_sorted()) {
        return Err(Error::Refused(format!(
            "{}: found lines that begin anew, as of repeats with times from their onset, expected \
             the rising times of a whole session; leave --events out if a line is a repeat",
            text.path.display()
        )));
    }
    Ok(times)
}
