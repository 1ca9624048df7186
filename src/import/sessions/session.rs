//! Sounds and the spikes that followed them, and the recording out of them.
use std::path::PathBuf;

use clap::Args;
use ndarray::{Array2, Array3};
use rayon::prelude::*;

use super::counts::{Presentation, Tally, Window};
use super::onset_times::{ClipTimes, OnsetTimes};
use super::silence;
use super::unit::TimeScale;
use crate::base::error::{Error, Result};
use crate::base::wording::counted;
use crate::dataset::{Clip, Entity, Recording};
use crate::frontends::ImportConfig;
use crate::frontends::{Cochleagram, Finished, Frontend};
use crate::import::format::Imported;
use crate::import::report::{ImportReport, listed};
use crate::sound::{Mixer, Sound};

/// How sound becomes a cochleagram.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Sound and bins")]
pub struct SoundOptions {
    /// Width of a bin in milliseconds
    #[arg(long, value_name = "MS", default_value_t = DT_MS, allow_negative_numbers = true)]
    pub dt_ms: f64,
    /// How sound becomes a cochleagram.
    #[command(flatten)]
    pub hearing: HearingOptions,
}

/// Width of a bin in milliseconds where nothing says it.
pub const DT_MS: f64 = 5.0;

/// How sound becomes a cochleagram, and how much silence stands around it.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Sound and bins")]
pub struct HearingOptions {
    /// Front end: a name of `strf list frontends` [default: mel]
    #[arg(long, value_name = "NAME")]
    pub frontend: Option<String>,
    /// Change one key of the front end, e.g. frontend.bands=34; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// TOML file with a section `[frontend]`
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Channel of the sounds to take, from 1 [default: the mean of all]
    #[arg(long, value_name = "N")]
    pub channel: Option<usize>,
    /// Start clips so long before the onset of the sound, with silence
    #[arg(long, value_name = "MS", default_value_t = 0.0, allow_negative_numbers = true)]
    pub before_ms: f64,
    /// End clips so long after the end of the sound, with silence
    #[arg(long, value_name = "MS", default_value_t = 0.0, allow_negative_numbers = true)]
    pub after_ms: f64,
}

impl HearingOptions {
    /// Refuses them where cochleagrams are taken as they are; `sounds` names the options that give
    /// sound.
    ///
    /// # Errors
    /// One of them is given.
    pub fn require_none(&self, sounds: &str) -> Result<()> {
        let Self { frontend, set, config, channel, before_ms, after_ms } = self;
        let silent = *before_ms == 0.0 && *after_ms == 0.0 && channel.is_none();
        if frontend.is_none() && set.is_empty() && config.is_none() && silent {
            return Ok(());
        }
        Err(Error::Refused(format!(
            "found options of the front end and no sound, expected {sounds}"
        )))
    }
}

/// Opens the sound of a stimulus, of which a channel is taken, counted from 1, or the mean of all;
/// called once.
pub type OpenSound = Box<dyn Fn(Option<usize>) -> Result<Opened> + Send + Sync>;

/// A sound, and what the user should know of how it is read.
#[derive(Debug)]
pub struct Opened {
    /// The sound from its onset to its end.
    pub sound: Sound<'static>,
    /// Makes one channel of several.
    pub mixer: Mixer,
    /// What the user should know of how it was read, one sentence each.
    pub notes: Vec<String>,
}

/// A stimulus and what the neurons did.
pub struct Presented {
    /// Id and attributes of the stimulus.
    pub stimulus: Entity,
    /// Opens the sound of the stimulus.
    pub open: OpenSound,
    /// What to call the sound in messages.
    pub name: String,
    /// The presentations to each neuron, in order; none where it did not hear the stimulus.
    pub presentations: Vec<Vec<Presentation>>,
}

/// Stimuli and responses as they were recorded.
pub struct Session {
    /// The file or folder, for messages.
    pub file: PathBuf,
    /// The neurons.
    pub neurons: Vec<Entity>,
    /// What they heard.
    pub stimuli: Vec<Presented>,
    /// In which unit times from onsets were read; none where they lie on the clock of a session,
    /// which has been checked.
    pub onset_scale: Option<TimeScale>,
    /// Times are multiples of this, in milliseconds.
    pub resolution_ms: f64,
}

/// The cochleagram of each stimulus.
pub struct HeardSounds {
    /// In the order of the stimuli.
    pub cochleagrams: Vec<Array2<f32>>,
    /// Rate of the first sound, where there is one; else NaN.
    pub rate_hz: f64,
    /// Width of a bin in milliseconds.
    pub dt_ms: f64,
    /// Silence before the sound in milliseconds.
    pub before_ms: f64,
    /// Silence after it.
    pub after_ms: f64,
}

