//! Tables of what is known beside sound and responses: of the dataset, its neurons and stimuli.
use std::collections::BTreeMap;
use std::path::Path;

use super::{DATASET, NEURONS, SETTING_COLUMNS, SPLIT_COLUMNS, SPLITS, STIMULI};
use crate::base::error::{Error, Problems, Result};
use crate::base::wording::one_of;
use crate::dataset::schema::{DT_MS, SPLIT_PARTS};
use crate::dataset::{Entity, SoundLevel, Splits};
use crate::import::report::{ImportReport, listed};
use crate::import::text_tables::{Table, TableRow};

/// What tables in a folder say.
#[derive(Default)]
pub struct AboutTables {
    /// Width of a bin.
    pub dt_ms: Option<f64>,
    /// What the numbers of cochleagrams are.
    pub level: Option<SoundLevel>,
    /// Which stimuli are for what.
    pub splits: Option<Splits>,
    /// Neurons with their attributes.
    pub neurons: Option<EntityTable>,
    /// Stimuli with their attributes.
    pub stimuli: Option<EntityTable>,
}

/// A table with a row for each neuron or stimulus.
pub struct EntityTable {
    file: String,
    /// In the order of the table.
    pub entities: Vec<Entity>,
}

impl AboutTables {
    /// The tables of a folder, and others that options name.
    ///
    /// # Errors
    /// One of them cannot be read, or is no such table.
    pub fn read(
        folder: Option<&Path>,
        neurons: Option<&Path>,
        stimuli: Option<&Path>,
        report: &mut ImportReport,
    ) -> Result<Self> {
        let inside =
            |name: &str| folder.map(|folder| folder.join(name)).filter(|path| path.is_file());
        let mut about = Self::default();
        if let Some(path) = inside(DATASET) {
            about.settings(&path, report)?;
        }
        if let Some(path) = inside(SPLITS) {
            about.splits = Some(splits(&path)?);
        }
        let table = |given: Option<&Path>, name: &str| {
            let path = given.map(Path::to_path_buf).or_else(|| inside(name));
            path.map(|path| EntityTable::read(&path)).transpose()
        };
        about.neurons = table(neurons, NEURONS)?;
        about.stimuli = table(stimuli, STIMULI)?;
        Ok(about)
    }

    fn settings(&mut self, path: &Path, report: &mut ImportReport) -> Result<()> {
        let table = open(path, &SETTING_COLUMNS)?;
        let mut texts = BTreeMap::new();
        table.each_row(|row| {
            let name = row.text(0);
            if name == DT_MS {
                self.dt_ms = Some(width(row)?);
            } else if let Some(known) = SoundLevel::NAMES.into_iter().find(|known| *known == name) {
                texts.insert(known, row.text(1).to_owned());
            } else {
                report.dropped(format!("{name:?} of {}", table.file));
            }
            Ok(())
        })?;
        let (mut problems, mut notes) = (Problems::default(), Vec::new());
        self.level = SoundLevel::of_texts(&texts, &mut problems, &mut notes);
        for note in notes {
            report.inferred(note);
        }
        problems.into_result(path, ())
    }
}

fn width(row: TableRow) -> Result<f64> {
    let dt_ms: f64 = row.number(1)?;
    if dt_ms.is_finite() && dt_ms > 0.0 {
        return Ok(dt_ms);
    }
    Err(row.refused(&format!("found {dt_ms}, expected milliseconds above 0")))
}

fn open(path: &Path, columns: &[&str]) -> Result<Table> {
    let table = Table::open(path, path.display().to_string())?;
    let header = table.header.clone().unwrap_or_default();
    if header.iter().map(String::as_str).ne(columns.iter().copied()) {
        let found = if header.is_empty() { "no header".into() } else { listed(&header) };
        return Err(Error::Refused(format!(
            "{}: line 1: found {found}, expected the columns {}",
            table.file,
            columns.join(",")
        )));
    }
    Ok(table)
}

fn splits(path: &Path) -> Result<Splits> {
    let table = open(path, &SPLIT_COLUMNS)?;
    let mut splits = Splits::default();
    let take = |row: TableRow| {
        let name = row.text(0);
        let part = splits.parts_mut().into_iter().find(|(known, _)| *known == name);
        let Some((_, part)) = part else {
            let expected = one_of(&SPLIT_PARTS);
            return Err(row.refused(&format!("found {name:?}, expected {expected}")));
        };
        part.push(row.text(1).to_owned());
        Ok(())
    };
    table.each_row(take)?;
    Ok(splits)
}

impl EntityTable {
    fn read(path: &Path) -> Result<Self> {
        let table = Table::open(path, path.display().to_string())?;
        let Some(header) = table.header.clone() else {
            return Err(Error::Refused(format!(
                "{}: found no line with the names of the columns, expected id and one for each \
                 attribute",
                table.file
            )));
        };
        let id = table.column(&["id"]).unwrap_or(0);
        let mut entities: Vec<Entity> = Vec::new();
        table.each_row(|row| {
            let name = row.text(id);
            if name.is_empty() || entities.iter().any(|known| known.id == name) {
                return Err(row.refused(&format!("found the id {name:?}, expected one of its own")));
            }
            let values = header.iter().enumerate().filter(|(column, _)| *column != id);
            let values = values.map(|(column, name)| (name.clone(), row.text(column).to_owned()));
            let attributes = values.filter(|(_, value)| !value.is_empty()).collect();
            entities.push(Entity { id: name.to_owned(), attributes });
            Ok(())
        })?;
        Ok(Self { file: table.file, entities })
    }

    /// Gives attributes to those that the table has, and counts rows of others.
    pub fn give<'e>(
        self,
        entities: impl Iterator<Item = &'e mut Entity>,
        report: &mut ImportReport,
    ) {
        let mut rows: BTreeMap<String, Entity> =
            self.entities.into_iter().map(|entity| (entity.id.clone(), entity)).collect();
        for entity in entities {
            if let Some(row) = rows.remove(&entity.id) {
                entity.attributes.extend(row.attributes);
            }
        }
        if !rows.is_empty() {
            let names: Vec<String> = rows.into_keys().collect();
            report.dropped(format!("rows of {} without responses: {}", self.file, listed(&names)));
        }
    }
}
