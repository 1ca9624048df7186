//! Rectification: max(0, x).
use candle_core::{Result, Tensor};

use super::{Drive, Output};
use crate::config::part::Part;
use crate::nn::relu;
use crate::params::Scope;

/// The row of `relu`.
pub const PART: Part = Part { name: "relu", summary: "max(0, x)", source: "", keys: &[] };

struct Relu;

/// Has no parameters.
pub fn build(_neurons: usize, _scope: &Scope) -> Result<Box<dyn Output>> {
    Ok(Box::new(Relu))
}

impl Output for Relu {
    fn forward(&self, drive: &Tensor) -> Result<Tensor> {
        relu(drive)
    }

    fn rescale(&self, _factors: &Tensor) -> Result<Drive> {
        Ok(Drive::Multiplied)
    }
}
