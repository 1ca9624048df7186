//! Neurodata Without Borders 2: units, presentations of stimuli, and the sounds.
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use hdf5::File;

use self::presentations::Presentations;
use self::sounds::Series;
use super::clock::{OnClock, SessionClock, Shown, Stimulus, Trains};
use super::counts::RESOLUTION_MS;
use super::hearing::{OpenSound, Presented, SoundOptions};
use super::session::Session;
use super::spikes::{self, LeftOut, Library, called};
use super::unit::{TimeOptions, TimeScale, Unit};
use crate::base::error::{Error, Result};
use crate::base::wording::{counted, stimuli_counted};
use crate::dataset::{Entity, hdf5_io};
use crate::import::format::{Format, Imported};
use crate::import::report::{ImportReport, listed};

mod onsets;
mod presentations;
mod sounds;
mod table;
mod units;

/// `strf import nwb`.
#[derive(Debug, Clone, Args)]
pub struct Nwb {
    /// NWB file
    pub source: PathBuf,
    /// Table of presentations in /intervals [default: trials, or the only one]
    #[arg(long, value_name = "NAME")]
    pub intervals: Option<String>,
    /// Column of that table that names the stimulus [default: the only column of texts]
    #[arg(long, value_name = "COLUMN")]
    pub stimulus_column: Option<String>,
    /// Folder of sound files called as the stimuli, instead of the sounds in the file
    #[arg(long, value_name = "FOLDER")]
    pub sounds: Option<PathBuf>,
    /// Column of /units that names the neurons [default: id]
    #[arg(long, value_name = "COLUMN", default_value = "id")]
    pub unit_column: String,
    /// Column of that table that holds the onsets of the sounds, in seconds on the clock of the
    /// session or from `start_time` on [default: `start_time`, where no other column may be it]
    #[arg(long, value_name = "COLUMN")]
    pub onset_column: Option<String>,
    /// In which unit spike times are.
    #[command(flatten)]
    pub time: TimeOptions,
    /// How sound becomes cochleagrams.
    #[command(flatten)]
    pub sound: SoundOptions,
}

impl Format for Nwb {
    fn name(&self) -> &'static str {
        "nwb"
    }

    fn sources(&self) -> Vec<&Path> {
        vec![&self.source]
    }

    fn read(&self, report: &mut ImportReport) -> Result<Imported> {
        let file = Nwbfile::open(&self.source)?;
        let scale = self.time.scale(Unit::S)?;
        let units = units::read(&file, &self.unit_column, scale.step, report)?;
        let shown = presentations::read(&file, self, report)?;
        let stimuli = self.stimuli(&file, (&units, scale), shown, report)?;
        let neurons = units.neurons;
        let (file, onset_scale) = (self.source.clone(), None);
        let session = Session { file, neurons, stimuli, onset_scale, resolution_ms: RESOLUTION_MS };
        session.imported(&self.sound, report)
    }
}

/// An open file, for reading and for messages.
#[derive(Debug, Clone)]
pub struct Nwbfile {
    /// Path of the file.
    pub path: Arc<PathBuf>,
    /// Content of the file.
    pub file: File,
}

impl Nwbfile {
    fn open(path: &Path) -> Result<Self> {
        let file = hdf5_io::open(path)?;
        if file.attr("nwb_version").is_err() {
            return Err(Error::Refused(format!(
                "{}: found an HDF5 file without the attribute nwb_version, expected an NWB 2 file; \
                 import other HDF5 files with strf import hdf5",
                path.display()
            )));
        }
        Ok(Self { path: Arc::new(path.to_path_buf()), file })
    }

    /// A failure to read what lies at a path in the file.
    pub fn damaged(&self, at: &str, source: hdf5::Error) -> Error {
        hdf5_io::damaged(&self.path.display(), at, source)
    }

    /// What was found at a path in the file, what was expected and what to do.
    pub fn refused(&self, at: &str, text: &str) -> Error {
        Error::Refused(format!("{}: {at}: {text}", self.path.display()))
    }
}

