//! Silence before and after a sound.
use crate::base::units::samples;
use crate::sound::Sound;

/// Samples of silence that come at once.
const PIECE: usize = 1 << 14;

/// The sound with so many milliseconds of silence before and after it.
pub fn around(sound: Sound<'_>, before_ms: f64, after_ms: f64) -> Sound<'_> {
    let Sound { rate_hz, pieces } = sound;
    let (before, after) = (samples(before_ms, rate_hz), samples(after_ms, rate_hz));
    let pieces = silent(before).map(Ok).chain(pieces).chain(silent(after).map(Ok));
    Sound { rate_hz, pieces: Box::new(pieces) }
}

fn silent(samples: usize) -> impl Iterator<Item = Vec<f32>> + Send {
    (0..samples).step_by(PIECE).map(move |from| vec![0.0; PIECE.min(samples - from)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_lies_on_both_sides() {
        let sound = around(Sound::of(&[1.0, 2.0], 1000.0), 3.0, 1.0);
        let samples: Vec<f32> = sound.pieces.flat_map(Result::unwrap).collect();
        assert_eq!(samples, [0.0, 0.0, 0.0, 1.0, 2.0, 0.0]);
    }
}
