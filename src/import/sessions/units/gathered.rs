//! Units and stimuli of all files.
use std::collections::{BTreeMap, BTreeSet};

use super::file::UnitFile;
use super::{NO_UNITS, SORT_TYPE, UnitFiles};
use crate::base::error::{Error, Result};
use crate::base::wording::{counted, joined};
use crate::dataset::Entity;
use crate::import::report::{ImportReport, listed};
use crate::import::sessions::counts::{Presentation, RESOLUTION_MS};
use crate::import::sessions::session::Session;
use crate::import::sessions::spikes::{Library, Pattern, Sounds, presented};
use crate::import::sessions::unit::TimeScale;

/// Attributes of a sound, and its presentations by neuron.
type OfSound = (BTreeMap<String, String>, BTreeMap<usize, Vec<Presentation>>);

/// Units and stimuli of the files read so far.
#[derive(Default)]
pub struct Gathered {
    neurons: Vec<Entity>,
    sounds: Sounds,
    heard: Vec<OfSound>,
    /// Files that hold no unit.
    pub no_units: usize,
    /// Stimuli whose sound is nowhere.
    without_sound: BTreeSet<String>,
    /// Files without a repeat.
    empty: Vec<String>,
}

impl Gathered {
    /// Takes a unit, whose sounds are looked for by a pattern.
    ///
    /// # Errors
    /// A sound cannot be read, or several may be meant.
    pub fn add(&mut self, file: UnitFile, pattern: &Pattern, library: &Library) -> Result<()> {
        let UnitFile { path, neuron, heard } = file;
        if heard.is_empty() {
            self.empty.push(path.display().to_string());
            return Ok(());
        }
        let place = self.neurons.len();
        for (stimulus, presentations) in heard {
            let called = pattern.name(&stimulus.id);
            let sound = match library.find(&called)? {
                Some(sound) => Some(sound),
                None => library.find(&stimulus.id)?,
            };
            let Some(sound) = sound else {
                self.without_sound.insert(called);
                continue;
            };
            let index = self.sounds.place(sound, &neuron.id)?;
            if index == self.heard.len() {
                self.heard.push((stimulus.attributes, BTreeMap::new()));
            }
            self.heard[index].1.entry(place).or_default().extend(presentations);
        }
        self.neurons.push(neuron);
        Ok(())
    }

    /// What was gathered.
    ///
    /// # Errors
    /// Nothing was.
    pub fn session(
        mut self,
        options: &UnitFiles,
        scale: TimeScale,
        report: &mut ImportReport,
    ) -> Result<Session> {
        let file = options.sources[0].clone();
        if self.no_units > 0 {
            let files = counted(self.no_units, "file");
            let types = joined(&NO_UNITS, "or");
            report.dropped(format!("{files} whose {SORT_TYPE} is {types}"));
        }
        if !self.empty.is_empty() {
            let files = counted(self.empty.len(), "file");
            report.dropped(format!("{files} without a repeat: {}", listed(&self.empty)));
        }
        let missing: Vec<String> = std::mem::take(&mut self.without_sound).into_iter().collect();
        if self.heard.is_empty() {
            let found = if missing.is_empty() {
                "unit".into()
            } else {
                format!("sound of {}", listed(&missing))
            };
            return Err(Error::Refused(format!(
                "{}: found no {found}, expected units and their sounds; check --levels {}, give the \
                 folder of the sounds with --sounds, or what they are called with --stimulus-files",
                file.display(),
                options.levels.join(",")
            )));
        }
        if !missing.is_empty() {
            let names = listed(&missing);
            report.dropped(format!("stimuli without a sound: {names} ({} in all)", missing.len()));
        }
        self.name_apart(report);
        let Self { neurons, sounds, heard, .. } = self;
        let count = counted(neurons.len(), "neuron");
        report.inferred(format!("{count} from the names of files; times in {}", scale.step.name()));
        let renamed = sounds.renamed();
        if !renamed.is_empty() {
            let names = listed(&renamed);
            report.inferred(format!("other sounds of the same name are called {names}"));
        }
        let stimuli = sounds.files.into_iter().zip(heard);
        let stimuli = stimuli.map(|((id, path), (attributes, by_neuron))| {
            presented(Entity { id, attributes }, path, by_neuron, neurons.len())
        });
        let stimuli = stimuli.collect();
        let (onset_scale, resolution_ms) = (Some(scale), RESOLUTION_MS);
        Ok(Session { file, neurons, stimuli, onset_scale, resolution_ms })
    }

    /// Puts the animal in front of ids that several files have.
    fn name_apart(&mut self, report: &mut ImportReport) {
        let all: BTreeSet<&String> = self.neurons.iter().map(|neuron| &neuron.id).collect();
        if all.len() == self.neurons.len() {
            return;
        }
        for neuron in &mut self.neurons {
            if let Some(animal) = neuron.attributes.get("animal") {
                neuron.id = format!("{animal}_{}", neuron.id);
            }
        }
        report
            .inferred("names of animals stand in front of those of units, of which some are alike");
    }
}
