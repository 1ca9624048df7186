//! What costs time. On the CPU a model is one operation, from all its parameters to the loss of a
//! batch and its gradient:
//!
//! ```text
//! clip ─► stage ─► stage ─► ... ─► drives ─► tail ─► loss        chain: all of it, clip by clip
//!         layer, adaptation,                 norm, output nonlinearity,
//!         separable, leaky                   leaky output, loss; neuron by neuron
//! ```
//!
//! Stages pass [`rows`] of bins to each other. Their arithmetic is in the two loops of [`crate::simd::tile`],
//! over rows that are shifted against each other; everything else is loops over single rows.
//! Vector instructions are chosen when the program runs. How work is divided, and in which order
//! sums are added, depends on sizes alone: results are the same on any number of threads.
//!
//! The same models out of candle's operations (`nn`, `outputs`, `prefilters`) run on any device;
//! the fast path is held against them. Some of those operations have a fast path of their own here,
//! behind a function whose plain form ends in `_plain`.

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

// Numbers, and loops over them.
pub mod blocks;
mod recursion;
pub mod rows;

// Stages of a model, and its end.
pub mod activation;
pub mod adaptation;
pub mod correlation;
pub mod curve;
pub mod layer;
pub mod leaky;
pub mod separable;
pub mod stage;
pub mod tail;

// The whole of it.
pub mod chain;
pub mod number;

// Operations on tensors.
mod correlate;
pub mod descent;
mod exponential_window;
mod gaussians;

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
