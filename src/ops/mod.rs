//! What costs time: for each operation a fast path for the CPU with its own backward pass, and a
//! plain path out of candle's operations that runs on any device and is the fast one's reference.
/// Runs a generic function on the values of two contiguous tensors of one float type.
macro_rules! on_floats {
    ($what:literal, ($a:expr, $a_layout:expr), ($b:expr, $b_layout:expr), $run:expr) => {
        match ($a, $b) {
            (CpuStorage::F32(a), CpuStorage::F32(b)) => {
                CpuStorage::F32($run(contiguous(a, $a_layout)?, contiguous(b, $b_layout)?))
            }
            (CpuStorage::F64(a), CpuStorage::F64(b)) => {
                CpuStorage::F64($run(contiguous(a, $a_layout)?, contiguous(b, $b_layout)?))
            }
            _ => bail!("{}: takes two tensors of f32 or two of f64", $what),
        }
    };
}

pub mod activation;
pub mod adaptation;
pub mod chain;
mod correlate;
pub mod correlation;
pub mod curve;
pub mod descent;
mod exponential_window;
mod gaussians;
pub mod layer;
pub mod leaky;
pub mod number;
pub mod parallel;
pub mod real;
mod recursion;
pub mod rows;
pub mod separable;
pub mod stage;
mod sums;
pub mod tail;
pub mod tile;

pub use correlate::{correlate, correlate_plain};
pub use exponential_window::{Length, exponential_window, exponential_window_plain};
pub use gaussians::{gaussian_kernels, gaussian_kernels_plain};

use candle_core::{Layout, Result, bail};

/// The values of a contiguous tensor inside a custom operation.
pub fn contiguous<'a, T>(values: &'a [T], layout: &Layout) -> Result<&'a [T]> {
    match layout.contiguous_offsets() {
        Some((from, to)) => Ok(&values[from..to]),
        None => bail!("a custom operation takes contiguous tensors"),
    }
}