/// Cochleagrams with counts.
pub struct Answered {
    /// The file or folder, for messages.
    pub file: PathBuf,
    /// The neurons.
    pub neurons: Vec<Entity>,
    /// What they heard and did.
    pub clips: Vec<Clip>,
}

impl Session {
    /// Cochleagrams and counts.
    ///
    /// # Errors
    /// The front end's settings, a sound that cannot be read, or times that lie outside of all
    /// clips.
    pub fn imported(self, options: &SoundOptions, report: &mut ImportReport) -> Result<Imported> {
        let frontend = front_end(options)?;
        let (mut cochleagrams, rate_hz) = self.listen(&frontend, options, report)?;
        let Finished { notes, level } = frontend.finish(&mut cochleagrams);
        for note in notes {
            report.inferred(note);
        }
        let HearingOptions { before_ms, after_ms, .. } = options.hearing;
        let heard =
            HeardSounds { cochleagrams, rate_hz, dt_ms: options.dt_ms, before_ms, after_ms };
        let Answered { file, neurons, clips } = self.answered(heard, report)?;
        let recording = Recording {
            file,
            dt_ms: options.dt_ms,
            level: Some(level),
            frequencies_hz: Some(frontend.frequencies_hz().to_vec()),
            neurons,
            clips,
            splits: None,
        };
        Ok(Imported { recording, frontend: Some(frontend.toml()) })
    }

    /// Counts in the bins of cochleagrams.
    ///
    /// # Errors
    /// Times lie outside of all clips, or another unit fits them better.
    pub fn answered(self, heard: HeardSounds, report: &mut ImportReport) -> Result<Answered> {
        let HeardSounds { cochleagrams, rate_hz, dt_ms, before_ms, after_ms } = heard;
        let window = Window { dt_ms, before_ms, resolution_ms: self.resolution_ms };
        if let Some(scale) = self.onset_scale {
            let clips = self.clip_times(&cochleagrams, window, after_ms);
            let (file, neurons, clips) = (&*self.file, &*self.neurons, &*clips);
            OnsetTimes { file, scale, rate_hz, window, clips, neurons }.check(report)?;
        }
        let responses = self.responses(window, &cochleagrams, report);
        let stimuli = self.stimuli.into_iter().map(|presented| presented.stimulus);
        let clips = stimuli.zip(cochleagrams).zip(responses);
        let clips = clips.map(|((stimulus, cochleagram), responses)| Clip {
            stimulus,
            cochleagram,
            responses,
        });
        Ok(Answered { file: self.file, neurons: self.neurons, clips: clips.collect() })
    }

    /// The cochleagram of every stimulus, and the rate of the first sound.
    fn listen(
        &self,
        frontend: &Frontend,
        options: &SoundOptions,
        report: &mut ImportReport,
    ) -> Result<(Vec<Array2<f32>>, f64)> {
        let bar = report.bar("sound", self.stimuli.len())?;
        let heard = |presented: &Presented| -> Result<(Cochleagram, Vec<String>, f64)> {
            let Opened { sound, mixer, mut notes } = (presented.open)(options.hearing.channel)?;
            let rate_hz = sound.rate_hz;
            let sound = silence::around(sound, options.hearing.before_ms, options.hearing.after_ms);
            let heard =
                frontend.cochleagram(sound).map_err(|error| named(error, &presented.name))?;
            notes.extend(mixer.difference().map(|what| format!("{}: {what}", presented.name)));
            bar.step(presented.stimulus.id.as_str());
            Ok((heard, notes, rate_hz))
        };
        let all: Vec<_> = self.stimuli.par_iter().map(heard).collect::<Result<_>>()?;
        let rate_hz = all.first().map_or(f64::NAN, |(_, _, rate_hz)| *rate_hz);
        let notes = self.stimuli.iter().zip(&all).flat_map(|(presented, (heard, notes, _))| {
            let of_this = format!("{}: ", presented.name);
            notes.iter().chain(&heard.notes).map(move |note| match note.strip_prefix(&of_this) {
                Some(note) => (presented.name.as_str(), note.to_owned()),
                None => ("", note.clone()),
            })
        });
        for note in gathered(notes) {
            report.inferred(note);
        }
        Ok((all.into_iter().map(|(heard, ..)| heard.levels).collect(), rate_hz))
    }

