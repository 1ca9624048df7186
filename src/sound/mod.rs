//! Sound files: decoded, mixed down to one channel and resampled, piece by piece.
mod canonical;
mod channels;
mod container;
mod decode;
mod open;
mod resample;

use std::fmt;

use crate::base::error::Result;

pub use channels::Mixer;
pub use open::{AudioFile, open, open_channel};
pub use resample::{Delay, resampled};

/// Samples in order, piece by piece.
pub type Pieces<'a> = Box<dyn Iterator<Item = Result<Vec<f32>>> + Send + 'a>;

/// Mono sound as it comes: samples in order, full scale = 1, in pieces of any length; nothing needs
/// the whole of it.
pub struct Sound<'a> {
    /// Samples a second.
    pub rate_hz: f64,
    /// The samples; after an error comes nothing more.
    pub pieces: Pieces<'a>,
}

impl<'a> Sound<'a> {
    /// Sound that lies in memory.
    pub fn of(samples: &'a [f32], rate_hz: f64) -> Self {
        let pieces = samples.chunks(PIECE).map(|piece| Ok(piece.to_vec()));
        Self { rate_hz, pieces: Box::new(pieces) }
    }
}

impl fmt::Debug for Sound<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sound").field("rate_hz", &self.rate_hz).finish_non_exhaustive()
    }
}

/// Samples of a piece where nothing else decides.
const PIECE: usize = 1 << 14;
