//! Tables of what is known beside sound and responses: of the dataset, its neurons and stimuli.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{DATASET, NEURONS, SETTING_COLUMNS, SPLIT_COLUMNS, SPLITS, STIMULI};
use crate::base::error::{Error, Problems, Result};
use crate::base::wording::{counted, one_of};
use crate::dataset::schema::{DT_MS, ID, SPLIT_PARTS};
use crate::dataset::{Entity, SoundLevel, Splits};
use crate::import::report::{ImportReport, listed};
use crate::import::text_tables::{Table, TableRow};

/// Columns by which neurons are called, the first that a table has.
const NEURON_IDS: [&str; 3] = [ID, "cellid", "cell_id"];

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
            path.map(|path| EntityTable::read(&path, &[ID])).transpose()
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

/// Attributes of neurons that stand in a table of their own.
#[derive(Debug, Clone, Default, Args)]
pub struct NeuronTable {
    /// Table of attributes of the neurons, by id (column id, cellid or `cell_id`, or the first)
    /// [default: none; for NEMS `cell_list.csv` beside the recording]
    #[arg(long, value_name = "TABLE")]
    pub neurons: Option<PathBuf>,
}

impl NeuronTable {
    /// Gives neurons the attributes of their rows in the table that the option names, or in that of a
    /// usual name, where there is one.
    ///
    /// # Errors
    /// It cannot be read, is no such table, or knows none of the neurons that an option names it for.
    pub fn describe(
        &self,
        usual: Option<&Path>,
        neurons: &mut [Entity],
        report: &mut ImportReport,
    ) -> Result<()> {
        let given = self.neurons.as_deref();
        let Some(path) = given.or_else(|| usual.filter(|path| path.is_file())) else {
            return Ok(());
        };
        let table = EntityTable::read(path, &NEURON_IDS)?;
        let has_row = |neuron: &Entity| table.entities.iter().any(|row| row.id == neuron.id);
        let without: Vec<&str> =
            neurons.iter().filter(|one| !has_row(one)).map(|one| one.id.as_str()).collect();
        let shown = path.display();
        if without.len() == neurons.len() {
            let rows: Vec<&str> = table.entities.iter().map(|row| row.id.as_str()).collect();
            let found = format!("{shown}: found no row of {}", listed(&without));
            if given.is_none() {
                report.dropped(format!("{shown}: it has no row of a neuron"));
                return Ok(());
            }
            return Err(Error::Refused(format!(
                "{found}, only of {}, expected the ids of neurons in the column id",
                if rows.is_empty() { "nothing".into() } else { listed(&rows) }
            )));
        }
        let known = counted(neurons.len() - without.len(), "neuron");
        report.inferred(format!("attributes of {known} from {shown}"));
        if !without.is_empty() {
            let count = counted(without.len(), "neuron");
            report.inferred(format!("{count} without a row in {shown}: {}", listed(&without)));
        }
        table.give(neurons.iter_mut(), report);
        Ok(())
    }
}

impl EntityTable {
    /// Reads a table; ids stand in the first of these columns that it has, or in the first column.
    fn read(path: &Path, ids: &[&str]) -> Result<Self> {
        let table = Table::open(path, path.display().to_string())?;
        let Some(header) = table.header.clone() else {
            return Err(Error::Refused(format!(
                "{}: found no line with the names of the columns, expected id and one for each \
                 attribute",
                table.file
            )));
        };
        let id = table.column(ids).unwrap_or(0);
        let mut entities: Vec<Entity> = Vec::new();
        table.each_row(|row| {
            let name = row.text(id);
            if name.is_empty() || entities.iter().any(|known| known.id == name) {
                return Err(row.refused(&format!("found the id {name:?}, expected one of its own")));
            }
            let named = |(column, name): &(usize, &String)| *column != id && !name.is_empty();
            let values = header.iter().enumerate().filter(named);
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
