//! A linear map at every bin, as a part of layers that hold several.
use candle_core::{Result, Tensor, Var};

use super::correlate;
use crate::models::params::{ParamSpec, Scope, Start};

/// `y(o,t) = bias(o) + Σ_i weight(o,i) · x(i,t)`: from `(B, I, 1, T)` to `(B, O, 1, T)`.
#[derive(Debug)]
pub struct Dense {
    weight: Var,
    bias: Var,
}

impl Dense {
    /// Takes `weight (O, I)` and `bias (O)` from `scope`, under these names, with what they start from.
    ///
    /// # Errors
    /// The device has no room for them.
    pub fn new(
        (outputs, inputs): (usize, usize),
        [weight, bias]: [(&str, Start); 2],
        scope: &Scope,
    ) -> Result<Self> {
        let weight = scope.get(weight.0, (outputs, inputs), ParamSpec::decayed(weight.1))?;
        let bias = scope.get(bias.0, outputs, ParamSpec::decayed(bias.1))?;
        Ok(Self { weight, bias })
    }

    /// What it makes of a map.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        at_every_bin(x, &self.weight, &self.bias)
    }

    /// `weight` and `bias`.
    pub fn weight_and_bias(&self) -> [Tensor; 2] {
        [self.weight.as_tensor().clone(), self.bias.as_tensor().clone()]
    }
}

/// Multiplies the channels `(B, I, 1, T)` at every bin by weights `(O, I)` and adds biases `(O)`.
pub fn at_every_bin(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let (o, i) = weight.dims2()?;
    // A correlation with kernels of one band and one bin.
    correlate(x, &weight.reshape((o, i, 1, 1))?)?.broadcast_add(&bias.reshape((1, o, 1, 1))?)
}
