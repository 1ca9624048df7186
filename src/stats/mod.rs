//! Statistics of lists of numbers, whatever they count.
pub mod bootstrap;
pub mod eigen;
pub mod false_discovery;
pub mod family_wise;
pub mod moments;
pub mod normal;
pub mod wilcoxon;
