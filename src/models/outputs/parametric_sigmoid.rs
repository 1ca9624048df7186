//! Parametric sigmoid: b sigmoid((x - c)/d) + a, per neuron.
use candle_core::{Result, Tensor, Var};

use super::{
    Drive, OutputNonlinearity, ResponseRange, per_neuron, rescale_softplus, set, set_softplus,
    signs,
};
use crate::config::part::Part;
use crate::models::counterpart::Counterpart;
use crate::models::layers::softplus;
use crate::models::ops::curve::{AnyCurve, Formula, Point, Pointwise};
use crate::models::params::{ParamSpec, Scope, Start};
use crate::simd::real::Real;

/// The row of `parametric_sigmoid`.
pub const PART: Part = Part {
    name: "parametric_sigmoid",
    summary: "b sigmoid((x - c)/d) + a, per neuron",
    source: "Willmore et al. (2016), J. Neurosci. 36(2):280-289, doi:10.1523/JNEUROSCI.2441-15.2016",
    keys: &[],
};

/// The same in deepSTRF.
pub const REFERENCE: Counterpart = Counterpart {
    object: Some("deepSTRF.models.activations.ParametricSigmoid({N})"),
    form: &[],
    silent: &[],
};

/// Parameters `_raw_a`, `_raw_b` (through a softplus), `c` and `d`, `(N)` each.
struct ParametricSigmoid {
    raw_a: Var,
    raw_b: Var,
    c: Var,
    d: Var,
}

/// Takes its parameters from `scope`.
pub fn build(neurons: usize, scope: &Scope) -> Result<Box<dyn OutputNonlinearity>> {
    let get =
        |name, low, high| scope.get(name, neurons, ParamSpec::decayed(Start::Uniform(low, high)));
    Ok(Box::new(ParametricSigmoid {
        raw_a: get("_raw_a", -1.43, 0.43)?,
        raw_b: get("_raw_b", -0.43, 1.40)?,
        c: get("c", -0.5, 0.5)?,
        d: get("d", 0.5, 1.5)?,
    }))
}

impl OutputNonlinearity for ParametricSigmoid {
    fn forward(&self, drive: &Tensor) -> Result<Tensor> {
        let baseline = per_neuron(&softplus(&self.raw_a)?)?;
        let amplitude = per_neuron(&softplus(&self.raw_b)?)?;
        let (c, d) = (per_neuron(&self.c)?, per_neuron(&self.d)?);
        let open = candle_nn::ops::sigmoid(&drive.broadcast_sub(&c)?.broadcast_div(&d)?)?;
        open.broadcast_mul(&amplitude)?.broadcast_add(&baseline)
    }

    fn curve(&self) -> &'static dyn AnyCurve {
        &Pointwise(Logistic)
    }

    fn parameters(&self) -> Result<Vec<Tensor>> {
        Ok(vec![
            softplus(&self.raw_a)?,
            softplus(&self.raw_b)?,
            self.c.as_tensor().clone(),
            self.d.as_tensor().clone(),
        ])
    }

    fn slope(&self, _neurons: usize) -> Result<Vec<f32>> {
        signs(&self.d)
    }

    fn start(&self, responses: &[ResponseRange]) -> Result<Vec<f64>> {
        set_softplus(&self.raw_a, responses.iter().map(ResponseRange::baseline))?;
        set_softplus(&self.raw_b, responses.iter().map(ResponseRange::amplitude))?;
        set(&self.c, responses.iter().map(|_| 0.0))?;
        set(&self.d, responses.iter().map(|_| 0.5))?;
        Ok(vec![0.5; responses.len()])
    }

    fn rescale(&self, factors: &Tensor) -> Result<Drive> {
        rescale_softplus(&self.raw_a, factors)?;
        rescale_softplus(&self.raw_b, factors)?;
        Ok(Drive::Same)
    }
}

/// `y = b/(1 + e^{−(x − c)/d}) + a`; parameters `a`, `b`, `c` and `d`.
struct Logistic;

impl Formula<4> for Logistic {
    #[inline(always)]
    fn forward<R: Real>(drive: R, [a, b, c, d]: [R; 4]) -> (R, R) {
        let open = ((drive - c) / d).sigmoid();
        (b * open + a, open)
    }

    #[inline(always)]
    fn slopes<R: Real>(point: Point<R>, [_, b, c, d]: [R; 4]) -> (R, [R; 4]) {
        let Point { drive, kept: open, .. } = point;
        let one = R::constant(1.0);
        let slope = b * open * (one - open) / d;
        (slope, [one, open, -slope, -slope * ((drive - c) / d)])
    }
}
