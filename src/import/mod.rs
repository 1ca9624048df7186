//! Recordings as laboratories keep them, and dataset files out of them.
//!
//! ```text
//! spikes, nwb ──► session (sounds and spike times) ──► front end, counts ──┐
//! mat, npz, hdf5 ──► arrays (named arrays with axes) ──────────────────────┼──► recording ──► blocks ──► dataset
//! merge ──► dataset files ─────────────────────────────────────────────────┘
//! ```
use std::path::Path;

use clap::Subcommand;

use crate::base::error::Result;
use crate::dataset::Recording;

mod arrays;
mod axes;
mod blocks;
mod counts;
mod dense;
mod fit;
mod guess;
mod mat;
mod merge;
mod named;
mod npz;
mod nwb;
mod per_stimulus;
mod report;
mod session;
mod silence;
mod spikes;
mod unit;
mod write;

pub use blocks::{BlockOptions, cut};
pub use report::Report;
pub use write::write;

/// The formats: adding one is one file and one row here and in [`Source::format`].
#[derive(Debug, Clone, Subcommand)]
pub enum Source {
    /// Sound files with spike times in text, one line a repeat (CRCNS)
    Spikes(spikes::Spikes),
    /// Neurodata Without Borders: units, a table of presentations, sounds
    Nwb(nwb::Nwb),
    /// MATLAB files of version 5, 7 and 7.3: arrays or cells of cochleagrams and responses
    Mat(mat::Mat),
    /// NumPy archives of cochleagrams and responses
    Npz(npz::Npz),
    /// HDF5 files of any layout with arrays of cochleagrams and responses
    Hdf5(dense::Hdf5),
    /// Several dataset files: neurons side by side, or other neurons for other stimuli
    Merge(merge::Merge),
}

impl Source {
    /// The format and its options.
    pub fn format(&self) -> &dyn Format {
        match self {
            Self::Spikes(spikes) => spikes,
            Self::Nwb(nwb) => nwb,
            Self::Mat(mat) => mat,
            Self::Npz(npz) => npz,
            Self::Hdf5(hdf5) => hdf5,
            Self::Merge(merge) => merge,
        }
    }
}

/// Files of one kind, with the options that say how they are read.
pub trait Format {
    /// Its name on the command line.
    fn name(&self) -> &'static str;

    /// What it reads.
    fn sources(&self) -> Vec<&Path>;

    /// The recording in the files; what was inferred or left out goes into the report.
    ///
    /// # Errors
    /// Files are missing, damaged or not what they should be, or do not fit each other.
    fn read(&self, report: &mut Report) -> Result<Imported>;
}

/// A recording, and how its sound became cochleagrams.
#[derive(Debug)]
pub struct Imported {
    /// As it will be written.
    pub recording: Recording,
    /// The `[frontend]` section, where the source held sound.
    pub frontend: Option<String>,
}

impl Imported {
    /// Of a source that held cochleagrams.
    fn without_sound(recording: Recording) -> Self {
        Self { recording, frontend: None }
    }
}
