//! Receptive fields: what is exported, the file formats, and the picture.

pub mod dump;
pub mod export;
pub mod plot;
