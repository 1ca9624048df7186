//! What an epoch reached on the validation clips.
use super::history::EpochRow;
use crate::base::error::Result;
use crate::models::Network;
use crate::models::batch::{Batch, Sample};
use crate::models::loss::LossRow;
use crate::models::prediction::{batches, predict};
use crate::run_file::Monitor;
use crate::run_file::Train;
use crate::scores::{Ceiling, Correlations};

/// The validation clips and all of them that does not depend on the model.
pub struct Validation<'a> {
    batches: Vec<Batch>,
    ceiling: &'a Ceiling,
    loss: &'static LossRow,
}

/// Scores of one epoch; NaN where undefined.
pub struct ValidationScores {
    /// Mean over neurons.
    pub loss: f64,
    losses: Vec<f64>,
    correlations: Correlations,
}

impl<'a> Validation<'a> {
    /// Puts together what does not change between epochs.
    pub fn new(
        network: &Network,
        (sounds, ceiling): (&[Sample], &'a Ceiling),
        settings: &Train,
    ) -> Result<Self> {
        let batches = batches(network, sounds, settings.batch)?;
        Ok(Self { batches, ceiling, loss: settings.loss })
    }

    /// Whether any neuron has a noise ceiling.
    pub fn has_ceiling(&self) -> bool {
        self.ceiling.exists()
    }

    /// Scores the model as it is.
    pub fn scores(&self, network: &Network) -> Result<ValidationScores> {
        let predictions = predict(network, &self.batches)?;
        let views: Vec<_> = predictions.iter().map(|clip| clip.view()).collect();
        let loss = |prediction, psth| self.loss.at_bin(prediction, psth);
        let losses = self.ceiling.mean_over_bins(&views, loss)?;
        let recorded: Vec<f64> = losses.iter().copied().flatten().collect();
        let loss = recorded.iter().sum::<f64>() / recorded.len().max(1) as f64;
        let losses = losses.into_iter().map(Option::unwrap_or_default).collect();
        let correlations = self.ceiling.correlations(&views)?;
        Ok(ValidationScores { loss, losses, correlations })
    }
}

impl ValidationScores {
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

    /// The epoch's line of the history.
    pub fn row(&self, epoch: usize, seconds: [f64; 2], lr: f64, train_loss: f64) -> EpochRow {
        let (valid_cc, neurons_cc) = mean_of_defined(&self.correlations.cc);
        let (valid_cc_norm, neurons_cc_norm) = mean_of_defined(&self.correlations.cc_norm);
        let [seconds_train, seconds_valid] = seconds;
        EpochRow {
            epoch,
            seconds_train,
            seconds_valid,
            lr,
            train_loss,
            valid_loss: self.loss,
            valid_cc,
            valid_cc_norm,
            neurons_cc,
            neurons_cc_norm,
        }
    }
}

/// The mean of what is no NaN, and how much that is.
fn mean_of_defined(values: &[f64]) -> (f64, usize) {
    let defined: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    (defined.iter().sum::<f64>() / defined.len() as f64, defined.len())
}
