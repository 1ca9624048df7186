//! `strf export-data`: a dataset file -> a file of another program.
use std::path::PathBuf;

use clap::Args;

use crate::base::error::Result;
use crate::base::files::{self, Existing};
use crate::base::progress::Console;
use crate::base::wording::{counted, joined, stimuli_counted};
use crate::dataset;
use crate::export_data::{DataExport, DataFormat};

/// `strf export-data`.
#[derive(Debug, Args)]
pub struct ExportDataArgs {
    /// Dataset file
    #[arg(value_name = "DATA.h5")]
    pub data: PathBuf,
    /// File format
    #[arg(long, value_enum)]
    pub format: DataFormat,
    /// File to write, or folder for CSV
    #[arg(long, value_name = "PATH")]
    pub out: PathBuf,
    /// Leave out a part that the format cannot hold, such as splits, level or neurons/area; may be
    /// repeated
    #[arg(long, value_name = "NAME")]
    pub drop: Vec<String>,
    /// Replace what lies there
    #[arg(long)]
    pub force: bool,
}

/// Writes the file, and says what is in it and what is not.
pub fn run(args: &ExportDataArgs, console: &Console) -> Result<()> {
    let existing = Existing::from_force(args.force);
    files::check(&args.out, existing)?;
    let dataset::ReadRecording { recording, notes } =
        console.during("reading the dataset", || dataset::read(&args.data))?;
    for note in &notes {
        console.note(note);
    }
    let (stimuli, neurons) = (recording.clips.len(), recording.neurons.len());
    let export = DataExport { format: args.format, out: &args.out, existing, drop: &args.drop };
    console.during("writing", || export.write(recording))?;
    let others = dataset::other_content(&args.data)?;
    let mut lines: Vec<String> = args.drop.iter().map(|name| format!("dropped: {name}")).collect();
    if !others.is_empty() {
        let others = joined(&others, "and");
        lines.push(format!("dropped: what is no part of a dataset: {others}"));
    }
    lines.push(format!("wrote {}", args.out.display()));
    let (stimuli, neurons) = (stimuli_counted(stimuli), counted(neurons, "neuron"));
    lines.push(format!("  {stimuli}, {neurons}; read again by {}", export.command()));
    console.result(&lines.join("\n"))
}
