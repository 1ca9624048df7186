//! Spike times on the clock of a session, beside onsets of stimuli that are numbered.
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::lists::lists;
use super::options::Asked;
use super::sounds::{MatSound, unheard};
use crate::base::error::{Error, Problem, Problems, Result};
use crate::base::wording::counted;
use crate::dataset::Entity;
use crate::import::arrays::mat::files::MatFiles;
use crate::import::arrays::mat::levels::MatArrays;
use crate::import::arrays::options::refused;
use crate::import::arrays::value::Arrays;
use crate::import::report::{ImportReport, listed};
use crate::import::sessions::clock::{
    ClockTally, OnClock, SessionClock, Shown, Stimulus, Trains, seconds,
};
use crate::import::sessions::counts::Presentation;
use crate::import::sessions::hearing::{Presented, SoundOptions};
use crate::import::sessions::times::SpikeTrain;
use crate::import::sessions::unit::{TimeStep, Unit};

/// Problems of a file that are told.
const MOST_PROBLEMS: usize = 5;
/// How many times as long onsets are that are milliseconds and were read as seconds.
const MS_IN_S: f64 = 1000.0;

/// What neurons did in sessions.
#[derive(Default)]
pub struct Sessions {
    trains: Vec<Arc<SpikeTrain>>,
    clocks: Vec<ClockSession>,
    /// The largest number of a stimulus.
    pub stimuli: usize,
    /// Presentations of nothing.
    nothing: usize,
    /// All presentations, of each session once.
    all: usize,
    unsorted: usize,
}

/// Neurons that heard the same at the same times.
struct ClockSession {
    /// The first of their files.
    file: PathBuf,
    /// Places of stimuli from 0, and onsets in milliseconds.
    shown: Vec<(usize, f64)>,
    neurons: Vec<usize>,
}

/// Stimuli with what neurons did, and the neurons that heard any.
pub struct HeardInSessions {
    /// Those that were presented.
    pub stimuli: Vec<Presented>,
    /// Their places among all.
    pub places: Vec<usize>,
    /// The neurons.
    pub neurons: Vec<Entity>,
}

impl Sessions {
    /// How many neurons there are.
    pub fn neurons(&self) -> usize {
        self.trains.len()
    }

    /// Takes the spikes of further neurons out of a file; onsets and codes may lie in a file that all
    /// have in common.
    ///
    /// # Errors
    /// Spike times, onsets or codes are missing, or are something else.
    pub fn add(
        &mut self,
        own: &mut MatFiles,
        mut common: Option<&mut MatFiles>,
        asked: &Asked,
        file: &Path,
    ) -> Result<()> {
        let found = lists(&own.levels(asked.name)?, &asked.axes()?, asked, file)?;
        let (onsets, codes) = (&asked.options.onsets, &asked.options.codes);
        let [onsets, codes] = [("--onsets", onsets), ("--codes", codes)].map(|(option, name)| {
            let name = name.as_deref().unwrap_or_default();
            numbers((option, name), own, common.as_deref_mut(), file)
        });
        let (onsets, codes) = (onsets?, codes?);
        let step = TimeStep::Unit(asked.options.onsets_unit.unwrap_or(Unit::S));
        let (shown, nothing) = shown(&onsets, &codes, step, asked, file)?;
        self.stimuli = shown.iter().map(|(place, _)| place + 1).fold(self.stimuli, usize::max);
        let step_ms = asked.options.scale().step.ms();
        let known = self.clocks.iter().position(|session| session.shown == shown);
        let session = known.unwrap_or_else(|| {
            self.all += onsets.len();
            self.nothing += nothing;
            self.clocks.push(ClockSession { file: file.into(), shown, neurons: Vec::new() });
            self.clocks.len() - 1
        });
        for leaf in found {
            let times = leaf.times.iter().map(|time| time * step_ms).collect();
            let (train, unsorted) = SpikeTrain::of_ms(times);
            self.unsorted += usize::from(unsorted);
            self.clocks[session].neurons.push(self.trains.len());
            self.trains.push(Arc::new(train));
        }
        Ok(())
    }

