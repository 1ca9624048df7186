//! `strf import`: files of a laboratory -> recording -> dataset file.
use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::base::error::Result;
use crate::base::files::{self, Existing};
use crate::base::progress::Console;
use crate::base::wording::{counted, range, stimuli_counted};
use crate::dataset::{self, Clip};
use crate::import::{self, Guessed, ImportReport, Imported};
use crate::stats::moments::mean_of_defined;

/// `strf import`.
#[derive(Debug, Args)]
#[command(after_help = import::what_to_type())]
pub struct ImportArgs {
    /// What the recording lies in.
    #[command(subcommand)]
    pub source: ImportCommand,
    /// Dataset file to write
    #[arg(long, global = true, value_name = "DATA.h5", default_value = "data.h5")]
    pub out: PathBuf,
    /// Read and check everything, write nothing
    #[arg(long, global = true)]
    pub dry_run: bool,
    /// Replace the file if it exists
    #[arg(long, global = true)]
    pub force: bool,
    /// How long clips are cut.
    #[command(flatten)]
    pub blocks: import::BlockOptions,
}

/// What follows `strf import`.
#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// A format with its options.
    #[command(flatten)]
    Format(Box<import::ImportSource>),
    /// Look at a file or folder, and print the commands that import it; nothing is written
    Guess(GuessArgs),
}

/// `strf import guess`.
#[derive(Debug, Args)]
pub struct GuessArgs {
    /// File or folder
    pub path: PathBuf,
}

/// Prints the commands that import a path, the preferred one first.
fn guess(args: &GuessArgs, console: &Console) -> Result<()> {
    let guessed = import::guess(&args.path, console)?;
    let lines = guessed.iter().map(|Guessed { command, why, is_preferred }| {
        let preferred = if *is_preferred { "preferred: " } else { "" };
        format!("{command} --out DATA.h5\n  {preferred}{why}")
    });
    console.result(&lines.collect::<Vec<String>>().join("\n"))
}

/// Writes the dataset file and says what is in it, what was inferred and what was left out.
pub fn run(args: &ImportArgs, console: &Console) -> Result<()> {
    let source = match &args.source {
        ImportCommand::Format(source) => source,
        ImportCommand::Guess(args) => return guess(args, console),
    };
    let format = source.format();
    let existing = Existing::from_force(args.force);
    if !args.dry_run {
        files::check(&args.out, existing)?;
    }
    let mut report = ImportReport::new(console);
    let imported = console.during("reading the recording", || {
        let Imported { recording, frontend } = format.read(&mut report)?;
        let recording = import::cut(recording, &args.blocks, &mut report)?;
        dataset::validate(&recording)?;
        Ok(Imported { recording, frontend })
    })?;
    report.warnings().iter().for_each(|warning| console.warn(warning));
    if !args.dry_run {
        console.during("writing", || import::write(&args.out, &imported, format, existing))?;
    }
    console.result(&summary(args, &imported, &report))
}

fn summary(args: &ImportArgs, imported: &Imported, report: &ImportReport) -> String {
    let recording = &imported.recording;
    let bins: usize = recording.clips.iter().map(Clip::bins).sum();
    let repeats = || recording.clips.iter().map(|clip| clip.responses.dim().1);
    let (fewest, most) = (repeats().min().unwrap_or(0), repeats().max().unwrap_or(0));
    let repeats = match (fewest, most) {
        (1, 1) => counted(1, "repeat"),
        _ => format!("{} repeats", range(fewest, most)),
    };
    let responses = recording.clips.iter().flat_map(|clip| &clip.responses);
    let mean = mean_of_defined(responses.map(|value| f64::from(*value)));
    let seconds = bins as f64 * recording.dt_ms / 1000.0;
    let done = if args.dry_run { "would write" } else { "wrote" };
    let lines = report.lines().join("\n");
    let gap = if lines.is_empty() { "" } else { "\n" };
    format!(
        "{lines}{gap}{done} {}\n  {}, {bins} bins of {} ms ({seconds:.1} s), {}\n  \
         {}, {repeats}, mean response {mean:.3} per bin",
        args.out.display(),
        stimuli_counted(recording.clips.len()),
        recording.dt_ms,
        counted(recording.bands(), "band"),
        counted(recording.neurons.len(), "neuron"),
    )
}
