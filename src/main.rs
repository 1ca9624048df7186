//! The program: parse, run the command, print the error and its causes, exit status.
use std::process::ExitCode;

use clap::Parser;
use strf::base::error::Result;
use strf::base::memory;
use strf::base::progress::{Console, Verbosity};
use strf::commands;
use strf::commands::{Cli, Command};
use strf::simd::level;

fn main() -> ExitCode {
    if std::env::args_os().len() <= 1 {
        let console = Console::new(Verbosity::Normal);
        return status(commands::first_steps::run(&console), &console);
    }
    let cli = Cli::parse();
    if matches!(&cli.command, Command::Sweep(_) | Command::Zoo(_)) {
        single_threads_of_candle();
    }
    if let Some(size) = cli.max_memory {
        memory::allow(size);
    }
    let console = Console::new(if cli.quiet { Verbosity::Quiet } else { Verbosity::Normal });
    let done = level::of_environment().and_then(|_| commands::run(&cli.command, &console));
    status(done, &console)
}

/// What the program returns; prints why it stopped.
fn status(done: Result<()>, console: &Console) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            console.error(&error);
            ExitCode::from(error.exit_status())
        }
    }
}

/// Fits that run side by side share the cores among themselves; threads that candle keeps beside them would
/// wait for each other.
fn single_threads_of_candle() {
    const THREADS: &str = "CANDLE_NUM_THREADS";
    #[cfg(unix)]
    if std::env::var_os(THREADS).is_none() {
        // Where it cannot be done, fits are slower and the same.
        let _error = strf::base::process::begin_anew_with(THREADS, "1");
    }
}
