//! Output nonlinearities: from a neuron's drive to its response.
use candle_core::{DType, Result, Tensor, Var, bail};

use super::counterpart::Counterpart;
use super::ops::curve::AnyCurve;
use super::params::Scope;
use crate::config::part::{self, Part, Row};

pub mod double_exponential;
pub mod identity;
pub mod parametric_sigmoid;
pub mod parametric_softplus;
pub mod relu;
pub mod sigmoid;
pub mod softplus;

/// A pointwise function of each neuron's drive.
pub trait OutputNonlinearity {
    /// From `(B, N, T)` to the same shape.
    fn forward(&self, drive: &Tensor) -> Result<Tensor>;

    /// The same with other parameters, in the order of [`OutputNonlinearity::parameters`], `(B, N, T)`
    /// each.
    ///
    /// # Errors
    /// Its parameters cannot change from bin to bin, or a tensor operation fails.
    fn at(&self, _drive: &Tensor, _parameters: &[Tensor]) -> Result<Tensor> {
        bail!("the parameters of this output nonlinearity cannot change from bin to bin")
    }

    /// The same on the fast path.
    fn curve(&self) -> &'static dyn AnyCurve;

    /// The parameters of [`OutputNonlinearity::curve`], `(N)` each.
    fn parameters(&self) -> Result<Vec<Tensor>> {
        Ok(Vec::new())
    }

    /// Changes its parameters such that it multiplies each neuron's response by a factor `(N)`, and
    /// says what its drive must do for that.
    fn rescale(&self, factors: &Tensor) -> Result<Drive>;

    /// Whether it gives out the drive as it is.
    fn is_identity(&self) -> bool {
        false
    }

    /// Whether [`OutputNonlinearity::rescale`] can multiply responses.
    fn can_rescale(&self) -> bool {
        true
    }

    /// What values it can take, where it cannot be scaled to any: the bounds between which they lie.
    fn bounds(&self) -> Option<(f64, f64)> {
        None
    }

    /// Takes start values that suit the responses; what the standard deviation of each neuron's
    /// drive should be at the start.
    fn start(&self, responses: &[ResponseRange]) -> Result<Vec<f64>> {
        Ok(responses.iter().map(|range| 0.5 * range.deviation).collect())
    }

    /// The sign of its slope for each neuron: 1 where more drive is more response, else −1.
    fn slope(&self, neurons: usize) -> Result<Vec<f32>> {
        Ok(vec![1.0; neurons])
    }
}

/// Where the responses of a neuron lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ResponseRange {
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation; 1 where they never change.
    pub deviation: f64,
    /// What hardly any is below.
    pub low: f64,
    /// What hardly any is above.
    pub high: f64,
}

impl ResponseRange {
    /// The lowest response, as an output that is never negative can give it.
    fn baseline(&self) -> f64 {
        self.low.max(0.01 * self.deviation)
    }

    /// How far responses rise above the baseline, and somewhat more.
    fn amplitude(&self) -> f64 {
        1.2 * (self.high - self.baseline()).max(self.deviation)
    }
}

/// What the drive of an output nonlinearity must do for the response to be multiplied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drive {
    /// Be multiplied by the same factor.
    Multiplied,
    /// Stay as it is.
    Same,
    /// The response cannot be multiplied.
    Fixed,
}

/// Whether a response can be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// A rate.
    NeverNegative,
    /// Any signal.
    Either,
}

/// A row of the table of output nonlinearities.
#[derive(Debug)]
pub struct OutputRow {
    /// What it says of itself.
    pub part: Part,
    /// Whether it can be negative.
    pub sign: Sign,
    /// Builds it for so many neurons, its parameters in a scope.
    pub build: fn(usize, &Scope) -> Result<Box<dyn OutputNonlinearity>>,
    /// The same in deepSTRF 0.1.0; none where that has no such output.
    pub reference: Option<Counterpart>,
}

impl Row for OutputRow {
    fn part(&self) -> &Part {
        &self.part
    }
}

/// The output nonlinearities: adding one is one file and one row.
pub static TABLE: &[OutputRow] = &[
    OutputRow {
        part: identity::PART,
        sign: Sign::Either,
        build: identity::build,
        reference: Some(identity::REFERENCE),
    },
    OutputRow {
        part: relu::PART,
        sign: Sign::NeverNegative,
        build: relu::build,
        reference: Some(relu::REFERENCE),
    },
    OutputRow {
        part: sigmoid::PART,
        sign: Sign::NeverNegative,
        build: sigmoid::build,
        reference: Some(sigmoid::REFERENCE),
    },
    OutputRow {
        part: softplus::PART,
        sign: Sign::NeverNegative,
        build: softplus::build,
        reference: Some(softplus::REFERENCE),
    },
    OutputRow {
        part: parametric_sigmoid::PART,
        sign: Sign::NeverNegative,
        build: parametric_sigmoid::build,
        reference: Some(parametric_sigmoid::REFERENCE),
    },
    OutputRow {
        part: parametric_softplus::PART,
        sign: Sign::NeverNegative,
        build: parametric_softplus::build,
        reference: Some(parametric_softplus::REFERENCE),
    },
    OutputRow {
        part: double_exponential::PART,
        sign: Sign::NeverNegative,
        build: double_exponential::build,
        reference: Some(double_exponential::REFERENCE),
    },
];

/// Their names, in the table's order.
pub fn names() -> Vec<&'static str> {
    part::names(TABLE)
}

/// `(N)` parameters, ready to meet `(B, N, T)`.
fn per_neuron(parameters: &Tensor) -> Result<Tensor> {
    let n = parameters.dims1()?;
    parameters.reshape((1, n, 1))
}

/// 1 where a parameter is positive or zero, else −1.
fn signs(parameters: &Tensor) -> Result<Vec<f32>> {
    let values = parameters.to_dtype(DType::F32)?.to_vec1::<f32>()?;
    Ok(values.into_iter().map(|value| if value < 0.0 { -1.0 } else { 1.0 }).collect())
}

/// Multiplies what a softplus makes of `raw (N)` by factors `(N)`.
fn rescale_softplus(raw: &Var, factors: &Tensor) -> Result<()> {
    let values = |t: &Tensor| t.to_dtype(DType::F64)?.to_vec1::<f64>();
    let scaled = values(raw)?.into_iter().zip(values(factors)?);
    let scaled = scaled.map(|(raw, factor)| factor * (raw.max(0.0) + (-raw.abs()).exp().ln_1p()));
    set_softplus(raw, scaled)
}

/// Sets `raw (N)` such that a softplus makes these values of it.
fn set_softplus(raw: &Var, values: impl Iterator<Item = f64>) -> Result<()> {
    set(raw, values.map(|value| value + (-(-value).exp_m1()).ln()))
}

/// Sets the values of a parameter `(N)`.
fn set(parameter: &Var, values: impl Iterator<Item = f64>) -> Result<()> {
    let values =
        Tensor::from_vec(values.collect::<Vec<f64>>(), parameter.shape(), parameter.device())?;
    parameter.set(&values.to_dtype(parameter.dtype())?)
}
