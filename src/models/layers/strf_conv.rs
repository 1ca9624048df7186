//! The STRF convolution: kernels that span all bands, moved over time.
use candle_core::{Result, Tensor};

use super::LayerNorm;
use crate::models::ops::activation::Activation;
use crate::models::ops::correlate;
use crate::models::ops::layer::{Layer, Norm};
use crate::models::ops::stage::StageWithParameters;
use crate::models::parameterizations::{Kernel, full_height, in_patch_order};

/// `drive(o,t) = bias(o) + Σ_c Σ_f Σ_k W(o,c,f,k) · x(c,f,t−k)`, zeros before the clip.
pub struct StrfConv {
    kernel: Box<dyn Kernel>,
}

impl StrfConv {
    /// Convolves with the weights that `kernel` makes.
    pub fn new(kernel: Box<dyn Kernel>) -> Self {
        Self { kernel }
    }

    /// From `(B, C, F, T)` to `(B, O, T)`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (b, c, f, t) = x.dims4()?;
        let weight = self.kernel.weight()?;
        let (o, _c, _f, k) = weight.dims4()?;
        // Bands take part in full: they are channels of a correlation over time alone.
        let (x, weight) = (x.reshape((b, c * f, 1, t))?, weight.reshape((o, c * f, 1, k))?);
        let drive = correlate(&x, &weight, k - 1)?.reshape((b, o, t))?;
        drive.broadcast_add(&self.kernel.bias().reshape((1, o, 1))?)
    }

    /// The drive of each output on the fast path.
    pub fn stage(&self) -> Result<StageWithParameters> {
        self.kernel.stage()
    }

    /// The convolution on the fast path, then normalization over outputs and a nonlinearity.
    pub fn layer(&self, norm: &LayerNorm, activation: Activation) -> Result<StageWithParameters> {
        let weight = self.kernel.weight()?;
        let layer = Layer { norm: Norm::Channels, activation, ..full_height(&weight)? };
        let mut parameters = vec![in_patch_order(&weight)?, self.kernel.bias().clone()];
        parameters.extend(norm.weight_and_bias());
        Ok((Box::new(layer), parameters))
    }

    /// Multiplies the drive of each output by a factor `(O)`.
    pub fn rescale(&self, factors: &Tensor) -> Result<()> {
        self.kernel.rescale(factors)
    }

    /// The weights `(O, C, F, K)` in lag order: index 0 of the last axis is the present bin.
    pub fn strfs(&self) -> Result<Tensor> {
        self.kernel.weight()?.flip(&[3])
    }
}
