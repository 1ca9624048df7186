//! The correlation of maps with kernels.
use candle_core::{Result, Tensor};

/// Correlates `x` `(B, C, F, T)` with `w` `(O, C, I, J)`, `left` zeros before the first bin:
/// `(B, O, F−I+1, T+left−J+1)`.
pub fn correlate(x: &Tensor, w: &Tensor, left: usize) -> Result<Tensor> {
    x.pad_with_zeros(3, left, 0)?.conv2d(w, 0, 1, 1, 1)
}
