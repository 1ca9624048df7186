//! What the repeats of a clip say, whatever is predicted: how they vary together, and so how much
//! of a response is signal and how much is noise.
//!
//! Most clips are recorded completely; what is needed of those comes from reading them once and
//! from the products of all pairs of repeats (`complete`). Any other clip takes the covariances
//! of its repeats over the bins that they have in common (`covariance`). Both give the same
//! numbers.
mod buffer;
mod counts;
mod deviations;
mod first_halves;

pub(super) mod bins;
pub(super) mod covariance;
pub(super) mod split_halves;

pub(super) mod half_reliability;
pub(super) mod reliability;

pub(super) mod complete;

pub mod powers;
pub mod quality;

mod values;

pub use values::ResponseValues;
