//! What can be typed and what it does: one file a command, with its arguments.
use clap::{Parser, Subcommand};

use crate::base::error::Result;
use crate::base::memory::MemorySize;
use crate::base::progress::Console;

pub mod adopt;
pub mod compare;
pub mod completions;
pub mod demo;
pub mod doctor;
pub mod dstrf;
pub mod eval;
pub mod export_data;
pub mod export_strfs;
pub mod first_steps;
pub mod import;
pub mod init;
pub mod inspect;
pub mod list;
pub mod man;
pub mod plot;
pub mod predict;
pub mod publish;
pub mod report;
pub mod schema;
pub mod significance;
pub mod simulate;
pub mod sweep;
pub mod train;
pub mod zoo;

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
    /// Refuse fits and other work that would take more than nine tenths of this memory, such as 4GB,
    /// and warn from half of it [default: what is free, in the machine and under limits of the job]
    #[arg(long, global = true, value_name = "SIZE")]
    pub max_memory: Option<MemorySize>,
}

/// One variant a command, one file a command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Simulate a recording, fit it, score it and draw it, to see what the program does
    Demo(demo::DemoArgs),
    /// Train the model that a run file describes
    Train(train::TrainArgs),
    /// Fit every combination of settings, fold and seed that a sweep file describes
    Sweep(Box<sweep::SweepArgs>),
    /// Fit every family of models, cross-validated, and say which predicts best and how sure that is
    Zoo(zoo::ZooArgs),
    /// Score a trained model on held-out clips
    Eval(eval::EvalArgs),
    /// Say how the scores of runs differ, neuron by neuron
    Compare(compare::CompareArgs),
    /// Write the predictions of a trained model
    Predict(predict::PredictArgs),
    /// Write the receptive fields of a trained model, with axes, units and pictures
    ExportStrfs(export_strfs::ExportArgs),
    /// Draw how a run learnt, how close it came to the noise ceiling, and what it predicts
    Plot(plot::PlotArgs),
    /// Write one HTML file that shows runs: scores, neurons, receptive fields, pictures
    Report(report::ReportArgs),
    /// Write what each neuron of a trained model listens to from moment to moment
    Dstrf(dstrf::DstrfArgs),
    /// Make a dataset file from recordings as laboratories keep them
    Import(Box<import::ImportArgs>),
    /// Write a dataset as a file of another program: NumPy, MATLAB, CSV, NEMS
    ExportData(export_data::ExportDataArgs),
    /// Say what is in a dataset file, whether it is sound, and how good the recordings are
    Inspect(inspect::InspectArgs),
    /// Make a dataset from known receptive fields
    Simulate(simulate::SimulateArgs),
    /// Make a run of a model that was published, or that deepSTRF saved
    Adopt(adopt::AdoptArgs),
    /// Write a trained model as a folder for others, with a card that says what it is and how it is used
    Publish(publish::PublishArgs),
    /// Print a commented run file to start from
    Init(init::InitArgs),
    /// List models, prefilters, parameterizations, output nonlinearities, losses and metrics
    List(list::ListArgs),
    /// Print the JSON Schema of the run file, by which editors complete and check it
    Schema(schema::SchemaArgs),
    /// Print what a report of a fault needs, and check that fits come out right on this machine
    Doctor(doctor::DoctorArgs),
    /// Print shell completions
    Completions(completions::CompletionsArgs),
    /// Write manual pages into a folder
    Man(man::ManArgs),
}

/// Does what was typed.
///
/// # Errors
/// As the command says.
pub fn run(command: &Command, console: &Console) -> Result<()> {
    match command {
        Command::Demo(args) => demo::run(args, console),
        Command::Train(args) => train::run(args, console),
        Command::Sweep(args) => sweep::run(args, console),
        Command::Zoo(args) => zoo::run(args, console),
        Command::Eval(args) => eval::run(args, console),
        Command::Plot(args) => plot::run(args, console),
        Command::Compare(args) => compare::run(args, console),
        Command::Predict(args) => predict::run(args, console),
        Command::ExportStrfs(args) => export_strfs::run(args, console),
        Command::Report(args) => report::run(args, console),
        Command::Dstrf(args) => dstrf::run(args, console),
        Command::Import(args) => import::run(args, console),
        Command::ExportData(args) => export_data::run(args, console),
        Command::Inspect(args) => inspect::run(args, console),
        Command::Simulate(args) => simulate::run(args, console),
        Command::Adopt(args) => adopt::run(args, console),
        Command::Publish(args) => publish::run(args, console),
        Command::Init(args) => init::run(args, console),
        Command::List(args) => list::run(args, console),
        Command::Schema(args) => schema::run(args, console),
        Command::Doctor(args) => doctor::run(args, console),
        Command::Completions(args) => completions::run(args, console),
        Command::Man(args) => man::run(args, console),
    }
}
