//! Sounds and the times of spikes, and the clips of a recording out of them.
mod times;
mod unit;

mod counts;

mod onset_times;
mod session;
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
