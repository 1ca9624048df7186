//! What several test modules need.
pub mod combinations;
pub mod compare;
pub mod golden;
pub mod runs;
pub mod sounds;
