//! Separable kernel: a sum of products of a function of frequency and a function of lag.
//!
//! `W(o,c,f,k) = Σ_r weight_f(o,c,f,r) · weight_t(o,c,r,k)`.
use candle_core::{Result, Tensor, Var};

use super::{Kernel, KernelDims, rescale_rows, shift_entries};
use crate::base::error;
use crate::config::keys::{Default, Key, Kind, Values};
use crate::config::part::Part;
use crate::models::ops::separable as ops;
use crate::models::ops::stage::StageWithParameters;
use crate::models::params::{ParamSpec, Scope, Start, fan_in};

/// The row of `separable`.
pub const PART: Part = Part {
    name: "separable",
    summary: "a sum of products of a function of frequency and a function of lag",
    source: "Thorson, Liénard & David (2015), PLoS Comput. Biol. 11(12):e1004628, doi:10.1371/journal.pcbi.1004628",
    keys: KEYS,
};

const KEYS: &[Key] = &[Key {
    name: "rank",
    kind: Kind::Integer(1, 1_024),
    default: Default::Is("1"),
    doc: "number of products",
}];

/// Parameters `weight_f (O, C, F, R)`, `weight_t (O, C, R, K)` and `bias (O)`.
///
/// Differs from deepSTRF 0.1.0: any rank; and the factors start such that their product varies as
/// much as a full kernel does, where the reference's starts far larger and does not recover.
struct Separable {
    weight_f: Var,
    weight_t: Var,
    bias: Var,
}

/// Takes the parameters from `scope`.
pub fn build(values: &Values, dims: KernelDims, scope: &Scope) -> error::Result<Box<dyn Kernel>> {
    let rank = values.count("rank")?;
    let KernelDims { outputs, channels, bands, lags, .. } = dims;
    let start = factor_start(dims.fan_in(), rank);
    let shape_f = (outputs, channels, bands, rank);
    let shape_t = (outputs, channels, rank, lags);
    Ok(Box::new(Separable {
        weight_f: scope.get("weight_f", shape_f, ParamSpec::decayed(start.clone()))?,
        weight_t: scope.get("weight_t", shape_t, ParamSpec::decayed(start))?,
        bias: scope.get("bias", outputs, ParamSpec::decayed(fan_in(dims.fan_in())))?,
    }))
}

/// Uniform factors of variance `v` give sums of `rank` products of variance `rank · v²`; a full
/// kernel starts with `1 / (3 · fan_in)`.
fn factor_start(fan_in: usize, rank: usize) -> Start {
    let variance = (3.0 * (fan_in * rank).max(1) as f64).sqrt().recip();
    let bound = (3.0 * variance).sqrt();
    Start::Uniform(-bound, bound)
}

impl Kernel for Separable {
    fn weight(&self) -> Result<Tensor> {
        let (o, c, f, r) = self.weight_f.dims4()?;
        let k = self.weight_t.dim(3)?;
        let weight_f = self.weight_f.reshape((o * c, f, r))?;
        let weight_t = self.weight_t.reshape((o * c, r, k))?;
        weight_f.matmul(&weight_t)?.reshape((o, c, f, k))
    }

    fn bias(&self) -> &Tensor {
        &self.bias
    }

    /// First over bands, then over lags.
    fn stage(&self) -> Result<StageWithParameters> {
        let (outputs, channels, bands, rank) = self.weight_f.dims4()?;
        let lags = self.weight_t.dim(3)?;
        let over_bands = self.weight_f.permute((1, 0, 3, 2))?; // (C, O, R, F)
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
}
