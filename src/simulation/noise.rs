//! Single repeats: what an experiment records of a rate.
use ndarray::{Array3, ArrayView1};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Poisson, StandardNormal};
use rayon::prelude::*;

use super::{Settings, Truth};
use crate::base::error::{Error, Result};
use crate::base::rng;

/// Records the responses to one stimulus after the other.
pub(super) struct Recorder<'a> {
    settings: &'a Settings,
    truth: &'a Truth,
    neurons: &'a [String],
    /// By stimulus, neuron and repeat: what is not recorded.
    missing: Array3<bool>,
}

impl<'a> Recorder<'a> {
    /// Draws what will be missing.
    pub(super) fn new(settings: &'a Settings, truth: &'a Truth, neurons: &'a [String]) -> Self {
        Self { settings, truth, neurons, missing: missing(settings) }
    }

    /// Responses `(N, R, T)` to the stimulus `id`, number `s` in the truth; NaN where missing.
    pub(super) fn responses(&self, s: usize, id: &str) -> Result<Array3<f32>> {
        let rates = &self.truth.rates[s];
        let (n, t) = rates.dim();
        let rows = (0..n).into_par_iter().map(|n| {
            let name = format!("response of {} to {id}", self.neurons[n]);
            let mut rng = rng::generator(self.settings.seed, &name);
            let mut draw = |r| match self.repeat(n, rates.row(n), &mut rng) {
                Ok(_) if self.missing[(s, n, r)] => Ok(vec![f32::NAN; t]),
                drawn => drawn,
            };
            (0..self.settings.repeats).map(&mut draw).collect::<Result<Vec<_>>>()
        });
        let rows: Vec<Vec<Vec<f32>>> = rows.collect::<Result<_>>()?;
        Array3::from_shape_vec((n, self.settings.repeats, t), rows.concat().concat())
            .map_err(|source| Error::failed("putting repeats together", source))
    }

    /// One repeat of neuron `n`, in every bin of the rates.
    fn repeat(&self, n: usize, rates: ArrayView1<f32>, rng: &mut ChaCha8Rng) -> Result<Vec<f32>> {
        match &self.truth.noise_sd {
            Some(deviations) => {
                Ok(rates.iter().map(|rate| normal(rng, *rate, deviations[n])).collect())
            }
            None => rates.iter().map(|rate| count(rng, *rate)).collect(),
        }
    }
}

fn normal(rng: &mut impl Rng, mean: f32, deviation: f64) -> f32 {
    let noise: f64 = StandardNormal.sample(rng);
    #[expect(clippy::cast_possible_truncation, reason = "responses are f32")]
    let value = (f64::from(mean) + deviation * noise) as f32;
    value
}

/// Spikes in a bin.
fn count(rng: &mut impl Rng, rate: f32) -> Result<f32> {
    if rate <= 0.0 {
        return Ok(0.0);
    }
    let spikes = Poisson::new(rate).map_err(|e| Error::failed(format!("a rate of {rate}"), e))?;
    Ok(spikes.sample(rng))
}

/// By stimulus, neuron and repeat: the asked share, drawn so that every neuron keeps a repeat.
fn missing(settings: &Settings) -> Array3<bool> {
    let Settings { stimuli, neurons, repeats, .. } = *settings;
    let mut missing = Array3::from_elem((stimuli, neurons, repeats), false);
    let mut kept = vec![stimuli * repeats; neurons];
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let mut wanted = (settings.missing * missing.len() as f64).round() as usize;
    for place in rng::permutation(settings.seed, "missing repeats", missing.len()) {
        let (s, n, r) = (place / repeats / neurons, place / repeats % neurons, place % repeats);
        if wanted > 0 && kept[n] > 1 {
            missing[(s, n, r)] = true;
            kept[n] -= 1;
            wanted -= 1;
        }
    }
    missing
}
