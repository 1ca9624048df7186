//! What a command of receptive fields can be told of other fits.
use std::path::PathBuf;

use clap::Args;

/// Other fits that weights are held against.
#[derive(Debug, Args)]
pub struct SignificanceArgs {
    /// Repeated fits of the same model to the same dataset, with other seeds or training stimuli, two or more: tells weights that stay
    #[arg(long, num_args = 1.., value_name = "RUN", conflicts_with = "shuffles")]
    pub repeats: Vec<PathBuf>,
    /// Fits of the same model to shuffled responses, five or more: tells weights beyond chance
    #[arg(long, num_args = 1.., value_name = "RUN")]
    pub shuffles: Vec<PathBuf>,
    /// Rate of false discoveries among the weights of a receptive field that are called significant
    #[arg(long, value_name = "RATE", default_value_t = 0.05, allow_negative_numbers = true)]
    pub alpha: f64,
}