    /// Says what was left out.
    ///
    /// # Errors
    /// Nothing was presented.
    pub fn tell(&self, asked: &Asked, report: &mut ImportReport) -> Result<()> {
        let codes = asked.options.codes.as_deref().unwrap_or_default();
        if self.stimuli == 0 {
            let found = format!("{codes}: found no presentation of a stimulus");
            let text = "expected the number of one, from 1, at one onset or more";
            return Err(Error::Refused(format!(
                "{}: {found}, {text}",
                asked.arrays.source.display()
            )));
        }
        if self.unsorted > 0 {
            report.inferred(format!("spike times of {} sorted", counted(self.unsorted, "neuron")));
        }
        if self.nothing > 0 {
            let presentations = counted(self.all, "onset");
            report.dropped(format!(
                "{} of {presentations} at which {codes} names no stimulus",
                self.nothing
            ));
        }
        if let [session] = &self.clocks[..] {
            let onsets = || session.shown.iter().map(|(_, onset)| *onset);
            let spans = || self.trains.iter().filter_map(|train| train.span_ms());
            let first = |all: &mut dyn Iterator<Item = f64>| all.fold(f64::INFINITY, f64::min);
            let last = |all: &mut dyn Iterator<Item = f64>| all.fold(f64::NEG_INFINITY, f64::max);
            if spans().next().is_some() {
                report.inferred(format!(
                    "onsets lie between {} and {} s, spikes between {} and {} s",
                    seconds(first(&mut onsets())),
                    seconds(last(&mut onsets())),
                    seconds(first(&mut spans().map(|span| span.0))),
                    seconds(last(&mut spans().map(|span| span.1)))
                ));
            }
        }
        Ok(())
    }

    /// What neurons did while these sounds were heard.
    ///
    /// # Errors
    /// No sound was presented, or spikes and onsets do not lie on one clock.
    pub fn heard(
        self,
        sounds: Vec<MatSound>,
        neurons: Vec<Entity>,
        sound: &SoundOptions,
        asked: &Asked,
        report: &mut ImportReport,
    ) -> Result<HeardInSessions> {
        let sounds = self.presented(sounds, asked, report)?;
        let lengths_ms: Vec<f64> = sounds.iter().map(MatSound::length_ms).collect::<Result<_>>()?;
        let mut answers = vec![vec![Vec::new(); self.trains.len()]; sounds.len()];
        let mut tally = ClockTally::default();
        for session in self.clocks.iter().filter(|session| !session.shown.is_empty()) {
            let timed = session.timed(&sounds, &lengths_ms);
            if asked.options.onsets_unit.is_none() {
                require_seconds(&timed, session, asked)?;
            }
            let of_session = self.of(session, &timed, sound, &mut tally);
            self.check(session, &of_session, asked, report)?;
            session.share(of_session, &mut answers);
        }
        tally.tell(report);
        Ok(assembled(sounds, answers, neurons, report))
    }

    /// The sounds that were presented; others, and presentations without a sound, are counted.
    fn presented(
        &self,
        sounds: Vec<MatSound>,
        asked: &Asked,
        report: &mut ImportReport,
    ) -> Result<Vec<MatSound>> {
        let shown = || self.clocks.iter().flat_map(|session| &session.shown);
        let has_sound = |place: usize| sounds.iter().any(|sound| sound.place == place);
        let without = shown().filter(|(place, _)| !has_sound(*place)).count();
        if without > 0 {
            let count = counted(without, "presentation");
            report.dropped(format!("{count} of a stimulus without a sound"));
        }
        let is_shown = |sound: &MatSound| shown().any(|(place, _)| *place == sound.place);
        let (used, unused): (Vec<MatSound>, Vec<MatSound>) = sounds.into_iter().partition(is_shown);
        if used.is_empty() {
            let codes = asked.options.codes.as_deref().unwrap_or_default();
            return Err(Error::Refused(format!(
                "{}: found no sound of a stimulus that {codes} names, expected one or more",
                asked.arrays.source.display()
            )));
        }
        if !unused.is_empty() {
            let names: Vec<&str> =
                unused.iter().map(|sound| sound.presented.stimulus.id.as_str()).collect();
            let count = counted(names.len(), "sound");
            report.dropped(format!("{count} without a presentation: {}", listed(&names)));
        }
        Ok(used)
    }

