//! `strf inspect`: dataset file -> what is in it, and how good it is.
use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::base::error::{Error, Result};
use crate::base::files::{self, Existing};
use crate::base::memory;
use crate::base::progress::Console;
use crate::dataset;
use crate::inspection::sort_keys;
use crate::inspection::{self, Inspection, ShownNeurons};

/// `strf inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// Dataset file
    pub data: PathBuf,
    /// Order of the neurons: by id, or by a column from its largest number
    #[arg(long, value_name = "COLUMN", default_value = "reliability",
          value_parser = PossibleValuesParser::new(sort_keys()))]
    pub sort: String,
    /// Show every neuron instead of the first 20
    #[arg(long)]
    pub all: bool,
    /// Write the table of all neurons as CSV
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Draw what was recorded as PNG, beside the dataset unless FILE is given
    #[arg(long, value_name = "FILE")]
    pub plot: Option<Option<PathBuf>>,
    /// Replace files that exist
    #[arg(long)]
    pub force: bool,
    /// Print JSON instead of tables
    #[arg(long)]
    pub json: bool,
}

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
    let read = dataset::read_sound(&args.data)?;
    let bytes = inspection::memory(&read.recording);
    let tight = memory::require("looking at the responses", bytes, |_| {
        "cut the longest stimulus into shorter ones".into()
    })?;
    if let Some(warning) = tight {
        console.warn(&warning);
    }
    let mut inspection = console.during("looking at the responses", || Inspection::of(&read))?;
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
        let shown = if args.all { ShownNeurons::All } else { ShownNeurons::First };
        return console.result(&inspection.text(shown));
    }
    let json = serde_json::to_string_pretty(&inspection)
        .map_err(|source| Error::failed("writing the inspection as JSON", source))?;
    console.result(&json)
}
