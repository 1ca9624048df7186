//! `strf train`.
use crate::cli::TrainArgs;
use crate::error::{Error, Result};
use crate::progress::Console;

pub fn run(_args: &TrainArgs, _console: &Console) -> Result<()> {
    Err(Error::Refused("strf train is not built in".into()))
}
