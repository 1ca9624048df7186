//! What a run is: asked for, fitted, left on disk, read again, compared with others.
pub mod advice;
pub mod clips;
pub mod comparison;
mod earlier;
pub mod experiment;
pub mod folder;
pub mod lock;
pub mod metadata;
mod split_name;
pub mod trained;

pub use split_name::SplitName;
