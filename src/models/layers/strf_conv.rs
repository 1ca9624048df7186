//! The STRF convolution: kernels that span all bands, moved over time.
use candle_core::{Result, Tensor};

use super::{Layer, LayerNorm, MapShape, Pass, Reach, activated, correlate};
use crate::models::dims::Quantity;
use crate::models::ops::activation::Activation;
use crate::models::ops::convolution::Convolution;
use crate::models::ops::finish::{Finish, Norm};
use crate::models::ops::stage::StageWithParameters;
use crate::models::parameterizations::{Kernel, full_height, in_patch_order};

/// `drive(o,t) = bias(o) + Σ_c Σ_f Σ_k W(o,c,f,k) · x(c,f,t−k)`, zeros before the clip; then
/// normalization over outputs and a nonlinearity, where they are wanted.
///
/// From `(B, C, F, T)` to `(B, O, 1, T)`.
pub struct StrfConv {
    kernel: Box<dyn Kernel>,
    lags: usize,
    norm: Option<LayerNorm>,
    activation: Activation,
}

impl StrfConv {
    /// Convolves with the weights that `kernel` makes, over so many lags.
    pub fn new(kernel: Box<dyn Kernel>, lags: usize) -> Self {
        Self { kernel, lags, norm: None, activation: Activation::Identity }
    }

    /// The same with normalization over outputs and a nonlinearity behind it.
    #[must_use]
    pub fn activated(self, norm: LayerNorm, activation: Activation) -> Self {
        Self { norm: Some(norm), activation, ..self }
    }

    fn is_linear(&self) -> bool {
        self.norm.is_none() && self.activation == Activation::Identity
    }

    /// The weights `(O, C, F, K)` in lag order: index 0 of the last axis is the present bin.
    fn weights(&self) -> Result<Tensor> {
        self.kernel.weight()?.flip(&[3])
    }
}

impl Layer for StrfConv {
    fn output(&self, _input: MapShape) -> MapShape {
        MapShape { channels: self.kernel.bias().elem_count(), bands: 1 }
    }

    fn forward(&self, input: &Tensor, pass: &Pass) -> Result<Tensor> {
        let weight = self.kernel.weight()?;
        let (o, _c, _f, k) = weight.dims4()?;
        let input = pass.behind_past(input, k - 1, k - 1)?;
        let (b, c, f, t) = input.dims4()?;
        // Bands take part in full: they are channels of a correlation over time alone.
        let (x, weight) = (input.reshape((b, c * f, 1, t))?, weight.reshape((o, c * f, 1, k))?);
        let bias = self.kernel.bias().reshape((1, o, 1, 1))?;
        let drive = correlate(&x, &weight)?.broadcast_add(&bias)?;
        let drive = match &self.norm {
            Some(norm) => norm.forward(&drive)?,
            None => drive,
        };
        activated(&drive, self.activation)
    }

    fn stage(&self, _input: MapShape) -> Result<Option<StageWithParameters>> {
        if self.is_linear() {
            return self.kernel.stage().map(Some);
        }
        let weight = self.kernel.weight()?;
        let norm = if self.norm.is_some() { Norm::Channels } else { Norm::None };
        let finish = Finish { norm, activation: self.activation };
        let stage = Convolution { finish, ..full_height(&weight)? };
        let mut parameters = vec![in_patch_order(&weight)?, self.kernel.bias().clone()];
        parameters.extend(self.norm.iter().flat_map(LayerNorm::weight_and_bias));
        Ok(Some(StageWithParameters::new(stage, parameters)))
    }

    fn reach(&self) -> Reach {
        Reach::Bins(self.lags)
    }

    fn goes_on(&self) -> bool {
        true
    }

    fn strfs(&self) -> Result<Option<Tensor>> {
        self.weights().map(Some)
    }

    fn weights_on_sound(&self) -> Result<Option<Tensor>> {
        self.weights().map(Some)
    }

    fn set_offsets(&self, offsets: &Tensor) -> Result<()> {
        self.kernel.shift(&(offsets - self.kernel.bias().detach())?)
    }

    fn take(&self, weights: &Tensor, bias: &Tensor) -> Result<bool> {
        self.kernel.take(weights, bias)
    }

    fn rescale(&self, factors: &Tensor) -> Result<()> {
        self.kernel.rescale(factors)
    }

    fn shift(&self, by: &Tensor) -> Result<()> {
        self.kernel.shift(by)
    }

    fn learnt(&self) -> Result<Vec<Quantity>> {
        self.kernel.learnt()
    }
}
