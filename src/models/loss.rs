//! Losses over the recorded bins of the PSTH: mean over bins for each neuron, then over neurons.
use candle_core::{Result, Tensor};

use super::ops::curve::{AnyLoss, PointLoss};
use super::ops::number::Number;
use crate::config::part::{self, Part, Row};
use crate::simd::real::Real;

/// A row of the table of losses.
#[derive(Debug)]
pub struct LossRow {
    /// What it says of itself.
    pub part: Part,
    /// Whether it needs predictions that are never negative.
    pub needs_rate: bool,
    /// The loss of each neuron, `(N)`, for predictions `(B, N, T)`; 0 where nothing was recorded.
    pub per_neuron: fn(&Tensor, &Target) -> Result<Tensor>,
    /// The same on the fast path.
    pub pointwise: &'static dyn AnyLoss,
}

impl LossRow {
    /// The loss at one bin, for a prediction and a PSTH.
    pub fn at_bin(&self, prediction: f64, psth: f64) -> f64 {
        f64::loss(self.pointwise).at_bin(prediction, psth)
    }
}

/// What the losses of neurons come to together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverNeurons {
    /// Their mean over the neurons that have recorded bins.
    Mean,
    /// Their sum: what a neuron adds does not depend on the others.
    Sum,
}

/// What a fit makes small: a loss, and by how much that of each neuron enters it.
#[derive(Debug, Clone, Copy)]
pub struct Criterion<'a> {
    /// The loss.
    pub loss: &'static LossRow,
    /// What the loss of each neuron is multiplied by, `(N)`; none = 1.
    pub scales: Option<&'a [f64]>,
    /// What becomes of the losses of all neurons.
    pub over: OverNeurons,
}

impl Criterion<'_> {
    /// The loss as it is.
    pub fn plain(loss: &'static LossRow) -> Self {
        Self { loss, scales: None, over: OverNeurons::Mean }
    }

    /// By how much the loss at each bin of each neuron enters the loss of a batch, `(N)`, out of
    /// what does so without scales.
    pub fn weights(&self, mut plain: Vec<f64>) -> Vec<f64> {
        if let Some(scales) = self.scales {
            plain.iter_mut().zip(scales).for_each(|(weight, scale)| *weight *= scale);
        }
        plain
    }

    /// The share of each neuron in the loss, `(N)`, for predictions `(B, N, T)`.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn shares(&self, prediction: &Tensor, target: &Target) -> Result<Tensor> {
        let losses = (self.loss.per_neuron)(prediction, target)?;
        let losses = match self.scales {
            Some(scales) => {
                let scales = Tensor::new(scales, losses.device())?.to_dtype(losses.dtype())?;
                (losses * scales)?
            }
            None => losses,
        };
        match self.over {
            OverNeurons::Mean => losses.broadcast_div(&target.neurons.maximum(1.0)?),
            OverNeurons::Sum => Ok(losses),
        }
    }
}

impl Row for LossRow {
    fn part(&self) -> &Part {
        &self.part
    }
}

/// The losses: adding one is one row.
pub static TABLE: &[LossRow] = &[
    LossRow {
        part: Part { name: "mse", summary: "squared error", source: "", keys: &[] },
        needs_rate: false,
        per_neuron: squared_error,
        pointwise: &SquaredError,
    },
    LossRow {
        part: Part {
            name: "poisson",
            summary: "negative log likelihood of Poisson counts; needs an output that is never negative",
            source: "",
            keys: &[],
        },
        needs_rate: true,
        per_neuron: poisson,
        pointwise: &Poisson,
    },
];

/// Their names, in the table's order.
pub fn names() -> Vec<&'static str> {
    part::names(TABLE)
}

/// What a batch of predictions is compared with.
#[derive(Debug, Clone)]
pub struct Target {
    /// The PSTH `(B, N, T)`, 0 where nothing was recorded.
    pub psth: Tensor,
    /// `(B, N, T)`: one over the neuron's recorded bins, 0 where nothing was recorded.
    pub weight: Tensor,
    /// How many neurons have a recorded bin in the batch, a scalar.
    pub neurons: Tensor,
}

impl Target {
    /// From a PSTH `(B, N, T)` and a mask of the same shape: 1 where it counts, 0 elsewhere.
    pub fn new(psth: Tensor, mask: &Tensor) -> Result<Self> {
        let bins = mask.sum_keepdim(2)?.sum_keepdim(0)?; // (1, N, 1)
        let weight = mask.broadcast_div(&bins.maximum(1.0)?)?;
        let neurons = bins.gt(0.0)?.to_dtype(mask.dtype())?.sum_all()?;
        Ok(Self { psth, weight, neurons })
    }

    /// From single repeats `(B, N, R, T)`, NaN where nothing was recorded.
    pub fn from_responses(responses: &Tensor) -> Result<Self> {
        let recorded = responses.eq(responses)?; // NaN differs from itself
        let mask = recorded.to_dtype(responses.dtype())?;
        let known = recorded.where_cond(responses, &responses.zeros_like()?)?;
        let repeats = mask.sum(2)?;
        let psth = known.sum(2)?.div(&repeats.maximum(1.0)?)?;
        Self::new(psth, &repeats.gt(0.0)?.to_dtype(responses.dtype())?)
    }
}

/// The mean over the neurons that were recorded, a scalar.
pub fn mean(per_neuron: &Tensor, target: &Target) -> Result<Tensor> {
    per_neuron.sum_all()? / target.neurons.maximum(1.0)?
}

fn squared_error(prediction: &Tensor, target: &Target) -> Result<Tensor> {
    let error = (prediction - &target.psth)?.sqr()?;
    (error * &target.weight)?.sum(2)?.sum(0)
}

/// `(λ − y)²`.
#[derive(Debug)]
struct SquaredError;

impl PointLoss for SquaredError {
    #[inline(always)]
    fn loss_and_slope<R: Real>(prediction: R, recorded: R) -> (R, R) {
        let error = prediction - recorded;
        (error * error, error + error)
    }
}

/// Rates below it count as it is, for the logarithm of 0 is infinite.
const LEAST_RATE: f64 = 1e-8;

/// `λ − y log(max(λ, 1e−8) + 1e−8)`.
fn poisson(prediction: &Tensor, target: &Target) -> Result<Tensor> {
    let log = (prediction.maximum(LEAST_RATE)? + LEAST_RATE)?.log()?;
    let loss = (prediction - (&target.psth * log)?)?;
    (loss * &target.weight)?.sum(2)?.sum(0)
}

/// The same for one bin.
#[derive(Debug)]
struct Poisson;

impl PointLoss for Poisson {
    #[inline(always)]
    fn loss_and_slope<R: Real>(prediction: R, recorded: R) -> (R, R) {
        let [zero, one, least] = [0.0, 1.0, LEAST_RATE].map(R::constant);
        let rate = prediction.at_least(least) + least;
        let slope = if prediction > least { recorded / rate } else { zero };
        (prediction - recorded * rate.ln(), one - slope)
    }
}
