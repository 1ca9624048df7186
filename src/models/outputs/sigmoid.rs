//! Sigmoid: 1 / (1 + exp(-x)).
use candle_core::{Result, Tensor};

use super::{Drive, OutputNonlinearity, ResponseRange};
use crate::config::part::Part;
use crate::models::counterpart::Counterpart;
use crate::models::ops::curve::{AnyCurve, Formula, Point, Pointwise};
use crate::models::params::Scope;
use crate::simd::real::Real;

/// The row of `sigmoid`.
pub const PART: Part =
    Part { name: "sigmoid", summary: "1 / (1 + exp(-x))", source: "", keys: &[] };

/// The same in deepSTRF.
pub const REFERENCE: Counterpart =
    Counterpart { object: Some("torch.nn.Sigmoid()"), form: &[], silent: &[] };

struct Sigmoid;

/// Has no parameters.
pub fn build(_neurons: usize, _scope: &Scope) -> Result<Box<dyn OutputNonlinearity>> {
    Ok(Box::new(Sigmoid))
}

impl OutputNonlinearity for Sigmoid {
    fn forward(&self, drive: &Tensor) -> Result<Tensor> {
        candle_nn::ops::sigmoid(drive)
    }

    fn rescale(&self, _factors: &Tensor) -> Result<Drive> {
        Ok(Drive::Fixed)
    }

    fn bounds(&self) -> Option<(f64, f64)> {
        Some((0.0, 1.0))
    }

    fn can_rescale(&self) -> bool {
        false
    }

    fn start(&self, responses: &[ResponseRange]) -> Result<Vec<f64>> {
        Ok(vec![0.5; responses.len()])
    }

    fn curve(&self) -> &'static dyn AnyCurve {
        &Pointwise(Logistic)
    }
}

/// `y = 1/(1 + e⁻ˣ)`.
struct Logistic;

impl Formula<0> for Logistic {
    #[inline(always)]
    fn forward<R: Real>(drive: R, []: [R; 0]) -> (R, R) {
        (drive.sigmoid(), drive)
    }

    #[inline(always)]
    fn slopes<R: Real>(Point { value, .. }: Point<R>, []: [R; 0]) -> (R, [R; 0]) {
        (value * (R::constant(1.0) - value), [])
    }
}
