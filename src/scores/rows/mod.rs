//! The table of scores: adding one is one file and one row.
use crate::config::part::{self, Part, Row};
use crate::scores::comparison::Comparison;

pub mod ceiling;
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
    /// Which bins enter it.
    pub taken: BinsTaken,
    /// How it is averaged over neurons, and over clips that are scored by themselves.
    pub average: Average,
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

/// Which bins enter a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinsTaken {
    /// Those with a recorded repeat.
    Recorded,
    /// Those with two or more: what is said of noise, and what is held against it.
    Repeated,
}

/// How a score is averaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Average {
    /// By its mean and its median.
    Plain,
    /// By the square root of the mean and the median of another score, its square, which is right on
    /// average where its root is not; 0 where those are below 0.
    RootOf(&'static str),
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
    split_half::CC_NORM_HSU_PERCLIP,
    ceiling::CC_MAX,
    ceiling::CC_MAX_SQUARED,
    split_half::CC_MAX_PERCLIP,
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

/// The place of the score called `name` in the table.
pub fn place(name: &str) -> Option<usize> {
    TABLE.iter().position(|row| row.part.name == name)
}

/// Names of the scores, in the table's order.
pub fn names() -> Vec<&'static str> {
    part::names(TABLE)
}
