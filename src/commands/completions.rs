//! `strf completions`.
use clap::CommandFactory;

use crate::cli::{Cli, CompletionsArgs};
use crate::error::Result;
use crate::progress::Console;

/// Prints the completions of a shell.
pub fn run(args: &CompletionsArgs, console: &Console) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "strf", &mut script);
    console.result(&String::from_utf8_lossy(&script))
}
