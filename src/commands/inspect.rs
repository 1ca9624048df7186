//! `strf inspect`: dataset file -> what is in it.
use crate::cli::InspectArgs;
use crate::data;
use crate::error::{Error, Result};
use crate::inspection::Inspection;
use crate::progress::Console;

/// Prints what is in a file, whether it is sound, and how good the recordings are.
pub fn run(args: &InspectArgs, console: &Console) -> Result<()> {
    let inspection = Inspection::of(&data::read(&args.data)?);
    if !args.json {
        return console.result(&inspection.text());
    }
    let json = serde_json::to_string_pretty(&inspection)
        .map_err(|source| Error::failed("writing the inspection as JSON", source))?;
    console.result(&json)
}
