//! `strf eval`.
use crate::cli::EvalArgs;
use crate::error::{Error, Result};
use crate::progress::Console;

pub fn run(_args: &EvalArgs, _console: &Console) -> Result<()> {
    Err(Error::Refused("strf eval is not built in".into()))
}
