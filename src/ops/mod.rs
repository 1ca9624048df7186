//! What costs time: for each operation a fast path for the CPU with its own backward pass, and a
//! plain path out of candle's operations that runs on any device and is the fast one's reference.
mod correlation;
mod exponential_window;
mod matrix;

pub use correlation::{correlate, correlate_plain};
pub use exponential_window::{Length, exponential_window, exponential_window_plain};

use candle_core::{Layout, Result, bail};

/// The values of a contiguous tensor inside a custom operation.
fn contiguous<'a, T>(values: &'a [T], layout: &Layout) -> Result<&'a [T]> {
    match layout.contiguous_offsets() {
        Some((from, to)) => Ok(&values[from..to]),
        None => bail!("a custom operation takes contiguous tensors"),
    }
}
