//! The table of scores: adding one is one file and one row.
use crate::config::part::{self, Part, Row};
use crate::scores::comparison::Comparison;

pub mod coherence;
pub mod correlation;
pub mod deviation;
pub mod explained;
pub mod likelihood;
pub mod power;
pub mod rank;
pub mod single_trial;
pub mod split_half;
pub mod trial_to_trial;

/// A row of the table of metrics.
#[derive(Debug)]
pub struct MetricRow {
    /// What the score says of itself.
    pub part: Part,
    /// Where the scores of single neurons stand.
    pub shown: Visibility,
    /// The score of one neuron; NaN where it is not defined.
    pub compute: fn(&Comparison) -> f64,
}

/// Where the scores of single neurons stand; their summary stands everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
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

/// Names of the scores, in the table's order.
pub fn names() -> Vec<&'static str> {
    part::names(TABLE)
}
