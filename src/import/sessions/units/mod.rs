//! One HDF5 file a unit, with a group for each level of classes, stimuli and repeats: CRCNS aa-4.
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::Args;

use self::file::UnitFile;
use self::gathered::Gathered;
use super::hearing::SoundOptions;
use super::spikes::{LeftOut, Library, Pattern, paths};
use super::unit::{TimeOptions, Unit};
use crate::base::error::{Error, Result};
use crate::base::wording::joined;
use crate::import::format::{Format, Imported};
use crate::import::report::ImportReport;

mod file;
mod gathered;

/// Endings of the files of units.
const ENDINGS: [&str; 3] = [".h5", ".hdf5", ".hdf"];
const STIMULUS: &str = "stimulus";
const REPEAT: &str = "repeat";
/// Attribute of a unit that says how it was sorted, and what it says of what is none.
const SORT_TYPE: &str = "sortType";
const NO_UNITS: [&str; 2] = ["noise", "tdt"];
/// The folder of an animal's sounds.
const WAV_FILES: &str = "wavfiles";

/// `strf import units`.
#[derive(Debug, Clone, Args)]
pub struct UnitFiles {
    /// HDF5 files of units, or folders that hold them
    #[arg(required = true, value_name = "SOURCE")]
    pub sources: Vec<PathBuf>,
    /// What the levels of groups in a file tell: stimulus and repeat, others are attributes of the
    /// stimulus
    #[arg(
        long,
        value_name = "LEVELS",
        value_delimiter = ',',
        default_values = ["class", STIMULUS, REPEAT]
    )]
    pub levels: Vec<String>,
    /// Folder of the sounds; may be repeated [default: the folder wavfiles beside the files of units]
    #[arg(long, value_name = "FOLDER")]
    pub sounds: Vec<PathBuf>,
    /// Names of the sound files, without ending; {} stands for the name of the stimulus in the files
    #[arg(long, value_name = "PATTERN", default_value = "stim{}")]
    pub stimulus_files: String,
    /// In which unit spike times are.
    #[command(flatten)]
    pub time: TimeOptions,
    /// How sound becomes cochleagrams.
    #[command(flatten)]
    pub sound: SoundOptions,
}

impl Format for UnitFiles {
    fn name(&self) -> &'static str {
        "units"
    }

    fn sources(&self) -> Vec<&Path> {
        self.sources.iter().map(PathBuf::as_path).collect()
    }

    fn read(&self, report: &mut ImportReport) -> Result<Imported> {
        self.require_levels()?;
        let scale = self.time.scale(Unit::S)?;
        let pattern = Pattern::new("--stimulus-files", &self.stimulus_files)?;
        let (mut gathered, mut libraries) = (Gathered::default(), BTreeMap::new());
        for path in self.files(report)? {
            let Some(file) = UnitFile::read(&path, &self.levels, scale)? else {
                gathered.no_units += 1;
                continue;
            };
            let folders = self.sound_folders(&path)?;
            let library = match libraries.entry(folders) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(place) => {
                    let mut left_out = LeftOut::default();
                    let library = Library::of(place.key(), &mut left_out)?;
                    left_out.tell(report);
                    place.insert(library)
                }
            };
            gathered.add(file, &pattern, library)?;
        }
        let session = gathered.session(self, scale, report)?;
        session.imported(&self.sound, report)
    }
}

impl UnitFiles {
    fn require_levels(&self) -> Result<()> {
        let count = |name: &str| self.levels.iter().filter(|level| *level == name).count();
        let all: BTreeSet<&String> = self.levels.iter().collect();
        if count(STIMULUS) == 1 && count(REPEAT) == 1 && all.len() == self.levels.len() {
            return Ok(());
        }
        Err(Error::Refused(format!(
            "--levels: found {}, expected stimulus and repeat among them, and none twice, as in \
             class,stimulus,repeat",
            self.levels.join(",")
        )))
    }

    /// The files of units in the order of their names.
    fn files(&self, report: &mut ImportReport) -> Result<Vec<PathBuf>> {
        let mut left_out = LeftOut::default();
        let mut found = Vec::new();
        for source in &self.sources {
            found.extend(paths(source, &mut left_out)?);
        }
        left_out.tell(report);
        let is_unit = |path: &PathBuf| {
            let name = path.to_string_lossy().to_lowercase();
            ENDINGS.iter().any(|ending| name.ends_with(ending))
        };
        found.retain(is_unit);
        if found.is_empty() {
            let shown: Vec<String> =
                self.sources.iter().map(|path| path.display().to_string()).collect();
            return Err(Error::Refused(format!(
                "{}: found no file that ends in {}, expected one for each unit; check the path",
                joined(&shown, "and"),
                joined(&ENDINGS, "or")
            )));
        }
        Ok(found)
    }

    /// The folders of the sounds that go with a file.
    fn sound_folders(&self, file: &Path) -> Result<Vec<PathBuf>> {
        let beside = file.ancestors().skip(1).take(2).map(|folder| folder.join(WAV_FILES));
        let folders: Vec<PathBuf> = match self.sounds.as_slice() {
            [] => beside.filter(|folder| folder.is_dir()).collect(),
            given => given.to_vec(),
        };
        if folders.is_empty() {
            return Err(Error::Refused(format!(
                "{}: found no folder {WAV_FILES} beside it, expected the sounds; give their folder \
                 with --sounds",
                file.display()
            )));
        }
        Ok(folders)
    }
}
