//! Where in a dataset file responses lie.
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
}

impl ResponseLocation {
    /// The shape `(N, R, T)` that reading gives.
    pub fn dim(&self) -> (usize, usize, usize) {
        (self.rows.len(), self.repeats, self.bins)
    }
}

impl OfNeurons for ResponseLocation {
    fn of_neurons(self, indices: &[usize]) -> Self {
        let rows = indices.iter().map(|index| self.rows[*index]).collect();
        Self { rows, ..self }
    }
}
