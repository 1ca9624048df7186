//! `strf report`: runs → one HTML file that shows them.
use std::path::{Path, PathBuf};

use clap::Args;

use super::sweep;
use crate::base::error::Result;
use crate::base::files::{self, Existing};
use crate::base::progress::Console;
use crate::report::HtmlReport;
use crate::runs::comparison::Scored;
use crate::runs::metadata::Metadata;
use crate::runs::trained::Trained;
use crate::sweeps::folder::SweepFolder;

/// `strf report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Run folders, or the folder of one sweep; several runs are compared, and must have been scored on the same
    /// responses
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// HTML file to write [default: RUN/report.html; comparison.html for several]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Neurons, the best first, whose receptive fields are taken from gradients where the model has
    /// no STRF for each neuron
    #[arg(long, value_name = "N", default_value_t = 60)]
    pub fields: usize,
    /// Replace the file if it exists
    #[arg(long)]
    pub force: bool,
}

/// Name of the report in a run folder, and of one on several runs.
const OF_ONE: &str = "report.html";
const OF_SEVERAL: &str = "comparison.html";

/// Writes the report and says where.
pub fn run(args: &ReportArgs, console: &Console) -> Result<()> {
    let out = args.out.clone().unwrap_or_else(|| default_name(&args.runs));
    let existing = Existing::from_force(args.force);
    files::check(&out, existing)?;
    if let [only] = &args.runs[..]
        && SweepFolder::lies_in(only)
    {
        let html = console.during("putting fits together", || sweep::page_on(only))?;
        files::write(&out, existing, html.as_bytes())?;
        return console.result(&out.display().to_string());
    }
    let scored = args.runs.iter().map(|run| Scored::read(run)).collect::<Result<Vec<_>>>()?;
    let trained = args.runs.iter().map(|run| Trained::open(run)).collect::<Result<Vec<_>>>()?;
    let gradients =
        trained.iter().map(|run| gradients(run, args.fields)).collect::<Result<Vec<_>>>()?;
    let bar = match gradients.into_iter().sum() {
        0 => console.stage("predictions and pictures")?,
        gradients => console.bar("receptive fields", gradients)?,
    };
    let report = HtmlReport { trained: &trained, scored: &scored, fields: args.fields };
    let html = report.html(|| bar.step(""))?;
    drop(bar);
    files::write(&out, existing, html.as_bytes())?;
    console.result(&out.display().to_string())
}

/// How many receptive fields of a run are taken from gradients, at how many stimuli in all.
fn gradients(trained: &Trained, most: usize) -> Result<usize> {
    let Metadata { neurons, stimuli, .. } = &trained.metadata;
    let has_strfs = trained.has_strfs_of_neurons()?;
    Ok(if has_strfs { 0 } else { most.min(neurons.len()) * stimuli.test.len() })
}

fn default_name(runs: &[PathBuf]) -> PathBuf {
    match runs {
        [only] => only.join(OF_ONE),
        _ => Path::new(OF_SEVERAL).to_owned(),
    }
}
