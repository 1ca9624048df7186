//! Dropout out of candle's operations, with the masks of the fused path.
use candle_core::{Result, Tensor};

use super::Pass;
use crate::models::ops::draws::{DROPOUT, Dropout, Mask, key};

/// The masks of each clip of a batch at one of a layer's places; none where nothing is dropped:
/// outside of training, or without random numbers to follow.
pub fn masks(dropout: Option<Dropout>, place: u64, clips: usize, pass: &Pass) -> Option<Vec<Mask>> {
    let dropout = dropout?;
    (0..clips).map(|clip| Some(dropout.mask(key(pass.draw(clip, DROPOUT)?), place))).collect()
}

/// Drops values of a map of units `(B, D, 1, T)`.
pub fn dropped(x: &Tensor, masks: Option<&[Mask]>) -> Result<Tensor> {
    let Some(masks) = masks else { return Ok(x.clone()) };
    let (_b, units, _one, bins) = x.dims4()?;
    let clips = masks.iter().flat_map(|mask| (0..units).map(|unit| mask.factors(unit, bins)));
    times(x, clips.flatten().collect())
}

/// Multiplies a tensor by as many numbers, in row-major order.
pub fn times(x: &Tensor, factors: Vec<f64>) -> Result<Tensor> {
    let factors = Tensor::from_vec(factors, x.shape(), &candle_core::Device::Cpu)?;
    x.mul(&factors.to_dtype(x.dtype())?.to_device(x.device())?)
}
