//! Weights over bands, the same at every bin.
use candle_core::{Result, Tensor, Var};

use super::{Layer, MapShape, Pass, correlate};
use crate::models::bells::Bells;
use crate::models::dims::{Axis, Dims, Quantity};
use crate::models::ops::stage::StageWithParameters;
use crate::models::parameterizations::{full_height, in_patch_order};
use crate::models::params::{ParamSpec, Scope, Start, fan_in};

/// `y(h,t) = Σ_c Σ_f w(h,c,f) · x(c,f,t)`: from `(B, C, F, T)` to `(B, H, 1, T)`.
///
/// Free weights are a parameter `weight (H, C, F)`. Else each is a Gaussian along the bands
/// ([`Bells`]: `raw_mu (H, C)`, `raw_sigma (H, C)`), times a `gain (H, C)` where there are several
/// channels.
pub struct ChannelWeights {
    weights: Weights,
    units: usize,
}

/// What the weights are made of.
enum Weights {
    Free(Var),
    Gaussian(Bells, Option<Var>),
}

impl ChannelWeights {
    /// Free weights of so many units on so many channels.
    ///
    /// # Errors
    /// The device has no room for them.
    pub fn free(units: usize, channels: usize, dims: &Dims, scope: &Scope) -> Result<Self> {
        let spec = ParamSpec::decayed(fan_in(channels * dims.bands));
        let weights = scope.get("weight", (units, channels, dims.bands), spec)?;
        Ok(Self { weights: Weights::Free(weights), units })
    }

    /// Gaussians along the bands.
    ///
    /// # Errors
    /// The device has no room for them.
    pub fn gaussian(units: usize, channels: usize, dims: &Dims, scope: &Scope) -> Result<Self> {
        let bands = (dims.bands, dims.frequencies_hz.as_deref());
        let bells = Bells::new(&[units, channels], bands, 0, scope)?;
        let gain = || {
            let spec = ParamSpec::decayed(Start::Constant(1.0));
            scope.get("gain", (units, channels), spec)
        };
        let gain = (channels > 1).then(gain).transpose()?;
        Ok(Self { weights: Weights::Gaussian(bells, gain), units })
    }

    /// `(H, C, F, 1)`.
    fn kernels(&self) -> Result<Tensor> {
        let weights = match &self.weights {
            Weights::Free(weights) => weights.as_tensor().clone(),
            Weights::Gaussian(bells, None) => bells.weights()?,
            Weights::Gaussian(bells, Some(gain)) => {
                bells.weights()?.broadcast_mul(&gain.unsqueeze(2)?)?
            }
        };
        weights.unsqueeze(3)
    }
}

impl Layer for ChannelWeights {
    fn output(&self, _input: MapShape) -> MapShape {
        MapShape { channels: self.units, bands: 1 }
    }

    fn forward(&self, input: &Tensor, _pass: &Pass) -> Result<Tensor> {
        let (b, c, f, t) = input.dims4()?;
        // Bands take part in full: they are channels of a correlation.
        let kernels = self.kernels()?.reshape((self.units, c * f, 1, 1))?;
        correlate(&input.reshape((b, c * f, 1, t))?, &kernels)
    }

    fn stage(&self, _input: MapShape) -> Result<Option<StageWithParameters>> {
        let kernels = self.kernels()?;
        let nothing = Tensor::zeros(self.units, kernels.dtype(), kernels.device())?;
        let parameters = vec![in_patch_order(&kernels)?, nothing];
        Ok(Some(StageWithParameters::new(full_height(&kernels)?, parameters)))
    }

    fn weights_on_sound(&self) -> Result<Option<Tensor>> {
        self.kernels().map(Some)
    }

    fn learnt(&self) -> Result<Vec<Quantity>> {
        match &self.weights {
            Weights::Free(_) => Ok(Vec::new()),
            Weights::Gaussian(bells, _) => bells.learnt(&[Axis::Hidden, Axis::Channel], Ok),
        }
    }
}
