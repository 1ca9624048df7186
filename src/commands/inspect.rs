//! `strf inspect`: dataset file -> what is in it, and how good it is.
use crate::cli::InspectArgs;
use crate::data;
use crate::error::{Error, Result};
use crate::files::{self, Existing};
use crate::inspection::{self, Inspection, Shown};
use crate::progress::Console;

/// Prints what is in a file, whether it is sound, and how good the recordings are.
pub fn run(args: &InspectArgs, console: &Console) -> Result<()> {
    let existing = Existing::from_force(args.force);
    let plot = args
        .plot
        .as_ref()
        .map(|path| path.clone().unwrap_or_else(|| args.data.with_extension("png")));
    for path in args.csv.iter().chain(&plot) {
        files::check(path, existing)?;
    }
    let read = data::read_sound(&args.data)?;
    let mut inspection = Inspection::of(&read)?;
    inspection.sort(&args.sort);
    if let Some(path) = &args.csv {
        files::write(path, existing, inspection.csv()?.as_bytes())?;
        console.note(&format!("wrote {}", path.display()));
    }
    if let Some(path) = &plot {
        inspection::plot(&inspection, &read.recording, path, existing)?;
        console.note(&format!("wrote {}", path.display()));
    }
    if !args.json {
        let shown = if args.all { Shown::All } else { Shown::First };
        return console.result(&inspection.text(shown));
    }
    let json = serde_json::to_string_pretty(&inspection)
        .map_err(|source| Error::failed("writing the inspection as JSON", source))?;
    console.result(&json)
}
