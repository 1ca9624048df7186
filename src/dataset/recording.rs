//! What a dataset file holds, in memory: clips of sound with the responses to them.
use std::collections::BTreeMap;
use std::path::PathBuf;

use super::schema::SPLIT_PARTS;

use ndarray::{Array2, Array3, Axis};
use serde::{Deserialize, Serialize};

use super::level::SoundLevel;

/// A cochleagram/response recording: the same neurons and bands for every clip. `R` is what is held
/// of the responses to a clip: all of them, or where they lie.
///
/// ```
/// let recording = strf::dataset::read("tests/fixtures/runs_0.1.0/data.h5".as_ref())?.recording;
/// assert_eq!((recording.neurons.len(), recording.bands()), (2, 5));
/// let (neurons, repeats, bins) = recording.clips[0].responses.dim();
/// assert_eq!((neurons, repeats, bins), (2, 2, recording.clips[0].bins()));
/// # Ok::<(), strf::base::error::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Recording<R = Array3<f32>> {
    /// The file it was read from, for messages.
    pub file: PathBuf,
    /// Width of a bin in milliseconds.
    pub dt_ms: f64,
    /// What the numbers of cochleagrams are, where the file says it.
    pub level: Option<SoundLevel>,
    /// Centres of the `F` bands in Hz, ascending, where the file gives them.
    pub frequencies_hz: Option<Vec<f64>>,
    /// The `N` neurons.
    pub neurons: Vec<Entity>,
    /// The stimuli in the file's order.
    pub clips: Vec<Clip<R>>,
    /// Training, validation and test stimuli by id, where the file gives them.
    pub splits: Option<Splits>,
}

/// A neuron or stimulus: its id and whatever else the file says of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Entity {
    /// Unique in its file.
    pub id: String,
    /// Attributes by name, numbers written as text.
    pub attributes: BTreeMap<String, String>,
}

/// One stimulus and the responses to it.
#[derive(Debug, Clone)]
pub struct Clip<R = Array3<f32>> {
    /// The stimulus.
    pub stimulus: Entity,
    /// `(F, T)`, finite.
    pub cochleagram: Array2<f32>,
    /// `(N, R, T)`, NaN where nothing was recorded.
    pub responses: R,
}

/// Something that stands for the responses of `N` neurons to a clip.
pub trait OfNeurons {
    /// Those of the neurons with these indices, in this order.
    #[must_use]
    fn of_neurons(self, indices: &[usize]) -> Self;
}

impl OfNeurons for Array3<f32> {
    fn of_neurons(self, indices: &[usize]) -> Self {
        self.select(Axis(0), indices)
    }
}

/// Stimulus ids of each part of a split.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Splits {
    /// Weights are fitted to these.
    pub train: Vec<String>,
    /// The best epoch is chosen on these.
    pub valid: Vec<String>,
    /// The reported scores are of these.
    pub test: Vec<String>,
}

impl Splits {
    /// The parts by name.
    pub fn parts(&self) -> [(&'static str, &Vec<String>); 3] {
        let [train, valid, test] = SPLIT_PARTS;
        [(train, &self.train), (valid, &self.valid), (test, &self.test)]
    }

    /// The parts by name, to be changed.
    pub fn parts_mut(&mut self) -> [(&'static str, &mut Vec<String>); 3] {
        let [train, valid, test] = SPLIT_PARTS;
        [(train, &mut self.train), (valid, &mut self.valid), (test, &mut self.test)]
    }
}

impl<R> Recording<R> {
    /// Number of bands `F`.
    pub fn bands(&self) -> usize {
        self.clips.first().map_or(0, |clip| clip.cochleagram.nrows())
    }

    /// Ids of the neurons.
    pub fn neuron_ids(&self) -> Vec<String> {
        self.neurons.iter().map(|neuron| neuron.id.clone()).collect()
    }

    /// Ids of the stimuli.
    pub fn stimulus_ids(&self) -> Vec<String> {
        self.clips.iter().map(|clip| clip.stimulus.id.clone()).collect()
    }
}

impl<R> Clip<R> {
    /// Number of bins `T`.
    pub fn bins(&self) -> usize {
        self.cochleagram.ncols()
    }
}
