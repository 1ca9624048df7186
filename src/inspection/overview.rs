//! What an inspection tells of the parts of a file.
use std::collections::BTreeMap;

use serde::Serialize;

use crate::dataset::{Clip, Entity, Recording};
use crate::preparation::RecordedResponses;
use crate::scores::quality::Quality;

/// How many neurons or stimuli there are, and what the file says of them.
#[derive(Debug, Clone, Serialize)]
pub struct Entities {
    /// How many there are.
    pub count: usize,
    /// For each attribute, how many have each of its values.
    pub attributes: BTreeMap<String, BTreeMap<String, usize>>,
}

/// Lengths of the stimuli.
#[derive(Debug, Clone, Serialize)]
pub struct Bins {
    /// Bins of all stimuli.
    pub total: usize,
    /// Bins of the shortest stimulus.
    pub shortest: usize,
    /// Bins of the longest stimulus.
    pub longest: usize,
    /// Duration of all stimuli.
    pub seconds: f64,
}

/// The bands of the cochleagrams.
#[derive(Debug, Clone, Serialize)]
pub struct Bands {
    /// How many.
    pub count: usize,
    /// Centre of the lowest in Hz, where the file gives it.
    pub lowest_hz: Option<f64>,
    /// Centre of the highest in Hz, where the file gives it.
    pub highest_hz: Option<f64>,
    /// What their numbers are, where the file says it.
    pub level: Option<&'static str>,
}

/// Repeats of a stimulus.
#[derive(Debug, Clone, Serialize)]
pub struct Repeats {
    /// Repeats of the stimulus with the fewest.
    pub fewest: usize,
    /// Repeats of the stimulus with the most.
    pub most: usize,
}

/// Values of the responses.
#[derive(Debug, Clone, Serialize)]
pub struct Responses {
    /// The lowest response.
    pub lowest: f64,
    /// The highest response.
    pub highest: f64,
    /// Whether all responses are whole numbers, as counts are.
    pub whole_numbers: bool,
    /// Share of the values that were not recorded.
    pub missing_share: f64,
}

/// How many stimuli lie in each part of the split.
#[derive(Debug, Clone, Serialize)]
pub struct SplitSizes {
    /// Stimuli for fitting.
    pub train: usize,
    /// Stimuli for choosing the best epoch.
    pub valid: usize,
    /// Stimuli for the scores.
    pub test: usize,
}

/// How one neuron was recorded.
#[derive(Debug, Clone, Serialize)]
pub struct Neuron {
    /// Id of the neuron.
    pub id: String,
    /// How good the recording of the neuron is.
    #[serde(flatten)]
    pub quality: Quality,
    /// Place of the neuron in the file.
    #[serde(skip)]
    pub index: usize,
    /// The clip with the largest sum of responses, the first of equal ones.
    #[serde(skip)]
    pub fullest_clip: usize,
}

impl Entities {
    pub(super) fn of<'a>(entities: impl Iterator<Item = &'a Entity>) -> Self {
        let mut all = Self { count: 0, attributes: BTreeMap::new() };
        for entity in entities {
            all.count += 1;
            for (name, value) in &entity.attributes {
                let values = all.attributes.entry(name.clone()).or_default();
                *values.entry(value.clone()).or_default() += 1;
            }
        }
        all
    }
}

impl Bins {
    pub(super) fn of<R>(recording: &Recording<R>) -> Self {
        let bins = || recording.clips.iter().map(Clip::bins);
        let total: usize = bins().sum();
        Self {
            total,
            shortest: bins().min().unwrap_or(0),
            longest: bins().max().unwrap_or(0),
            seconds: total as f64 * recording.dt_ms / 1000.0,
        }
    }
}

impl Bands {
    pub(super) fn of<R>(recording: &Recording<R>) -> Self {
        let hz = recording.frequencies_hz.as_deref().unwrap_or_default();
        let (lowest_hz, highest_hz) = (hz.first().copied(), hz.last().copied());
        let level = recording.level.map(|level| level.kind.word());
        Self { count: recording.bands(), lowest_hz, highest_hz, level }
    }
}

impl Repeats {
    pub(super) fn of<R: RecordedResponses>(clips: &[Clip<R>]) -> Self {
        let repeats = || clips.iter().map(|clip| clip.responses.shape().1);
        Self { fewest: repeats().min().unwrap_or(0), most: repeats().max().unwrap_or(0) }
    }
}
