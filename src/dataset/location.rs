//! Where in a dataset file responses lie.
use std::sync::Arc;

use ndarray::{Array3, Axis};

use super::recording::OfNeurons;

/// Where the responses to a stimulus lie, and which neurons of them are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseLocation {
    /// Path of the dataset.
    pub(super) at: String,
    /// Shape of the dataset.
    pub(super) shape: Vec<usize>,
    /// How many of its first axes tell neurons (and stimuli) apart; `(R, T)` follow.
    pub(super) leading: usize,
    /// Places of the neurons along the leading axes, taken as one.
    pub(super) rows: Vec<usize>,
    /// `R`; 0 where there is no dataset.
    pub(super) repeats: usize,
    /// `T`.
    pub(super) bins: usize,
    /// What lies there, where it was read to stay in memory.
    pub(super) kept: Option<KeptResponses>,
}

/// Responses `(N, R, T)` that stay in memory, and which of their neurons are meant.
#[derive(Debug, Clone)]
pub(super) struct KeptResponses {
    responses: Arc<Array3<f32>>,
    neurons: Vec<usize>,
}

/// Two are the same where they are the same piece of memory.
impl PartialEq for KeptResponses {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.responses, &other.responses) && self.neurons == other.neurons
    }
}

impl Eq for KeptResponses {}

impl ResponseLocation {
    /// The shape `(N, R, T)` that reading gives.
    pub fn dim(&self) -> (usize, usize, usize) {
        (self.rows.len(), self.repeats, self.bins)
    }

    /// Keeps what lies there in memory, as it was read of these neurons.
    pub(super) fn keep(&mut self, responses: Array3<f32>) {
        let neurons = (0..self.rows.len()).collect();
        self.kept = Some(KeptResponses { responses: Arc::new(responses), neurons });
    }

    /// A copy of what was kept in memory.
    pub(super) fn kept(&self) -> Option<Array3<f32>> {
        let KeptResponses { responses, neurons } = self.kept.as_ref()?;
        let all = neurons.len() == responses.dim().0 && neurons.iter().is_sorted_by(|a, b| a < b);
        let some = || responses.select(Axis(0), neurons);
        Some(if all { Array3::clone(responses) } else { some() })
    }
}

impl OfNeurons for ResponseLocation {
    fn of_neurons(self, indices: &[usize]) -> Self {
        let rows = indices.iter().map(|index| self.rows[*index]).collect();
        let kept = self.kept.map(|KeptResponses { responses, neurons }| {
            let neurons = indices.iter().map(|index| neurons[*index]).collect();
            KeptResponses { responses, neurons }
        });
        Self { rows, kept, ..self }
    }
}
