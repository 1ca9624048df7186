//! What `strf report` can be told.
use std::path::PathBuf;

use clap::Args;

/// `strf report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Run folders; several are compared, and must have been scored on the same responses
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
