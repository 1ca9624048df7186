//! Single repeats: what an experiment records of a rate.
use ndarray::parallel::prelude::*;
use ndarray::{Array2, Array3, ArrayView1, ArrayViewMut2, Axis};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Poisson, StandardNormal};

use super::{Settings, Truth};
use crate::base::error::{Error, Result};
use crate::base::rng;

/// Records the responses to one stimulus after the other.
pub(super) struct Recorder<'a> {
    settings: &'a Settings,
    truth: &'a Truth,
    neurons: &'a [String],
    /// How often each stimulus is presented.
    repeats: Vec<usize>,
    /// By stimulus, neuron and repeat: what is not recorded; none where nothing is missing.
    missing: Option<Array3<bool>>,
}

impl<'a> Recorder<'a> {
    /// Draws how often the `stimuli` are presented, and what will be missing.
    pub(super) fn new(
        settings: &'a Settings,
        truth: &'a Truth,
        neurons: &'a [String],
        stimuli: &[String],
    ) -> Self {
        let repeats: Vec<usize> = stimuli.iter().map(|id| repeats(settings, id)).collect();
        let missing = (settings.missing > 0.0).then(|| missing(settings, &repeats));
        Self { settings, truth, neurons, repeats, missing }
    }

    /// Responses `(N, R, T)` to the stimulus `id`, number `s`, from its rates `(N, T)`; NaN where missing.
    pub(super) fn responses(&self, s: usize, id: &str, rates: &Array2<f32>) -> Result<Array3<f32>> {
        let (n, t) = rates.dim();
        let mut responses = Array3::zeros((n, self.repeats[s], t));
        let neurons = responses.axis_iter_mut(Axis(0)).into_par_iter().enumerate();
        neurons.try_for_each(|(n, repeats)| self.fill((s, id), n, rates.row(n), repeats))?;
        Ok(responses)
    }

    /// Fills the repeats `(R, T)` of neuron `n`.
    fn fill(
        &self,
        (s, id): (usize, &str),
        n: usize,
        rates: ArrayView1<f32>,
        mut repeats: ArrayViewMut2<f32>,
    ) -> Result<()> {
        let name = format!("response of {} to {id}", self.neurons[n]);
        let mut rng = rng::generator(self.settings.seed, &name);
        let noise = self.noise(n, rates)?;
        for (r, mut repeat) in repeats.outer_iter_mut().enumerate() {
            repeat.iter_mut().zip(&noise).for_each(|(value, noise)| *value = noise.draw(&mut rng));
            if self.missing.as_ref().is_some_and(|missing| missing[(s, n, r)]) {
                repeat.fill(f32::NAN);
            }
        }
        Ok(())
    }

    /// What neuron `n` may answer, in every bin of the rates.
    fn noise(&self, n: usize, rates: ArrayView1<f32>) -> Result<Vec<BinNoise>> {
        match &self.truth.noise_sd {
            Some(deviations) => {
                let deviation = deviations[n];
                Ok(rates.iter().map(|&mean| BinNoise::Normal { mean, deviation }).collect())
            }
            None => rates.iter().map(|rate| BinNoise::counts(*rate)).collect(),
        }
    }
}

/// How the responses in one bin scatter.
enum BinNoise {
    /// Nothing ever comes.
    Silent,
    Counts(Poisson<f32>),
    Normal {
        mean: f32,
        deviation: f64,
    },
}

impl BinNoise {
    fn counts(rate: f32) -> Result<Self> {
        if rate <= 0.0 {
            return Ok(Self::Silent);
        }
        let counts = Poisson::new(rate);
        counts.map(Self::Counts).map_err(|e| Error::failed(format!("a rate of {rate}"), e))
    }

    fn draw(&self, rng: &mut ChaCha8Rng) -> f32 {
        match self {
            Self::Silent => 0.0,
            Self::Counts(counts) => counts.sample(rng),
            Self::Normal { mean, deviation } => normal(rng, *mean, *deviation),
        }
    }
}

fn normal(rng: &mut impl Rng, mean: f32, deviation: f64) -> f32 {
    let noise: f64 = StandardNormal.sample(rng);
    #[expect(clippy::cast_possible_truncation, reason = "responses are f32")]
    let value = (f64::from(mean) + deviation * noise) as f32;
    value
}

/// How often the stimulus `id` is presented.
fn repeats(settings: &Settings, id: &str) -> usize {
    match settings.fewest_repeats {
        Some(fewest) => rng::generator(settings.seed, &format!("repeats of {id}"))
            .random_range(fewest..=settings.repeats),
        None => settings.repeats,
    }
}

/// By stimulus, neuron and repeat: the asked share, drawn so that every neuron keeps a repeat.
fn missing(settings: &Settings, presented: &[usize]) -> Array3<bool> {
    let Settings { stimuli, neurons, repeats, .. } = *settings;
    let mut missing = Array3::from_elem((stimuli, neurons, repeats), false);
    let presentations: usize = presented.iter().sum();
    let mut kept = vec![presentations; neurons];
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let mut wanted = (settings.missing * (presentations * neurons) as f64).round() as usize;
    for place in rng::permutation(settings.seed, "missing repeats", missing.len()) {
        let (s, n, r) = (place / repeats / neurons, place / repeats % neurons, place % repeats);
        if wanted > 0 && kept[n] > 1 && r < presented[s] {
            missing[(s, n, r)] = true;
            kept[n] -= 1;
            wanted -= 1;
        }
    }
    missing
}
