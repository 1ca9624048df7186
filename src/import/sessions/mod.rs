//! Sounds and the times of spikes, and the clips of a recording out of them.
mod counts;
mod session;
mod silence;
mod unit;

pub mod nwb;
pub mod spikes;