    /// What the neurons of a session did.
    fn of(
        &self,
        session: &ClockSession,
        timed: &[Timed],
        sound: &SoundOptions,
        tally: &mut ClockTally,
    ) -> OnClock {
        let stimulus = |timed: &Timed| {
            let Presented { stimulus, open, name, .. } = unheard(timed.stimulus.clone());
            let (length_ms, shown) = (timed.length_ms, timed.shown.clone());
            Stimulus { entity: stimulus, open, length_ms, name, shown }
        };
        let trains = self.trains_of(session);
        OnClock::counted(timed.iter().map(stimulus).collect(), &trains, sound, tally)
    }

    fn trains_of(&self, session: &ClockSession) -> Trains {
        let spikes: Vec<Arc<SpikeTrain>> =
            session.neurons.iter().map(|neuron| Arc::clone(&self.trains[*neuron])).collect();
        let observed = vec![Vec::new(); spikes.len()];
        Trains { neurons: vec![Entity::default(); spikes.len()], spikes, observed }
    }

    fn check(
        &self,
        session: &ClockSession,
        of_session: &OnClock,
        asked: &Asked,
        report: &mut ImportReport,
    ) -> Result<()> {
        let place = format!("{}: {}", session.file.display(), asked.name);
        let (place, scale, spikes) =
            (&*place, asked.options.scale(), self.trains_of(session).spikes);
        let (spikes, presented) = (&*spikes, &*of_session.presented_ms);
        SessionClock { place, scale, spikes, presented }.check(report)
    }
}

/// A stimulus and when it was presented in a session.
struct Timed {
    stimulus: Entity,
    length_ms: f64,
    shown: Vec<Shown>,
}

impl ClockSession {
    /// Hands out what the neurons did, by stimulus and neuron.
    fn share(&self, of_session: OnClock, answers: &mut [Vec<Vec<Presentation>>]) {
        for (answers, presented) in answers.iter_mut().zip(of_session.stimuli) {
            for (neuron, own) in self.neurons.iter().zip(presented.presentations) {
                answers[*neuron] = own;
            }
        }
    }

    fn timed(&self, sounds: &[MatSound], lengths_ms: &[f64]) -> Vec<Timed> {
        let timed = |(sound, length_ms): (&MatSound, &f64)| {
            let stimulus = sound.presented.stimulus.clone();
            let own = self.shown.iter().filter(|(place, _)| *place == sound.place);
            let shown = own.map(|(_, start_ms)| Shown {
                stimulus: stimulus.id.clone(),
                start_ms: *start_ms,
                length_ms: None,
                cut_short_ms: None,
            });
            let shown = shown.collect();
            Timed { stimulus, length_ms: *length_ms, shown }
        };
        sounds.iter().zip(lengths_ms).map(timed).collect()
    }
}

/// Refuses onsets between which hardly anything was heard as seconds, but as milliseconds one sound
/// after the other.
fn require_seconds(timed: &[Timed], session: &ClockSession, asked: &Asked) -> Result<()> {
    let of = |timed: &Timed| {
        let length_ms = timed.length_ms;
        timed.shown.iter().map(move |shown| (shown.start_ms, length_ms)).collect::<Vec<_>>()
    };
    let mut sounds: Vec<(f64, f64)> = timed.iter().flat_map(of).collect();
    sounds.sort_by(|a, b| a.0.total_cmp(&b.0));
    let apart = |pair: &[(f64, f64)]| (pair[1].0 - pair[0].0) / MS_IN_S >= pair[0].1;
    if sounds.len() < 2 || !sounds.windows(2).all(apart) {
        return Ok(());
    }
    let (first, last) = (sounds[0], sounds[sounds.len() - 1]);
    let heard: f64 = sounds.iter().map(|sound| sound.1).sum();
    let share = 100.0 * heard / (last.0 + last.1 - first.0);
    Err(Error::Refused(format!(
        "{}: {}: read as seconds, sounds fill {share:.2} % of the time from the first onset to the \
         last, expected more; read as milliseconds, one follows the other; give --onsets-unit ms, or \
         --onsets-unit s if it is right as it is",
        session.file.display(),
        asked.options.onsets.as_deref().unwrap_or_default()
    )))
}