    /// The presentations, and how long clips and sounds are.
    fn clip_times(
        &self,
        cochleagrams: &[Array2<f32>],
        window: Window,
        after_ms: f64,
    ) -> Vec<ClipTimes<'_>> {
        let mut clips = Vec::with_capacity(cochleagrams.len());
        for (Presented { name, presentations, .. }, cochleagram) in
            self.stimuli.iter().zip(cochleagrams)
        {
            let bins = cochleagram.ncols();
            let sound_ms = bins as f64 * window.dt_ms - window.before_ms - after_ms;
            let sound_ms = sound_ms.max(window.dt_ms);
            clips.push(ClipTimes { name, presentations, bins, sound_ms });
        }
        clips
    }

    /// Counts `(N, R, T)` for every stimulus.
    fn responses(
        &self,
        window: Window,
        cochleagrams: &[Array2<f32>],
        report: &mut ImportReport,
    ) -> Vec<Array3<f32>> {
        let mut all = Tally::default();
        let mut silent = 0;
        let mut responses = Vec::with_capacity(cochleagrams.len());
        for (presented, cochleagram) in self.stimuli.iter().zip(cochleagrams) {
            let (counts, tally, empty) = counts(presented, window, cochleagram.ncols());
            all += tally;
            silent += empty;
            responses.push(counts);
        }
        tell(all, silent, report);
        responses
    }
}

/// Each note once, in the order in which they came up, with the names that it was said of.
fn gathered<'a>(notes: impl Iterator<Item = (&'a str, String)>) -> Vec<String> {
    let mut said: Vec<(String, Vec<&str>)> = Vec::new();
    for (name, note) in notes {
        match said.iter_mut().find(|(known, _)| *known == note) {
            Some((_, names)) => names.push(name),
            None => said.push((note, vec![name])),
        }
    }
    let text = |(note, mut names): (String, Vec<&str>)| {
        names.retain(|name| !name.is_empty());
        if names.is_empty() { note } else { format!("{}: {note}", listed(&names)) }
    };
    said.into_iter().map(text).collect()
}

fn tell(all: Tally, silent: usize, report: &mut ImportReport) {
    let outside = all.before + all.after;
    if outside > 0 {
        report.dropped(format!(
            "{outside} of {}: {} before the first bin, {} after the last",
            counted(all.total(), "spike"),
            all.before,
            all.after
        ));
    }
    if silent > 0 {
        report.inferred(format!("{} without spikes", counted(silent, "repeat")));
    }
}

/// Counts of all neurons, where the spikes fell, and how many repeats have none.
fn counts(presented: &Presented, window: Window, bins: usize) -> (Array3<f32>, Tally, usize) {
    let all = &presented.presentations;
    let repeats = all.iter().map(Vec::len).max().unwrap_or(0);
    let mut counts = Array3::from_elem((all.len(), repeats, bins), f32::NAN);
    let (mut tally, mut empty) = (Tally::default(), 0);
    for (mut rows, presentations) in counts.outer_iter_mut().zip(all) {
        for (row, presentation) in rows.outer_iter_mut().zip(presentations) {
            tally += window.count(presentation, row);
            empty += usize::from(presentation.times_ms.is_empty());
        }
    }
    (counts, tally, empty)
}

fn front_end(options: &SoundOptions) -> Result<Frontend> {
    for (name, value) in
        [("--before-ms", options.hearing.before_ms), ("--after-ms", options.hearing.after_ms)]
    {
        if !(value.is_finite() && value >= 0.0) {
            let message = format!("{name}: found {value}, expected milliseconds, 0 or more");
            return Err(Error::Refused(message));
        }
    }
    let named = options.hearing.frontend.iter().map(|name| format!("frontend.type={name:?}"));
    let settings: Vec<String> = named.chain(options.hearing.set.iter().cloned()).collect();
    let config = ImportConfig::load(options.hearing.config.as_deref(), &settings)?;
    Frontend::new(&config.frontend, options.dt_ms)
}

/// The error with the name of the sound in front, where it does not say it itself.
fn named(error: Error, name: &str) -> Error {
    match error {
        Error::Refused(text) if !text.contains(name) => Error::Refused(format!("{name}: {text}")),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_said_once_of_all_that_it_concerns() {
        let notes = [("a", "mixed"), ("", "slow"), ("b", "mixed"), ("c", "odd"), ("", "slow")];
        let notes = notes.map(|(name, note)| (name, note.to_owned()));
        assert_eq!(gathered(notes.into_iter()), ["a and b: mixed", "slow", "c: odd"]);
    }
}
