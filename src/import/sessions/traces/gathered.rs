//! What cells heard, and where in their traces.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Traces;
use super::answers::{Answers, Occurrence};
use super::stimuli::{StimulusFiles, open};
use super::trace::{TraceFile, Trigger};
use crate::base::error::{Error, Result};
use crate::base::wording::{counted, counted_that};
use crate::dataset::Entity;
use crate::import::report::{ImportReport, listed};
use crate::import::sessions::hearing::Presented;
use crate::import::sessions::spikes::natural_order;

/// Share of the presentations that may lie beyond the end of their trace.
const MOST_BEYOND: f64 = 0.1;

/// The presentations of the files read so far.
pub struct Gathered {
    neurons: usize,
    dt_ms: f64,
    stimuli: BTreeMap<String, OfStimulus>,
    triggers: usize,
    /// Triggers without a sound, by what they are called.
    without: BTreeMap<String, usize>,
    /// Presentations that begin behind the end of the trace, and the first of them.
    beyond: usize,
    first_beyond: String,
    overlapping: usize,
}

/// The presentations of a sound.
struct OfStimulus {
    file: PathBuf,
    /// A duration, and the place that says it.
    timed: Option<(f64, String)>,
    answers: Answers,
}

impl Gathered {
    /// Nothing read yet, of so many cells.
    pub fn new(neurons: usize, dt_ms: f64) -> Self {
        let (stimuli, without) = (BTreeMap::new(), BTreeMap::new());
        let (triggers, beyond, overlapping, first_beyond) = (0, 0, 0, String::new());
        Self { neurons, dt_ms, stimuli, triggers, without, beyond, first_beyond, overlapping }
    }

    /// Takes a file of a cell.
    ///
    /// # Errors
    /// It is damaged, or says two things of one sound.
    pub fn add(
        &mut self,
        neuron: usize,
        path: &Path,
        median_s: f64,
        sounds: &mut StimulusFiles,
    ) -> Result<()> {
        let file = TraceFile::read(path, median_s)?;
        let sample_ms = 1000.0 / file.trace.rate_hz;
        if self.dt_ms.is_nan() || self.dt_ms < sample_ms {
            let shown = path.display();
            return Err(Error::Refused(format!(
                "--dt-ms: found {}, expected {sample_ms} or more, as samples of {shown} lie apart",
                self.dt_ms
            )));
        }
        let mut heard: Vec<(f64, f64)> = Vec::new();
        for trigger in &file.triggers {
            self.triggers += 1;
            match sounds.find(&trigger.description)? {
                Some(sound) => {
                    self.take(neuron, &file, trigger, sound)?;
                    let duration_ms = trigger.duration_ms.unwrap_or(0.0);
                    heard.push((trigger.time * sample_ms, duration_ms));
                }
                None => *self.without.entry(called(trigger)).or_default() += 1,
            }
        }
        heard.sort_by(|a, b| a.0.total_cmp(&b.0));
        let overlap = |pair: &&[(f64, f64)]| pair[1].0 + sample_ms < pair[0].0 + pair[0].1;
        self.overlapping += heard.windows(2).filter(overlap).count();
        Ok(())
    }

    fn take(
        &mut self,
        neuron: usize,
        file: &TraceFile,
        trigger: &Trigger,
        sound: PathBuf,
    ) -> Result<()> {
        let (time, samples) = (trigger.time, file.trace.mv.len());
        if !(time.is_finite() && time >= 1.0 && time.fract() == 0.0) {
            let found = format!("found the time {time}, expected the number of a sample, from 1");
            return Err(file.refused(trigger, &found));
        }
        let place = format!("trigger {} of {}", trigger.number, file.path.display());
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let sample = time as usize - 1;
        if sample >= samples {
            self.beyond += 1;
            if self.beyond == 1 {
                self.first_beyond = format!("{place} at sample {time} of {samples}");
            }
            return Ok(());
        }
        let new = || {
            let answers = Answers { of_neurons: vec![Vec::new(); self.neurons] };
            OfStimulus { file: sound, timed: None, answers }
        };
        let of = self.stimuli.entry(trigger.description.clone()).or_insert_with(new);
        if let Some(duration_ms) = trigger.duration_ms {
            if !(duration_ms.is_finite() && duration_ms > 0.0) {
                let found = format!("found a duration of {duration_ms} ms, expected more than 0");
                return Err(file.refused(trigger, &found));
            }
            let (known, first) = of.timed.get_or_insert_with(|| (duration_ms, place.clone()));
            if (*known - duration_ms).abs() > self.dt_ms {
                return Err(Error::Refused(format!(
                    "found {:?} of {known} ms in {first} and of {duration_ms} ms in {place}, expected \
                     one duration of a sound; remove one of them",
                    trigger.description
                )));
            }
        }
        let (trace, duration_ms) = (Arc::clone(&file.trace), trigger.duration_ms);
        of.answers.of_neurons[neuron].push(Occurrence { trace, sample, duration_ms });
        Ok(())
    }

