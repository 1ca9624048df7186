//! Spike times in cells and structs, with sounds from the file, from a folder, or as cochleagrams.
use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use ndarray::Array2;

use super::files::MatFiles;
use super::levels::{Leaf, MatArrays, leaves};
use crate::base::error::{Error, Problem, Result};
use crate::base::wording::{counted, stimuli_counted};
use crate::dataset::{Entity, Recording};
use crate::import::arrays::axes::{Axes, NamedAxis};
use crate::import::arrays::lowest_first;
use crate::import::arrays::named::Named;
use crate::import::arrays::options::{ArrayOptions, refused};
use crate::import::format::Imported;
use crate::import::report::ImportReport;
use crate::import::sessions::counts::{Presentation, RESOLUTION_MS};
use crate::import::sessions::session::{
    Answered, DT_MS, HeardSounds, HearingOptions, Presented, Session, SoundOptions,
};
use crate::import::sessions::times::SpikeTimes;
use crate::import::sessions::unit::{TimeScale, TimeStep, Unit};

mod sounds;

/// Spike times in place of responses, and the sounds that go with them.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Spike times")]
pub struct SpikeTimeOptions {
    /// Cells or structs of spike times from the onset of the sound, in place of --responses; their
    /// --axes are those of the cells [default: stimulus,repeat]
    #[arg(long, value_name = "NAME", conflicts_with = "responses")]
    pub spike_times: Option<String>,
    /// Unit of the spike times [default: s]
    #[arg(long, value_enum, requires = "spike_times")]
    pub unit: Option<Unit>,
    /// Cells of the samples of each sound, or an array of them
    #[arg(
        long,
        value_name = "NAME",
        requires_all = ["spike_times", "rate_hz"],
        conflicts_with_all = ["cochleagrams", "sounds"]
    )]
    pub waveforms: Option<String>,
    /// Samples a second of the waveforms: a number, or the name of one in the file
    #[arg(long, value_name = "NAME|NUMBER", requires = "waveforms", allow_negative_numbers = true)]
    pub rate_hz: Option<String>,
    /// Folder of sound files called as the stimuli; may be repeated
    #[arg(long, value_name = "FOLDER", requires = "spike_times", conflicts_with = "cochleagrams")]
    pub sounds: Vec<PathBuf>,
    /// How sound becomes cochleagrams.
    #[command(flatten)]
    pub hearing: HearingOptions,
}

impl SpikeTimeOptions {
    /// Cochleagrams are taken as they are, and no sound is heard.
    ///
    /// # Errors
    /// Options of a front end are given.
    pub(super) fn require_none(&self) -> Result<()> {
        self.hearing.require_none("--waveforms or --sounds beside them, with --spike-times")
    }
}

/// The recording of spike times under this name.
///
/// # Errors
/// They are no lists in cells, do not fit the axes or the sounds, or are in another unit.
pub(super) fn imported(
    files: &mut MatFiles,
    name: &str,
    (arrays, options): (&ArrayOptions, &SpikeTimeOptions),
    report: &mut ImportReport,
) -> Result<Imported> {
    let spikes = Spikes::read(files, name, arrays, report)?;
    let mut named = Named::new(files, arrays, report);
    let (neurons, stimuli) = (named.neurons(spikes.neurons)?, spikes.stimuli);
    let step = TimeStep::Unit(options.unit.unwrap_or(Unit::S));
    let scale = TimeScale { step, given: options.unit.is_some(), can_be_samples: false };
    named.report.inferred(format!("spike times of {name} are {}", step.name()));
    if options.waveforms.is_none() && options.sounds.is_empty() {
        options.require_none()?;
        let heard = heard(&mut named, stimuli)?;
        let entities = named.stimuli(heard.cochleagrams.len())?;
        let bands = heard.cochleagrams.first().map_or(0, Array2::nrows);
        let frequencies_hz = named.frequencies(bands)?;
        named.finish()?;
        let presented = entities.into_iter().map(sounds::unheard).collect();
        let session = spikes.session(arrays, scale, (neurons, presented));
        let dt_ms = heard.dt_ms;
        let Answered { file, neurons, clips } = session.answered(heard, report)?;
        let (level, splits) = (None, None);
        let mut recording =
            Recording { file, dt_ms, level, frequencies_hz, neurons, clips, splits };
        lowest_first(&mut recording, report);
        return Ok(Imported::without_sound(recording));
    }
    let (presented, kept) = match &options.waveforms {
        Some(waveforms) => {
            let rate_hz = options.rate_hz.as_deref().unwrap_or_default();
            let all = sounds::waveforms(&mut named, (waveforms, rate_hz), stimuli)?;
            let kept = (0..all.len()).collect();
            (all, kept)
        }
        None => sounds::files(&mut named, &options.sounds, stimuli)?,
    };
    named.finish()?;
    let sound =
        SoundOptions { dt_ms: arrays.dt_ms.unwrap_or(DT_MS), hearing: options.hearing.clone() };
    let session = spikes.of(&kept).session(arrays, scale, (neurons, presented));
    session.imported(&sound, report)
}

