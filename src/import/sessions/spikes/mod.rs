//! Sound files, and spike times in text files with one line a repeat: the layout of CRCNS aa-1, CRCNS
//! aa-2 and `STRFlab`.
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::Args;

use self::comma::Comma;
use self::find::{Found, Search, SpikeFile};
use self::header::Header;
use self::text::SpikeText;
use super::counts::Presentation;
use super::events::EventOptions;
use super::hearing::SoundOptions;
use super::session::Session;
use super::times::SpikeTimes;
use super::unit::{TimeOptions, TimeScale, Unit};
use crate::base::error::{Error, Result};
use crate::base::wording::counted;
use crate::dataset::Entity;
use crate::import::format::{Format, Imported};
use crate::import::report::{ImportReport, listed};
use crate::import::tables::NeuronTable;

mod identity;
mod names;
mod natural_order;
mod toe_lis;

mod comma;

mod text;

mod header;
mod meaning;

mod walk;

mod library;
mod sound_file;

mod find;

mod units;

pub use identity::{Sounds, same_bytes};
pub use library::Library;
pub use names::{Pattern, called, is_sound, plain};
pub use natural_order::compare as natural_order;
pub use sound_file::{length_ms, open, presented};
pub use walk::{LeftOut, files as files_in, folders as folders_in, paths};

/// `strf import spikes`.
#[derive(Debug, Clone, Args)]
pub struct Spikes {
    /// Folders of spike files and sounds, or of such folders, one for each neuron
    #[arg(required = true, value_name = "FOLDER")]
    pub folders: Vec<PathBuf>,
    /// In which unit spike times are.
    #[command(flatten)]
    pub time: TimeOptions,
    /// What a comma in spike times is [default: as the files show]
    #[arg(long, value_enum)]
    pub comma: Option<Comma>,
    /// Leave out so many lines at the start of every spike file; 0 takes lines that look like a
    /// header as repeats
    #[arg(long, value_name = "N")]
    pub skip_lines: Option<usize>,
    /// Names of the spike files, without ending; {} stands for what tells stimuli apart
    /// [default: spike{}; with --events, all files that are no sounds]
    #[arg(long, value_name = "PATTERN")]
    pub spike_files: Option<String>,
    /// Names of the stimulus files, without ending: sounds, or texts that name a sound file
    #[arg(long, value_name = "PATTERN", default_value = "stim{}")]
    pub stimulus_files: String,
    /// Ids of the stimuli, as in song{}: {} stands for the number at the end of the name of the sound
    /// file, with zeros in front up to the length of the longest [default: the name]
    #[arg(long, value_name = "PATTERN")]
    pub stimulus_ids: Option<String>,
    /// Table of events, CSV or TSV with a line of names (onset and stimulus, perhaps offset): each
    /// spike file, text or .npy, is a unit on the clock of the session, in seconds, and its name the id
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["levels", "stimulus_files", "stimulus_ids"]
    )]
    pub events: Option<PathBuf>,
    /// How the table is read.
    #[command(flatten)]
    pub columns: EventOptions,
    /// Folder that is searched for sound files that texts or events name; may be repeated
    #[arg(long, value_name = "FOLDER")]
    pub sounds: Vec<PathBuf>,
    /// What the levels of folders below FOLDER tell, e.g. area,neuron,type: neuron is its id, type
    /// the type of the stimuli, others are attributes of the neuron [default: neuron, or
    /// neuron,type, or area,neuron,type]
    #[arg(long, value_name = "LEVELS", value_delimiter = ',')]
    pub levels: Vec<String>,
    /// How sound becomes cochleagrams.
    #[command(flatten)]
    pub sound: SoundOptions,
    /// Attributes of the neurons.
    #[command(flatten)]
    pub about: NeuronTable,
}

impl Format for Spikes {
    fn name(&self) -> &'static str {
        "spikes"
    }

    fn sources(&self) -> Vec<&Path> {
        self.folders.iter().map(PathBuf::as_path).collect()
    }

    fn read(&self, report: &mut ImportReport) -> Result<Imported> {
        let mut imported = self.imported(report)?;
        self.about.describe(None, &mut imported.recording.neurons, report)?;
        Ok(imported)
    }
}

impl Spikes {
    /// The recording as the files have it.
    fn imported(&self, report: &mut ImportReport) -> Result<Imported> {
        if let Some(table) = &self.events {
            return units::imported(self, table, report);
        }
        let scale = self.time.scale(Unit::Ms)?;
        let found = self.find(report)?;
        let texts = self.texts(&found, report)?;
        let comma = self.comma.map_or_else(|| meaning::of(&texts, report), Ok)?;
        self.check_headers(&found, &texts, comma, scale, report)?;
        let mut gathered = Gathered::default();
        let mut texts = texts.into_iter();
        for one in found {
            gathered.add(one, &mut texts, comma, scale)?;
        }
        if let Some(pattern) = &self.stimulus_ids {
            gathered.sounds.number(pattern)?;
        }
        let session = gathered.session(self.folders[0].clone(), scale, report);
        session.imported(&self.sound, report)
    }

    /// What the names of spike files look like.
    fn spike_files(&self) -> &str {
        self.spike_files.as_deref().unwrap_or("spike{}")
    }

