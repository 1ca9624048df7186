//! The program: parse, run the command, print the error and its causes, exit status.
use std::process::ExitCode;

use clap::Parser;
use strf::base::progress::{Console, Verbosity};
use strf::commands;
use strf::commands::Cli;
use strf::simd::level;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let console = Console::new(if cli.quiet { Verbosity::Quiet } else { Verbosity::Normal });
    let done = level::of_environment().and_then(|_| commands::run(&cli.command, &console));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            console.error(&error);
            ExitCode::from(error.exit_status())
        }
    }
}
