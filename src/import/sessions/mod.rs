//! Sounds and the times of spikes, and the clips of a recording out of them.
pub mod counts;
mod unit;

mod onset_times;
mod session;
mod silence;

pub mod nwb;
pub mod spikes;
