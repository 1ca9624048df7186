//! What a run is: asked for, fitted, left on disk, read again, compared with others.
pub mod adoption;
pub mod advice;
pub mod clips;
pub mod comparison;
mod earlier;
pub mod exchange;
pub mod experiment;
pub mod folder;
mod group_folders;
mod lines;
pub mod lock;
pub mod metadata;
pub mod model_place;
pub mod own_model;
mod same_run;
mod source;
mod split_name;
pub mod trained;
pub mod whole;

pub use split_name::SplitName;
