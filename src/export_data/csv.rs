//! A folder of tables: `responses.csv` and `cochleagrams.csv` with one row a bin, `neurons.csv` and
//! `stimuli.csv` with what is known of each, `splits.csv`, and `dataset.csv` with what is one number
//! or word.
use std::path::Path;

use csv::Writer;

use super::lists::{self, List};
use super::parts::{self, DroppedPart};
use super::{DataFormatRow, Unheld};
use crate::base::error::{Cause, Error, Problem, Result};
use crate::base::files::{self, Existing};
use crate::dataset::schema::DT_MS;
use crate::dataset::{Entity, Recording};
use crate::import::tables::{self, ColumnKind};

pub(super) const ROW: DataFormatRow = DataFormatRow {
    unheld,
    write: |recording, path, existing| write(recording, path, existing),
    import: "csv",
};

fn unheld(recording: &Recording) -> Vec<Unheld> {
    let mut unheld = blanks_around_ids(recording);
    unheld.extend(parts::id_among_attributes(recording));
    if let Some(hz) = &recording.frequencies_hz
        && tables::frequencies(&bands(recording)).as_ref() != Some(hz)
    {
        let expected = "others than 1, 2, 3, ... Hz, which would count the columns";
        let problem = Problem::new("/frequencies", "such", expected);
        unheld.push(Unheld { part: Some(DroppedPart::Frequencies), problem });
    }
    let columns = recording.neurons.iter().filter(|neuron| ColumnKind::of(&neuron.id).is_some());
    unheld.extend(columns.map(|neuron| {
        let found = format!("the neuron {:?}", neuron.id);
        let problem = Problem::new("/neurons/id", found, "ids that are no names of other columns");
        Unheld { part: None, problem: problem.hint("rename it, or export to another format") }
    }));
    for part in parts::of(recording) {
        let entities: Vec<&Entity> = match &part {
            DroppedPart::OfNeurons(_) => recording.neurons.iter().collect(),
            DroppedPart::OfStimuli(_) => {
                recording.clips.iter().map(|clip| &clip.stimulus).collect()
            }
            _ => continue,
        };
        let (DroppedPart::OfNeurons(name) | DroppedPart::OfStimuli(name)) = &part else { continue };
        let values = entities.iter().filter_map(|entity| entity.attributes.get(name));
        let odd = std::iter::once(name).chain(values).find(|text| text.trim() != *text);
        if let Some(odd) = odd {
            let expected = "no blanks before or behind it, which tables lose";
            let problem = Problem::new(format!("/{part}"), format!("{odd:?}"), expected);
            unheld.push(Unheld { part: Some(part.clone()), problem });
        }
    }
    unheld
}

/// Ids of which tables lose a part.
pub(super) fn blanks_around_ids(recording: &Recording) -> Vec<Unheld> {
    let neurons = recording.neurons.iter().map(|neuron| ("/neurons/id", &neuron.id));
    let stimuli = recording.clips.iter().map(|clip| ("/stimuli", &clip.stimulus.id));
    let odd = neurons.chain(stimuli).filter(|(_, id)| id.trim() != *id);
    let unheld = odd.map(|(at, id)| {
        let expected = "ids without blanks before or behind them, which tables lose";
        let problem = Problem::new(at, format!("{id:?}"), expected);
        Unheld { part: None, problem: problem.hint("rename it, or export to another format") }
    });
    unheld.collect()
}

fn write(recording: &Recording, path: &Path, existing: Existing) -> Result<()> {
    let is_ours = |name: &str| Path::new(name).extension().is_some_and(|ending| ending == "csv");
    files::folder(path, existing, is_ours, |folder| {
        fill(recording, folder)
            .map_err(|cause| Error::file(format!("writing {}", path.display()), cause))
    })
}

