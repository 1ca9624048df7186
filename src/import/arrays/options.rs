//! Options that say which arrays of a file hold what.
use std::path::{Path, PathBuf};

use clap::Args;

use super::axes::{Axes, NamedAxis};
use crate::base::error::{Error, Problem, Result};
use crate::import::level::LevelOption;

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
    /// What the numbers of the cochleagrams are.
    #[command(flatten)]
    pub level: LevelOption,
    /// Cut sound and responses of a stimulus to the shorter of the two
    #[arg(long)]
    pub trim: bool,
}

impl ArrayOptions {
    /// Arrays of bins have an axis of time; spike times have none.
    ///
    /// # Errors
    /// Axes are given without it.
    pub fn require_time(&self) -> Result<()> {
        for (option, axes) in [("--axes", &self.axes), ("--sound-axes", &self.sound_axes)] {
            if let Some(axes) = axes.as_ref().filter(|axes| !axes.0.contains(&NamedAxis::Time)) {
                return Err(Error::Refused(format!(
                    "{option}: found {axes}, expected time among the axes"
                )));
            }
        }
        Ok(())
    }
}

/// A problem of one file.
pub fn refused(file: &Path, problem: Problem) -> Error {
    Error::Input { file: file.into(), problems: vec![problem] }
}
