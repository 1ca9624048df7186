//! What can be typed.
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::import;
use crate::inspection::sort_keys;

mod compare;
mod dstrf;
mod export;
mod plot;
mod report;
mod significance;
mod simulate;

pub use compare::CompareArgs;
pub use dstrf::DstrfArgs;
pub use export::{ExportArgs, ExportFormat};
pub use plot::{PictureFormat, PlotArgs};
pub use report::ReportArgs;
pub use significance::SignificanceArgs;
pub use simulate::{Noise, SimulateArgs, Sound};

/// Fit models of auditory neurons to cochleagrams, score them, export their receptive fields.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Print results, warnings and errors only: no progress, no notes
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

/// One variant per file in `commands/`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train the model that a run file describes
    Train(TrainArgs),
    /// Score a trained model on held-out clips
    Eval(EvalArgs),
    /// Say how the scores of runs differ, neuron by neuron
    Compare(CompareArgs),
    /// Write the predictions of a trained model
    Predict(PredictArgs),
    /// Write the receptive fields of a trained model, with axes, units and pictures
    ExportStrfs(ExportArgs),
    /// Draw how a run learnt, how close it came to the noise ceiling, and what it predicts
    Plot(PlotArgs),
    /// Write one HTML file that shows runs: scores, neurons, receptive fields, pictures
    Report(ReportArgs),
    /// Write what each neuron of a trained model listens to from moment to moment
    Dstrf(DstrfArgs),
    /// Make a dataset file from recordings as laboratories keep them
    Import(ImportArgs),
    /// Say what is in a dataset file, whether it is sound, and how good the recordings are
    Inspect(InspectArgs),
    /// Make a dataset from known receptive fields
    Simulate(SimulateArgs),
    /// Print a commented run file to start from
    Init(InitArgs),
    /// List models, prefilters, parameterizations, output nonlinearities, losses and metrics
    List(ListArgs),
    /// Print shell completions
    Completions(CompletionsArgs),
}

/// `strf train`.
#[derive(Debug, Args)]
pub struct TrainArgs {
    /// Run file, e.g. configs/ln.toml
    pub config: PathBuf,
    /// Go on with the run that lies in the run folder
    #[arg(long, conflicts_with = "force")]
    pub resume: bool,
    /// Replace a run that lies in the run folder
    #[arg(long)]
    pub force: bool,
    /// Change one key of the run file, e.g. train.lr=0.01; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Where to compute: cpu, cuda or cuda:N; the same as --set train.device=...
    #[arg(long)]
    pub device: Option<String>,
    /// Run folder; the same as --set output.folder=..., but relative to where you are
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print the scores as JSON
    #[arg(long)]
    pub json: bool,
}

/// A part of the stimuli.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SplitName {
    /// What the weights were fitted to
    Train,
    /// What the best epoch was chosen on
    Valid,
    /// What neither saw
    Test,
    /// Every stimulus
    All,
}

/// `strf eval`.
#[derive(Debug, Args)]
pub struct EvalArgs {
    /// Run folder
    pub run: PathBuf,
    /// Dataset to score on instead of the run's own
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Stimuli to score on [default: test; all with --data]
    #[arg(long, value_enum)]
    pub split: Option<SplitName>,
    /// Score each clip by itself and average, instead of all clips in a row
    #[arg(long, conflicts_with_all = ["bootstrap", "permutations"])]
    pub per_clip: bool,
    /// Draw clips so many times for 95 % intervals of correlations, e.g. 1000
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub bootstrap: usize,
    /// Permute the responses so many times for p-values of cc, e.g. 1000
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub permutations: usize,
    /// Seed of draws and permutations
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    pub seed: u64,
    /// Folder for scores.csv and scores.json; without it they are printed only
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Replace scores that lie there
    #[arg(long)]
    pub force: bool,
    /// Print JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

/// `strf predict`.
#[derive(Debug, Args)]
pub struct PredictArgs {
    /// Run folder
    pub run: PathBuf,
    /// Dataset to predict instead of the run's own; needs no responses
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// HDF5 file to write [default: RUN/predictions.h5]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Stimuli to predict [default: test; all with --data]
    #[arg(long, value_enum)]
    pub split: Option<SplitName>,
    /// Replace the file if it exists
    #[arg(long)]
    pub force: bool,
}

/// `strf import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// What the recording lies in.
    #[command(subcommand)]
    pub source: import::Source,
    /// Dataset file to write
    #[arg(long, global = true, value_name = "DATA.h5", default_value = "data.h5")]
    pub out: PathBuf,
    /// Read and check everything, write nothing
    #[arg(long, global = true)]
    pub dry_run: bool,
    /// Replace the file if it exists
    #[arg(long, global = true)]
    pub force: bool,
    /// How long clips are cut.
    #[command(flatten)]
    pub blocks: import::BlockOptions,
}

/// `strf inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// Dataset file
    pub data: PathBuf,
    /// Order of the neurons: by id, or by a column from its largest number
    #[arg(long, value_name = "COLUMN", default_value = "reliability",
          value_parser = PossibleValuesParser::new(sort_keys()))]
    pub sort: String,
    /// Show every neuron instead of the first 20
    #[arg(long)]
    pub all: bool,
    /// Write the table of all neurons as CSV
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Draw what was recorded as PNG, beside the dataset unless FILE is given
    #[arg(long, value_name = "FILE")]
    pub plot: Option<Option<PathBuf>>,
    /// Replace files that exist
    #[arg(long)]
    pub force: bool,
    /// Print JSON instead of tables
    #[arg(long)]
    pub json: bool,
}

/// `strf init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// File to write; without it the run file is printed
    pub file: Option<PathBuf>,
    /// A name of `strf list models`
    #[arg(long, default_value = "ln", value_name = "NAME")]
    pub model: String,
    /// A name of `strf list prefilters`
    #[arg(long, value_name = "NAME")]
    pub prefilter: Option<String>,
    /// A name of `strf list parameterizations`
    #[arg(long, value_name = "NAME")]
    pub parameterization: Option<String>,
    /// Dataset file that the run file names, relative to where you are
    #[arg(long, default_value = "data.h5", value_name = "FILE")]
    pub data: PathBuf,
    /// Replace the file if it exists
    #[arg(long)]
    pub force: bool,
    /// Show the parts that were not chosen too, as comments
    #[arg(long)]
    pub all_keys: bool,
}

/// `strf list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// One table: models, prefilters, parameterizations, outputs, losses or metrics
    pub table: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `strf completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// Shell to complete in
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}
