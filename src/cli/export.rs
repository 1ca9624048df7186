//! What `strf export-strfs` can be told.
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{SignificanceArgs, SplitName};

/// File format of exported receptive fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// One HDF5 file
    #[value(alias = "h5")]
    Hdf5,
    /// One NumPy archive
    Npz,
    /// A folder of CSV tables
    Csv,
}

/// `strf export-strfs`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Run folder
    pub run: PathBuf,
    /// File to write, or folder for CSV [default: RUN/strfs.h5, RUN/strfs.npz, RUN/strfs/]
    #[arg(long, value_name = "PATH")]
    pub out: Option<PathBuf>,
    /// File format
    #[arg(long, value_enum, default_value = "hdf5")]
    pub format: ExportFormat,
    /// Draw a grid of the receptive fields as PNG, or SVG if FILE ends so, beside the export unless FILE is given
    #[arg(long, value_name = "FILE")]
    pub plot: Option<Option<PathBuf>>,
    /// Stimuli over which gradients are averaged, for models without kernels and for --linear
    #[arg(long, value_enum, default_value = "test")]
    pub at: SplitName,
    /// How far back gradients look, in milliseconds [default: the model's window]
    #[arg(long, value_name = "MS")]
    pub window_ms: Option<f64>,
    /// Write the mean linear response of the whole model to the cochleagram too, prefilter included
    #[arg(long)]
    pub linear: bool,
    /// Other fits.
    #[command(flatten)]
    pub significance: SignificanceArgs,
    /// Replace files that exist
    #[arg(long)]
    pub force: bool,
}
