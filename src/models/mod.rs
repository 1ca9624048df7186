//! Models: from a cochleagram to the responses of neurons.
//!
//! ```text
//! prefilters ─► layers of the core ─► head: norm, output nonlinearity, leaky units
//! ```
//!
//! A model is its row in [`cores`] and a list of [`layers`] with a [`head`]; [`prefilters`] are
//! layers too, and several can stand in a row. Every layer knows a plain path out of candle's
//! operations, and a stage of the fused path ([`ops`], [`fused`]) if it has one.

// What a recording fixes, tensors by name, arithmetic.
pub mod amplitude;
pub mod counterpart;
pub mod dims;
pub mod params;

pub mod ops;

// What a model is compared with.
pub mod loss;

pub mod batch;

// What models are made of.
pub mod bells;

pub mod parameterizations;

pub mod layers;

pub mod outputs;
pub mod prefilters;

pub mod output_gains;

pub mod head;

pub mod model;

// The models, and one of them chosen and built.
pub mod cores;

mod architecture;

pub mod fused;

mod network;

pub mod prediction;

pub use architecture::Architecture;
pub use cores::{HasStrfs, ModelRow, Reference, ReferenceClass, Sharing, TABLE, names};
pub use model::{Model, Owners, Strfs};
pub use network::{Network, Step};
