//! `strf zoo`: a dataset → every family of models, cross-validated, and which predicts best.
use std::path::PathBuf;

use clap::Args;

use super::sweep::{self, BeginArgs};
use crate::base::error::{Error, Result};
use crate::base::progress::Console;
use crate::sweeps::sweep_file::SweepFile;
use crate::sweeps::zoo::Zoo;

/// `strf zoo`.
#[derive(Debug, Args)]
pub struct ZooArgs {
    /// Dataset file
    pub data: PathBuf,
    /// Folder for all fits, tables, a picture and a report
    #[arg(long, value_name = "FOLDER")]
    pub out: PathBuf,
    /// Models to fit, by their names in `strf list` [default: all]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub models: Vec<String>,
    /// Folds: parts that the stimuli are cut into, each of which is predicted by fits that did not see it
    /// [default: 5, or 3 with --quick]
    #[arg(long, value_name = "N")]
    pub folds: Option<usize>,
    /// Fits of each fold from other starts
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seeds: usize,
    /// Model that the others are compared with
    #[arg(long, value_name = "NAME", default_value = "ln")]
    pub against: String,
    /// Fewer folds, for a first look
    #[arg(long)]
    pub quick: bool,
    /// How it begins.
    #[command(flatten)]
    pub how: BeginArgs,
}

/// Folds where nothing is said, and with `--quick`.
const FOLDS: (usize, usize) = (5, 3);

/// Fits all models and says what came out.
pub fn run(args: &ZooArgs, console: &Console) -> Result<()> {
    let folds = args.folds.unwrap_or(if args.quick { FOLDS.1 } else { FOLDS.0 });
    let data = std::path::absolute(&args.data)
        .map_err(|source| Error::file(format!("finding {}", args.data.display()), source))?;
    let zoo =
        Zoo { data: &data, models: &args.models, folds, seeds: args.seeds, against: &args.against };
    let sweep = SweepFile::parse(zoo.text()?, "zoo.toml".as_ref(), &args.how.set)?;
    sweep::begin(&sweep, (&args.out, &args.how), console)
}
