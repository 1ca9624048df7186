//! `strf completions`.
use clap::Args;
use clap::CommandFactory;

use super::Cli;
use crate::base::error::Result;
use crate::base::progress::Console;

/// `strf completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// Shell to complete in
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// Prints the completions of a shell.
pub fn run(args: &CompletionsArgs, console: &Console) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "strf", &mut script);
    console.result(&String::from_utf8_lossy(&script))
}
