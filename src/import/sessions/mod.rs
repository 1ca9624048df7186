//! Sounds and the times of spikes, and the clips of a recording out of them.
pub mod times;
pub mod unit;

pub mod counts;

pub mod onset_times;
pub mod session;
mod silence;

mod clock;

mod column_names;
mod text_table;

mod events;

pub mod nwb;
pub mod phy;
pub mod pprox;
pub mod spikes;
pub mod units;
