//! Separable kernel: a sum of products of a function of frequency and a function of lag.
//!
//! `W(o,c,f,k) = Σ_r weight_f(o,c,f,r) · weight_t(o,c,r,k)`.
use candle_core::{Result, Tensor, Var};

use super::{Kernel, KernelDims, rescale_rows, shift_entries};
use crate::base::error;
use crate::config::keys::{Default, Key, Kind, Values};
use crate::config::part::Part;
use crate::models::counterpart::Counterpart;
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

/// The same in deepSTRF.
pub const REFERENCE: Counterpart = Counterpart {
    object: Some("deepSTRF.models.layers.SeparableSTRF({F}, {T}, {C_in}, {C_out})"),
    form: &[("rank", "1")],
    silent: &[],
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
    lags: OverLags,
}

/// Functions of lag of rank `R`, whatever stands over the bands: `weight_t (O, C, R, K)` and
/// `bias (O)`.
pub(super) struct OverLags {
    /// Free functions.
    pub weight_t: Var,
    /// What is added to each output.
    pub bias: Var,
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
        lags: OverLags {
            weight_t: scope.get("weight_t", shape_t, ParamSpec::decayed(start))?,
            bias: scope.get("bias", outputs, ParamSpec::decayed(fan_in(dims.fan_in())))?,
        },
    }))
}

/// Uniform factors of variance `v` give sums of `rank` products of variance `rank · v²`; a full
/// kernel starts with `1 / (3 · fan_in)`.
fn factor_start(fan_in: usize, rank: usize) -> Start {
    let variance = (3.0 * (fan_in * rank).max(1) as f64).sqrt().recip();
    let bound = (3.0 * variance).sqrt();
    Start::Uniform(-bound, bound)
}

impl OverLags {
    /// The weights `(O, C, F, K)` with functions over the bands `(O, C, F, R)`.
    pub fn weight(&self, weight_f: &Tensor) -> Result<Tensor> {
        let (o, c, f, r) = weight_f.dims4()?;
        let k = self.weight_t.dim(3)?;
        let weight_t = self.weight_t.reshape((o * c, r, k))?;
        weight_f.reshape((o * c, f, r))?.matmul(&weight_t)?.reshape((o, c, f, k))
    }

    /// First over bands, then over lags.
    pub fn stage(&self, weight_f: &Tensor) -> Result<StageWithParameters> {
        let (outputs, channels, bands, rank) = weight_f.dims4()?;
        let lags = self.weight_t.dim(3)?;
        let over_bands = weight_f.permute((1, 0, 3, 2))?; // (C, O, R, F)
        let parameters =
            vec![over_bands, self.weight_t.as_tensor().clone(), self.bias.as_tensor().clone()];
        let stage = ops::Separable { bands, channels, outputs, rank, lags };
        Ok(StageWithParameters::new(stage, parameters))
    }

    /// Multiplies each output by a factor `(O)`.
    pub fn rescale(&self, factors: &Tensor) -> Result<()> {
        rescale_rows(&self.weight_t, factors)?;
        rescale_rows(&self.bias, factors)
    }

    /// Adds to each output `(O)`.
    pub fn shift(&self, by: &Tensor) -> Result<()> {
        shift_entries(&self.bias, by)
    }
}

impl Kernel for Separable {
    fn weight(&self) -> Result<Tensor> {
        self.lags.weight(&self.weight_f)
    }

    fn bias(&self) -> &Tensor {
        &self.lags.bias
    }

    fn stage(&self) -> Result<StageWithParameters> {
        self.lags.stage(&self.weight_f)
    }

    fn rescale(&self, factors: &Tensor) -> Result<()> {
        self.lags.rescale(factors)
    }

    fn shift(&self, by: &Tensor) -> Result<()> {
        self.lags.shift(by)
    }
}
