//! What a recording holds, known by its values and not by its file: hashes that stored types, chunks,
//! layout, compression and the file's name leave as they are.
use ndarray::{Array3, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::recording::{Clip, Entity, Recording};
use crate::base::wording::first;

/// Neurons that a message names at most.
const NAMED: usize = 5;

/// What a run has used of a recording. Each hash is the XXH3 of values as 32-bit floats, ids and
/// attributes, as 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedContent {
    /// Of the width of bins and the centres of bands.
    pub axes: String,
    /// The training stimuli.
    pub train: PartContent,
    /// The validation stimuli.
    pub valid: PartContent,
    /// The test stimuli.
    pub test: PartContent,
}

/// What the stimuli of a part hold, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartContent {
    /// Of the stimuli and their sound.
    pub sound: String,
    /// Of each neuron and its responses.
    pub responses: Vec<String>,
}

impl UsedContent {
    /// The parts with their names.
    pub fn parts(&self) -> [(&'static str, &PartContent); 3] {
        [("training", &self.train), ("validation", &self.valid), ("test", &self.test)]
    }

    /// Takes the responses of all neurons, which these contents of the same stimuli hold some of each.
    pub fn take_responses(&mut self, parts: Vec<Self>) {
        for part in [&mut self.train, &mut self.valid, &mut self.test] {
            part.responses.clear();
        }
        for Self { train, valid, test, .. } in parts {
            self.train.responses.extend(train.responses);
            self.valid.responses.extend(valid.responses);
            self.test.responses.extend(test.responses);
        }
    }

    /// What another has otherwise, if anything: the first of it.
    pub fn difference(&self, other: &Self, neurons: &[String]) -> Option<String> {
        if self.axes != other.axes {
            return Some("other bins or bands".to_owned());
        }
        let pairs = self.parts().into_iter().zip(other.parts());
        pairs.into_iter().find_map(|((name, own), (_, other))| own.difference(other, neurons, name))
    }
}

/// What scores were taken over, as `scores.json` has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoredContent {
    /// As in [`UsedContent`].
    pub axes: String,
    /// The stimuli.
    #[serde(flatten)]
    pub part: PartContent,
}

impl PartContent {
    /// What another has otherwise; `name` is that of the part.
    pub fn difference(&self, other: &Self, neurons: &[String], name: &str) -> Option<String> {
        if self.sound != other.sound {
            return Some(format!("other {name} stimuli, or other sound of them"));
        }
        let pairs = self.responses.iter().zip(&other.responses).zip(neurons);
        let changed = pairs.filter(|((own, other), _)| own != other).map(|(_, id)| id.as_str());
        let changed: Vec<&str> = changed.collect();
        let shown = || first(&changed, NAMED);
        (!changed.is_empty())
            .then(|| format!("other responses to the {name} stimuli of {}", shown()))
    }
}

/// The hash of what all clips of a recording share.
pub fn axes<R>(recording: &Recording<R>) -> String {
    let mut hash = Xxh3::new();
    #[expect(clippy::cast_possible_truncation, reason = "hashes are of 32-bit floats")]
    let single = |value: f64| value as f32;
    let hz = recording.frequencies_hz.iter().flatten().copied().map(single);
    number(&mut hash, recording.bands());
    values(&mut hash, std::iter::once(single(recording.dt_ms)).chain(hz));
    text(&hash)
}

/// The hash of stimuli and their sound.
pub fn sound<'a, R: 'a>(clips: impl Iterator<Item = &'a Clip<R>>) -> String {
    let mut hash = Xxh3::new();
    for Clip { stimulus, cochleagram, .. } in clips {
        entity(&mut hash, stimulus);
        cochleagram.shape().iter().for_each(|length| number(&mut hash, *length));
        values(&mut hash, cochleagram.iter().copied());
    }
    text(&hash)
}

/// Hashes of the responses of neurons, taken one clip after the other.
pub struct ResponseHashes(Vec<Xxh3>);

impl ResponseHashes {
    /// Nothing heard yet.
    pub fn new(neurons: &[Entity]) -> Self {
        let begun = |neuron: &Entity| {
            let mut hash = Xxh3::new();
            entity(&mut hash, neuron);
            hash
        };
        Self(neurons.iter().map(begun).collect())
    }

    /// Takes the responses `(N, R, T)` to one more clip.
    pub fn add(&mut self, responses: &Array3<f32>) {
        let (_, repeats, bins) = responses.dim();
        let own = responses.axis_iter(Axis(0)).into_par_iter();
        self.0.par_iter_mut().zip(own).for_each(|(hash, own)| {
            number(hash, repeats);
            number(hash, bins);
            values(hash, own.iter().copied());
        });
    }

    /// One hash for each neuron.
    pub fn finish(self) -> Vec<String> {
        self.0.iter().map(text).collect()
    }
}

fn entity(hash: &mut Xxh3, Entity { id, attributes }: &Entity) {
    number(hash, attributes.len());
    let texts = attributes.iter().flat_map(|(name, value)| [name, value]);
    for text in std::iter::once(id).chain(texts) {
        // Lengths tell "ab", "c" from "a", "bc".
        number(hash, text.len());
        hash.update(text.as_bytes());
    }
}

fn number(hash: &mut Xxh3, number: usize) {
    hash.update(&(number as u64).to_le_bytes());
}

/// Zeros of either sign are the same, and so is whatever is no number.
fn values(hash: &mut Xxh3, values: impl Iterator<Item = f32>) {
    let plain = |value: f32| if value.is_nan() { f32::NAN } else { value + 0.0 };
    let mut bytes = Vec::with_capacity(size_of::<f32>() * values.size_hint().0);
    values.for_each(|value| bytes.extend_from_slice(&plain(value).to_le_bytes()));
    hash.update(&bytes);
}

fn text(hash: &Xxh3) -> String {
    format!("{:032x}", hash.digest128())
}
