//! Spikes and presentations on the clock of one session: what neurons did at each presentation.
mod presented;
mod shown;
mod trains;
mod unit_check;

pub use presented::{OnClock, Stimulus, seconds};
pub use shown::Shown;
pub use trains::Trains;
pub use unit_check::SessionClock;

/// Spike times and onsets are stored in seconds from the start of the session, in floats whose
/// difference is exact to less than this.
pub const RESOLUTION_MS: f64 = 0.001;
