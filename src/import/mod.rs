//! Recordings as laboratories keep them, and dataset files out of them.
//!
//! ```text
//! spikes, nwb, phy, units, pprox ──► session (sounds and spike times) ──► counts ──┐
//! traces ──► sounds and membrane potentials ───────────────────────────────────────┤
//! mat, npz, hdf5 ──► arrays (named arrays with axes) ──────────────────────────────┤
//! csv ──► tables of bins ──────────────────────────────────────────────────────────┼─► recording ──► blocks ──► dataset
//! nems ──► signals and epochs ─────────────────────────────────────────────────────┤
//! merge ──► dataset files ─────────────────────────────────────────────────────────┘
//! ```
use arrays::{dense, mat, npz};
use clap::Subcommand;
use sessions::{nwb, phy, pprox, spikes, traces, units};

mod arrays;
mod blocks;
mod encoding;
mod format;
mod guess;
mod level;
mod merge;
pub mod nems;
mod npy;
mod report;
mod sessions;
pub mod tables;
mod text_tables;
mod unrecorded;
mod write;

pub use blocks::{BlockOptions, cut};
pub use format::{Format, Imported};
pub use guess::{GuessRow, Guessed, TABLE, guess, what_to_type};
pub use report::ImportReport;
pub use write::write;

/// The formats: adding one is one file and one row here and in [`ImportSource::format`].
#[derive(Debug, Clone, Subcommand)]
pub enum ImportSource {
    /// Sound files with spike times in text, one line a repeat (CRCNS)
    Spikes(spikes::Spikes),
    /// Neurodata Without Borders: units, a table of presentations, sounds
    Nwb(nwb::Nwb),
    /// Folders of Kilosort and phy, with a table of events and sounds
    Phy(phy::Phy),
    /// HDF5 files of one unit each, with groups for classes, stimuli and repeats (CRCNS aa-4)
    Units(units::UnitFiles),
    /// JSON files of one unit each with its trials (pprox)
    Pprox(pprox::Pprox),
    /// MATLAB files of membrane potentials with triggers, and of their sounds (CRCNS ac-1)
    Traces(traces::Traces),
    /// MATLAB files of version 4 to 7.3: arrays or cells of cochleagrams and responses
    Mat(mat::Mat),
    /// NumPy archives of cochleagrams and responses
    Npz(npz::Npz),
    /// HDF5 files of any layout with arrays of cochleagrams and responses
    Hdf5(dense::Hdf5),
    /// Recordings of NEMS (.tgz or folder): signals and epochs
    Nems(nems::Nems),
    /// Tables of binned responses in CSV, with cochleagrams in tables or sound files
    Csv(tables::Csv),
    /// Several dataset files: neurons side by side, or other neurons for other stimuli
    Merge(merge::Merge),
}

impl ImportSource {
    /// The format and its options.
    pub fn format(&self) -> &dyn Format {
        match self {
            Self::Spikes(spikes) => spikes,
            Self::Nwb(nwb) => nwb,
            Self::Phy(phy) => phy,
            Self::Units(units) => units,
            Self::Pprox(pprox) => pprox,
            Self::Traces(traces) => traces,
            Self::Mat(mat) => mat,
            Self::Npz(npz) => npz,
            Self::Hdf5(hdf5) => hdf5,
            Self::Nems(nems) => nems,
            Self::Csv(csv) => csv,
            Self::Merge(merge) => merge,
        }
    }
}
