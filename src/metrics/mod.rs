//! Scores: how well a prediction follows a neuron's responses, and how well any could.
//!
//! All are of one neuron, over the recorded bins of all clips, in f64. A score that is not defined
//! is NaN, never an error.
use ndarray::{ArrayView1, ArrayView2};

use crate::config::part::{self, Part, Row};
use crate::error::Result;

mod ceiling;
mod normal;
mod products;
mod reliability;
mod repeats;
mod spectra;
mod sums;
mod target;
mod traces;

pub mod bootstrap;
pub mod coherence;
pub mod correlation;
pub mod deviation;
pub mod explained;
pub mod likelihood;
pub mod null;
pub mod power;
pub mod quality;
pub mod rank;
pub mod single_trial;
pub mod split_half;
pub mod statistics;
pub mod trial_to_trial;
pub mod wilcoxon;

pub use ceiling::{Ceiling, Correlations};
pub use target::Target;

pub(crate) use ceiling::require_neurons;

use reliability::Reliability;
use repeats::{AverageByBins, Repeats};
use spectra::Spectra;
use split_half::Halves;
use target::require_bins;
use traces::Trace;

/// One neuron's predictions and responses, prepared for all scores; holds no single repeats.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    target: Target,
    reliability: Reliability,
    single_trial_cc: AverageByBins,
    spectra: Spectra,
    prediction: Vec<f64>, // at the target's used bins
}

/// What the comparisons of all neurons share: how repeats are divided in halves.
#[derive(Debug, Clone, Default)]
pub struct Divisions(Halves);

impl Divisions {
    /// Also of up to `repeats` repeats.
    pub fn extend(&mut self, repeats: usize) {
        self.0.extend(repeats);
    }
}

impl Comparison {
    /// Takes the prediction `(T)` and the responses `(R, T)` of each clip; NaN in the responses =
    /// not recorded, or left out of the scores.
    ///
    /// # Errors
    /// Predictions and responses differ in clips or bins.
    pub fn new(predictions: &[ArrayView1<f32>], responses: &[ArrayView2<f32>]) -> Result<Self> {
        let found: Vec<usize> = predictions.iter().map(ArrayView1::len).collect();
        let expected: Vec<usize> = responses.iter().map(ArrayView2::ncols).collect();
        require_bins(&found, &expected)?;
        let (mut comparison, mut divisions) = (Self::default(), Divisions::default());
        for (prediction, responses) in predictions.iter().zip(responses) {
            divisions.extend(responses.nrows());
            comparison.add(*prediction, *responses, &divisions)?;
        }
        Ok(comparison)
    }

    /// Takes the prediction `(T)` and the responses `(R, T)` of one more clip; `divisions` are of
    /// as many repeats or more.
    ///
    /// # Errors
    /// They differ in bins.
    pub fn add(
        &mut self,
        prediction: ArrayView1<f32>,
        responses: ArrayView2<f32>,
        divisions: &Divisions,
    ) -> Result<()> {
        require_bins(&[prediction.len()], &[responses.ncols()])?;
        self.target.add(responses);
        self.prediction.extend(self.target.at_used_bins_of_last(prediction));
        let (repeats, single_trial_cc) = Repeats::with_prediction(responses, prediction);
        self.reliability.add(&repeats, &divisions.0);
        self.single_trial_cc.add(repeats.bins, single_trial_cc);
        self.spectra.add(prediction, responses);
        Ok(())
    }

    /// The largest number of repeats that a clip has anything recorded of.
    pub fn repeats(&self) -> usize {
        self.target.repeats()
    }

    /// How many clips have such bins.
    pub fn clips(&self) -> usize {
        self.target.clips().filter(|(used, _)| used.contains(&true)).count()
    }

    /// How many bins have at least one recorded repeat.
    pub fn bins(&self) -> usize {
        self.prediction.len()
    }
}

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
