//! A linear layer applied at every bin.
use candle_core::{Result, Tensor, Var};

use crate::models::ops::activation::Activation;
use crate::models::ops::correlate;
use crate::models::ops::layer::Layer;
use crate::models::ops::stage::StageWithParameters;
use crate::models::outputs::{Drive, Output};
use crate::models::parameterizations::{full_height, in_patch_order};
use crate::models::params::{Role, Scope, fan_in};

/// `y(o,t) = bias(o) + Σ_i weight(o,i) · x(i,t)`; parameters `weight (O, I)` and `bias (O)`.
#[derive(Debug)]
pub struct Linear {
    weight: Var,
    bias: Var,
}

impl Linear {
    /// Takes its parameters from `scope`.
    pub fn new(inputs: usize, outputs: usize, scope: &Scope) -> Result<Self> {
        let weight = scope.get("weight", (outputs, inputs), Role::Decayed, fan_in(inputs))?;
        let bias = scope.get("bias", outputs, Role::Decayed, fan_in(inputs))?;
        Ok(Self { weight, bias })
    }

    /// From `(B, I, T)` to `(B, O, T)`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (b, i, t) = x.dims3()?;
        let o = self.bias.dims1()?;
        // A correlation with kernels of one band and one bin.
        let (x, weight) = (x.reshape((b, i, 1, t))?, self.weight.reshape((o, i, 1, 1))?);
        let y = correlate(&x, &weight, 0)?.reshape((b, o, t))?;
        y.broadcast_add(&self.bias.reshape((1, o, 1))?)
    }

    /// The layer on the fast path.
    pub fn stage(&self) -> Result<StageWithParameters> {
        self.over(1, Activation::Identity)
    }

    /// The layer on the fast path over the channels of so many bands, which lie one after the other
    /// for each channel, and a nonlinearity.
    pub fn over(&self, bands: usize, activation: Activation) -> Result<StageWithParameters> {
        let (outputs, inputs) = self.weight.dims2()?;
        let weight = self.weight.reshape((outputs, inputs / bands, bands, 1))?;
        let layer = Layer { activation, ..full_height(&weight)? };
        Ok((Box::new(layer), vec![in_patch_order(&weight)?, self.bias.as_tensor().clone()]))
    }

    /// Multiplies the response `(O)` of an output nonlinearity behind this layer.
    pub fn rescale_behind(&self, output: &dyn Output, factors: &Tensor) -> Result<()> {
        if output.rescale(factors)? == Drive::Multiplied {
            self.weight.set(&self.weight.detach().broadcast_mul(&factors.unsqueeze(1)?)?)?;
            self.bias.set(&self.bias.detach().mul(factors)?)?;
        }
        Ok(())
    }

    /// The weights `(O, I)`.
    pub fn weight(&self) -> &Tensor {
        &self.weight
    }
}
