//! A linear layer applied at every bin.
use candle_core::{Result, Tensor, Var};

use super::dense::at_every_bin;
use super::{Layer, MapShape, Pass, activated};
use crate::models::dims::{Axis, Quantity};
use crate::models::ops::activation::Activation;
use crate::models::ops::convolution::Convolution;
use crate::models::ops::finish::{Finish, Norm};
use crate::models::ops::stage::StageWithParameters;
use crate::models::parameterizations::{full_height, in_patch_order, shift_entries};
use crate::models::params::{ParamSpec, Scope, fan_in};

/// `y(o,t) = act( bias(o) + Σ_i weight(o,i) · x(i,t) )` over all channels and bands of a map, those
/// of a channel one after the other: from `(B, C, F, T)` to `(B, O, 1, T)`.
///
/// Parameters `weight (O, C · F)` and `bias (O)`.
#[derive(Debug)]
pub struct Linear {
    weight: Var,
    bias: Var,
    activation: Activation,
    /// Whether an export shows its weights: what each neuron makes of the hidden units.
    shown: bool,
}

impl Linear {
    /// Takes its parameters from `scope`.
    ///
    /// # Errors
    /// The device has no room for them.
    pub fn new(inputs: usize, outputs: usize, scope: &Scope) -> Result<Self> {
        let spec = || ParamSpec::decayed(fan_in(inputs));
        let weight = scope.get("weight", (outputs, inputs), spec())?;
        let bias = scope.get("bias", outputs, spec())?;
        Ok(Self { weight, bias, activation: Activation::Identity, shown: false })
    }

    /// The same with a nonlinearity behind it.
    #[must_use]
    pub fn activated(self, activation: Activation) -> Self {
        Self { activation, ..self }
    }

    /// The same as the readout `(N, H)` of hidden units, which exports show.
    #[must_use]
    pub fn shown(self) -> Self {
        Self { shown: true, ..self }
    }

    fn outputs(&self) -> usize {
        self.bias.elem_count()
    }
}

impl Layer for Linear {
    fn output(&self, _input: MapShape) -> MapShape {
        MapShape { channels: self.outputs(), bands: 1 }
    }

    fn forward(&self, input: &Tensor, _pass: &Pass) -> Result<Tensor> {
        let (b, c, f, t) = input.dims4()?;
        let x = input.reshape((b, c * f, 1, t))?;
        activated(&at_every_bin(&x, &self.weight, &self.bias)?, self.activation)
    }

    fn stage(&self, input: MapShape) -> Result<Option<StageWithParameters>> {
        let MapShape { channels, bands } = input;
        let weight = self.weight.reshape((self.outputs(), channels, bands, 1))?;
        let finish = Finish { norm: Norm::None, activation: self.activation };
        let stage = Convolution { finish, ..full_height(&weight)? };
        let parameters = vec![in_patch_order(&weight)?, self.bias.as_tensor().clone()];
        Ok(Some(StageWithParameters::new(stage, parameters)))
    }

    fn rescale(&self, factors: &Tensor) -> Result<()> {
        self.weight.set(&self.weight.detach().broadcast_mul(&factors.unsqueeze(1)?)?)?;
        self.bias.set(&self.bias.detach().mul(factors)?)
    }

    fn shift(&self, by: &Tensor) -> Result<()> {
        shift_entries(&self.bias, by)
    }

    fn learnt(&self) -> Result<Vec<Quantity>> {
        let axes = &[Axis::Neuron, Axis::Hidden];
        let values = self.weight.as_tensor().clone();
        let weights = Quantity { name: "readout_weights", unit: "1", axes, values };
        Ok(if self.shown { vec![weights] } else { Vec::new() })
    }
}
