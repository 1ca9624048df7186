//! One file per command.
mod compare;
mod completions;
mod dstrf;
mod eval;
mod export_strfs;
mod import;
mod init;
mod inspect;
mod list;
mod plot;
mod predict;
mod report;
mod significance;
mod simulate;
mod train;

use crate::cli::Command;
use crate::error::Result;
use crate::progress::Console;

/// Does what was typed.
///
/// # Errors
/// As the command says.
pub fn run(command: &Command, console: &Console) -> Result<()> {
    match command {
        Command::Train(args) => train::run(args, console),
        Command::Eval(args) => eval::run(args, console),
        Command::Plot(args) => plot::run(args, console),
        Command::Compare(args) => compare::run(args, console),
        Command::Predict(args) => predict::run(args, console),
        Command::ExportStrfs(args) => export_strfs::run(args, console),
        Command::Report(args) => report::run(args, console),
        Command::Dstrf(args) => dstrf::run(args, console),
        Command::Import(args) => import::run(args, console),
        Command::Inspect(args) => inspect::run(args, console),
        Command::Simulate(args) => simulate::run(args, console),
        Command::Init(args) => init::run(args, console),
        Command::List(args) => list::run(args, console),
        Command::Completions(args) => completions::run(args, console),
    }
}
