//! Recordings of NEMS (Neural Encoding Model System): signals on one clock, and epochs that say when
//! which stimulus was heard.
use std::path::{Path, PathBuf};

use clap::Args;
use wildmatch::WildMatch;

use self::clips::NemsClips;
use self::epochs::Epochs;
use self::members::{FileContent, Members};
use self::signal::{Signal, SignalData};
use super::format::{Format, Imported};
use super::level::LevelOption;
use super::report::{ImportReport, listed};
use super::tables::NeuronTable;
use crate::base::error::{Error, Result};
use crate::base::wording::counted;
use crate::dataset::{Clip, Entity, Recording, Splits};

mod about;
mod clips;
mod epochs;
mod members;
mod responses;
mod signal;

pub use about::{About, StimulusAbout};

/// Names of the epochs by which recordings of NEMS mark the stimuli for tests.
const TEST_EPOCHS: &str = "STIM_00*";
/// Of the stimuli that are for fits, one in so many is for validation.
const FOR_VALIDATION: usize = 7;

/// Table of attributes of cells, as archives of several recordings have it.
const CELL_LIST: &str = "cell_list.csv";

/// `strf import nems`.
#[derive(Debug, Clone, Args)]
pub struct Nems {
    /// Archive (.tgz) of one recording, or its folder
    pub source: PathBuf,
    /// Epochs that are presentations of stimuli; * stands for any letters
    #[arg(long, value_name = "PATTERN", default_value = "STIM_*")]
    pub epochs: String,
    /// Stimuli that are for the test [default: `STIM_00*`, or those with most repeats]
    #[arg(long, value_name = "PATTERN")]
    pub test: Option<String>,
    /// Signal that holds the cochleagrams
    #[arg(long, value_name = "NAME", default_value = "stim")]
    pub cochleagrams: String,
    /// Signal that holds the responses
    #[arg(long, value_name = "NAME", default_value = "resp")]
    pub responses: String,
    /// Signal whose epochs are taken [default: that of the responses, where both have the same]
    #[arg(long, value_name = "NAME")]
    pub epochs_of: Option<String>,
    /// What the numbers of the cochleagrams are.
    #[command(flatten)]
    pub level: LevelOption,
    /// Attributes of the neurons [default: `cell_list.csv` beside the recording].
    #[command(flatten)]
    pub about: NeuronTable,
}

impl Format for Nems {
    fn name(&self) -> &'static str {
        "nems"
    }

    fn sources(&self) -> Vec<&Path> {
        vec![&self.source]
    }

    fn read(&self, report: &mut ImportReport) -> Result<Imported> {
        let files = Members::open(&self.source, [&self.cochleagrams, &self.responses])?;
        if !files.other_signals.is_empty() {
            let (count, names) = (files.other_signals.len(), listed(&files.other_signals));
            report.dropped(format!("{}: {names}", counted(count, "other signal")));
        }
        let about = About::read(&files)?;
        let sound = Signal::read(&files, &self.source, &self.cochleagrams)?;
        let mut responses = Signal::read(&files, &self.source, &self.responses)?;
        let neurons = neurons(&mut responses, report)?;
        let epochs = self.epochs(&files, report)?;
        report.inferred(format!(
            "{} of {} called {} in {}",
            counted(epochs.count(), "presentation"),
            crate::base::wording::stimuli_counted(epochs.stimuli.len()),
            self.epochs,
            epochs.file
        ));
        let clips = NemsClips { sound: &sound, responses: &responses, epochs: &epochs };
        let clips = clips.read(neurons.len(), report)?;
        let neurons = neurons.into_iter().map(|id| Entity { id, ..Entity::default() }).collect();
        let dt_ms = 1000.0 / sound.rate_hz;
        let mut recording = Recording {
            file: self.source.clone(),
            dt_ms,
            level: None,
            frequencies_hz: None,
            neurons,
            clips,
            splits: None,
        };
        match &about {
            Some(about) => about.complete(&mut recording, &self.source)?,
            None => report.inferred(format!("bins of {dt_ms} ms, from fs of {}", sound.name)),
        }
        if about.is_none() || self.test.is_some() {
            recording.splits = self.splits(&recording.clips, report)?;
        }
        recording.level = self.level.beside(&self.source, recording.level)?;
        let cell_list = self.cell_list();
        self.about.describe(cell_list.as_deref(), &mut recording.neurons, report)?;
        Ok(Imported::without_sound(recording))
    }
}

impl Nems {
    /// The table of cells in the folder of a recording, or beside it.
    fn cell_list(&self) -> Option<PathBuf> {
        let beside = self.source.parent().map(|folder| folder.join(CELL_LIST));
        Some(self.source.join(CELL_LIST)).filter(|path| path.is_file()).or(beside)
    }

    /// The presentations, which sound and responses have in common.
    fn epochs(&self, files: &Members, report: &mut ImportReport) -> Result<Epochs> {
        let mut of = |signal: &str| -> Result<Option<Epochs>> {
            let Some((path, file)) = files.file(signal, FileContent::Epochs) else {
                return Ok(None);
            };
            Epochs::read(path, &file, &self.epochs, report).map(Some)
        };
        let missing = |signal: &str| {
            Err(Error::Refused(format!(
                "{}: found no {signal}.epoch.csv, expected the epochs of the recording; copy the \
                 whole recording",
                self.source.display()
            )))
        };
        if let Some(signal) = &self.epochs_of {
            return of(signal)?.map_or_else(|| missing(signal), Ok);
        }
        match (of(&self.responses)?, of(&self.cochleagrams)?) {
            (Some(epochs), Some(other)) => {
                epochs.require_same(&other)?;
                Ok(epochs)
            }
            (Some(epochs), None) | (None, Some(epochs)) => Ok(epochs),
            (None, None) => missing(&self.responses),
        }
    }

