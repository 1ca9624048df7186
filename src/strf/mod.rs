//! Receptive fields: what is exported, what is measured of them, the file formats, and the picture.

pub mod arrays;
pub mod export;
mod from_gradients;
pub mod from_model;
pub mod local;
pub mod measures;
pub mod plot;
mod several;
pub mod significance;
pub mod strf_export;

pub use from_gradients::default_lags;