fn fill(recording: &Recording, folder: &Path) -> Result<(), Cause> {
    settings(recording, &folder.join(tables::DATASET))?;
    let neurons = recording.neurons.iter();
    entities(neurons, &folder.join(tables::NEURONS))?;
    let stimuli = recording.clips.iter().map(|clip| &clip.stimulus);
    entities(stimuli, &folder.join(tables::STIMULI))?;
    if let Some(splits) = &recording.splits {
        let mut table = Writer::from_path(folder.join(tables::SPLITS))?;
        table.write_record(tables::SPLIT_COLUMNS)?;
        for (part, ids) in splits.parts() {
            ids.iter().try_for_each(|id| table.write_record([part, id]))?;
        }
        table.flush()?;
    }
    cochleagrams(recording, &folder.join(tables::COCHLEAGRAMS))?;
    responses(recording, &folder.join(tables::RESPONSES))
}

fn settings(recording: &Recording, path: &Path) -> Result<(), Cause> {
    let mut table = Writer::from_path(path)?;
    table.write_record(tables::SETTING_COLUMNS)?;
    table.write_record([DT_MS, &recording.dt_ms.to_string()])?;
    if let Some(level) = &recording.level {
        level.words().into_iter().try_for_each(|(name, word)| table.write_record([name, word]))?;
        for (name, value) in level.numbers() {
            table.write_record([name, &value.to_string()])?;
        }
    }
    Ok(table.flush()?)
}

/// One row for each, with its id and a column for each attribute.
fn entities<'a>(
    entities: impl Iterator<Item = &'a Entity> + Clone,
    path: &Path,
) -> Result<(), Cause> {
    let lists = lists::of(entities.clone());
    let mut table = Writer::from_path(path)?;
    let names = lists.iter().map(|(name, _)| name.as_str());
    table.write_record(std::iter::once("id").chain(names))?;
    for (place, entity) in entities.enumerate() {
        let values = lists.iter().map(|(_, list)| match list {
            List::Numbers(numbers) => numbers[place].to_string(),
            List::Texts(texts) => texts[place].clone(),
        });
        table.write_record(std::iter::once(entity.id.clone()).chain(values))?;
    }
    Ok(table.flush()?)
}

/// Names of the columns of bands: without frequencies they are words, since numbers are frequencies.
fn bands(recording: &Recording) -> Vec<String> {
    match &recording.frequencies_hz {
        Some(hz) => hz.iter().map(ToString::to_string).collect(),
        None => (1..=recording.bands()).map(|band| format!("band{band}")).collect(),
    }
}

fn cochleagrams(recording: &Recording, path: &Path) -> Result<(), Cause> {
    let bands = bands(recording);
    let mut table = Writer::from_path(path)?;
    let columns = ["stimulus", "time_ms"].into_iter();
    table.write_record(columns.chain(bands.iter().map(String::as_str)))?;
    for clip in &recording.clips {
        for (bin, levels) in clip.cochleagram.columns().into_iter().enumerate() {
            table.write_field(&clip.stimulus.id)?;
            table.write_field((bin as f64 * recording.dt_ms).to_string())?;
            levels.iter().try_for_each(|level| table.write_field(level.to_string()))?;
            table.write_record(None::<&[u8]>)?;
        }
    }
    Ok(table.flush()?)
}

fn responses(recording: &Recording, path: &Path) -> Result<(), Cause> {
    let mut table = Writer::from_path(path)?;
    let ids = recording.neuron_ids();
    let columns = ["stimulus", "repeat", "time_ms"].into_iter();
    table.write_record(columns.chain(ids.iter().map(String::as_str)))?;
    for clip in &recording.clips {
        for (repeat, responses) in clip.responses.axis_iter(ndarray::Axis(1)).enumerate() {
            for (bin, values) in responses.columns().into_iter().enumerate() {
                table.write_field(&clip.stimulus.id)?;
                table.write_field((repeat + 1).to_string())?;
                table.write_field((bin as f64 * recording.dt_ms).to_string())?;
                values.iter().try_for_each(|value| table.write_field(value.to_string()))?;
                table.write_record(None::<&[u8]>)?;
            }
        }
    }
    Ok(table.flush()?)
}
