//! Sounds and the times of spikes, and the clips of a recording out of them.
pub mod times;
pub mod unit;

pub mod counts;

mod silence;

pub mod hearing;

pub mod onset_times;
pub mod session;

pub mod clock;

pub mod column_names;

mod events;

pub mod nwb;
pub mod phy;
pub mod pprox;
pub mod spikes;
pub mod traces;
pub mod units;
