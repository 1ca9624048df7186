//! A file of named arrays, and the clips of a recording out of it.
use std::path::{Path, PathBuf};

use clap::Args;
use ndarray::ArrayD;

use super::axes::{Axes, LastAxes};
use super::fit::clips;
use super::named::Named;
use super::report::Report;
use crate::base::error::{Error, Problem, Result};
use crate::dataset::{Clip, Recording};

/// What a file holds under a name.
#[derive(Debug, Clone)]
pub enum Value {
    /// Numbers with their axes in the order in which the file's own program shows them.
    Numbers(ArrayD<f32>),
    /// A cell array: its shape, and its cells in row-major order.
    Cells(Vec<usize>, Vec<Value>),
}

/// Arrays of more numbers are read along their first axis, so that one copy of them is held.
const LARGE: usize = 1 << 24;

impl Value {
    /// Whether an array of this shape is better given as one cell for each place along its first
    /// axis, which [`Axes`] name in the same way.
    pub fn is_large(dims: &[usize]) -> bool {
        dims.len() > 2 && dims.iter().product::<usize>() > LARGE
    }
}

/// A file of named arrays.
pub trait Arrays {
    /// Names, and what each holds in words.
    fn contents(&self) -> Vec<(String, String)>;

    /// Numbers, or cells of numbers.
    ///
    /// # Errors
    /// It is something else, or cannot be read.
    fn value(&mut self, name: &str) -> Result<Value>;

    /// A list of numbers, where it is one.
    ///
    /// # Errors
    /// It cannot be read.
    fn numbers(&mut self, name: &str) -> Result<Option<Vec<f64>>>;

    /// A list of texts, or of numbers as text, where it is one.
    ///
    /// # Errors
    /// It cannot be read.
    fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>>;

    /// What becomes of axes of length 1 at the end of a shape.
    fn last_axes(&self) -> LastAxes;
}

/// Which arrays of a file hold what.
#[derive(Debug, Clone, Args)]
pub struct ArrayOptions {
    /// File to import
    pub source: PathBuf,
    /// Array or cell array of the cochleagrams [default: a usual name that the file has]
    #[arg(long, value_name = "NAME")]
    pub cochleagrams: Option<String>,
    /// Array or cell array of the responses [default: a usual name that the file has]
    #[arg(long, value_name = "NAME")]
    pub responses: Option<String>,
    /// Axes of the responses, those of cells first [default: stimulus,neuron,repeat,time or
    /// neuron,time, where that is unambiguous]
    #[arg(long, value_name = "AXES")]
    pub axes: Option<Axes>,
    /// Axes of the cochleagrams, those of cells first [default: stimulus,frequency,time or
    /// frequency,time]
    #[arg(long, value_name = "AXES")]
    pub sound_axes: Option<Axes>,
    /// Width of a bin in milliseconds [default: `dt_ms` of the file]
    #[arg(long, value_name = "MS", allow_negative_numbers = true)]
    pub dt_ms: Option<f64>,
    /// Array of the centres of the bands in Hz [default: a usual name that the file has]
    #[arg(long, value_name = "NAME")]
    pub frequencies: Option<String>,
    /// List of the neurons' names [default: a usual name that the file has, else n1, n2, ...]
    #[arg(long, value_name = "NAME")]
    pub neuron_ids: Option<String>,
    /// List of the stimuli's names [default: a usual name that the file has, else s1, s2, ...]
    #[arg(long, value_name = "NAME")]
    pub stimulus_ids: Option<String>,
    /// Cut sound and responses of a stimulus to the shorter of the two
    #[arg(long)]
    pub trim: bool,
}

/// The recording that a file holds.
///
/// # Errors
/// What is asked for is not there, shapes do not fit each other, all problems at once; or the file
/// cannot be read.
pub fn recording(
    arrays: &mut dyn Arrays,
    options: &ArrayOptions,
    report: &mut Report,
) -> Result<Recording> {
    let mut named = Named::new(arrays, options, report);
    let names = (named.sound_name(), named.response_name());
    let dt_ms = named.dt_ms()?;
    let (Some(sound), Some(responses), Some(dt_ms)) = (names.0, names.1, dt_ms) else {
        return Err(named.stopped());
    };
    let (sounds, responses) = (named.sounds(&sound)?, named.responses(&responses)?);
    let (Some(sounds), Some(responses)) = (sounds, responses) else { return Err(named.stopped()) };
    let stimuli = named.stimuli(sounds.len())?;
    let clips = clips(stimuli, sounds, responses, options, named.report)?;
    let bands = clips.first().map_or(0, |clip| clip.cochleagram.nrows());
    let neurons = clips.first().map_or(0, |clip| clip.responses.dim().0);
    let neurons = named.neurons(neurons)?;
    let frequencies_hz = named.frequencies(bands)?;
    named.finish()?;
    let file = options.source.clone();
    let mut recording = Recording { file, dt_ms, frequencies_hz, neurons, clips, splits: None };
    lowest_first(&mut recording, report);
    Ok(recording)
}

/// Turns bands over that are listed from the highest to the lowest.
fn lowest_first(recording: &mut Recording, report: &mut Report) {
    let Some(hz) = &mut recording.frequencies_hz else { return };
    if hz.len() < 2 || !hz.windows(2).all(|pair| pair[0] > pair[1]) {
        return;
    }
    hz.reverse();
    for Clip { cochleagram, .. } in &mut recording.clips {
        cochleagram.invert_axis(ndarray::Axis(0));
    }
    report.inferred("bands turned over: the file lists them from the highest to the lowest");
}

/// A problem of one file.
pub fn refused(file: &Path, problem: Problem) -> Error {
    Error::Input { file: file.into(), problems: vec![problem] }
}
