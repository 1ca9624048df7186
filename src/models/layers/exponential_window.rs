//! A moving sum over the past with exponentially falling weights: the memory of leaky units and of
//! adaptation filters.
//!
//! `y(b,c,t) = Σ_{k<L} a(c)^k · x(b,c,t−k)`, zeros before the first bin.
use candle_core::{Result, Tensor};

use crate::models::ops::Length;

/// The moving sum of `x` `(B, C, T)` with decays `a` `(C)` in [0, 1], in the shape of `x`: windows of
/// 1, 2, 4, … bins, each the sum of two of half its length, put together to `L`.
pub fn exponential_window(x: &Tensor, a: &Tensor, length: Length) -> Result<Tensor> {
    let (_b, c, t) = x.dims3()?;
    let length = length.within(t);
    let mut power = a.reshape((1, c, 1))?; // a to the length of `window`
    let mut window = x.clone();
    let (mut sum, mut done) = (None::<Tensor>, 0);
    let mut power_done = power.ones_like()?;
    for bit in 0..usize::BITS {
        if length >> bit == 0 {
            break;
        }
        if (length >> bit) & 1 == 1 {
            let term = later(&window, done)?.broadcast_mul(&power_done)?;
            sum = Some(match sum {
                Some(sum) => (sum + term)?,
                None => term,
            });
            done += 1 << bit;
            power_done = (power_done * &power)?;
        }
        window = (&window + later(&window, 1 << bit)?.broadcast_mul(&power)?)?;
        power = power.sqr()?;
    }
    sum.map_or_else(|| x.zeros_like(), Ok)
}

/// `x(t − bins)`, zeros before the first bin.
fn later(x: &Tensor, bins: usize) -> Result<Tensor> {
    let t = x.dim(2)?;
    if bins >= t {
        return x.zeros_like();
    }
    x.narrow(2, 0, t - bins)?.pad_with_zeros(2, bins, 0)
}
