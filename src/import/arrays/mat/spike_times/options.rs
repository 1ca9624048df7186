//! Options of spike times in MATLAB files.
use std::path::PathBuf;

use clap::Args;

use crate::base::error::{Error, Result};
use crate::import::arrays::axes::{Axes, NamedAxis};
use crate::import::arrays::options::ArrayOptions;
use crate::import::sessions::hearing::HearingOptions;
use crate::import::sessions::unit::{TimeScale, TimeStep, Unit};

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
    /// List of files, one a neuron, that hold the spike times; they lie below the folder of the file
    /// with the list, and other fields beside it are attributes
    #[arg(long, value_name = "NAME", requires = "spike_times")]
    pub neuron_files: Option<String>,
    /// List of the onsets of presentations: spike times are then one list a neuron, on the same clock
    #[arg(long, value_name = "NAME", requires_all = ["spike_times", "codes"])]
    pub onsets: Option<String>,
    /// Unit of the onsets [default: s]
    #[arg(long, value_enum, requires = "onsets")]
    pub onsets_unit: Option<Unit>,
    /// List of what was presented at each onset: numbers of stimuli, from 1; 0 or NaN where none was
    #[arg(long, value_name = "NAME", requires = "onsets")]
    pub codes: Option<String>,
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
    /// Seconds that are cut off both ends of each waveform: a number, or the name of numbers in the
    /// file, one or two (start and end) for each
    #[arg(long, value_name = "NAME|NUMBER", requires = "waveforms", allow_negative_numbers = true)]
    pub cut_s: Option<String>,
    /// Folder of sound files called as the stimuli; may be repeated
    #[arg(long, value_name = "FOLDER", requires = "spike_times", conflicts_with = "cochleagrams")]
    pub sounds: Vec<PathBuf>,
    /// Sounds in the order of the names of their files are those of the stimuli in theirs
    #[arg(long, requires = "sounds")]
    pub sounds_in_order: bool,
    /// How sound becomes cochleagrams.
    #[command(flatten)]
    pub hearing: HearingOptions,
}

impl SpikeTimeOptions {
    /// Cochleagrams are taken as they are, and no sound is heard.
    ///
    /// # Errors
    /// Options of a front end are given.
    pub fn require_none(&self) -> Result<()> {
        self.hearing.require_none("--waveforms or --sounds beside them, with --spike-times")
    }

    /// How spike times are read.
    pub fn scale(&self) -> TimeScale {
        let step = TimeStep::Unit(self.unit.unwrap_or(Unit::S));
        TimeScale { step, given: self.unit.is_some(), can_be_samples: false }
    }
}

/// What was asked for.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// Name of the spike times.
    pub name: &'a str,
    /// Which arrays hold what.
    pub arrays: &'a ArrayOptions,
    /// The options of spike times.
    pub options: &'a SpikeTimeOptions,
    /// Whether each file holds one neuron.
    pub one_a_file: bool,
}

impl Asked<'_> {
    /// The axes of the cells of spike times.
    ///
    /// # Errors
    /// An option gives some that they cannot have.
    pub fn axes(&self) -> Result<Vec<NamedAxis>> {
        let usual = match &self.options.onsets {
            Some(_) => Vec::new(),
            None => vec![NamedAxis::Stimulus, NamedAxis::Repeat],
        };
        let mut axes = self.arrays.axes.clone().unwrap_or(Axes(usual)).0;
        // The lists themselves go along time.
        axes.retain(|axis| *axis != NamedAxis::Time);
        let possible: &[NamedAxis] = match (&self.options.onsets, self.one_a_file) {
            (None, false) => &[NamedAxis::Stimulus, NamedAxis::Neuron, NamedAxis::Repeat],
            (None, true) => &[NamedAxis::Stimulus, NamedAxis::Repeat],
            (Some(_), false) => &[NamedAxis::Neuron],
            (Some(_), true) => &[],
        };
        let Some(odd) = axes.iter().find(|axis| !possible.contains(axis)) else { return Ok(axes) };
        let expected = match (&self.options.onsets, self.one_a_file) {
            (None, false) => "stimulus, neuron and repeat, as of spike times",
            (None, true) => "stimulus and repeat, as each file holds one neuron",
            (Some(_), false) => "neuron at most, as onsets tell stimuli and repeats",
            (Some(_), true) => "none, as each file holds one neuron and onsets tell the rest",
        };
        Err(Error::Refused(format!("--axes: found {}, expected {expected}", odd.word())))
    }
}
