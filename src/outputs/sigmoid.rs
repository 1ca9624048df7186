//! Sigmoid: 1 / (1 + exp(-x)).
use candle_core::{Result, Tensor};

use super::Output;
use crate::config::part::Part;
use crate::params::Scope;

/// The row of `sigmoid`.
pub const PART: Part =
    Part { name: "sigmoid", summary: "1 / (1 + exp(-x))", source: "", keys: &[] };

struct Sigmoid;

/// Has no parameters.
pub fn build(_neurons: usize, _scope: &Scope) -> Result<Box<dyn Output>> {
    Ok(Box::new(Sigmoid))
}

impl Output for Sigmoid {
    fn forward(&self, drive: &Tensor) -> Result<Tensor> {
        candle_nn::ops::sigmoid(drive)
    }
}
