//! `strf export-strfs`.
use crate::cli::ExportArgs;
use crate::error::{Error, Result};
use crate::progress::Console;

pub fn run(_args: &ExportArgs, _console: &Console) -> Result<()> {
    Err(Error::Refused("strf export-strfs is not built in".into()))
}
