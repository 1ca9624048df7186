//! Spike times in cells and structs, with sounds from the file, from a folder, or as cochleagrams.
use std::path::Path;

use ndarray::Array2;

use self::clock::{HeardInSessions, Sessions};
use self::lists::Lists;
use self::neuron_files::NeuronFiles;
use self::options::Asked;
use self::sounds::MatSound;
use super::files::MatFiles;
use super::levels::MatArrays;
use crate::base::error::{Error, Problem, Result};
use crate::dataset::{Entity, Recording};
use crate::import::arrays::lowest_first;
use crate::import::arrays::named::Named;
use crate::import::arrays::options::ArrayOptions;
use crate::import::format::Imported;
use crate::import::report::ImportReport;
use crate::import::sessions::counts::RESOLUTION_MS;
use crate::import::sessions::hearing::{DT_MS, Presented, SoundOptions};
use crate::import::sessions::session::{Answered, HeardSounds, Session};

mod options;

mod lists;
mod neuron_files;
mod sounds;

mod clock;

pub(super) use options::SpikeTimeOptions;

/// The recording of spike times under this name; each file of folders is a neuron.
///
/// # Errors
/// They are no lists in cells, do not fit the axes or the sounds, or are in another unit.
pub(super) fn imported(
    files: &mut MatFiles,
    folders: &[&Path],
    name: &str,
    (arrays, options): (&ArrayOptions, &SpikeTimeOptions),
    report: &mut ImportReport,
) -> Result<Imported> {
    let one_a_file = !folders.is_empty() || options.neuron_files.is_some();
    let asked = Asked { name, arrays, options, one_a_file };
    let neuron_files = NeuronFiles::find(files, folders, &asked, report)?;
    let did = Did::read(files, neuron_files.as_ref(), &asked, report)?;
    let mut named = Named::new(files, arrays, report);
    let neurons = match &neuron_files {
        Some(files) => files.neurons(&mut named, &asked)?,
        None => named.neurons(did.neurons())?,
    };
    named.report.inferred(format!("spike times of {name} are {}", options.scale().step.name()));
    let stimuli = did.stimuli();
    if options.waveforms.is_none() && options.sounds.is_empty() {
        options.require_none()?;
        if arrays.cochleagrams.is_none() && !named.may_have_sound() {
            return Err(Error::Refused(format!(
                "{}: found spike times in {name} and no sounds, expected those of the stimuli; give \
                 --sounds FOLDER (with --stimulus-ids NAME or --sounds-in-order), --waveforms NAME \
                 (with --rate-hz) or --cochleagrams NAME (with --dt-ms)",
                arrays.source.display()
            )));
        }
        return of_cochleagrams(named, did, neurons, &asked);
    }
    let sounds = match &options.waveforms {
        Some(waveforms) => sounds::waveforms(&mut named, waveforms, stimuli, &asked)?,
        None => sounds::files(&mut named, stimuli, &asked)?,
    };
    named.finish()?;
    let sound =
        SoundOptions { dt_ms: arrays.dt_ms.unwrap_or(DT_MS), hearing: options.hearing.clone() };
    let (session, _) = did.session(sounds, neurons, &sound, &asked, report)?;
    session.imported(&sound, report)
}

/// The recording with cochleagrams that a file has.
fn of_cochleagrams(
    mut named: Named,
    did: Did,
    neurons: Vec<Entity>,
    asked: &Asked,
) -> Result<Imported> {
    let HeardSounds { cochleagrams, dt_ms, .. } = heard(&mut named, did.stimuli(), asked)?;
    let entities = named.stimuli(cochleagrams.len())?;
    let bands = cochleagrams.first().map_or(0, Array2::nrows);
    let frequencies_hz = named.frequencies(bands)?;
    let level = named.level()?;
    named.finish()?;
    let report = named.report;
    let sounds = entities.into_iter().zip(&cochleagrams).enumerate();
    let sounds = sounds.map(|(place, (stimulus, cochleagram))| {
        let length_ms = cochleagram.ncols() as f64 * dt_ms;
        MatSound::unheard(place, stimulus, length_ms)
    });
    let sound = SoundOptions { dt_ms, hearing: asked.options.hearing.clone() };
    let (session, places) = did.session(sounds.collect(), neurons, &sound, asked, report)?;
    let mut all: Vec<Option<Array2<f32>>> = cochleagrams.into_iter().map(Some).collect();
    let cochleagrams = places.iter().filter_map(|place| all[*place].take()).collect();
    let (rate_hz, before_ms, after_ms) = (f64::NAN, 0.0, 0.0);
    let heard = HeardSounds { cochleagrams, rate_hz, dt_ms, before_ms, after_ms };
    let Answered { file, neurons, clips } = session.answered(heard, report)?;
    let splits = None;
    let mut recording = Recording { file, dt_ms, level, frequencies_hz, neurons, clips, splits };
    lowest_first(&mut recording, report);
    Ok(Imported::without_sound(recording))
}

