//! `strf schema`: what editors complete and check run files by.
use clap::Args;

use crate::base::error::Result;
use crate::base::progress::Console;
use crate::run_file;

/// `strf schema`.
#[derive(Debug, Args)]
pub struct SchemaArgs {}

/// Prints the JSON Schema of the run file.
pub fn run(_args: &SchemaArgs, console: &Console) -> Result<()> {
    console.result(&format!("{:#}", run_file::schema()?))
}
