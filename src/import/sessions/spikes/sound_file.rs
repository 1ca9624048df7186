//! Files of one sound each.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::base::error::Result;
use crate::dataset::Entity;
use crate::import::sessions::counts::Presentation;
use crate::import::sessions::hearing::{OpenSound, Opened, Presented};
use crate::sound;

/// A sound file, to be opened when its turn comes.
pub fn open(path: PathBuf) -> OpenSound {
    Box::new(move |channel| {
        let file = sound::open_channel(&path, channel)?;
        Ok(Opened { sound: file.sound, mixer: file.mixer, notes: file.notes })
    })
}

/// How long the sound in a file lasts, which takes decoding it where the file does not say.
///
/// # Errors
/// It cannot be read.
pub fn length_ms(path: &Path) -> Result<f64> {
    let file = sound::open(path)?;
    let rate_hz = file.sound.rate_hz;
    let counted = |piece: Result<Vec<f32>>| piece.map(|piece| piece.len() as u64);
    let samples = match file.promised {
        Some(samples) => samples,
        None => file.sound.pieces.map(counted).sum::<Result<u64>>()?,
    };
    Ok(1000.0 * samples as f64 / rate_hz)
}

/// A stimulus whose sound lies in a file, with its presentations by neuron, of so many.
pub fn presented(
    stimulus: Entity,
    path: PathBuf,
    mut by_neuron: BTreeMap<usize, Vec<Presentation>>,
    neurons: usize,
) -> Presented {
    let name = path.display().to_string();
    let presentations = (0..neurons).map(|n| by_neuron.remove(&n).unwrap_or_default());
    Presented { stimulus, presentations: presentations.collect(), open: open(path), name }
}
