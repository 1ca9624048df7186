//! Scores: how well a prediction follows a neuron's responses, and how well any could.
//!
//! All are of one neuron, over the recorded bins of all clips, in f64. A score that is not defined
//! is NaN, never an error.
use crate::config::part::{self, Part, Row};

mod ceiling;
mod comparison;
mod complete;
mod deviations;
mod halves;
mod moments;
mod pairs;
mod reliability;
mod repeats;
mod spectra;
mod sums;
mod target;
mod traces;
mod whole;

pub mod coherence;
pub mod correlation;
pub mod deviation;
pub mod evaluation;
pub mod explained;
pub mod likelihood;
pub mod null;
pub mod power;
pub mod quality;
pub mod rank;
pub mod single_trial;
pub mod split_half;
pub mod trial_to_trial;
pub mod uncertainty;

pub use ceiling::{Ceiling, Correlations};
pub use comparison::{Clip, Comparison, Divisions, Workspace};
pub use halves::SIDE_BY_SIDE;
pub use target::Target;

pub(crate) use ceiling::require_neurons;

/// A row of the table of metrics.
#[derive(Debug)]
pub struct MetricRow {
    /// What it says of itself.
    pub part: Part,
    /// Where it stands for single neurons.
    pub shown: Shown,
    /// The score of one neuron; NaN where it is not defined.
    pub compute: fn(&Comparison) -> f64,
}

/// Where the scores of single neurons stand; their summary stands everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// On the terminal and in files.
    Everywhere,
    /// In files only, for a terminal is narrow.
    InFiles,
}

impl Row for MetricRow {
    fn part(&self) -> &Part {
        &self.part
    }
}

/// The metrics, in the order of their columns: adding one is one file and one row.
pub static TABLE: &[MetricRow] = &[
    correlation::CC,
    correlation::CC_NORM,
    correlation::CC_NORM_PERCLIP,
    split_half::CC_NORM_HSU,
    split_half::CC_MAX,
    power::SIGNAL_POWER,
    power::NOISE_POWER,
    power::SNR,
    deviation::FVE,
    trial_to_trial::TTRC,
    deviation::MSE,
    deviation::POISSON,
    rank::SPEARMAN,
    single_trial::SINGLE_TRIAL_CC,
    single_trial::CC_NORM_TRIALS,
    explained::SPE,
    likelihood::DEVIANCE,
    likelihood::BITS_PER_SPIKE,
    coherence::COHERENCE,
    coherence::COHERENCE_MAX,
];

/// Their names, in the table's order.
pub fn names() -> Vec<&'static str> {
    part::names(TABLE)
}