    /// Which stimuli are for training, validation and test, as far as names or repeats tell.
    fn splits(&self, clips: &[Clip], report: &mut ImportReport) -> Result<Option<Splits>> {
        let Some((test, why)) = self.test_stimuli(clips)? else {
            report.inferred(format!(
                "no /splits: no stimulus is called {TEST_EPOCHS}, and all have as many repeats"
            ));
            return Ok(None);
        };
        let ids = |wanted: bool| {
            let of = clips.iter().zip(&test).filter(move |(_, is_test)| **is_test == wanted);
            of.map(|(clip, _)| clip.stimulus.id.clone()).collect::<Vec<String>>()
        };
        let (others, test) = (ids(false), ids(true));
        if others.len() < 2 {
            report.inferred("no /splits: too few stimuli are left for fits");
            return Ok(None);
        }
        let every = FOR_VALIDATION.min(others.len());
        let mut splits = Splits { test, ..Splits::default() };
        for (place, id) in others.into_iter().enumerate() {
            let validates = place % every == every - 1;
            let part = if validates { &mut splits.valid } else { &mut splits.train };
            part.push(id);
        }
        report.inferred(format!(
            "/splits: {} for the test, {why}; of the others, one in {every} is for validation ({}) \
             and {} for training",
            splits.test.len(),
            splits.valid.len(),
            splits.train.len()
        ));
        Ok(Some(splits))
    }

    /// Whether each stimulus is for the test, and why.
    fn test_stimuli(&self, clips: &[Clip]) -> Result<Option<(Vec<bool>, String)>> {
        let called = |pattern: &str| -> Vec<bool> {
            let pattern = WildMatch::new(pattern);
            clips.iter().map(|clip| pattern.matches(&clip.stimulus.id)).collect()
        };
        if let Some(pattern) = &self.test {
            let test = called(pattern);
            if test.iter().any(|is_test| *is_test) {
                return Ok(Some((test, format!("called {pattern}"))));
            }
            return Err(Error::Refused(format!(
                "--test: found no stimulus called {pattern}, expected one or more; the first is {}",
                clips.first().map_or("", |clip| clip.stimulus.id.as_str())
            )));
        }
        let test = called(TEST_EPOCHS);
        if test.iter().any(|is_test| *is_test) {
            return Ok(Some((test, format!("called {TEST_EPOCHS}"))));
        }
        let repeats = || clips.iter().map(|clip| clip.responses.dim().1);
        let (least, most) = (repeats().min().unwrap_or(0), repeats().max().unwrap_or(0));
        let test = repeats().map(|count| count == most).collect();
        Ok((least < most).then(|| (test, format!("with most repeats ({most})"))))
    }
}

/// Names of the neurons; spike times are put in their order, and sorted.
fn neurons(responses: &mut Signal, report: &mut ImportReport) -> Result<Vec<String>> {
    match &mut responses.data {
        SignalData::Raster(raster) => Ok(responses.channels.clone().unwrap_or_else(|| {
            report.inferred(format!("neurons are named n1 to n{}", raster.nrows()));
            (1..=raster.nrows()).map(|number| format!("n{number}")).collect()
        })),
        SignalData::Points(cells) => {
            if let Some(channels) = &responses.channels {
                *cells = in_order(std::mem::take(cells), channels, &responses.file, report)?;
            }
            let (mut silent, mut unsorted) = (Vec::new(), Vec::new());
            for (name, times) in cells.iter_mut() {
                if times.is_empty() {
                    silent.push(name.clone());
                }
                if !times.is_sorted() {
                    times.sort_by(f64::total_cmp);
                    unsorted.push(name.clone());
                }
            }
            for (what, names) in [("without spikes", silent), ("whose times were sorted", unsorted)]
            {
                if !names.is_empty() {
                    let count = counted(names.len(), "neuron");
                    report.inferred(format!("{count} {what}: {}", listed(&names)));
                }
            }
            Ok(cells.iter().map(|(name, _)| name.clone()).collect())
        }
        SignalData::Tiles(_) => Ok(Vec::new()),
    }
}

/// The cells that the header lists, in its order.
fn in_order(
    mut cells: Vec<(String, Vec<f64>)>,
    channels: &[String],
    file: &str,
    report: &mut ImportReport,
) -> Result<Vec<(String, Vec<f64>)>> {
    let mut ordered = Vec::with_capacity(channels.len());
    for name in channels {
        // Some recordings keep all cells in a group.
        let is_it = |known: &str| known == name || known.rsplit('/').next() == Some(name);
        let Some(place) = cells.iter().position(|(known, _)| is_it(known)) else {
            let names: Vec<&str> = cells.iter().map(|(name, _)| name.as_str()).collect();
            let names = if names.is_empty() { "nothing".into() } else { listed(&names) };
            return Err(Error::Refused(format!(
                "{file}: found {names}, expected the times of {name}, which the header has in chans"
            )));
        };
        ordered.push((name.clone(), cells.remove(place).1));
    }
    if !cells.is_empty() {
        let names: Vec<&str> = cells.iter().map(|(name, _)| name.as_str()).collect();
        let count = counted(names.len(), "neuron");
        report.dropped(format!("{count} that the header does not list: {}", listed(&names)));
    }
    Ok(ordered)
}
