//! Channels multiplied by a factor each, and shifted.
use candle_core::{Result, Tensor, Var};

use super::{Layer, MapShape, Pass};
use crate::models::ops::affine as ops;
use crate::models::ops::stage::StageWithParameters;

/// `y(c,t) = factor(c) · x(c,t) + shift(c)`: from `(B, C, 1, T)` to the same shape.
#[derive(Debug, Clone)]
pub struct Affine {
    factors: Var,
    shifts: Var,
}

impl Affine {
    /// With factors and shifts `(C)`.
    pub fn new(factors: Var, shifts: Var) -> Self {
        Self { factors, shifts }
    }
}

impl Layer for Affine {
    fn output(&self, input: MapShape) -> MapShape {
        input
    }

    fn forward(&self, input: &Tensor, _pass: &Pass) -> Result<Tensor> {
        let column = |values: &Var| values.reshape((1, values.elem_count(), 1, 1));
        input.broadcast_mul(&column(&self.factors)?)?.broadcast_add(&column(&self.shifts)?)
    }

    fn stage(&self, input: MapShape) -> Result<Option<StageWithParameters>> {
        let parameters = vec![self.factors.as_tensor().clone(), self.shifts.as_tensor().clone()];
        let stage = ops::ScaleAndShift { channels: input.channels };
        Ok((input.bands == 1).then(|| StageWithParameters::new(stage, parameters)))
    }
}
