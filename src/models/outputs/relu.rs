//! Rectification: max(0, x).
use candle_core::{Result, Tensor};

use super::{Drive, OutputNonlinearity};
use crate::config::part::Part;
use crate::models::counterpart::Counterpart;
use crate::models::layers::relu;
use crate::models::ops::curve::{AnyCurve, Formula, Point, Pointwise};
use crate::models::params::Scope;
use crate::simd::real::Real;

/// The row of `relu`.
pub const PART: Part = Part { name: "relu", summary: "max(0, x)", source: "", keys: &[] };

/// The same in deepSTRF.
pub const REFERENCE: Counterpart =
    Counterpart { object: Some("torch.nn.ReLU()"), form: &[], silent: &[] };

struct Relu;

/// Has no parameters.
pub fn build(_neurons: usize, _scope: &Scope) -> Result<Box<dyn OutputNonlinearity>> {
    Ok(Box::new(Relu))
}

impl OutputNonlinearity for Relu {
    fn forward(&self, drive: &Tensor) -> Result<Tensor> {
        relu(drive)
    }

    fn curve(&self) -> &'static dyn AnyCurve {
        &Pointwise(Rectified)
    }

    fn rescale(&self, _factors: &Tensor) -> Result<Drive> {
        Ok(Drive::Multiplied)
    }
}

/// `y = max(0, x)`.
struct Rectified;

impl Formula<0> for Rectified {
    #[inline(always)]
    fn forward<R: Real>(drive: R, []: [R; 0]) -> (R, R) {
        (drive.at_least(R::constant(0.0)), drive)
    }

    #[inline(always)]
    fn slopes<R: Real>(Point { drive, .. }: Point<R>, []: [R; 0]) -> (R, [R; 0]) {
        let [zero, one] = [0.0, 1.0].map(R::constant);
        (if drive > zero { one } else { zero }, [])
    }
}
