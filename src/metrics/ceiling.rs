//! Correlations of whole populations, for predictions that change while responses stay.
use ndarray::{ArrayView1, ArrayView2, ArrayView3, Axis};
use rayon::prelude::*;

use super::Target;
use crate::error::{Error, Result};

/// All that `cc` and `cc_norm` need of the responses, worked out once: made before training, asked
/// after every epoch.
#[derive(Debug, Clone)]
pub struct Ceiling {
    targets: Vec<Target>,
}

/// `N` values of `cc` and of `cc_norm`; NaN where undefined.
#[derive(Debug, Clone)]
pub struct Correlations {
    /// Pearson's correlation with the PSTH.
    pub cc: Vec<f64>,
    /// The noise-corrected correlation.
    pub cc_norm: Vec<f64>,
}

impl Ceiling {
    /// Takes the responses `(N, R, T)` to each clip; NaN = not recorded, or left out of the scores.
    ///
    /// # Errors
    /// The clips do not have the same number of neurons.
    pub fn new(responses: &[ArrayView3<f32>]) -> Result<Self> {
        let neurons = responses.first().map_or(0, |clip| clip.dim().0);
        let numbers = responses.iter().map(|clip| clip.dim().0);
        require_neurons("the responses", neurons, numbers)?;
        let of_neuron = |n| -> Vec<ArrayView2<f32>> {
            responses.iter().map(|clip| clip.index_axis(Axis(0), n)).collect()
        };
        let targets = (0..neurons).into_par_iter().map(|n| Target::new(&of_neuron(n))).collect();
        Ok(Self { targets })
    }

    /// Whether `cc_norm` can be defined for any neuron.
    pub fn exists(&self) -> bool {
        self.targets.iter().any(Target::has_signal)
    }

    /// Compares the predictions `(N, T)` of each clip with the responses.
    ///
    /// # Errors
    /// The predictions do not have the clips, neurons or bins of the responses.
    pub fn correlations(&self, predictions: &[ArrayView2<f32>]) -> Result<Correlations> {
        let numbers = predictions.iter().map(ArrayView2::nrows);
        require_neurons("the predictions", self.targets.len(), numbers)?;
        let of_neuron = |(n, target): (usize, &Target)| {
            let rows: Vec<ArrayView1<f32>> = predictions.iter().map(|clip| clip.row(n)).collect();
            let prediction = target.at_used_bins(&rows)?;
            Ok((target.cc(&prediction), target.cc_norm(&prediction)))
        };
        let pairs: Result<Vec<(f64, f64)>> =
            self.targets.par_iter().enumerate().map(of_neuron).collect();
        let (cc, cc_norm) = pairs?.into_iter().unzip();
        Ok(Correlations { cc, cc_norm })
    }
}

/// An error unless `what` has `neurons` neurons in every clip.
pub fn require_neurons(
    what: &str,
    neurons: usize,
    mut found: impl Iterator<Item = usize>,
) -> Result<()> {
    match found.find(|found| *found != neurons) {
        None => Ok(()),
        Some(found) => {
            let cause = format!("{what} of a clip hold {found} neurons, expected {neurons}");
            Err(Error::failed("comparing predictions with responses", cause))
        }
    }
}
