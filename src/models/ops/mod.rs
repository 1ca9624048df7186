//! The fused path: what costs time. On the CPU a model is one operation, from all its parameters to the loss of a
//! batch and its gradient:
//!
//! ```text
//! clip ─► stage ─► stage ─► ... ─► drives ─► head ─► loss        chain: all of it, clip by clip
//!         convolution, adaptation,           norm, output nonlinearity,
//!         separable, leaky, attention        leaky output, loss; neuron by neuron
//! ```
//!
//! Stages pass [`rows`] of bins to each other. Their arithmetic is in the two loops of [`crate::simd::tile`],
//! over rows that are shifted against each other, and for blocks of attention in [`crate::simd::product`];
//! everything else is loops over single rows.
//! Vector instructions are chosen when the program runs. How work is divided, and in which order
//! sums are added, depends on sizes alone: results are the same on any number of threads.
//!
//! The same models out of candle's operations (`layers`, `outputs`, `prefilters`) run on any device;
//! the fused path is held against them.

// Numbers, and loops over them.
pub mod blocks;
pub mod draws;
mod parts;
mod recursion;
pub mod rows;
pub mod side_by_side;

// Stages of a model, and its end.
pub mod activation;
pub mod adaptation;
pub mod affine;
pub mod attention;
pub mod bins;
pub mod compression;
pub mod contrast;
pub mod convolution;
pub mod correlation;
pub mod curve;
mod dense;
pub mod energy_normalization;
pub mod feed_forward;
pub mod finish;
pub mod leaky;
pub mod mixing;
mod normalization;
pub mod output_head;
pub mod places;
pub mod plasticity;
pub mod positions;
pub mod recurrent;
pub mod residual;
pub mod self_attention;
pub mod separable;
pub mod stage;
pub mod temporal;

// The whole of it.
pub mod chain;
pub mod number;
pub mod workspace;

// Operations on tensors.
pub mod adam;
mod gaussians;

pub use gaussians::{gaussian_kernels, gaussian_kernels_plain};
pub use recursion::Length;

use candle_core::{Layout, Result, bail};

/// The values of a contiguous tensor inside a custom operation.
pub fn contiguous<'a, T>(values: &'a [T], layout: &Layout) -> Result<&'a [T]> {
    match layout.contiguous_offsets() {
        Some((from, to)) => Ok(&values[from..to]),
        None => bail!("a custom operation takes contiguous tensors"),
    }
}
