//! What an epoch reached on the validation clips.
use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::history::EpochRow;
use super::relative::Relative;
use crate::base::error::Result;
use crate::models::Network;
use crate::models::batch::{Batch, Sample};
use crate::models::prediction::{batches, predict};
use crate::run_file::Monitor;
use crate::scores::{Ceiling, Correlations};

/// Predictions that vary less than this share of the response's deviation are constant.
const CONSTANT: f64 = 1e-4;
/// Clips that are predicted at once.
const AT_ONCE: usize = 8;

/// The validation clips and all of them that does not depend on the model.
#[derive(Clone)]
pub struct Validation<'a> {
    batches: Vec<Batch>,
    ceiling: &'a Ceiling,
    relative: &'a Relative,
}

/// Scores of one epoch; NaN where undefined.
#[derive(Debug, Clone)]
pub struct ValidationScores {
    /// Mean over neurons.
    pub loss: f64,
    /// Of each neuron; NaN without recorded bins.
    pub losses: Vec<f64>,
    /// Neurons whose prediction never changes although their response does.
    pub silent: Vec<usize>,
    correlations: Correlations,
}

impl<'a> Validation<'a> {
    /// Puts together what does not change between epochs.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn new(
        network: &Network,
        (sounds, ceiling): (&[Sample], &'a Ceiling),
        relative: &'a Relative,
    ) -> Result<Self> {
        Ok(Self { batches: batches(network, sounds, AT_ONCE)?, ceiling, relative })
    }

    /// Whether any neuron has a noise ceiling.
    pub fn has_ceiling(&self) -> bool {
        self.ceiling.exists()
    }

    /// Scores the model as it is, in the units of the fit.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn scores(&self, network: &Network) -> Result<ValidationScores> {
        let predictions = predict(network, &self.batches)?;
        self.of(&predictions)
    }

    /// Scores the model as it is, in the units of the recording.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn scores_of_recording(&self, network: &Network) -> Result<ValidationScores> {
        #[expect(clippy::cast_possible_truncation, reason = "predictions are f32")]
        let units: Array1<f32> = self.relative.units.iter().map(|unit| *unit as f32).collect();
        let units = units.insert_axis(Axis(1));
        let predictions = predict(network, &self.batches)?;
        let divided: Vec<Array2<f32>> = predictions.into_iter().map(|clip| clip / &units).collect();
        self.of(&divided)
    }

    /// Scores predictions `(N, T)` of each clip, in the units of the fit.
    ///
    /// # Errors
    /// They do not have the clips, neurons or bins of the responses.
    pub fn of(&self, predictions: &[Array2<f32>]) -> Result<ValidationScores> {
        let views: Vec<_> = predictions.iter().map(|clip| clip.view()).collect();
        let relative = self.relative;
        let loss = |neuron: usize, prediction, psth| {
            relative.at_bin(neuron, prediction, psth / relative.units[neuron])
        };
        let losses = self.ceiling.mean_over_bins(&views, loss)?;
        let recorded: Vec<f64> = losses.iter().copied().flatten().collect();
        let loss = recorded.iter().sum::<f64>() / recorded.len().max(1) as f64;
        let losses = losses.into_iter().map(|loss| loss.unwrap_or(f64::NAN)).collect();
        let mut correlations = self.ceiling.correlations(&views)?;
        let silent = self.silent(&views);
        for neuron in &silent {
            // Giving up is worth nothing.
            correlations.cc[*neuron] = 0.0;
            if self.has_ceiling() {
                correlations.cc_norm[*neuron] = 0.0;
            }
        }
        Ok(ValidationScores { loss, losses, silent, correlations })
    }

    fn silent(&self, predictions: &[ArrayView2<f32>]) -> Vec<usize> {
        let neurons = self.relative.ranges.len();
        let is_silent = |neuron: &usize| {
            let values = || predictions.iter().flat_map(|clip| clip.row(*neuron).to_vec());
            let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
            values().map(f64::from).for_each(|value| {
                (low, high) = (low.min(value), high.max(value));
            });
            let varies = high - low > CONSTANT * self.relative.ranges[*neuron].deviation;
            self.relative.varies(*neuron) && !varies
        };
        (0..neurons).filter(is_silent).collect()
    }
}

impl ValidationScores {
    /// Those of some neurons; NaN for all others.
    #[must_use]
    pub fn only(&self, neurons: &[usize]) -> Self {
        let mut only = self.clone();
        let lists = [&mut only.losses, &mut only.correlations.cc, &mut only.correlations.cc_norm];
        for list in lists {
            let others = list.iter_mut().enumerate().filter(|(place, _)| !neurons.contains(place));
            others.for_each(|(_, score)| *score = f64::NAN);
        }
        only
    }

    /// The monitored score of each neuron.
    pub fn of_neurons(&self, monitor: Monitor) -> &[f64] {
        match monitor {
            Monitor::ValidLoss => &self.losses,
            Monitor::ValidCc => &self.correlations.cc,
            Monitor::ValidCcNorm => &self.correlations.cc_norm,
        }
    }

    /// Its mean over the neurons for which it is defined.
    pub fn mean(&self, monitor: Monitor) -> f64 {
        match monitor {
            Monitor::ValidLoss => self.loss,
            _ => mean_of_defined(self.of_neurons(monitor)).0,
        }
    }

    /// The line of the history of a neuron by itself, as far as validation knows it.
    pub fn row_of(&self, neuron: usize) -> EpochRow {
        let of = |scores: &[f64]| scores.get(neuron).copied().unwrap_or(f64::NAN);
        let (valid_cc, valid_cc_norm) = (of(&self.correlations.cc), of(&self.correlations.cc_norm));
        let loss = of(&self.losses);
        EpochRow {
            valid_loss: if loss.is_nan() { 0.0 } else { loss },
            valid_cc,
            valid_cc_norm,
            neurons_cc: usize::from(!valid_cc.is_nan()),
            neurons_cc_norm: usize::from(!valid_cc_norm.is_nan()),
            evaluations: 1,
            ..EpochRow::default()
        }
    }

    /// The epoch's line of the history, as far as validation knows it.
    pub fn row(&self) -> EpochRow {
        let (valid_cc, neurons_cc) = mean_of_defined(&self.correlations.cc);
        let (valid_cc_norm, neurons_cc_norm) = mean_of_defined(&self.correlations.cc_norm);
        EpochRow {
            epoch: 0,
            seconds_train: 0.0,
            seconds_valid: 0.0,
            lr: 0.0,
            evaluations: 1,
            train_loss: f64::NAN,
            valid_loss: self.loss,
            valid_cc,
            valid_cc_norm,
            neurons_cc,
            neurons_cc_norm,
            phase: String::new(),
        }
    }
}

/// The mean of what is no NaN, and how much that is.
fn mean_of_defined(values: &[f64]) -> (f64, usize) {
    let defined: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    (defined.iter().sum::<f64>() / defined.len() as f64, defined.len())
}
