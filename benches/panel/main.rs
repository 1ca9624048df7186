//! Measures how well the models fit with the defaults of a run file, over a panel of recordings.
//!
//! `make panel` runs it; docs/fit-quality.md says what is measured and what came out.
mod figures;
mod fits;
#[path = "../shared/machine.rs"]
mod machine;
mod measurement;
mod panel;
mod program;
mod recordings;
mod reference;
#[path = "../shared/report.rs"]
mod report;
mod slope;
mod targets;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{error, fs, result};

use clap::Parser;

use panel::Panel;
use program::Program;
use reference::Reference;
use report::Report;

/// Whatever went wrong is told as it is.
pub type Result<T> = result::Result<T, Box<dyn error::Error>>;

/// What can be typed behind `cargo bench --bench panel --`.
#[derive(Debug, Parser)]
#[command(name = "panel", about = "Measures how well the models fit a panel of recordings")]
pub struct Args {
    /// The program that fits
    #[arg(long, default_value = env!("CARGO_BIN_EXE_strf"))]
    strf: PathBuf,
    /// One seed, and only what takes a few minutes
    #[arg(long)]
    quick: bool,
    /// Recordings, e.g. "demo zebra-finch" [default: all]
    #[arg(long, value_delimiter = ' ', num_args = 0..)]
    recordings: Vec<String>,
    /// Fits, e.g. "ln nrf+adaptrans" [default: all]
    #[arg(long, value_delimiter = ' ', num_args = 0..)]
    fits: Vec<String>,
    /// A Python that has deepSTRF, whose own training is then measured beside ours
    #[arg(long)]
    reference: Option<PathBuf>,
    /// Where to write the report, between the marks of a file that has them
    #[arg(long)]
    markdown: Option<PathBuf>,
    /// What cargo passes to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    match measure(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let told = writeln!(io::stderr(), "panel: {error}");
            if told.is_ok() { ExitCode::FAILURE } else { ExitCode::from(2) }
        }
    }
}

fn measure(args: &Args) -> Result<()> {
    let recordings = recordings::chosen(&args.recordings, args.quick)?;
    let fits = fits::chosen(&args.fits)?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/panel");
    fs::create_dir_all(&folder)?;
    let program = Program::copy(&args.strf, &folder)?;
    let Program { version, hash, .. } = &program;
    let machine = machine::description()?;
    let conditions = format!("- machine: {machine}\n- program: {version}, build {hash:016x}");
    let panel = Panel { program: &program, folder: &folder, quick: args.quick };
    let findings = panel.measure(&recordings, &fits)?;

    let mut report = Report::default();
    report.add(&format!("{conditions}\n{}", recordings::list(&recordings)))?;
    report.table(&figures::HEADER, &findings.cells())?;
    if let Some(python) = &args.reference {
        let reference = Reference { python, program: &program, folder: &folder };
        report.add("### Beside deepSTRF's own training")?;
        report.table(&reference::HEADER, &reference.cells(&findings.rows)?)?;
    }
    report.add("### Targets")?;
    let targets = targets::cells(&findings.rows);
    if !targets.is_empty() {
        report.table(&targets::HEADER, &targets)?;
    }
    report.add(&targets::worst_seeds(&findings.rows))?;
    if !findings.failures.is_empty() {
        report.add("### Failures")?;
        report.add(&findings.failures())?;
    }
    args.markdown.as_deref().map_or(Ok(()), |file| report.write(file, "panel"))
}

/// Those of a table with the names that were asked for, or all of them where none was.
fn chosen<T>(
    option: &str,
    table: &'static [T],
    name: fn(&T) -> &'static str,
    asked: &[String],
) -> Result<Vec<&'static T>> {
    let known: Vec<&str> = table.iter().map(name).collect();
    match asked.iter().find(|asked| !known.contains(&asked.as_str())) {
        Some(asked) => {
            let known = known.join(" ");
            Err(format!("{option}: found {asked:?}, expected names out of: {known}").into())
        }
        None => Ok(table
            .iter()
            .filter(|row| asked.is_empty() || asked.iter().any(|asked| asked == name(row)))
            .collect()),
    }
}
