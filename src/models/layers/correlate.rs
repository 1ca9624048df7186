//! The correlation of maps with kernels.
use candle_core::{Result, Tensor};

/// Correlates `x` `(B, C, F, T)` with `w` `(O, C, I, J)`: `(B, O, F−I+1, T−J+1)`.
pub fn correlate(x: &Tensor, w: &Tensor) -> Result<Tensor> {
    x.contiguous()?.conv2d(w, 0, 1, 1, 1)
}
