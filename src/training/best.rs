//! Which epoch was the best, and when to stop looking for a better one.
use serde::{Deserialize, Serialize};

use crate::run_file::Monitor;
use crate::stats::moments::mean_of_defined;

/// Whether `new` is better than `old`: never if it is NaN, always if `old` is none or NaN.
pub fn better(monitor: Monitor, new: f64, old: Option<f64>) -> bool {
    match old {
        _ if new.is_nan() => false,
        Some(old) if !old.is_nan() => match monitor {
            Monitor::ValidLoss => new < old,
            Monitor::ValidCc | Monitor::ValidCcNorm => new > old,
        },
        _ => true,
    }
}

/// The best epoch so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// 0 = before training.
    pub epoch: usize,
    /// Mean of the monitored score over neurons, once there is one.
    pub score: Option<f64>,
    /// Each neuron's own best, where neurons keep their own epoch.
    pub neurons: Vec<Option<f64>>,
    /// The epoch of each of them.
    pub epochs: Vec<usize>,
    /// The epoch from which on patience counts, where the fit was begun anew.
    pub anew_at: usize,
    /// How often a plateau has halved the learning rate.
    pub halvings: u32,
    /// The epoch of the last halving.
    pub halved_at: usize,
}

impl Best {
    /// Takes note of an epoch's mean score; true if it is the best one.
    pub fn observe(&mut self, monitor: Monitor, epoch: usize, score: f64) -> bool {
        let improved = better(monitor, score, self.score);
        if improved {
            (self.epoch, self.score) = (epoch, Some(score));
        }
        improved
    }

    /// Takes note of each neuron's score; the neurons for which this epoch is the best.
    pub fn observe_neurons(
        &mut self,
        monitor: Monitor,
        epochs: &[usize],
        scores: &[f64],
    ) -> Vec<usize> {
        self.neurons.resize(scores.len(), None);
        self.epochs.resize(scores.len(), 0);
        let is_better = |neuron: &usize| better(monitor, scores[*neuron], self.neurons[*neuron]);
        let improved: Vec<usize> = (0..scores.len()).filter(is_better).collect();
        for neuron in &improved {
            self.neurons[*neuron] = Some(scores[*neuron]);
            self.epochs[*neuron] = epochs.get(*neuron).copied().unwrap_or_default();
        }
        improved
    }

    /// That of a neuron by itself.
    #[must_use]
    pub fn of_neuron(&self, neuron: usize) -> Self {
        let score = self.neurons.get(neuron).copied().flatten();
        let epoch = self.epochs.get(neuron).copied().unwrap_or_default();
        Self { epoch, score, neurons: vec![score], epochs: vec![epoch], ..Self::default() }
    }

    /// That of all neurons, each of which keeps its own best epoch: the mean of their scores, and the
    /// latest of their epochs.
    #[must_use]
    pub fn joined(parts: &[&Self]) -> Self {
        let neurons: Vec<Option<f64>> =
            parts.iter().flat_map(|part| part.neurons.iter().copied()).collect();
        let epochs: Vec<usize> = parts.iter().flat_map(|part| part.epochs.clone()).collect();
        let score = mean_of_defined(neurons.iter().flatten().copied());
        let score = Some(score).filter(|score| score.is_finite());
        let epoch = epochs.iter().copied().max().unwrap_or_default();
        Self { epoch, score, neurons, epochs, ..Self::default() }
    }

    /// Whether the best epoch of a neuron is `patience` epochs old.
    pub fn neuron_is_exhausted(&self, neuron: usize, epoch: usize, patience: usize) -> bool {
        epoch >= self.epochs.get(neuron).copied().unwrap_or(0) + patience
    }

    /// Whether the best epoch is `patience` epochs old.
    pub fn exhausted(&self, epoch: usize, patience: usize) -> bool {
        epoch >= self.epoch.max(self.anew_at) + patience
    }

    /// Notes a plateau: nothing better for a third of the patience, nor since the last halving;
    /// whether there is one.
    pub fn halve_on_plateau(&mut self, epoch: usize, patience: usize) -> bool {
        let wait = (patience / 3).max(1);
        let plateau = epoch >= self.epoch.max(self.halved_at).max(self.anew_at) + wait;
        if plateau {
            self.halvings += 1;
            self.halved_at = epoch;
        }
        plateau
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_better_score_changes_the_best_epoch() {
        let mut best = Best::default();
        let scores = [f64::NAN, 0.2, 0.2, f64::NAN, 0.1, 0.3];
        let seen = scores.iter().enumerate();
        let changes: Vec<bool> =
            seen.map(|(i, score)| best.observe(Monitor::ValidCc, i + 1, *score)).collect();
        assert_eq!(changes, [false, true, false, false, false, true]);
        assert_eq!((best.epoch, best.score), (6, Some(0.3)));
        assert!(!best.exhausted(8, 3) && best.exhausted(9, 3));
    }

    #[test]
    fn a_lower_loss_is_better() {
        assert!(better(Monitor::ValidLoss, 1.0, Some(2.0)));
        assert!(!better(Monitor::ValidLoss, 2.0, Some(1.0)));
        assert!(better(Monitor::ValidLoss, 2.0, None));
    }

    #[test]
    fn neurons_keep_their_own_best() {
        let mut best = Best::default();
        assert_eq!(best.observe_neurons(Monitor::ValidCc, &[1; 3], &[0.1, f64::NAN, 0.3]), [0, 2]);
        assert_eq!(best.observe_neurons(Monitor::ValidCc, &[2; 3], &[0.2, 0.0, 0.2]), [0, 1]);
        assert_eq!(best.neurons, [Some(0.2), Some(0.0), Some(0.3)]);
        assert_eq!(best.epochs, [2, 2, 1]);
        assert!(best.neuron_is_exhausted(2, 4, 3) && !best.neuron_is_exhausted(0, 4, 3));
    }

    #[test]
    fn a_plateau_halves_once_for_each_wait() {
        let mut best = Best { epoch: 2, ..Best::default() };
        let halvings: Vec<u32> = (3..12)
            .map(|epoch| {
                best.halve_on_plateau(epoch, 9);
                best.halvings
            })
            .collect();
        assert_eq!(halvings, [0, 0, 1, 1, 1, 2, 2, 2, 3]);
    }
}
