//! `strf simulate`.
use crate::cli::SimulateArgs;
use crate::error::{Error, Result};
use crate::progress::Console;

pub fn run(_args: &SimulateArgs, _console: &Console) -> Result<()> {
    Err(Error::Refused("strf simulate is not built in".into()))
}
