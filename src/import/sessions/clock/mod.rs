//! Spikes and presentations on the clock of one session: what neurons did at each presentation.
mod presented;
mod shown;
mod trains;
mod unit_check;

pub use presented::{ClockTally, OnClock, Stimulus, seconds};
pub use shown::Shown;
pub use trains::Trains;
pub use unit_check::SessionClock;
