//! Softplus: log(1 + exp(x)).
use candle_core::{Result, Tensor};

use super::Output;
use crate::config::part::Part;
use crate::nn::softplus;
use crate::params::Scope;

/// The row of `softplus`.
pub const PART: Part = Part { name: "softplus", summary: "log(1 + exp(x))", source: "", keys: &[] };

struct Softplus;

/// Has no parameters.
pub fn build(_neurons: usize, _scope: &Scope) -> Result<Box<dyn Output>> {
    Ok(Box::new(Softplus))
}

impl Output for Softplus {
    fn forward(&self, drive: &Tensor) -> Result<Tensor> {
        softplus(drive)
    }
}
