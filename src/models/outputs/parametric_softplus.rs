//! Parametric softplus: softplus(beta x)/beta + b, per neuron.
use candle_core::{Result, Tensor, Var};

use super::{Drive, OutputNonlinearity, ResponseRange, per_neuron, rescale_softplus, set_softplus};
use crate::config::part::Part;
use crate::models::counterpart::Counterpart;
use crate::models::layers::softplus;
use crate::models::ops::curve::{AnyCurve, Formula, Point, Pointwise};
use crate::models::params::{ParamSpec, Scope, Start};
use crate::simd::real::Real;

/// The row of `parametric_softplus`.
pub const PART: Part = Part {
    name: "parametric_softplus",
    summary: "softplus(beta x)/beta + b, per neuron",
    source: "",
    keys: &[],
};

/// The same in deepSTRF.
pub const REFERENCE: Counterpart = Counterpart {
    object: Some("deepSTRF.models.activations.ParametricSoftplus({N})"),
    form: &[],
    silent: &[],
};

/// Parameters `_raw_beta (N)` and `_raw_b (N)`, both through a softplus.
struct ParametricSoftplus {
    raw_beta: Var,
    raw_b: Var,
}

/// Takes its parameters from `scope`.
pub fn build(neurons: usize, scope: &Scope) -> Result<Box<dyn OutputNonlinearity>> {
    let get =
        |name, low, high| scope.get(name, neurons, ParamSpec::decayed(Start::Uniform(low, high)));
    Ok(Box::new(ParametricSoftplus {
        raw_beta: get("_raw_beta", 5.0, 6.0)?,
        raw_b: get("_raw_b", -5.0, -3.0)?,
    }))
}

impl OutputNonlinearity for ParametricSoftplus {
    fn forward(&self, drive: &Tensor) -> Result<Tensor> {
        let beta = per_neuron(&softplus(&self.raw_beta)?)?;
        let baseline = per_neuron(&softplus(&self.raw_b)?)?;
        softplus(&drive.broadcast_mul(&beta)?)?.broadcast_div(&beta)?.broadcast_add(&baseline)
    }

    fn curve(&self) -> &'static dyn AnyCurve {
        &Pointwise(SmoothRamp)
    }

    fn parameters(&self) -> Result<Vec<Tensor>> {
        Ok(vec![softplus(&self.raw_beta)?, softplus(&self.raw_b)?])
    }

    fn start(&self, responses: &[ResponseRange]) -> Result<Vec<f64>> {
        set_softplus(&self.raw_beta, responses.iter().map(|range| SHARPNESS / range.deviation))?;
        set_softplus(&self.raw_b, responses.iter().map(ResponseRange::baseline))?;
        Ok(responses.iter().map(|range| 0.5 * range.deviation).collect())
    }

    fn rescale(&self, factors: &Tensor) -> Result<Drive> {
        rescale_softplus(&self.raw_beta, &factors.recip()?)?;
        rescale_softplus(&self.raw_b, factors)?;
        Ok(Drive::Multiplied)
    }
}

/// At the start, per standard deviation of the response: soft, so that drives below threshold count.
const SHARPNESS: f64 = 3.0;

/// `y = log(1 + e^{βx})/β + b`; parameters `β` and `b`.
struct SmoothRamp;

impl Formula<2> for SmoothRamp {
    #[inline(always)]
    fn forward<R: Real>(drive: R, [beta, baseline]: [R; 2]) -> (R, R) {
        let (soft, slope) = (beta * drive).softplus_and_slope();
        (soft * (R::constant(1.0) / beta) + baseline, slope)
    }

    #[inline(always)]
    fn slopes<R: Real>(point: Point<R>, [beta, baseline]: [R; 2]) -> (R, [R; 2]) {
        let Point { drive, value, kept: slope } = point;
        let one = R::constant(1.0);
        (slope, [(slope * drive - (value - baseline)) * (one / beta), one])
    }
}
