//! Tables in text: CSV, with commas, semicolons or tabs between cells.
//!
//! A row is a bin. All stimuli stand in one long table, or each in a table of its own; the same holds
//! for cochleagrams, which may also come from sound files.
use std::path::{Path, PathBuf};

use clap::Args;

use self::about::AboutTables;
use self::clips::Binning;
use self::series::Series;
use super::format::{Format, Imported};
use super::level::LevelOption;
use super::report::{ImportReport, listed};
use super::sessions::hearing::HearingOptions;
use super::sessions::spikes::{LeftOut, files_in};
use super::text_tables::Table;
use crate::base::error::{Error, Result};
use crate::base::wording::counted;

mod about;
mod clips;
mod columns;
mod series;

pub use about::NeuronTable;
pub use clips::frequencies;
pub use columns::{ColumnKind, ColumnOptions};

/// Table of what is one number or word of a dataset.
pub const DATASET: &str = "dataset.csv";
/// Columns of [`DATASET`].
pub const SETTING_COLUMNS: [&str; 2] = ["name", "value"];
/// Table of the neurons and their attributes.
pub const NEURONS: &str = "neurons.csv";
/// Table of the stimuli and their attributes.
pub const STIMULI: &str = "stimuli.csv";
/// Table of which stimuli are for what.
pub const SPLITS: &str = "splits.csv";
/// Columns of [`SPLITS`].
pub const SPLIT_COLUMNS: [&str; 2] = ["part", "stimulus"];
/// Table of all cochleagrams.
pub const COCHLEAGRAMS: &str = "cochleagrams.csv";
/// Table of all responses.
pub const RESPONSES: &str = "responses.csv";

/// What columns without names are called, with their number.
const NEURON: &str = "n";
/// The same of bands.
const BAND: &str = "band";
/// Endings of tables.
const TABLES: [&str; 3] = ["csv", "tsv", "txt"];

/// `strf import csv`.
#[derive(Debug, Clone, Args)]
pub struct Csv {
    /// Table of all responses, or folder of one table a stimulus, or of responses.csv
    pub source: PathBuf,
    /// Table of all cochleagrams, or folder of one table a stimulus [default: cochleagrams.csv or
    /// cochleagrams/ in the folder]
    #[arg(long, value_name = "PATH", conflicts_with = "sounds")]
    pub cochleagrams: Option<PathBuf>,
    /// Folder of sound files called as the stimuli; may be repeated
    #[arg(long, value_name = "FOLDER")]
    pub sounds: Vec<PathBuf>,
    /// Which columns hold what.
    #[command(flatten)]
    pub columns: ColumnOptions,
    /// Table of attributes of the neurons, by id [default: neurons.csv in the folder]
    #[arg(long, value_name = "TABLE")]
    pub neurons: Option<PathBuf>,
    /// Table of attributes of the stimuli, by id [default: stimuli.csv in the folder]
    #[arg(long, value_name = "TABLE")]
    pub stimuli: Option<PathBuf>,
    /// Width of a bin in milliseconds [default: as the times tell]
    #[arg(long, value_name = "MS", allow_negative_numbers = true)]
    pub dt_ms: Option<f64>,
    /// What the numbers of the cochleagrams are.
    #[command(flatten)]
    pub level: LevelOption,
    /// Cut sound and responses of a stimulus to the shorter of the two
    #[arg(long)]
    pub trim: bool,
    /// How sound becomes a cochleagram.
    #[command(flatten)]
    pub hearing: HearingOptions,
}

impl Format for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn sources(&self) -> Vec<&Path> {
        let others = self.cochleagrams.iter().chain(&self.sounds);
        std::iter::once(&self.source).chain(others).map(PathBuf::as_path).collect()
    }

    fn read(&self, report: &mut ImportReport) -> Result<Imported> {
        let (folder, source) = self.places();
        let (neurons, stimuli) = (self.neurons.as_deref(), self.stimuli.as_deref());
        let about = AboutTables::read(folder.as_deref(), neurons, stimuli, report)?;
        let responses = self.series(&source, NEURON, report)?;
        let sounds = match self.cochleagrams(folder.as_deref())? {
            Some(path) => {
                self.hearing.require_none("--sounds beside them")?;
                Some(self.series(&path, BAND, report)?)
            }
            None => None,
        };
        Binning { options: self, about, responses, sounds }.imported(report)
    }
}

impl Csv {
    /// The folder in which other tables are looked for, and what holds the responses.
    fn places(&self) -> (Option<PathBuf>, PathBuf) {
        if !self.source.is_dir() {
            // Other tables belong to responses of this name alone.
            let whole = self.source.file_name().is_some_and(|name| name == RESPONSES);
            let folder = self.source.parent().filter(|_| whole).map(Path::to_path_buf);
            return (folder, self.source.clone());
        }
        let inside = [self.source.join(RESPONSES), self.source.join(without_ending(RESPONSES))];
        let source = inside.into_iter().find(|path| path.exists());
        (Some(self.source.clone()), source.unwrap_or_else(|| self.source.clone()))
    }

    /// What holds the cochleagrams; none where sound files do.
    fn cochleagrams(&self, folder: Option<&Path>) -> Result<Option<PathBuf>> {
        if !self.sounds.is_empty() {
            return Ok(None);
        }
        let inside = |folder: &Path| {
            let names = [COCHLEAGRAMS.to_owned(), without_ending(COCHLEAGRAMS)];
            names.into_iter().map(|name| folder.join(name)).find(|path| path.exists())
        };
        let found = self.cochleagrams.clone().or_else(|| folder.and_then(inside));
        found.map(Some).ok_or_else(|| {
            Error::Refused(format!(
                "{}: found no cochleagrams, expected a table of them or sounds; give --cochleagrams \
                 PATH or --sounds FOLDER",
                self.source.display()
            ))
        })
    }

    /// The rows of a table, or of all tables of a folder.
    fn series(&self, path: &Path, letter: &str, report: &mut ImportReport) -> Result<Series> {
        let mut series = Series::default();
        let mut add = |path: &Path, stimulus: Option<&str>, report: &mut ImportReport| {
            let table = Table::open(path, path.display().to_string())?;
            let of_sounds = letter == BAND;
            let columns =
                if of_sounds { self.columns.of_sounds(&table) } else { self.columns.clone() };
            series.add(&table, stimulus, &columns, letter, report)
        };
        if !path.is_dir() {
            add(path, None, report)?;
            return Ok(series);
        }
        let mut left_out = LeftOut::default();
        let mut others = Vec::new();
        for name in files_in(path, &mut left_out)? {
            let file = Path::new(&name);
            let ending = file.extension().map(|ending| ending.to_string_lossy().to_lowercase());
            let own = [DATASET, NEURONS, STIMULI, SPLITS].contains(&name.as_str());
            if own {
                continue;
            }
            if !ending.is_some_and(|ending| TABLES.contains(&ending.as_str())) {
                others.push(name);
                continue;
            }
            add(&path.join(&name), Some(&without_ending(&name)), report)?;
        }
        left_out.tell(report);
        if !others.is_empty() {
            let count = counted(others.len(), "file");
            report.dropped(format!(
                "{count} of {}, no tables: {}",
                path.display(),
                listed(&others)
            ));
        }
        if series.stimuli.is_empty() {
            return Err(Error::Refused(format!(
                "{}: found no table (.csv, .tsv or .txt), expected one for each stimulus",
                path.display()
            )));
        }
        Ok(series)
    }
}

/// A name without its ending.
fn without_ending(name: &str) -> String {
    Path::new(name).file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into())
}
