//! Gaussian kernel: a sum of products of a Gaussian along the bands and a free function of lag.
//!
//! `W(o,c,f,k) = Σ_r g(o,c,f,r) · weight_t(o,c,r,k)`, `g` as [`Bells`] have it.
use candle_core::{Result, Tensor, Var};

use super::{Kernel, KernelDims, rescale_rows, shift_entries};
use crate::base::error;
use crate::config::keys::{Default, Key, Kind, Values};
use crate::config::part::Part;
use crate::models::bells::Bells;
use crate::models::dims::{Axis, Quantity};
use crate::models::ops::separable as ops;
use crate::models::ops::stage::StageWithParameters;
use crate::models::params::{ParamSpec, Scope, Start, fan_in};

/// The row of `gaussian`.
pub const PART: Part = Part {
    name: "gaussian",
    summary: "a sum of products of a Gaussian along the bands and a free function of lag",
    source: "Thorson, Liénard & David (2015), PLoS Comput. Biol. 11(12):e1004628, doi:10.1371/journal.pcbi.1004628",
    keys: KEYS,
};

const KEYS: &[Key] = &[Key {
    name: "rank",
    kind: Kind::Integer(1, 1_024),
    default: Default::Is("1"),
    doc: "number of Gaussians per STRF and channel, each with a function of lag",
}];

/// Parameters `raw_mu (R, O, C)`, `raw_sigma (R, O, C)`, `weight_t (O, C, R, K)` and `bias (O)`.
struct Gaussian {
    bells: Bells,
    weight_t: Var,
    bias: Var,
    owner: Axis,
}

/// Takes the parameters from `scope`.
pub fn build(values: &Values, dims: KernelDims, scope: &Scope) -> error::Result<Box<dyn Kernel>> {
    let rank = values.count("rank")?;
    let KernelDims { outputs, channels, bands, lags, owner, frequencies_hz } = dims;
    let bells = Bells::new(&[rank, outputs, channels], (bands, frequencies_hz), 1, scope)?;
    // So that drives vary as those of a full kernel do: as 1/3 where what they see varies as 1.
    let bound = (Bells::first_power(bands) * (channels * rank * lags) as f64).sqrt().recip();
    let start = ParamSpec::decayed(Start::Uniform(-bound, bound));
    let weight_t = scope.get("weight_t", (outputs, channels, rank, lags), start)?;
    let bias = scope.get("bias", outputs, ParamSpec::decayed(fan_in(dims.fan_in())))?;
    Ok(Box::new(Gaussian { bells, weight_t, bias, owner }))
}

impl Kernel for Gaussian {
    fn weight(&self) -> Result<Tensor> {
        let weight_f = self.bells.weights()?.permute((1, 2, 3, 0))?.contiguous()?; // (O, C, F, R)
        let (o, c, f, r) = weight_f.dims4()?;
        let k = self.weight_t.dim(3)?;
        let weight_t = self.weight_t.reshape((o * c, r, k))?;
        weight_f.reshape((o * c, f, r))?.matmul(&weight_t)?.reshape((o, c, f, k))
    }

    fn bias(&self) -> &Tensor {
        &self.bias
    }

    /// First over bands, then over lags.
    fn stage(&self) -> Result<StageWithParameters> {
        let (outputs, channels, rank, lags) = self.weight_t.dims4()?;
        let over_bands = self.bells.weights()?.permute((2, 1, 0, 3))?.contiguous()?; // (C, O, R, F)
        let bands = over_bands.dim(3)?;
        let parameters =
            vec![over_bands, self.weight_t.as_tensor().clone(), self.bias.as_tensor().clone()];
        let stage = ops::Separable { bands, channels, outputs, rank, lags };
        Ok(StageWithParameters::new(stage, parameters))
    }

    fn rescale(&self, factors: &Tensor) -> Result<()> {
        rescale_rows(&self.weight_t, factors)?;
        rescale_rows(&self.bias, factors)
    }

    fn shift(&self, by: &Tensor) -> Result<()> {
        shift_entries(&self.bias, by)
    }

    fn learnt(&self) -> Result<Vec<Quantity>> {
        let axes: &[Axis] = match self.owner {
            Axis::Neuron => &[Axis::Neuron, Axis::Channel, Axis::Component],
            _ => &[Axis::Hidden, Axis::Channel, Axis::Component],
        };
        self.bells.learnt(axes, |values| values.permute((1, 2, 0))?.contiguous())
    }
}
