//! Sounds and the times of spikes, and the clips of a recording out of them.
pub mod counts;
pub mod unit;

mod onset_times;
pub mod session;
mod silence;

pub mod nwb;
pub mod spikes;
