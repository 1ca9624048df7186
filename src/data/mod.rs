//! The dataset file and what training makes of it.
pub mod batch;
mod recording;

pub use recording::{Clip, Entity, Recording, Splits};
