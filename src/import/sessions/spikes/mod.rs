//! Sound files, and spike times in text files with one line a repeat: the layout of CRCNS aa-1, CRCNS
//! aa-2 and `STRFlab`.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;

use self::find::{Found, SpikeFile};
use self::identity::Sounds;
use super::counts::Presentation;
use super::session::{OpenSound, Opened, Presented, Session, SoundOptions};
use super::unit::Unit;
use crate::base::error::{Error, Result};
use crate::base::wording::counted;
use crate::dataset::Entity;
use crate::import::format::{Format, Imported};
use crate::import::report::{ImportReport, listed};
use crate::sound;

mod find;
mod identity;
mod natural_order;
mod text;

pub use find::Library;
pub use natural_order::compare as natural_order;

/// `strf import spikes`.
#[derive(Debug, Clone, Args)]
pub struct Spikes {
    /// Folders of spike files and sounds, or of such folders, one for each neuron
    #[arg(required = true, value_name = "FOLDER")]
    pub folders: Vec<PathBuf>,
    /// Unit of the spike times
    #[arg(long, value_enum, default_value = "ms")]
    pub unit: Unit,
    /// Names of the spike files, without ending; {} stands for what tells stimuli apart
    #[arg(long, value_name = "PATTERN", default_value = "spike{}")]
    pub spike_files: String,
    /// Names of the stimulus files, without ending: sounds, or texts that name a sound file
    #[arg(long, value_name = "PATTERN", default_value = "stim{}")]
    pub stimulus_files: String,
    /// Ids of the stimuli, as in song{}: {} stands for the number at the end of the name of the sound
    /// file, with zeros in front up to the length of the longest [default: the name]
    #[arg(long, value_name = "PATTERN")]
    pub stimulus_ids: Option<String>,
    /// Folder that is searched for sound files that texts name; may be repeated
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
}

impl Format for Spikes {
    fn name(&self) -> &'static str {
        "spikes"
    }

    fn sources(&self) -> Vec<&Path> {
        self.folders.iter().map(PathBuf::as_path).collect()
    }

    fn read(&self, report: &mut ImportReport) -> Result<Imported> {
        let mut found = Vec::new();
        for folder in &self.folders {
            found.extend(find::recordings(folder, self, report)?);
        }
        let file = self.folders[0].clone();
        if found.is_empty() {
            return Err(Error::Refused(format!(
                "{}: found no file called {} in it or in folders below, expected spike times; \
                 check the folder, or give --spike-files",
                file.display(),
                self.spike_files
            )));
        }
        let mut gathered = Gathered::default();
        for one in found {
            gathered.add(one, self.unit)?;
        }
        if let Some(pattern) = &self.stimulus_ids {
            gathered.sounds.number(pattern)?;
        }
        let session = gathered.session(file, self.unit, report);
        session.imported(&self.sound, report)
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
    fn add(&mut self, found: Found, unit: Unit) -> Result<()> {
        let Found { neuron, kind, heard } = found;
        let known = self.neurons.iter().position(|known| known.id == neuron.id);
        let place = known.unwrap_or_else(|| {
            self.neurons.push(neuron);
            self.neurons.len() - 1
        });
        for SpikeFile { spikes, sound } in heard {
            let repeats = text::repeats(&spikes)?;
            if repeats.len() > 1 && repeats.iter().all(|times| times.len() <= 1) {
                self.single.push(spikes.display().to_string());
            }
            let index = self.sounds.place(&sound, &self.neurons[place].id)?;
            if index == self.heard.len() {
                self.heard.push((kind.clone(), BTreeMap::new()));
            }
            let presentations = self.heard[index].1.entry(place).or_default();
            presentations.extend(repeats.into_iter().map(|times| Presentation {
                times_ms: times.iter().map(|time| time * unit.ms()).collect(),
                recorded_ms: Vec::new(),
            }));
        }
        Ok(())
    }

    fn session(self, file: PathBuf, unit: Unit, report: &mut ImportReport) -> Session {
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
        let stimuli =
            sounds.files.into_iter().zip(heard).map(|((id, path), (kind, mut by_neuron))| {
                let attributes = kind.map(|kind| ("type".to_owned(), kind)).into_iter().collect();
                let name = path.display().to_string();
                let presentations =
                    (0..neurons.len()).map(|n| by_neuron.remove(&n).unwrap_or_default());
                Presented {
                    stimulus: Entity { id, attributes },
                    presentations: presentations.collect(),
                    open: open(path),
                    name,
                }
            });
        let stimuli = stimuli.collect();
        Session { file, neurons, stimuli, unit, resolution_ms: RESOLUTION_MS }
    }
}

/// Times are taken as they are written, but for the rounding of floats.
const RESOLUTION_MS: f64 = 1e-6;

/// A sound file, to be opened when its turn comes.
pub fn open(path: PathBuf) -> OpenSound {
    Box::new(move || {
        let file = sound::open(&path)?;
        Ok(Opened { sound: file.sound, notes: file.notes })
    })
}
