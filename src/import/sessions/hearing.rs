//! Sounds, and their cochleagrams.
use std::path::PathBuf;

use clap::Args;
use ndarray::Array2;
use rayon::prelude::*;

use super::counts::Presentation;
use super::silence;
use crate::base::error::{Error, Result};
use crate::dataset::{Entity, SoundLevel};
use crate::frontends::{Cochleagram, Finished, Frontend, ImportConfig};
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

/// The sounds of all stimuli.
pub struct Heard {
    /// In the order of the stimuli.
    pub cochleagrams: Vec<Array2<f32>>,
    /// Rate of the first sound, where there is one; else NaN.
    pub rate_hz: f64,
    /// What the numbers of the cochleagrams are.
    pub level: SoundLevel,
    /// Centres of the bands.
    pub frequencies_hz: Vec<f64>,
    /// The section `[frontend]`, as an import keeps it.
    pub frontend: String,
}

/// The cochleagram of every stimulus.
///
/// # Errors
/// The front end's settings, or a sound that cannot be read.
pub fn heard(
    stimuli: &[Presented],
    options: &SoundOptions,
    report: &mut ImportReport,
) -> Result<Heard> {
    let frontend = front_end(options)?;
    let (mut cochleagrams, rate_hz) = listen(stimuli, &frontend, options, report)?;
    let Finished { notes, level } = frontend.finish(&mut cochleagrams);
    for note in notes {
        report.inferred(note);
    }
    let frequencies_hz = frontend.frequencies_hz().to_vec();
    Ok(Heard { cochleagrams, rate_hz, level, frequencies_hz, frontend: frontend.toml() })
}

/// The cochleagram of every stimulus, and the rate of the first sound.
fn listen(
    stimuli: &[Presented],
    frontend: &Frontend,
    options: &SoundOptions,
    report: &mut ImportReport,
) -> Result<(Vec<Array2<f32>>, f64)> {
    let bar = report.bar("sound", stimuli.len())?;
    let heard = |presented: &Presented| -> Result<(Cochleagram, Vec<String>, f64)> {
        let Opened { sound, mixer, mut notes } = (presented.open)(options.hearing.channel)?;
        let rate_hz = sound.rate_hz;
        let sound = silence::around(sound, options.hearing.before_ms, options.hearing.after_ms);
        let heard = frontend.cochleagram(sound).map_err(|error| named(error, &presented.name))?;
        notes.extend(mixer.difference().map(|what| format!("{}: {what}", presented.name)));
        bar.step(presented.stimulus.id.as_str());
        Ok((heard, notes, rate_hz))
    };
    let all: Vec<_> = stimuli.par_iter().map(heard).collect::<Result<_>>()?;
    let rate_hz = all.first().map_or(f64::NAN, |(_, _, rate_hz)| *rate_hz);
    let notes = stimuli.iter().zip(&all).flat_map(|(presented, (heard, notes, _))| {
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
