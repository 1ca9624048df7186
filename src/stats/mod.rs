//! Statistics of lists of numbers, whatever they count.
pub mod bootstrap;
pub mod eigen;
pub mod false_discovery;
pub mod family_wise;
mod matrix_exponential;
pub mod moments;
pub mod normal;
pub mod wilcoxon;

pub use matrix_exponential::matrix_exponential;