    /// The spike files of all folders, each once.
    fn find(&self, report: &mut ImportReport) -> Result<Vec<Found>> {
        let mut search = Search::new(self)?;
        let mut found = Vec::new();
        for folder in &self.folders {
            found.extend(search.recordings(folder, report)?);
        }
        let first = &self.folders[0];
        search.finish(first, &found, report)?;
        if found.is_empty() {
            return Err(Error::Refused(format!(
                "{}: found no file called {} in it or in folders below, expected spike times; \
                 check the folder, or give --spike-files",
                first.display(),
                self.spike_files()
            )));
        }
        let mut known = BTreeSet::new();
        for SpikeFile { spikes, .. } in found.iter().flat_map(|one| &one.heard) {
            let reading = |source| Error::file(format!("reading {}", spikes.display()), source);
            if !known.insert(spikes.canonicalize().map_err(reading)?) {
                return Err(Error::Refused(format!(
                    "{}: found this file twice in the folders, expected each once; name no folder \
                     twice, nor one inside another",
                    spikes.display()
                )));
            }
        }
        Ok(found)
    }

    /// The text of each spike file.
    fn texts(&self, found: &[Found], report: &mut ImportReport) -> Result<Vec<SpikeText>> {
        let files = found.iter().flat_map(|one| &one.heard);
        let texts: Vec<SpikeText> = files
            .map(|file| SpikeText::read(&file.spikes, self.skip_lines))
            .collect::<Result<_>>()?;
        if let Some(lines @ 1..) = self.skip_lines {
            let (lines, files) = (counted(lines, "line"), counted(texts.len(), "spike file"));
            report.dropped(format!("{lines} at the start of each file, of {files}"));
        }
        let toe_lis = texts.iter().filter(|text| text.is_toe_lis()).count();
        if toe_lis > 0 {
            let files = counted(toe_lis, "spike file");
            report.inferred(format!("{files} read as toe_lis, with one time on a line"));
        }
        Ok(texts)
    }

    /// Refuses files whose first lines look like a header, unless an option says what they are.
    fn check_headers(
        &self,
        found: &[Found],
        texts: &[SpikeText],
        comma: Comma,
        scale: TimeScale,
        report: &mut ImportReport,
    ) -> Result<()> {
        if self.skip_lines == Some(0) {
            return Ok(());
        }
        let mut headers: Vec<Header> = Vec::new();
        let files = found.iter().flat_map(|one| &one.heard);
        for (file, text) in files.zip(texts).filter(|(_, text)| !text.is_toe_lis()) {
            let end =
                || Ok((length_ms(&file.sound)? + self.sound.hearing.after_ms) / scale.step.ms());
            headers.extend(header::header(text, comma, end)?);
        }
        // Where an option says how many lines are a header, the others are what they are.
        if self.skip_lines.is_none() {
            header::refuse(&self.folders[0], &headers, texts.len())?;
        }
        header::warn(&headers, report);
        Ok(())
    }
}

/// Neurons and stimuli of the folders read so far.
#[derive(Default)]
struct Gathered {
    neurons: Vec<Entity>,
    sounds: Sounds,
    heard: Vec<OfSound>,
    /// Spike files of which every line holds one time at most.
    single: Vec<String>,
}

/// The type of a sound, and its presentations by neuron.
type OfSound = (Option<String>, BTreeMap<usize, Vec<Presentation>>);

impl Gathered {
    /// Takes the next texts, one for each file that was found.
    fn add(
        &mut self,
        found: Found,
        texts: &mut impl Iterator<Item = SpikeText>,
        comma: Comma,
        scale: TimeScale,
    ) -> Result<()> {
        let Found { neuron, kind, heard } = found;
        let known = self.neurons.iter().position(|known| known.id == neuron.id);
        let place = known.unwrap_or_else(|| {
            self.neurons.push(neuron);
            self.neurons.len() - 1
        });
        for (SpikeFile { sound, .. }, text) in heard.into_iter().zip(texts) {
            let repeats = text.repeats(comma)?;
            if repeats.len() > 1 && repeats.iter().all(|times| times.len() <= 1) {
                self.single.push(text.path.display().to_string());
            }
            let index = self.sounds.place(&sound, &self.neurons[place].id)?;
            if index == self.heard.len() {
                self.heard.push((kind.clone(), BTreeMap::new()));
            }
            let presentations = self.heard[index].1.entry(place).or_default();
            presentations.extend(repeats.into_iter().map(|times| Presentation {
                times_ms: SpikeTimes::Own(
                    times.iter().map(|time| time * scale.step.ms()).collect(),
                ),
                recorded_ms: Vec::new(),
            }));
        }
        Ok(())
    }

    fn session(self, file: PathBuf, scale: TimeScale, report: &mut ImportReport) -> Session {
        let Self { neurons, sounds, heard, single } = self;
        report.inferred(format!("{} from the names of folders", counted(neurons.len(), "neuron")));
        if !single.is_empty() {
            report.warn(format!(
                "every line holds one time at most, and a line is a repeat: {}; put all spikes of \
                 a repeat on one line",
                listed(&single)
            ));
        }
        let renamed = sounds.renamed();
        if !renamed.is_empty() {
            let names = listed(&renamed);
            report.inferred(format!("other sounds of the same name are called {names}"));
        }
        let stimuli = sounds.files.into_iter().zip(heard).map(|((id, path), (kind, by_neuron))| {
            let attributes = kind.map(|kind| ("type".to_owned(), kind)).into_iter().collect();
            presented(Entity { id, attributes }, path, by_neuron, neurons.len())
        });
        let stimuli = stimuli.collect();
        Session { file, neurons, stimuli, onset_scale: Some(scale), resolution_ms: RESOLUTION_MS }
    }
}

/// Times are taken as they are written, but for the rounding of floats.
const RESOLUTION_MS: f64 = 1e-6;
