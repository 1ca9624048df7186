//! Identity: the drive itself; may be negative.
use candle_core::{Result, Tensor};

use super::{Drive, OutputNonlinearity};
use crate::config::part::Part;
use crate::models::counterpart::Counterpart;
use crate::models::ops::curve::{AnyCurve, Formula, Point, Pointwise};
use crate::models::params::Scope;
use crate::simd::real::Real;

/// The row of `identity`.
pub const PART: Part =
    Part { name: "identity", summary: "the drive itself; may be negative", source: "", keys: &[] };

/// The same in deepSTRF.
pub const REFERENCE: Counterpart =
    Counterpart { object: Some("torch.nn.Identity()"), form: &[], silent: &[] };

struct Identity;

/// Has no parameters.
pub fn build(_neurons: usize, _scope: &Scope) -> Result<Box<dyn OutputNonlinearity>> {
    Ok(Box::new(Identity))
}

/// The identity on the fast path.
pub fn curve() -> &'static dyn AnyCurve {
    &Pointwise(Line)
}

impl OutputNonlinearity for Identity {
    fn forward(&self, drive: &Tensor) -> Result<Tensor> {
        Ok(drive.clone())
    }

    fn curve(&self) -> &'static dyn AnyCurve {
        curve()
    }

    fn is_identity(&self) -> bool {
        true
    }

    fn rescale(&self, _factors: &Tensor) -> Result<Drive> {
        Ok(Drive::Multiplied)
    }
}

/// `y = x`.
struct Line;

impl Formula<0> for Line {
    #[inline(always)]
    fn forward<R: Real>(drive: R, []: [R; 0]) -> (R, R) {
        (drive, drive)
    }

    #[inline(always)]
    fn slopes<R: Real>(_point: Point<R>, []: [R; 0]) -> (R, [R; 0]) {
        (R::constant(1.0), [])
    }
}
