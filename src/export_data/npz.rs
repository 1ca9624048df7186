//! One NumPy archive with the names of the dataset file in its dense layout: clips and repeats of
//! different numbers are filled up with NaN, and `repeats` says how many each stimulus has.
use std::path::Path;

use super::lists::{self, List};
use super::{DataFormatRow, failed, parts};
use crate::base::error::{Cause, Result};
use crate::base::files::{self, Existing};
use crate::base::npz::NpzArchive;
use crate::dataset::schema::{
    COCHLEAGRAMS, DT_MS, FORMAT, FORMAT_VALUE, FREQUENCIES, NEURONS, RESPONSES, SPLITS, STIMULI,
    escape,
};
use crate::dataset::{Clip, Recording};

pub(super) const ROW: DataFormatRow = DataFormatRow {
    unheld: |recording| parts::id_among_attributes(recording).into_iter().collect(),
    write: |recording, path, existing| write(recording, path, existing),
    import: "npz",
};

fn write(recording: &Recording, path: &Path, existing: Existing) -> Result<()> {
    let bytes = bytes(recording).map_err(|cause| failed(path, cause))?;
    files::write(path, existing, &bytes)
}

fn bytes(recording: &Recording) -> Result<Vec<u8>, Cause> {
    let mut npz = NpzArchive::default();
    npz.text(FORMAT, FORMAT_VALUE)?;
    npz.numbers::<f64>(DT_MS, &[], [recording.dt_ms])?;
    if let Some(level) = &recording.level {
        for (name, word) in level.words() {
            npz.text(name, word)?;
        }
        for (name, value) in level.numbers() {
            npz.numbers::<f64>(name, &[], [value])?;
        }
    }
    if let Some(hz) = &recording.frequencies_hz {
        npz.numbers::<f64>(FREQUENCIES, &[hz.len()], hz)?;
    }
    let stimuli = recording.clips.iter().map(|clip| &clip.stimulus);
    npz.list_of_texts("neuron_ids", &recording.neuron_ids())?;
    npz.list_of_texts("stimulus_ids", &recording.stimulus_ids())?;
    attributes(&mut npz, NEURONS, lists::of(recording.neurons.iter()))?;
    attributes(&mut npz, STIMULI, lists::of(stimuli))?;
    if let Some(splits) = &recording.splits {
        for (name, ids) in splits.parts() {
            npz.list_of_texts(&format!("{SPLITS}/{name}"), ids)?;
        }
    }
    clips(&mut npz, recording)?;
    npz.finish()
}

fn attributes(npz: &mut NpzArchive, group: &str, lists: Vec<(String, List)>) -> Result<(), Cause> {
    for (name, list) in lists {
        let name = format!("{group}/{}", escape(&name));
        match list {
            List::Numbers(numbers) => npz.numbers::<f64>(&name, &[numbers.len()], numbers)?,
            List::Texts(texts) => npz.list_of_texts(&name, &texts)?,
        }
    }
    Ok(())
}

/// Sound and responses, filled up to the longest clip and the most repeats.
fn clips(npz: &mut NpzArchive, recording: &Recording) -> Result<(), Cause> {
    let (clips, bands, neurons) = (&recording.clips, recording.bands(), recording.neurons.len());
    let repeats = |clip: &Clip| clip.responses.dim().1;
    let bins = clips.iter().map(Clip::bins).max().unwrap_or(0);
    let most = clips.iter().map(repeats).max().unwrap_or(0);
    let levels = clips.iter().flat_map(|clip| {
        let of_clip = |(band, bin)| clip.cochleagram.get((band, bin)).copied().unwrap_or(f32::NAN);
        grid(bands, bins).map(of_clip)
    });
    npz.numbers::<f32>(COCHLEAGRAMS, &[clips.len(), bands, bins], levels)?;
    let responses = clips.iter().flat_map(|clip| {
        let of_clip = |(row, bin)| {
            let place = (row / most.max(1), row % most.max(1), bin);
            clip.responses.get(place).copied().unwrap_or(f32::NAN)
        };
        grid(neurons * most, bins).map(of_clip)
    });
    npz.numbers::<f32>(RESPONSES, &[clips.len(), neurons, most, bins], responses)?;
    if clips.iter().any(|clip| repeats(clip) < most) {
        let counts = clips.iter().map(|clip| repeats(clip) as f64);
        npz.numbers::<f64>("repeats", &[clips.len()], counts)?;
    }
    Ok(())
}

/// Rows and columns, row by row.
fn grid(rows: usize, columns: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..rows).flat_map(move |row| (0..columns).map(move |column| (row, column)))
}