    /// Says what was left out.
    ///
    /// # Errors
    /// No sound was presented, or many beyond the end of the traces.
    pub fn tell(
        &self,
        options: &Traces,
        sounds: &StimulusFiles,
        report: &mut ImportReport,
    ) -> Result<()> {
        let shown = options.sources[0].display();
        let without: usize = self.without.values().sum();
        let names: Vec<String> =
            self.without.iter().map(|(name, count)| format!("{name} ({count})")).collect();
        let presented = self.triggers - without;
        if self.beyond as f64 > MOST_BEYOND * presented as f64 {
            let first = &self.first_beyond;
            return Err(Error::Refused(format!(
                "{shown}: {} of {} begin beyond the end of their trace ({first}), expected \
                 samples of the trace; check that response and triggers belong together",
                self.beyond,
                counted(presented, "presentation")
            )));
        }
        if self.stimuli.is_empty() {
            let found = if names.is_empty() { "no trigger".into() } else { listed(&names) };
            return Err(Error::Refused(format!(
                "{shown}: found no sound of the triggers ({found}), expected MATLAB files with their \
                 descriptions in --sounds"
            )));
        }
        if without > 0 {
            report.dropped(format!(
                "{without} of {} without a sound in --sounds: {}",
                counted(self.triggers, "trigger"),
                listed(&names)
            ));
        }
        let unused: Vec<&str> =
            sounds.descriptions().filter(|one| !self.stimuli.contains_key(*one)).collect();
        if !unused.is_empty() {
            let count = counted(unused.len(), "sound");
            report.dropped(format!("{count} without a trigger: {}", listed(&unused)));
        }
        if self.beyond > 0 {
            let begin = counted_that(self.beyond, "presentation", ["that begins", "that begin"]);
            report.dropped(format!("{begin} beyond the end of their trace"));
        }
        if self.overlapping > 0 {
            let begin = counted_that(self.overlapping, "presentation", ["begins", "begin"]);
            report.inferred(format!(
                "{begin} before the sound before ends: each takes all of its own time"
            ));
        }
        Ok(())
    }

    /// The sounds, and what cells did, in the order of the descriptions.
    pub fn stimuli(self) -> (Vec<Presented>, Vec<Answers>) {
        let mut all: Vec<(String, OfStimulus)> = self.stimuli.into_iter().collect();
        all.sort_by(|a, b| natural_order(&a.0, &b.0));
        let stimulus = |(id, OfStimulus { file, answers, .. }): (String, OfStimulus)| {
            let folder = file.parent().and_then(Path::file_name);
            let kind = folder.map(|name| ("type".to_owned(), name.to_string_lossy().into_owned()));
            let stimulus = Entity { id, attributes: kind.into_iter().collect() };
            let (name, open) = (file.display().to_string(), open(file));
            (Presented { stimulus, open, name, presentations: Vec::new() }, answers)
        };
        all.into_iter().map(stimulus).unzip()
    }
}

/// What a trigger is called in messages.
fn called(trigger: &Trigger) -> String {
    match (trigger.description.as_str(), trigger.kind.as_str()) {
        ("", "") => "without a description".into(),
        ("", kind) => kind.into(),
        (description, _) => description.into(),
    }
}
