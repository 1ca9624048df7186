//! Receptive fields: what is exported, the file formats, and the picture.

pub mod dump;
pub mod export;
mod from_gradients;
pub mod from_model;
pub mod plot;
