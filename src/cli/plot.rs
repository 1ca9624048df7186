//! What `strf plot` can be told.
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};

use crate::pictures;

/// File format of pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PictureFormat {
    /// Pixels
    Png,
    /// Shapes and text
    Svg,
}

/// `strf plot`.
#[derive(Debug, Args)]
pub struct PlotArgs {
    /// Run folder
    pub run: PathBuf,
    /// Pictures to draw [default: all]
    #[arg(value_parser = PossibleValuesParser::new(pictures::names()))]
    pub pictures: Vec<String>,
    /// Folder to write to [default: RUN/pictures]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// File format
    #[arg(long, value_enum, default_value = "png")]
    pub format: PictureFormat,
    /// Replace files that exist
    #[arg(long)]
    pub force: bool,
}