impl Nwb {
    /// Each stimulus with its sound and the spikes at each of its presentations.
    fn stimuli(
        &self,
        file: &Nwbfile,
        (units, scale): (&Trains, TimeScale),
        shown: Presentations,
        report: &mut ImportReport,
    ) -> Result<Vec<Presented>> {
        let mut by_stimulus: BTreeMap<String, Vec<Shown>> = BTreeMap::new();
        for one in shown.shown {
            by_stimulus.entry(one.stimulus.clone()).or_default().push(one);
        }
        let mut sounds = self.find_sounds(file, &by_stimulus, report)?;
        let mut names: Vec<String> = by_stimulus.keys().cloned().collect();
        names.sort_by(|a, b| spikes::natural_order(a, b));
        report.inferred(format!(
            "{} at {} of {}",
            stimuli_counted(names.len()),
            counted(by_stimulus.values().map(Vec::len).sum(), "presentation"),
            shown.table
        ));
        let mut stimuli = Vec::with_capacity(names.len());
        for id in names {
            let shown = by_stimulus.remove(&id).unwrap_or_default();
            let Some((open, length_ms)) = sounds.remove(&id) else { continue };
            let name = format!("{}: {id}", self.source.display());
            let entity = Entity { id, ..Entity::default() };
            stimuli.push(Stimulus { entity, open, length_ms, name, shown });
        }
        let OnClock { stimuli, presented_ms } = OnClock::new(stimuli, units, &self.sound, report);
        let place = format!("{}: {}", self.source.display(), units::PLACE);
        let (place, spikes, presented) = (&*place, &*units.spikes, &*presented_ms);
        SessionClock { place, scale, spikes, presented }.check(report)?;
        Ok(stimuli)
    }

    /// The sound of each stimulus and its length, from the folder that an option names or from the
    /// file.
    fn find_sounds(
        &self,
        file: &Nwbfile,
        shown: &BTreeMap<String, Vec<Shown>>,
        report: &mut ImportReport,
    ) -> Result<BTreeMap<String, (OpenSound, f64)>> {
        let mut found: BTreeMap<String, (OpenSound, f64)> = BTreeMap::new();
        let (mut missing, mut by_sound) = (Vec::new(), BTreeMap::new());
        let mut left_out = LeftOut::default();
        let library = Library::of(self.sounds.as_slice(), &mut left_out)?;
        left_out.tell(report);
        let mut series = if self.sounds.is_none() { sounds::all(file)? } else { Vec::new() };
        for (name, shown) in shown {
            let open = if self.sounds.is_some() {
                match library.find(name)? {
                    Some(path) => Some((path.display().to_string(), of_file(path)?)),
                    None => None,
                }
            } else {
                let own = sounds::of(file, &mut series, name, shown)?;
                own.map(|own| (own.name.clone(), opened(own)))
            };
            match open {
                Some((sound, open)) => {
                    self.require_one_text(&mut by_sound, sound, name)?;
                    found.insert(name.clone(), open);
                }
                None => missing.push(name.as_str()),
            }
        }
        if !missing.is_empty() {
            let names = listed(&missing);
            let known: Vec<&str> = series.iter().map(|one| one.name.as_str()).collect();
            let place = match &self.sounds {
                Some(folder) => format!("a sound file for each in {}", folder.display()),
                None => format!("a sound in /stimulus for each (there are: {})", listed(&known)),
            };
            return Err(Error::Refused(format!(
                "{}: found no sound of {names}, expected {place}; give the folder of the sound \
                 files with --sounds, or another --stimulus-column",
                self.source.display()
            )));
        }
        let unused = series.iter().filter(|one| !one.used).map(|one| one.name.as_str());
        let unused: Vec<&str> = unused.collect::<BTreeSet<&str>>().into_iter().collect();
        if !unused.is_empty() {
            let never = stimuli_counted(unused.len());
            report.dropped(format!("{never} never presented: {}", listed(&unused)));
        }
        Ok(found)
    }

    /// Paths that differ in their folders name different sounds, though only one of that name is
    /// there.
    fn require_one_text(
        &self,
        by_sound: &mut BTreeMap<String, String>,
        sound: String,
        text: &str,
    ) -> Result<()> {
        let is_path = |text: &str| called(text)[1] != text;
        match by_sound.get(&sound) {
            Some(other) if is_path(text) && is_path(other) => Err(Error::Refused(format!(
                "{}: found the stimuli {other} and {text}, of which only one sound is there, \
                 {sound}; expected a sound for each; give the folder that holds theirs with \
                 --sounds, or another --stimulus-column",
                self.source.display()
            ))),
            _ => {
                by_sound.insert(sound, text.to_owned());
                Ok(())
            }
        }
    }
}

/// A sound file, to be opened when its turn comes, and its length in milliseconds.
fn of_file(path: &Path) -> Result<(OpenSound, f64)> {
    Ok((spikes::open(path.to_path_buf()), spikes::length_ms(path)?))
}

/// A series of the file, to be opened when its turn comes.
fn opened(series: Series) -> (OpenSound, f64) {
    let length_ms = series.length_ms();
    (Box::new(move |channel| series.clone().opened(channel)), length_ms)
}
