//! Layers that several models share.
mod activation;
mod batch_norm;
mod layer_norm;
mod leaky_unit;
mod linear;
mod strf_conv;

pub use activation::{leaky_relu, relu, softplus};
pub use batch_norm::BatchNorm;
pub use layer_norm::LayerNorm;
pub use leaky_unit::{LeakyConfig, LeakyUnits, geometric_sum};
pub use linear::Linear;
pub use strf_conv::StrfConv;

/// Whether a model is being fitted or used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Batch statistics normalize, and running statistics follow them.
    Train,
    /// Running statistics normalize: every output depends on the past of its own clip only.
    Eval,
}
