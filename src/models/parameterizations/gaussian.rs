//! Gaussian kernel: a sum of products of a Gaussian along the bands and a free function of lag.
//!
//! `W(o,c,f,k) = Σ_r g(o,c,f,r) · weight_t(o,c,r,k)`, `g` as [`Bells`] have it.
use candle_core::{Result, Tensor};

use super::separable::OverLags;
use super::{Kernel, KernelDims};
use crate::base::error;
use crate::config::keys::{Default, Key, Kind, Values};
use crate::config::part::Part;
use crate::models::bells::Bells;
use crate::models::dims::{Axis, Quantity};
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
    lags: OverLags,
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
    Ok(Box::new(Gaussian { bells, lags: OverLags { weight_t, bias }, owner }))
}

impl Gaussian {
    /// Gaussians over the bands, `(O, C, F, R)`.
    fn over_bands(&self) -> Result<Tensor> {
        self.bells.weights()?.permute((1, 2, 3, 0))?.contiguous()
    }
}

impl Kernel for Gaussian {
    fn weight(&self) -> Result<Tensor> {
        self.lags.weight(&self.over_bands()?)
    }

    fn bias(&self) -> &Tensor {
        &self.lags.bias
    }

    fn stage(&self) -> Result<StageWithParameters> {
        self.lags.stage(&self.over_bands()?)
    }

    fn rescale(&self, factors: &Tensor) -> Result<()> {
        self.lags.rescale(factors)
    }

    fn shift(&self, by: &Tensor) -> Result<()> {
        self.lags.shift(by)
    }

    fn learnt(&self) -> Result<Vec<Quantity>> {
        let axes: &[Axis] = match self.owner {
            Axis::Neuron => &[Axis::Neuron, Axis::Channel, Axis::Component],
            _ => &[Axis::Hidden, Axis::Channel, Axis::Component],
        };
        self.bells.learnt(axes, |values| values.permute((1, 2, 0))?.contiguous())
    }
}
