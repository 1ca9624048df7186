//! `strf inspect`.
use crate::cli::InspectArgs;
use crate::error::{Error, Result};
use crate::progress::Console;

pub fn run(_args: &InspectArgs, _console: &Console) -> Result<()> {
    Err(Error::Refused("strf inspect is not built in".into()))
}
