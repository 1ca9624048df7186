//! Softplus: log(1 + exp(x)).
use candle_core::{Result, Tensor};

use super::{Drive, OutputNonlinearity, ResponseRange};
use crate::config::part::Part;
use crate::models::counterpart::Counterpart;
use crate::models::layers::softplus;
use crate::models::ops::curve::{AnyCurve, Formula, Point, Pointwise};
use crate::models::params::Scope;
use crate::simd::real::Real;

/// The row of `softplus`.
pub const PART: Part = Part { name: "softplus", summary: "log(1 + exp(x))", source: "", keys: &[] };

/// The same in deepSTRF.
pub const REFERENCE: Counterpart =
    Counterpart { object: Some("torch.nn.Softplus()"), form: &[], silent: &[] };

struct Softplus;

/// Has no parameters.
pub fn build(_neurons: usize, _scope: &Scope) -> Result<Box<dyn OutputNonlinearity>> {
    Ok(Box::new(Softplus))
}

impl OutputNonlinearity for Softplus {
    fn forward(&self, drive: &Tensor) -> Result<Tensor> {
        softplus(drive)
    }

    fn rescale(&self, _factors: &Tensor) -> Result<Drive> {
        Ok(Drive::Fixed)
    }

    fn can_rescale(&self) -> bool {
        false
    }

    fn start(&self, responses: &[ResponseRange]) -> Result<Vec<f64>> {
        Ok(vec![0.5; responses.len()])
    }

    fn curve(&self) -> &'static dyn AnyCurve {
        &Pointwise(SmoothRamp)
    }
}

/// `y = log(1 + eˣ)`.
struct SmoothRamp;

impl Formula<0> for SmoothRamp {
    #[inline(always)]
    fn forward<R: Real>(drive: R, []: [R; 0]) -> (R, R) {
        drive.softplus_and_slope()
    }

    #[inline(always)]
    fn slopes<R: Real>(Point { kept, .. }: Point<R>, []: [R; 0]) -> (R, [R; 0]) {
        (kept, [])
    }
}
