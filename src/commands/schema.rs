//! `strf schema`: what editors complete and check run files and sweep files by.
use clap::Args;

use crate::base::error::Result;
use crate::base::progress::Console;
use crate::sweeps::sections;

/// `strf schema`.
#[derive(Debug, Args)]
pub struct SchemaArgs {}

/// Prints the JSON Schema of run files and sweep files.
pub fn run(_args: &SchemaArgs, console: &Console) -> Result<()> {
    console.result(&format!("{:#}", sections::schema()?))
}
