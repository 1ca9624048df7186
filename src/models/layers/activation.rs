//! Pointwise nonlinearities. At their kinks the gradients are those of PyTorch.
use candle_core::{Result, Tensor};

use crate::models::ops::activation::Activation;

/// What a nonlinearity makes of every value.
pub fn activated(x: &Tensor, activation: Activation) -> Result<Tensor> {
    match activation {
        Activation::Identity => Ok(x.clone()),
        Activation::Tanh => x.tanh(),
        Activation::Sigmoid => candle_nn::ops::sigmoid(x),
        Activation::LeakyRelu(slope) => x * positive(x)?.affine(1.0 - slope, slope)?,
    }
}

/// `max(0, x)`, with gradient 0 at 0.
pub fn relu(x: &Tensor) -> Result<Tensor> {
    x * positive(x)?
}

/// `log(1 + exp(x))` without overflow.
pub fn softplus(x: &Tensor) -> Result<Tensor> {
    // Half of x plus an even function of it: smooth at 0 as the whole is.
    let magnitude = x.abs()?;
    let even = ((magnitude.neg()?.exp()? + 1.0)?.log()? + (magnitude * 0.5)?)?;
    (x * 0.5)? + even
}

fn positive(x: &Tensor) -> Result<Tensor> {
    x.detach().gt(0.0)?.to_dtype(x.dtype())
}
