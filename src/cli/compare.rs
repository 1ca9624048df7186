//! What `strf compare` can be told.
use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::metrics;

/// `strf compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Run folders, two or more, scored on the same responses
    #[arg(required = true, num_args = 2.., value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// Score to compare by; may be repeated
    #[arg(long = "score", value_name = "NAME", default_values = ["cc", "cc_norm"],
          value_parser = PossibleValuesParser::new(metrics::names()))]
    pub scores: Vec<String>,
    /// Seed of the intervals
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    pub seed: u64,
    /// Write the table as CSV
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Draw the first score of each neuron as PNG, or SVG if FILE ends so
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
    /// Replace files that exist
    #[arg(long)]
    pub force: bool,
    /// Print JSON instead of a table
    #[arg(long)]
    pub json: bool,
}
