//! What can be typed behind `strf sweep`.
use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `strf sweep`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct SweepArgs {
    /// What to do with a sweep that is there.
    #[command(subcommand)]
    pub there: Option<There>,
    /// A new sweep.
    #[command(flatten)]
    pub new: NewSweep,
}

/// A sweep from its file.
#[derive(Debug, Args)]
pub struct NewSweep {
    /// Sweep file: a run file with the sections fit, grid, search and launch
    #[arg(required = true)]
    pub file: Option<PathBuf>,
    /// Folder of the sweep [default: output.folder, or runs/NAME of the file]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// How it begins.
    #[command(flatten)]
    pub how: BeginArgs,
}

/// How a sweep begins, whatever it comes from.
#[derive(Debug, Args)]
pub struct BeginArgs {
    /// Change one key for all fits, e.g. fit.folds=10; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Say what would be fitted, and write nothing
    #[arg(long)]
    pub plan: bool,
    /// Replace a sweep that lies in the folder
    #[arg(long)]
    pub force: bool,
    /// Print one line of JSON for each fit that begins or ends, and the outcome as JSON
    #[arg(long)]
    pub json: bool,
}

/// What can be done with a sweep that is there.
#[derive(Debug, Subcommand)]
pub enum There {
    /// Say how far a sweep is
    Status(StatusArgs),
    /// Go on with a sweep that was stopped, and run again what died or failed
    Resume(ResumeArgs),
    /// Write the tables of what is done so far
    Collect(CollectArgs),
    /// Ask all processes that work on a sweep to stop
    Cancel(FolderArgs),
    /// Work through what is left of a sweep, as one of several processes
    #[command(hide = true)]
    Work(FolderArgs),
}

/// A sweep that is there.
#[derive(Debug, Args)]
pub struct FolderArgs {
    /// Folder of the sweep
    pub folder: PathBuf,
}

/// A sweep that is there, and how its state is printed.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Folder of the sweep
    pub folder: PathBuf,
    /// Print JSON instead of tables
    #[arg(long)]
    pub json: bool,
}

/// `strf sweep collect`.
#[derive(Debug, Args)]
pub struct CollectArgs {
    /// Folder of the sweep
    pub folder: PathBuf,
    /// Predict every stimulus by the fits that did not see it, compare models by these predictions, and write
    /// them as HDF5
    #[arg(long)]
    pub predictions: bool,
    /// Print JSON instead of tables
    #[arg(long)]
    pub json: bool,
}

/// `strf sweep resume`.
#[derive(Debug, Args)]
pub struct ResumeArgs {
    /// Folder of the sweep
    pub folder: PathBuf,
    /// Also run again what processes of other machines have begun, of which nothing is known; only if you know that
    /// they have ended
    #[arg(long)]
    pub retry_unknown: bool,
    /// Work here, whatever the file says of where fits run
    #[arg(long)]
    pub local: bool,
    /// Sweep file that must still say what the sweep was planned by
    #[arg(long = "file", value_name = "SWEEP.toml")]
    pub changed: Option<PathBuf>,
    /// Print one line of JSON for each fit that begins or ends, and the outcome as JSON
    #[arg(long)]
    pub json: bool,
}
