//! Layer normalization over channels at every band and bin, so that no bin sees another.
use candle_core::{Result, Tensor, Var};

use crate::models::params::{ParamSpec, Scope, Start};

const EPS: f64 = 1e-5;

/// Normalizes axis 1 and scales each channel; parameters `ln.weight (C)` and `ln.bias (C)`.
///
/// Source: Ba, Kiros & Hinton (2016), doi:10.48550/arXiv.1607.06450.
#[derive(Debug)]
pub struct LayerNorm {
    weight: Var,
    bias: Var,
}

impl LayerNorm {
    /// Takes its parameters from `scope`.
    pub fn new(channels: usize, scope: &Scope) -> Result<Self> {
        Self::bare(channels, &scope.scope("ln"))
    }

    /// The same with parameters `weight` and `bias` in `scope` itself.
    pub fn bare(channels: usize, scope: &Scope) -> Result<Self> {
        let weight = scope.get("weight", channels, ParamSpec::not_decayed(Start::Constant(1.0)))?;
        let bias = scope.get("bias", channels, ParamSpec::not_decayed(Start::Constant(0.0)))?;
        Ok(Self { weight, bias })
    }

    /// The scale and the shift of each channel, `(C)` each.
    pub fn weight_and_bias(&self) -> [Tensor; 2] {
        [self.weight.as_tensor().clone(), self.bias.as_tensor().clone()]
    }

    /// From `(B, C, ...)` to the same shape.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (b, c) = (x.dim(0)?, x.dim(1)?);
        let flat = x.reshape((b, c, ()))?;
        let centred = flat.broadcast_sub(&flat.mean_keepdim(1)?)?;
        let variance = centred.sqr()?.mean_keepdim(1)?;
        let scaled = centred.broadcast_div(&(variance + EPS)?.sqrt()?)?;
        let weighted = scaled.broadcast_mul(&self.weight.reshape((1, c, 1))?)?;
        weighted.broadcast_add(&self.bias.reshape((1, c, 1))?)?.reshape(x.shape())
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{D, DType, Device};

    use super::*;
    use crate::models::params::Params;

    #[test]
    fn every_bin_gets_mean_zero_and_variance_one() -> Result<()> {
        let params = Params::new(0, DType::F64, &Device::Cpu);
        let x = Tensor::arange(0.0, 42.0, &Device::Cpu)?.reshape((2, 7, 3))?.sqr()?;
        let y = LayerNorm::new(7, &params.scope(""))?.forward(&x)?;
        let mean = y.mean(1)?.abs()?.max(D::Minus1)?.max(0)?.to_scalar::<f64>()?;
        let variance = (y.sqr()?.mean(1)? - 1.0)?.abs()?.max(1)?.max(0)?.to_scalar::<f64>()?;
        assert!(mean < 1e-9 && variance < 1e-3, "mean {mean}, variance off by {variance}");
        Ok(())
    }
}
