//! Correlations of whole populations, for predictions that change while responses stay.
use ndarray::{Array3, ArrayView1, ArrayView2, ArrayView3};
use rayon::prelude::*;

use super::agreement::require_neurons;
use super::moments::Moments;
use super::target::Target;
use crate::base::error::Result;
use crate::scores::repeats::complete::Complete;
use crate::stats::moments::ratio;

/// All that scores need of the responses, worked out once: made before training, asked after every
/// epoch.
#[derive(Debug, Clone)]
pub struct Ceiling {
    neurons: Vec<Known>,
}

/// `N` values of `cc` and of `cc_norm`; NaN where undefined.
#[derive(Debug, Clone)]
pub struct Correlations {
    /// Pearson's correlation with the PSTH.
    pub cc: Vec<f64>,
    /// The noise-corrected correlation.
    pub cc_norm: Vec<f64>,
}

/// What is known of one neuron before there is a prediction.
#[derive(Debug, Clone)]
struct Known {
    target: Target,
    signal_power: f64,
}

impl Ceiling {
    /// Takes the responses `(N, R, T)` to each clip; NaN = not recorded, or left out of the scores.
    ///
    /// # Errors
    /// The clips do not have the same number of neurons.
    pub fn new(responses: &[ArrayView3<f32>]) -> Result<Self> {
        let mut targets = vec![Target::default(); responses.first().map_or(0, |r| r.dim().0)];
        responses.iter().try_for_each(|clip| add(&mut targets, *clip))?;
        Ok(Self::of(targets))
    }

    /// Takes the responses `(N, R, T)` to one clip after the other and keeps none of them.
    ///
    /// # Errors
    /// A clip is an error, or does not have so many neurons.
    pub fn gather(
        neurons: usize,
        mut clips: impl Iterator<Item = Result<Array3<f32>>>,
    ) -> Result<Self> {
        let mut targets = vec![Target::default(); neurons];
        clips.try_for_each(|clip| add(&mut targets, clip?.view()))?;
        Ok(Self::of(targets))
    }

    fn of(targets: Vec<Target>) -> Self {
        Self { neurons: targets.into_par_iter().map(Known::new).collect() }
    }

    /// Whether `cc_norm` can be defined for any neuron.
    pub fn exists(&self) -> bool {
        self.neurons.iter().any(|neuron| !neuron.signal_power.is_nan())
    }

    /// Compares the predictions `(N, T)` of each clip with the responses.
    ///
    /// # Errors
    /// The predictions do not have the clips, neurons or bins of the responses.
    pub fn correlations(&self, predictions: &[ArrayView2<f32>]) -> Result<Correlations> {
        let pairs =
            self.of_neurons(predictions, |_, neuron, prediction| neuron.correlations(prediction))?;
        let (cc, cc_norm) = pairs.into_iter().unzip();
        Ok(Correlations { cc, cc_norm })
    }

    /// The mean over each neuron's used bins of a term of its place, the prediction and the PSTH; none for
    /// neurons without such bins.
    ///
    /// # Errors
    /// As [`Ceiling::correlations`].
    pub fn mean_over_bins(
        &self,
        predictions: &[ArrayView2<f32>],
        term: impl Fn(usize, f64, f64) -> f64 + Sync,
    ) -> Result<Vec<Option<f64>>> {
        self.of_neurons(predictions, |place, neuron, prediction| {
            let psth = neuron.target.psth();
            let terms =
                prediction.iter().zip(psth).map(|(predicted, y)| term(place, *predicted, *y));
            (!psth.is_empty()).then(|| terms.sum::<f64>() / psth.len() as f64)
        })
    }

    fn of_neurons<T: Send>(
        &self,
        predictions: &[ArrayView2<f32>],
        compare: impl Fn(usize, &Known, &[f64]) -> T + Sync,
    ) -> Result<Vec<T>> {
        let numbers = predictions.iter().map(ArrayView2::nrows);
        require_neurons("the predictions", self.neurons.len(), numbers)?;
        let of_neuron = |(n, neuron): (usize, &Known)| {
            let rows: Vec<ArrayView1<f32>> = predictions.iter().map(|clip| clip.row(n)).collect();
            Ok(compare(n, neuron, &neuron.target.at_used_bins(&rows)?))
        };
        self.neurons.par_iter().enumerate().map(of_neuron).collect()
    }
}

impl Known {
    fn new(target: Target) -> Self {
        let signal_power = target.signal_power();
        Self { target, signal_power }
    }

    /// What [`crate::scores::rows::correlation::cc`] and [`crate::scores::rows::correlation::cc_norm`] give.
    fn correlations(&self, prediction: &[f64]) -> (f64, f64) {
        let psth = self.target.psth();
        let used = Moments::new(prediction, psth);
        let repeated = match self.target.at_repeated_bins(psth) {
            all if all.len() == psth.len() => used,
            some => Moments::new(&self.target.at_repeated_bins(prediction), &some),
        };
        let scale = repeated.of_prediction.sqrt() * self.signal_power.sqrt();
        (used.correlation(), ratio(repeated.covariance, scale))
    }
}

/// Adds the responses `(N, R, T)` to a clip, one neuron to each target.
fn add(targets: &mut [Target], responses: ArrayView3<f32>) -> Result<()> {
    require_neurons("the responses", targets.len(), std::iter::once(responses.dim().0))?;
    let neurons: Vec<ArrayView2<f32>> = responses.outer_iter().collect();
    let both = targets.par_iter_mut().zip(neurons);
    both.for_each_init(Complete::default, |clip, (target, responses)| {
        if clip.read(responses) {
            clip.multiply(None);
            target.add_complete(clip);
        } else {
            target.add(responses);
        }
    });
    Ok(())
}