/// The cochleagrams that the file has.
fn heard(named: &mut Named, stimuli: usize) -> Result<HeardSounds> {
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
        let found = stimuli_counted(cochleagrams.len());
        Problem::new(&name, found, format!("{stimuli}, as there are of spike times"))
    });
    named.finish()?;
    Ok(HeardSounds { cochleagrams, rate_hz: f64::NAN, dt_ms, before_ms: 0.0, after_ms: 0.0 })
}

/// Spike times, in the unit of the file.
struct Spikes {
    neurons: usize,
    stimuli: usize,
    /// Repeats by stimulus and neuron.
    heard: BTreeMap<(usize, usize), Vec<Vec<f64>>>,
}

impl Spikes {
    fn read(
        files: &mut MatFiles,
        name: &str,
        options: &ArrayOptions,
        report: &mut ImportReport,
    ) -> Result<Self> {
        let value = files.levels(name)?;
        let axes = axes(options)?;
        let found = leaves(&value, &axes).map_err(|found| {
            let expected = "lists of times in cells or structs along the axes of --axes";
            let problem = Problem::new(name, found, expected);
            let hint = "give for instance --axes stimulus,repeat or neuron,stimulus,repeat";
            refused(&options.source, problem.hint(hint))
        })?;
        if options.axes.is_none() {
            let words: Vec<&str> = axes.iter().map(|axis| axis.word()).collect();
            report.inferred(format!("axes of the cells of {name} are {}", words.join(",")));
        }
        let silent = found.iter().filter(|leaf| leaf.times.is_empty()).count();
        if silent > 0 {
            report.inferred(format!(
                "{} of {name} without times: repeats without spikes",
                counted(silent, "cell")
            ));
        }
        let along = |leaf: &Leaf, axis: NamedAxis| {
            axes.iter().position(|known| *known == axis).map_or(0, |at| leaf.place[at])
        };
        let count = |axis: NamedAxis| found.iter().map(|leaf| along(leaf, axis) + 1).max();
        let (neurons, stimuli) = (count(NamedAxis::Neuron), count(NamedAxis::Stimulus));
        let (Some(neurons), Some(stimuli)) = (neurons, stimuli) else {
            let problem = Problem::new(name, "no list of times", "at least one");
            return Err(refused(&options.source, problem));
        };
        let mut sorted = found;
        sorted.sort_by_key(|leaf| along(leaf, NamedAxis::Repeat));
        let mut heard: BTreeMap<(usize, usize), Vec<Vec<f64>>> = BTreeMap::new();
        for leaf in sorted {
            let place = (along(&leaf, NamedAxis::Stimulus), along(&leaf, NamedAxis::Neuron));
            heard.entry(place).or_default().push(leaf.times);
        }
        Ok(Self { neurons, stimuli, heard })
    }

    /// Those of the stimuli that are kept, in this order.
    fn of(mut self, kept: &[usize]) -> Self {
        let mut heard = BTreeMap::new();
        for (place, stimulus) in kept.iter().enumerate() {
            for neuron in 0..self.neurons {
                let repeats = self.heard.remove(&(*stimulus, neuron)).unwrap_or_default();
                heard.insert((place, neuron), repeats);
            }
        }
        Self { heard, stimuli: kept.len(), ..self }
    }

    fn session(
        mut self,
        options: &ArrayOptions,
        scale: TimeScale,
        (neurons, mut stimuli): (Vec<Entity>, Vec<Presented>),
    ) -> Session {
        let presentation = |times: Vec<f64>| {
            let times = times.iter().map(|time| time * scale.step.ms()).collect::<Vec<_>>();
            Presentation { times_ms: SpikeTimes::from(times), recorded_ms: Vec::new() }
        };
        for (place, presented) in stimuli.iter_mut().enumerate() {
            let repeats = (0..neurons.len()).map(|neuron| {
                let repeats = self.heard.remove(&(place, neuron)).unwrap_or_default();
                repeats.into_iter().map(presentation).collect()
            });
            presented.presentations = repeats.collect();
        }
        let (file, onset_scale) = (options.source.clone(), Some(scale));
        Session { file, neurons, stimuli, onset_scale, resolution_ms: RESOLUTION_MS }
    }
}

/// The axes of the cells.
fn axes(options: &ArrayOptions) -> Result<Vec<NamedAxis>> {
    let usual = || Axes(vec![NamedAxis::Stimulus, NamedAxis::Repeat]);
    let mut axes = options.axes.clone().unwrap_or_else(usual).0;
    if axes.contains(&NamedAxis::Frequency) {
        let found =
            "--axes: found frequency, expected stimulus, neuron and repeat, as of spike times";
        return Err(Error::Refused(found.into()));
    }
    // The lists themselves go along time.
    axes.retain(|axis| *axis != NamedAxis::Time);
    Ok(axes)
}
