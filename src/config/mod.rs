//! What a key of a TOML file is, and how sections of keys are read, checked and written back.
//! Nothing here knows what the keys mean.
pub mod check;
pub mod document;
pub mod keyed;
pub mod keys;
pub mod mismatch;
pub mod part;
pub mod render;
pub mod schema;
pub mod sections;

pub mod value;
