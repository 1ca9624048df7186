//! Sound at another rate.
use std::collections::VecDeque;

use rubato::audioadapter_buffers::direct::SequentialSlice;
use rubato::{
    Async, FixedAsync, Indexing, Resampler as _, SincInterpolationParameters,
    SincInterpolationType, WindowFunction,
};

use super::{Pieces, Sound};
use crate::base::error::{Error, Result};
use crate::base::memory;

/// What becomes of the delay of the filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delay {
    /// It stays: a sample depends on nothing that comes later.
    Kept,
    /// It is cut off at the start: sound stays where it was in time, to a 256th of one of its
    /// samples, and a sample depends on half a filter of what comes later.
    CutOff,
}

/// Length of the filter in periods of the lower of the two rates.
const PERIODS: f64 = 128.0;
/// Places between two samples at which the filter is tabled; between them it is interpolated by a
/// cubic.
const PLACES: usize = 256;
/// Samples that go through the filter at once.
const CHUNK: usize = 1 << 14;

/// The same sound at `rate_hz`, and by how many milliseconds it is late.
///
/// A windowed sinc (Blackman-Harris, squared) of 128 periods of the lower rate, evaluated sample by
/// sample: in contrast to a filter that is applied through Fourier transforms of blocks, rounding
/// carries nothing of a later sample into an earlier one. The sound keeps its duration:
/// `round(samples · rate_hz / sound.rate_hz)` samples come out.
///
/// # Errors
/// Rates that the resampler does not take.
pub fn resampled(sound: Sound<'_>, rate_hz: f64, delay: Delay) -> Result<(Sound<'_>, f64)> {
    let ratio = rate_hz / sound.rate_hz;
    let refused = |cause| {
        Error::Refused(format!("resampling from {} Hz to {rate_hz} Hz: {cause}", sound.rate_hz))
    };
    memory::take_values::<f64>(length(ratio).saturating_mul(PLACES)).map_err(refused)?;
    let filter = SincInterpolationParameters {
        sinc_len: length(ratio),
        f_cutoff: None,
        oversampling_factor: PLACES,
        interpolation: SincInterpolationType::Cubic,
        window: WindowFunction::BlackmanHarris2,
    };
    let filter = Async::new_sinc(ratio, 1.0, &filter, CHUNK, 1, FixedAsync::Input)
        .map_err(|source| Error::failed(format!("resampling to {rate_hz} Hz"), source))?;
    let (zeros, skip) = match delay {
        Delay::Kept => (CAUSAL_ZEROS, 0),
        Delay::CutOff => aligned(ratio),
    };
    let late_ms = (late_by(ratio, zeros) - skip as f64) * 1000.0 / rate_hz;
    let pieces = Resampled {
        pieces: sound.pieces,
        filter,
        waiting: VecDeque::from(vec![0.0; zeros]),
        heard: 0,
        given: 0,
        skip,
        ratio,
        state: State::Sounding,
    };
    Ok((Sound { rate_hz, pieces: Box::new(pieces) }, late_ms))
}

/// Zeros in front of the sound without which the filter would see a sample behind the end of the one
/// that it makes: it takes up two periods after the sample that it would end with.
const CAUSAL_ZEROS: usize = 2;

/// By how many samples of the new rate what comes out is late, with so many zeros in front.
///
/// The library's first sample lies one period of the new rate behind half a filter of zeros, the
/// peak of its table one place behind the middle.
fn late_by(ratio: f64, zeros: usize) -> f64 {
    ratio * (length(ratio) as f64 / 2.0 + zeros as f64 - 1.0 / PLACES as f64) - 1.0
}

/// Zeros in front of the sound that make the delay a whole number of samples, or nearly so; and that
/// number.
fn aligned(ratio: f64) -> (usize, usize) {
    let off = |zeros: &usize| (late_by(ratio, *zeros) - late_by(ratio, *zeros).round()).abs();
    let zeros = (0..PLACES).min_by(|a, b| off(a).total_cmp(&off(b))).unwrap_or(0);
    (zeros, whole(late_by(ratio, zeros)))
}

/// Samples of the filter at the rate of the sound: a multiple of 8, as the library wants it.
fn length(ratio: f64) -> usize {
    whole(PERIODS / ratio.min(1.0)).next_multiple_of(8)
}

fn whole(value: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let whole = value.round() as usize;
    whole
}

/// Where a sound is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It goes on.
    Sounding,
    /// Its last sample has been taken; the filter still rings.
    Ringing,
    /// Nothing more comes.
    Over,
}

/// A sound on its way through the filter.
struct Resampled<'a> {
    pieces: Pieces<'a>,
    filter: Async<f32>,
    /// Samples that do not fill a chunk yet.
    waiting: VecDeque<f32>,
    /// Samples that came in.
    heard: u64,
    /// Samples that went out.
    given: u64,
    /// Samples still to be cut off at the start.
    skip: usize,
    ratio: f64,
    state: State,
}

impl Resampled<'_> {
    /// The next piece that is not empty, or none at the end.
    fn piece(&mut self) -> Result<Option<Vec<f32>>> {
        while self.state != State::Over {
            self.fill()?;
            let mut piece = self.filtered()?;
            let cut = self.skip.min(piece.len());
            piece.drain(..cut);
            self.skip -= cut;
            if self.state == State::Ringing {
                self.end(&mut piece);
            }
            self.given += piece.len() as u64;
            if !piece.is_empty() {
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }

    /// Collects a chunk, or what is left.
    fn fill(&mut self) -> Result<()> {
        while self.state == State::Sounding && self.waiting.len() < CHUNK {
            match self.pieces.next() {
                Some(piece) => {
                    let piece = piece?;
                    self.heard += piece.len() as u64;
                    self.waiting.extend(piece);
                }
                None => self.state = State::Ringing,
            }
        }
        Ok(())
    }

    /// One chunk through the filter; behind the sound lie zeros.
    fn filtered(&mut self) -> Result<Vec<f32>> {
        let failed = |source| Error::failed("resampling", source);
        let taken = self.waiting.len().min(CHUNK);
        let mut chunk: Vec<f32> = self.waiting.drain(..taken).collect();
        chunk.resize(CHUNK, 0.0);
        let mut piece = vec![0.0; self.filter.output_frames_next()];
        let frames = piece.len();
        let input =
            SequentialSlice::new(&chunk, 1, CHUNK).map_err(|e| Error::failed("resampling", e))?;
        let mut output = SequentialSlice::new_mut(&mut piece, 1, frames)
            .map_err(|e| Error::failed("resampling", e))?;
        let indexing = Indexing::new();
        let (_, written) = self
            .filter
            .process_into_buffer(&input, &mut output, Some(&indexing))
            .map_err(failed)?;
        piece.truncate(written);
        Ok(piece)
    }

    /// Cuts the last piece off where the sound ends.
    fn end(&mut self, piece: &mut Vec<f32>) {
        let all = (self.heard as f64 * self.ratio).round();
        let left = whole(all - self.given as f64);
        piece.truncate(left);
        if piece.len() == left {
            self.state = State::Over;
        }
    }
}

impl Iterator for Resampled<'_> {
    type Item = Result<Vec<f32>>;

    fn next(&mut self) -> Option<Self::Item> {
        let piece = self.piece().transpose();
        if matches!(piece, Some(Err(_))) {
            self.state = State::Over;
        }
        piece
    }
}
