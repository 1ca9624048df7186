//! What `strf dstrf` can be told.
use std::path::PathBuf;

use clap::Args;

use super::{ExportFormat, SignificanceArgs, SplitName};

/// `strf dstrf`.
#[derive(Debug, Args)]
pub struct DstrfArgs {
    /// Run folder
    pub run: PathBuf,
    /// File to write, or folder for CSV [default: RUN/dstrfs.h5, RUN/dstrfs.npz, RUN/dstrfs/]
    #[arg(long, value_name = "PATH")]
    pub out: Option<PathBuf>,
    /// File format
    #[arg(long, value_enum, default_value = "hdf5")]
    pub format: ExportFormat,
    /// Draw a grid of the means as PNG, or SVG if FILE ends so, beside the export unless FILE is given
    #[arg(long, value_name = "FILE")]
    pub plot: Option<Option<PathBuf>>,
    /// Stimuli at which the model is made linear
    #[arg(long, value_enum, default_value = "test")]
    pub at: SplitName,
    /// How far back they look, in milliseconds [default: the model's window]
    #[arg(long, value_name = "MS")]
    pub window_ms: Option<f64>,
    /// One is taken every so many milliseconds of a clip; rounded to whole bins, at least one
    #[arg(long, value_name = "MS", default_value_t = 25.0, allow_negative_numbers = true)]
    pub every_ms: f64,
    /// Principal components to keep
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub components: u16,
    /// Ids of neurons, with commas between [default: all]
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub neurons: Vec<String>,
    /// Other fits.
    #[command(flatten)]
    pub significance: SignificanceArgs,
    /// Replace files that exist
    #[arg(long)]
    pub force: bool,
}
