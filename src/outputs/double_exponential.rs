//! Double exponential: a exp(-exp(k x - s)) + b, per neuron.
use candle_core::{Result, Tensor, Var};

use super::{Drive, Output, per_neuron, rescale_softplus, signs};
use crate::config::part::Part;
use crate::nn::softplus;
use crate::params::{Role, Scope, Start};

/// The row of `double_exponential`.
pub const PART: Part = Part {
    name: "double_exponential",
    summary: "a exp(-exp(k x - s)) + b, per neuron",
    source: "Thorson, Liénard & David (2015), PLoS Comput. Biol. 11(12):e1004628, doi:10.1371/journal.pcbi.1004628",
    keys: &[],
};

/// Parameters `_raw_a`, `_raw_b` (through a softplus), `k` and `s`, `(N)` each.
struct DoubleExponential {
    raw_a: Var,
    raw_b: Var,
    k: Var,
    s: Var,
}

/// Takes its parameters from `scope`.
pub fn build(neurons: usize, scope: &Scope) -> Result<Box<dyn Output>> {
    let get = |name, low, high| scope.get(name, neurons, Role::Decayed, Start::Uniform(low, high));
    Ok(Box::new(DoubleExponential {
        raw_a: get("_raw_a", -0.43, 1.40)?,
        raw_b: get("_raw_b", -1.43, 0.43)?,
        k: get("k", -0.5, 0.5)?,
        s: get("s", 0.5, 1.5)?,
    }))
}

impl Output for DoubleExponential {
    fn forward(&self, drive: &Tensor) -> Result<Tensor> {
        let amplitude = per_neuron(&softplus(&self.raw_a)?)?;
        let baseline = per_neuron(&softplus(&self.raw_b)?)?;
        let (k, s) = (per_neuron(&self.k)?, per_neuron(&self.s)?);
        // Beyond 80 the curve is at its floor, and the slope of exp(-exp(x)) would be ∞ · 0.
        let inner = drive.broadcast_mul(&k)?.broadcast_sub(&s)?.minimum(80.0)?.exp()?;
        inner.neg()?.exp()?.broadcast_mul(&amplitude)?.broadcast_add(&baseline)
    }

    fn slope(&self, _neurons: usize) -> Result<Vec<f32>> {
        signs(&self.k.neg()?)
    }

    fn rescale(&self, factors: &Tensor) -> Result<Drive> {
        rescale_softplus(&self.raw_a, factors)?;
        rescale_softplus(&self.raw_b, factors)?;
        Ok(Drive::Same)
    }
}
