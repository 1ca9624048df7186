//! Loops over rows of numbers that become vector instructions.
pub mod lanes;
pub mod level;
pub mod panels;
pub mod parallel;
pub mod product;
pub mod real;
pub mod sums;
pub mod tile;
