//! What `strf simulate` can be told.
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;

/// Kinds of synthetic sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Sound {
    /// Dynamic random chords: each band takes a random level that holds for some bins
    Chords,
    /// Sums of moving ripples whose amplitudes fall as one over modulation frequency
    Ripples,
}

/// How simulated responses vary from repeat to repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Noise {
    /// Spike counts
    Poisson,
    /// Normal noise around the rate
    Gaussian,
}

/// `strf simulate`.
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// Dataset file to write
    pub out: PathBuf,
    /// Stimuli
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub stimuli: u32,
    /// Bins of each stimulus
    #[arg(long, default_value_t = 999, value_parser = clap::value_parser!(u32).range(2..))]
    pub bins: u32,
    /// Shorten each stimulus by up to this share of its bins
    #[arg(long, default_value_t = 0.0, value_name = "SHARE")]
    pub ragged: f64,
    /// Width of a bin in milliseconds
    #[arg(long, default_value_t = 5.0)]
    pub dt_ms: f64,
    /// Frequency bands
    #[arg(long, default_value_t = 34, value_parser = clap::value_parser!(u32).range(1..))]
    pub bands: u32,
    /// Neurons
    #[arg(long, default_value_t = 119, value_parser = clap::value_parser!(u32).range(1..))]
    pub neurons: u32,
    /// Repeats of each stimulus
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub repeats: u32,
    /// Share of repeats that are missing, at random
    #[arg(long, default_value_t = 0.0, value_name = "SHARE")]
    pub missing: f64,
    /// How far back the receptive fields look, in milliseconds
    #[arg(long, default_value_t = 45.0, value_name = "MS")]
    pub window_ms: f64,
    /// Shape of the receptive fields: a name of `strf list parameterizations`
    #[arg(long, default_value = "full", value_name = "NAME")]
    pub shape: String,
    /// Prefilter in front of the receptive fields: none, or a name of `strf list prefilters`
    #[arg(long, default_value = "none", value_name = "NAME")]
    pub prefilter: String,
    /// Output nonlinearity: a name of `strf list outputs`
    #[arg(long, default_value = "softplus", value_name = "NAME")]
    pub output: String,
    /// Noise of single repeats
    #[arg(long, value_enum, default_value = "poisson")]
    pub noise: Noise,
    /// Sound
    #[arg(long, value_enum, default_value = "ripples")]
    pub sound: Sound,
    /// Mean response per bin
    #[arg(long, default_value_t = 0.2)]
    pub rate: f64,
    /// Everything random follows from this number
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Replace the file if it exists
    #[arg(long)]
    pub force: bool,
}
