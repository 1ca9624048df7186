//! The sounds of a table of events, and when each was presented.
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

use super::{Event, Events};
use crate::base::error::Result;
use crate::base::wording::{counted, stimuli_counted};
use crate::dataset::Entity;
use crate::import::report::{ImportReport, listed};
use crate::import::sessions::clock::{Shown, Stimulus};
use crate::import::sessions::spikes::{
    LeftOut, Library, called, length_ms, natural_order, open, same_bytes,
};

/// The stimuli of a table with the sounds of these folders, which are called as they are; events
/// whose sound is nowhere are counted, and so are sounds that were not presented. Durations of one
/// stimulus may differ by `dt_ms`, and as they like beyond the end of its sound.
///
/// # Errors
/// No event has a sound, or presentations of one name have different sounds or durations.
pub fn stimuli(
    events: &Events,
    folders: &[PathBuf],
    dt_ms: f64,
    report: &mut ImportReport,
) -> Result<Vec<Stimulus>> {
    let mut left_out = LeftOut::default();
    let library = Library::of(folders, &mut left_out)?;
    left_out.tell(report);
    let mut found = Found { events, dt_ms, by_id: BTreeMap::new() };
    let mut files: BTreeMap<&str, Option<&Path>> = BTreeMap::new();
    let mut missing: BTreeMap<&str, usize> = BTreeMap::new();
    for event in &events.presented {
        let text = event.stimulus.as_str();
        let known = files.get(text).copied();
        let file = if let Some(known) = known { known } else { library.find(text)? };
        files.insert(text, file);
        match file {
            Some(file) => found.add(event, file)?,
            None => *missing.entry(text).or_default() += 1,
        }
    }
    let without: usize = missing.values().sum();
    let names: Vec<&str> = missing.into_keys().collect();
    if found.by_id.is_empty() {
        let shown: Vec<String> = folders.iter().map(|path| path.display().to_string()).collect();
        return Err(events.refused(&format!(
            "found no sound of {}{}, expected sound files of these names in {}; give the folder of \
             the sounds with --sounds, or another --stimulus-column{}",
            listed(&names),
            library.in_other_case(&names),
            if shown.is_empty() { "a folder".into() } else { listed(&shown) },
            if names.iter().all(|name| is_number(name)) {
                ", or write names of files in place of the numbers"
            } else {
                ""
            }
        )));
    }
    if without > 0 {
        let count = counted(without, "event");
        report.dropped(format!(
            "{count} without a sound in --sounds: {}{}",
            listed(&names),
            library.in_other_case(&names)
        ));
    }
    let used: Vec<&Path> = files.into_values().flatten().collect();
    let unused = library.sounds().filter(|path| !used.contains(path));
    let unused: Vec<String> = unused.map(|path| path.display().to_string()).collect();
    if !unused.is_empty() {
        let count = counted(unused.len(), "sound");
        report.dropped(format!("{count} without an event: {}", listed(&unused)));
    }
    let presented = counted(events.presented.len() - without, "presentation");
    let shown = events.path.display();
    report.inferred(format!("{} at {presented} of {shown}", stimuli_counted(found.by_id.len())));
    found.stimuli()
}

/// Whether the name of a stimulus is a code.
fn is_number(name: &str) -> bool {
    name.parse::<f64>().is_ok_and(f64::is_finite)
}

/// Stimuli that were met, by id.
struct Found<'a> {
    events: &'a Events,
    dt_ms: f64,
    by_id: BTreeMap<String, OfId<'a>>,
}

/// What is presented under an id.
struct OfId<'a> {
    /// The first event.
    first: &'a Event,
    /// The first whose duration is known.
    timed: Option<&'a Event>,
    file: &'a Path,
    /// How long the sound lasts.
    length_ms: f64,
    shown: Vec<Shown>,
}

impl<'a> Found<'a> {
    fn add(&mut self, event: &'a Event, file: &'a Path) -> Result<()> {
        let id = called(&event.stimulus)[2].to_owned();
        let start_ms = self.events.start_ms(event);
        let stimulus = id.clone();
        let shown = Shown { stimulus, start_ms, length_ms: event.length_ms, cut_short_ms: None };
        let of_id = match self.by_id.entry(id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let (timed, length_ms, shown) = (None, length_ms(file)?, Vec::new());
                new.insert(OfId { first: event, timed, file, length_ms, shown })
            }
        };
        of_id.shown.push(shown);
        require_one_sound(self.events, of_id, event, file)?;
        if event.length_ms.is_none() {
            return Ok(());
        }
        let known = *of_id.timed.get_or_insert(event);
        let heard = |event: &Event| event.length_ms.map(|length| length.min(of_id.length_ms));
        if let (Some(one), Some(other)) = (heard(known), heard(event))
            && (one - other).abs() > self.dt_ms
        {
            let ends = self.events.ends.as_deref().unwrap_or_default();
            let ms = |event: &Event| tenths(event.length_ms.unwrap_or_default());
            return Err(self.events.refused(&format!(
                "found {} of {} ms in line {} and of {} ms in line {}, expected one duration of a \
                 stimulus, whose sound lasts {} ms; correct the table, or empty the cells of {ends} \
                 where the sound was heard to its end",
                event.stimulus,
                ms(known),
                known.line,
                ms(event),
                event.line,
                tenths(of_id.length_ms)
            )));
        }
        Ok(())
    }

    fn stimuli(self) -> Result<Vec<Stimulus>> {
        let mut of_ids: Vec<(String, OfId)> = self.by_id.into_iter().collect();
        of_ids.sort_by(|a, b| natural_order(&a.0, &b.0));
        let stimulus = |(id, of_id): (String, OfId)| -> Result<Stimulus> {
            Ok(Stimulus {
                entity: Entity { id, ..Entity::default() },
                open: open(of_id.file.to_path_buf()),
                length_ms: of_id.length_ms,
                name: of_id.file.display().to_string(),
                shown: of_id.shown,
            })
        };
        of_ids.into_iter().map(stimulus).collect()
    }
}

/// Milliseconds to a tenth.
fn tenths(ms: f64) -> f64 {
    (10.0 * ms).round() / 10.0
}

/// Two names of one id lead to one sound, unless they are paths that differ in their folders.
fn require_one_sound(events: &Events, of_id: &OfId, event: &Event, file: &Path) -> Result<()> {
    let first = of_id.first;
    if first.stimulus == event.stimulus {
        return Ok(());
    }
    let places = |found: &str| {
        let (one, other) = (&first.stimulus, &event.stimulus);
        let (line, other_line) = (first.line, event.line);
        format!("found {one} in line {line} and {other} in line {other_line}, {found}")
    };
    let refused = |found: &str, hint: &str| -> Result<()> {
        let expected = "expected one sound under one name";
        Err(events.refused(&format!("{}; {expected}; {hint}", places(found))))
    };
    if of_id.file != file && !same_bytes(of_id.file, file)? {
        let found = format!("{} and {}", of_id.file.display(), file.display());
        return refused(&format!("which are two sounds, {found}"), "give them two names");
    }
    let is_path = |text: &str| called(text)[1] != text;
    if of_id.file == file && is_path(&first.stimulus) && is_path(&event.stimulus) {
        let found = format!("of which only one sound is there, {}", file.display());
        return refused(&found, "give the folder that holds theirs with --sounds");
    }
    Ok(())
}
