//! Measures `strf` next to deepSTRF 0.1.0 on the same data, the two in turn, on as many threads.
//!
//! `make bench` runs it; docs/benchmarks.md says what is measured and what came out.
mod dataset;
mod limit;
#[path = "../shared/machine.rs"]
mod machine;
mod ours;
mod reference;
#[path = "../shared/report.rs"]
mod report;
mod rows;
mod statistics;
mod tables;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{error, fs, result};

use clap::{Parser, ValueEnum};

use dataset::Dataset;
use limit::Rates;
use reference::Reference;
use report::Report;
use tables::Bench;

/// Whatever went wrong is told as it is.
pub type Result<T> = result::Result<T, Box<dyn error::Error>>;

/// A table of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Table {
    /// A training epoch, all clips in one step
    Batch,
    /// A training epoch, one clip a step
    Clip,
    /// A whole fit
    Fit,
    /// What lies before the first training step
    StartUp,
}

/// What can be typed behind `cargo bench --bench against_deepstrf --`.
#[derive(Debug, Parser)]
#[command(name = "against_deepstrf", about = "Measures strf next to deepSTRF on the same data")]
pub struct Args {
    /// Rows to measure, e.g. "ln nrf+adaptrans" [default: all]
    #[arg(long, value_delimiter = ' ', num_args = 0..)]
    rows: Vec<String>,
    /// Tables to make [default: all]
    #[arg(long, value_enum, num_args = 0..)]
    tables: Vec<Table>,
    /// Pairs of runs, one of strf and one of deepSTRF
    #[arg(long, default_value_t = 5)]
    pairs: usize,
    /// Epochs of a run, of which the first is left out
    #[arg(long, default_value_t = 8)]
    epochs: usize,
    /// Threads of both programs
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Python that has deepSTRF; without it strf is measured alone
    #[arg(long)]
    python: Option<PathBuf>,
    /// Where to write the report, between the marks of a file that has them
    #[arg(long)]
    markdown: Option<PathBuf>,
    /// Show whole run files
    #[arg(long)]
    verbose: bool,
    /// What cargo passes to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    match measure(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let told = writeln!(io::stderr(), "against_deepstrf: {error}");
            if told.is_ok() { ExitCode::FAILURE } else { ExitCode::from(2) }
        }
    }
}

fn measure(args: &Args) -> Result<()> {
    let rows = rows::chosen(&args.rows)?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench");
    fs::create_dir_all(&folder)?;
    let dataset = Dataset::open(folder.join("bench.h5"))?;
    let found = args.python.clone().map(|python| Reference { python, threads: args.threads });
    let rates = Rates::measure(args.threads)?;
    let bench = Bench { args, dataset: &dataset, reference: found.as_ref(), rates };
    let mut report = Report::default();
    report.add(&conditions(&bench)?)?;
    bench.run_files(&rows, &mut report)?;
    for table in Table::value_variants() {
        if args.tables.is_empty() || args.tables.contains(table) {
            bench.table(*table, &rows, &mut report)?;
        }
    }
    args.markdown.as_deref().map_or(Ok(()), |file| report.write(file, "bench"))
}

/// What the figures were measured with and on.
fn conditions(bench: &Bench) -> Result<String> {
    let Bench { args, dataset, reference, rates } = bench;
    let versions = match reference {
        Some(reference) => reference.versions()?,
        None => "no deepSTRF here (make bench-reference installs it)".to_owned(),
    };
    Ok(format!(
        "- machine: {}; {:.0} billion multiplications and {:.2} billion exponentials a second\n- programs: strf {}, {versions}\n- threads: {} for each program\n- data: {}\n- \
         figures: the median of {} pairs (smallest–largest); in a run of {} epochs, the median of \
         all but the first",
        machine::description()?,
        rates.products / 1e9,
        rates.exponentials / 1e9,
        env!("CARGO_PKG_VERSION"),
        args.threads,
        dataset.description,
        args.pairs,
        args.epochs,
    ))
}
