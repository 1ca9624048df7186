//! What several test modules need.
pub mod compare;
pub mod golden;