/// Stimuli with what neurons did; those that heard none are left out.
fn assembled(
    sounds: Vec<MatSound>,
    answers: Vec<Vec<Vec<Presentation>>>,
    neurons: Vec<Entity>,
    report: &mut ImportReport,
) -> HeardInSessions {
    let heard = |neuron: usize| answers.iter().any(|of| !of[neuron].is_empty());
    let kept: Vec<bool> = (0..neurons.len()).map(heard).collect();
    let deaf = neurons.iter().zip(&kept).filter(|(_, kept)| !**kept);
    let deaf: Vec<&str> = deaf.map(|(neuron, _)| neuron.id.as_str()).collect();
    if !deaf.is_empty() {
        let count = counted(deaf.len(), "neuron");
        report.dropped(format!("{count} that heard none of the stimuli: {}", listed(&deaf)));
    }
    let places = sounds.iter().map(|sound| sound.place).collect();
    let stimuli = sounds.into_iter().zip(answers).map(|(sound, of)| {
        let of = of.into_iter().zip(&kept).filter(|(_, kept)| **kept);
        Presented { presentations: of.map(|(own, _)| own).collect(), ..sound.presented }
    });
    let stimuli = stimuli.collect();
    let neurons = neurons.into_iter().zip(&kept).filter(|(_, kept)| **kept);
    HeardInSessions { stimuli, places, neurons: neurons.map(|(neuron, _)| neuron).collect() }
}

/// The numbers of a list of a neuron's file, or else of one that all have in common.
fn numbers(
    (option, name): (&str, &str),
    own: &mut MatFiles,
    common: Option<&mut MatFiles>,
    file: &Path,
) -> Result<Vec<f64>> {
    let (has, found) = match common {
        Some(common) if !own.has(name) && common.has(name) => (true, common.numbers(name)?),
        _ if own.has(name) => (true, own.numbers(name)?),
        _ => (false, None),
    };
    found.ok_or_else(|| {
        let found = if has { "something else" } else { "nothing" };
        let problem = Problem::new(format!("{option} {name}"), found, "a list of numbers");
        refused(file, problem)
    })
}

/// Places of stimuli with their onsets, and at how many onsets there was none.
fn shown(
    onsets: &[f64],
    codes: &[f64],
    step: TimeStep,
    asked: &Asked,
    file: &Path,
) -> Result<(Vec<(usize, f64)>, usize)> {
    let name = asked.options.codes.as_deref().unwrap_or_default();
    if onsets.len() != codes.len() {
        let expected = format!("{}, as there are onsets", onsets.len());
        let problem = Problem::new(name, counted(codes.len(), "number"), expected);
        return Err(refused(file, problem));
    }
    let (mut shown, mut nothing, mut problems) = (Vec::new(), 0, Problems::default());
    for (number, (onset, code)) in (1..).zip(onsets.iter().zip(codes)) {
        if code.is_nan() || *code == 0.0 || onset.is_nan() {
            nothing += 1;
            continue;
        }
        let is_number = *code >= 1.0 && code.fract() == 0.0 && *code < f64::from(u32::MAX);
        problems.require(is_number && onset.is_finite(), || {
            let found = format!("{code} at {onset}");
            let expected = "the number of a stimulus, from 1, or 0 or NaN where none was presented";
            Problem::new(format!("{name}, number {number}"), found, expected)
        });
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let place = (*code as usize).saturating_sub(1);
        shown.push((place, onset * step.ms()));
    }
    problems.first(MOST_PROBLEMS).into_result(file, (shown, nothing))
}
