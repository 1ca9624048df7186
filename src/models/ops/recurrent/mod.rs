//! Recurrent units: what they make of a bin follows from that bin and from what they made of the one
//! before. What comes from the sound is worked out for all bins at once, the recurrence bin after
//! bin.
pub mod gated;
mod gates;
pub mod lmu;
pub mod mamba;
mod scan;

pub use gates::{Gates, Gru, Lstm, Rnn};
pub use scan::STATES;
