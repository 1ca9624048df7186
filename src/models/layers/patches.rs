//! Patches of sound as the units of a transformer.
use candle_core::{Result, Tensor, Var};

use super::{Layer, MapShape, Pass, Reach, correlate};
use crate::models::ops::stage::StageWithParameters;
use crate::models::parameterizations::{full_height, in_patch_order};
use crate::models::params::{ParamSpec, Scope, fan_in};

/// `z(e·Fp + p, t) = b(e) + Σ_c Σ_f Σ_k P(e,c,f,k) · x(c, p·KF + f, t − KT + 1 + k)`, zeros before the
/// clip: from `(B, C, F, T)` to `(B, E·Fp, 1, T)`, `Fp = F/KF` patches lying over the bands.
///
/// Parameters `weight (E, C, KF, KT)` and `bias (E)`.
pub struct Patches {
    weight: Var,
    bias: Var,
    /// `Fp`.
    count: usize,
}

/// Sizes of [`Patches`].
#[derive(Debug, Clone, Copy)]
pub struct PatchDims {
    /// `E` values that each patch gives.
    pub embedding: usize,
    /// `C` channels of the sound.
    pub channels: usize,
    /// `KF` bands of a patch.
    pub height: usize,
    /// `KT` bins of a patch.
    pub width: usize,
    /// `Fp` patches over the bands.
    pub count: usize,
}

impl Patches {
    /// Takes its parameters from `scope`.
    ///
    /// # Errors
    /// The device has no room for them.
    pub fn new(dims: PatchDims, scope: &Scope) -> Result<Self> {
        let PatchDims { embedding, channels, height, width, count } = dims;
        let spec = || ParamSpec::decayed(fan_in(channels * height * width));
        let weight = scope.get("weight", (embedding, channels, height, width), spec())?;
        let bias = scope.get("bias", embedding, spec())?;
        Ok(Self { weight, bias, count })
    }

    fn width(&self) -> usize {
        self.weight.dims()[3]
    }

    fn units(&self) -> usize {
        self.bias.elem_count() * self.count
    }

    /// Kernels `(E·Fp, C, F, KT)` over all bands, 0 outside of each unit's patch, and biases `(E·Fp)`.
    fn over_all_bands(&self) -> Result<(Tensor, Tensor)> {
        let ((e, c, height, width), count) = (self.weight.dims4()?, self.count);
        let own = Tensor::eye(count, self.weight.dtype(), self.weight.device())?;
        let kernels = self.weight.reshape((e, 1, c, 1, height, width))?;
        let kernels = kernels.broadcast_mul(&own.reshape((1, count, 1, count, 1, 1))?)?;
        let bias = self.bias.reshape((e, 1))?.broadcast_as((e, count))?;
        Ok((kernels.reshape((e * count, c, count * height, width))?, bias.flatten_all()?))
    }
}

impl Layer for Patches {
    fn output(&self, _input: MapShape) -> MapShape {
        MapShape { channels: self.units(), bands: 1 }
    }

    fn forward(&self, input: &Tensor, pass: &Pass) -> Result<Tensor> {
        let (b, c, f, t) = input.dims4()?;
        let (past, units) = (self.width() - 1, self.units());
        let (kernels, bias) = self.over_all_bands()?;
        let input = pass.behind_past(input, past, past)?;
        // Bands take part in full: they are channels of a correlation over time alone.
        let x = input.reshape((b, c * f, 1, past + t))?;
        let kernels = kernels.reshape((units, c * f, 1, past + 1))?;
        correlate(&x, &kernels)?.broadcast_add(&bias.reshape((1, units, 1, 1))?)
    }

    fn stage(&self, _input: MapShape) -> Result<Option<StageWithParameters>> {
        let (kernels, bias) = self.over_all_bands()?;
        let parameters = vec![in_patch_order(&kernels)?, bias];
        Ok(Some(StageWithParameters::new(full_height(&kernels)?, parameters)))
    }

    fn reach(&self) -> Reach {
        Reach::Bins(self.width())
    }

    fn goes_on(&self) -> bool {
        true
    }

    fn weights_on_sound(&self) -> Result<Option<Tensor>> {
        Ok(Some(self.weight.as_tensor().clone()))
    }
}
