//! `strf man`.
use std::path::PathBuf;

use clap::{Args, CommandFactory};

use super::Cli;
use crate::base::error::{Error, Result};
use crate::base::files;
use crate::base::progress::Console;

/// `strf man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Folder to write into; pages that lie there are replaced
    pub folder: PathBuf,
}

/// Writes `strf.1` and one page for each command.
pub fn run(args: &ManArgs, console: &Console) -> Result<()> {
    files::create_folder(&args.folder)?;
    clap_mangen::generate_to(Cli::command(), &args.folder).map_err(|source| {
        Error::file(format!("writing manual pages into {}", args.folder.display()), source)
    })?;
    console.result(&args.folder.display().to_string())
}