/// The cochleagrams that the file has.
fn heard(named: &mut Named, stimuli: usize, asked: &Asked) -> Result<HeardSounds> {
    let (name, dt_ms) = (named.sound_name(), named.dt_ms()?);
    let (Some(name), Some(dt_ms)) = (name, dt_ms) else { return Err(named.stopped()) };
    let axes = named.options.sound_axes.clone();
    let is_given = axes.is_some();
    let Some(value) = named.value(name.clone())? else { return Err(named.stopped()) };
    let Some(cochleagrams) = named.sounds(value, axes)? else { return Err(named.stopped()) };
    named.problems.require(
        is_given || cochleagrams.iter().all(|one| one.nrows() <= one.ncols()),
        || {
            let problem = Problem::new(&name, "more bands than bins", "as many bins or more");
            problem.hint("give --sound-axes, as in stimulus,time,frequency")
        },
    );
    named.problems.require(cochleagrams.len() >= stimuli, || {
        sounds::too_few(&name, cochleagrams.len(), stimuli, asked)
    });
    named.finish()?;
    Ok(HeardSounds { cochleagrams, rate_hz: f64::NAN, dt_ms, before_ms: 0.0, after_ms: 0.0 })
}

/// What neurons did.
enum Did {
    /// Lists of times from onsets.
    FromOnsets(Lists),
    /// Lists on the clock of a session.
    OnClock(Sessions),
}

impl Did {
    fn read<'a>(
        files: &mut MatFiles,
        neuron_files: Option<&NeuronFiles>,
        asked: &Asked<'a>,
        report: &mut ImportReport,
    ) -> Result<Self> {
        let mut did = match asked.options.onsets {
            Some(_) => Self::OnClock(Sessions::default()),
            None => Self::FromOnsets(Lists::default()),
        };
        let Some(of_neurons) = neuron_files else {
            did.add(files, None, asked, &asked.arrays.source)?;
            return did.told(asked, report);
        };
        let name = |option: &'a Option<String>| option.as_deref().unwrap_or_default();
        let (onsets, codes) = (name(&asked.options.onsets), name(&asked.options.codes));
        for (place, path) in of_neurons.paths.iter().enumerate() {
            let mut own = MatFiles::open(vec![path.as_path()], &[asked.name, onsets, codes])?;
            if place == 0 {
                own.say_places(report);
            }
            did.add(&mut own, Some(&mut *files), asked, path)?;
        }
        did.told(asked, report)
    }

    /// The same, after it was said how it was read.
    fn told(self, asked: &Asked, report: &mut ImportReport) -> Result<Self> {
        match &self {
            Self::FromOnsets(lists) => lists.tell(asked, report)?,
            Self::OnClock(sessions) => sessions.tell(asked, report)?,
        }
        Ok(self)
    }

    fn add(
        &mut self,
        own: &mut MatFiles,
        common: Option<&mut MatFiles>,
        asked: &Asked,
        file: &Path,
    ) -> Result<()> {
        match self {
            Self::FromOnsets(lists) => lists.add(&own.levels(asked.name)?, asked, file),
            Self::OnClock(sessions) => sessions.add(own, common, asked, file),
        }
    }

    fn neurons(&self) -> usize {
        match self {
            Self::FromOnsets(lists) => lists.neurons,
            Self::OnClock(sessions) => sessions.neurons(),
        }
    }

    fn stimuli(&self) -> usize {
        match self {
            Self::FromOnsets(lists) => lists.stimuli,
            Self::OnClock(sessions) => sessions.stimuli,
        }
    }

    /// What neurons did while these sounds were heard; and the places of the sounds that were.
    fn session(
        self,
        sounds: Vec<MatSound>,
        neurons: Vec<Entity>,
        sound: &SoundOptions,
        asked: &Asked,
        report: &mut ImportReport,
    ) -> Result<(Session, Vec<usize>)> {
        let (scale, file) = (asked.options.scale(), asked.arrays.source.clone());
        let (neurons, stimuli, places, onset_scale) = match self {
            Self::OnClock(sessions) => {
                let HeardInSessions { stimuli, places, neurons } =
                    sessions.heard(sounds, neurons, sound, asked, report)?;
                (neurons, stimuli, places, None)
            }
            Self::FromOnsets(mut lists) => {
                lists.require_all(sounds.len(), asked, report)?;
                let places = sounds.iter().map(|sound| sound.place).collect();
                let stimuli = sounds.into_iter().map(|MatSound { place, presented, .. }| {
                    let presentations = lists.presentations(place, scale.step);
                    Presented { presentations, ..presented }
                });
                let stimuli = stimuli.collect();
                (neurons, stimuli, places, Some(scale))
            }
        };
        let resolution_ms = RESOLUTION_MS;
        Ok((Session { file, neurons, stimuli, onset_scale, resolution_ms }, places))
    }
}
