//! Convolution over frequency and time with small kernels.
use candle_core::{Result, Tensor, Var};

use super::{Layer, LayerNorm, MapShape, Pass, Reach, activated, correlate};
use crate::models::ops::activation::Activation;
use crate::models::ops::convolution::Convolution;
use crate::models::ops::correlation::Correlation;
use crate::models::ops::finish::{Finish, Norm};
use crate::models::ops::stage::StageWithParameters;
use crate::models::parameterizations::in_patch_order;
use crate::models::params::{ParamSpec, Scope, fan_in};

/// `y(o,f,t) = act( norm( bias(o) + Σ_c Σ_i Σ_j weight(o,c,i,j) · x(c,f+i, t+j−left) ) )`, zeros
/// before the clip: from `(B, C, F, T)` to `(B, O, F − I + 1, T + left − J + 1)`.
///
/// Parameters `weight (O, C, I, J)` and `bias (O)`, and those of the normalization over channels.
pub struct BandConv {
    weight: Var,
    bias: Var,
    norm: LayerNorm,
    activation: Activation,
    left: usize,
}

/// Sizes of a [`BandConv`].
#[derive(Debug, Clone, Copy)]
pub struct BandConvDims {
    /// `O` channels that it gives.
    pub outputs: usize,
    /// `C` channels that it takes.
    pub inputs: usize,
    /// `I` bands of a kernel.
    pub height: usize,
    /// `J` bins of a kernel.
    pub width: usize,
    /// Bins of silence before the clip.
    pub left: usize,
}

impl BandConv {
    /// Takes its parameters from `scope`.
    ///
    /// # Errors
    /// The device has no room for them.
    pub fn new(
        dims: BandConvDims,
        norm: LayerNorm,
        activation: Activation,
        scope: &Scope,
    ) -> Result<Self> {
        let BandConvDims { outputs, inputs, height, width, left } = dims;
        let spec = || ParamSpec::decayed(fan_in(inputs * height * width));
        let weight = scope.get("weight", (outputs, inputs, height, width), spec())?;
        let bias = scope.get("bias", outputs, spec())?;
        Ok(Self { weight, bias, norm, activation, left })
    }

    /// Sizes `[O, C, I, J]` of the kernels.
    fn sizes(&self) -> [usize; 4] {
        let dims = self.weight.dims();
        [dims[0], dims[1], dims[2], dims[3]]
    }
}

impl Layer for BandConv {
    fn output(&self, input: MapShape) -> MapShape {
        let [channels, _inputs, height, _width] = self.sizes();
        MapShape { channels, bands: (input.bands + 1).saturating_sub(height) }
    }

    fn forward(&self, input: &Tensor, pass: &Pass) -> Result<Tensor> {
        let bias = self.bias.reshape((1, (), 1, 1))?;
        let [_outputs, _inputs, _height, width] = self.sizes();
        let input = pass.behind_past(input, self.left, width - 1)?;
        let drive = correlate(&input, &self.weight)?.broadcast_add(&bias)?;
        activated(&self.norm.forward(&drive)?, self.activation)
    }

    fn stage(&self, input: MapShape) -> Result<Option<StageWithParameters>> {
        let [outputs, channels, height, width] = self.sizes();
        let (bands, left) = (input.bands, self.left);
        let correlation = Correlation { bands, channels, outputs, height, width, left };
        let finish = Finish { norm: Norm::Channels, activation: self.activation };
        let stage = Convolution { correlation, finish };
        let mut parameters = vec![in_patch_order(&self.weight)?, self.bias.as_tensor().clone()];
        parameters.extend(self.norm.weight_and_bias());
        Ok(Some(StageWithParameters::new(stage, parameters)))
    }

    fn reach(&self) -> Reach {
        Reach::Bins(self.sizes()[3])
    }

    fn goes_on(&self) -> bool {
        true
    }

    fn weights_on_sound(&self) -> Result<Option<Tensor>> {
        Ok(Some(self.weight.as_tensor().clone()))
    }
}
