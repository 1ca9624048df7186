//! `strf predict`.
use crate::cli::PredictArgs;
use crate::error::{Error, Result};
use crate::progress::Console;

pub fn run(_args: &PredictArgs, _console: &Console) -> Result<()> {
    Err(Error::Refused("strf predict is not built in".into()))
}
