//! The dataset file and what training makes of it.
mod recording;

pub use recording::{Clip, Entity, Recording, Splits};
