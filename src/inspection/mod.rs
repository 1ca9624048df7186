//! What is in a recording, whether it is sound, and how good it is.
mod report;
mod warnings;

use std::collections::BTreeMap;

use ndarray::{ArrayView2, Axis};
use rayon::prelude::*;
use serde::Serialize;

use crate::data::{Clip, Entity, Read, Recording};
use crate::metrics::power::signal_and_noise_power;
use crate::metrics::statistics::mean_of_defined;

/// What `strf inspect` says of a dataset file; numbers that are not defined are NaN, null in JSON.
#[derive(Debug, Clone, Serialize)]
pub struct Inspection {
    /// The file.
    pub file: String,
    /// Width of a bin in milliseconds.
    pub dt_ms: f64,
    /// The stimuli.
    pub stimuli: Entities,
    /// Their lengths.
    pub bins: Bins,
    /// The bands of the cochleagrams.
    pub bands: Bands,
    /// The neurons.
    pub neurons: Entities,
    /// Repeats of a stimulus.
    pub repeats: Repeats,
    /// Values of the responses.
    pub responses: Responses,
    /// How many stimuli lie in each part of the split, where the file has one.
    pub splits: Option<SplitSizes>,
    /// What the file left to be inferred, one sentence each.
    pub notes: Vec<String>,
    /// What the user should look into, one sentence each.
    pub warnings: Vec<String>,
    /// One row for each neuron.
    pub per_neuron: Vec<Neuron>,
}

/// How many neurons or stimuli there are, and what the file says of them.
#[derive(Debug, Clone, Serialize)]
pub struct Entities {
    /// How many.
    pub count: usize,
    /// For each attribute, how many have each of its values.
    pub attributes: BTreeMap<String, BTreeMap<String, usize>>,
}

/// Lengths of the stimuli.
#[derive(Debug, Clone, Serialize)]
pub struct Bins {
    /// Of all stimuli.
    pub total: usize,
    /// Of the shortest.
    pub shortest: usize,
    /// Of the longest.
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
}

/// Repeats of a stimulus.
#[derive(Debug, Clone, Serialize)]
pub struct Repeats {
    /// Of the stimulus with the fewest.
    pub fewest: usize,
    /// Of the stimulus with the most.
    pub most: usize,
}

/// Values of the responses.
#[derive(Debug, Clone, Serialize)]
pub struct Responses {
    /// The lowest.
    pub lowest: f64,
    /// The highest.
    pub highest: f64,
    /// Whether all are whole numbers, as counts are.
    pub whole_numbers: bool,
    /// Share of the values that were not recorded.
    pub missing_share: f64,
}

/// How many stimuli lie in each part of the split.
#[derive(Debug, Clone, Serialize)]
pub struct SplitSizes {
    /// For fitting.
    pub train: usize,
    /// For choosing the best epoch.
    pub valid: usize,
    /// For the scores.
    pub test: usize,
}

/// How one neuron was recorded.
#[derive(Debug, Clone, Serialize)]
pub struct Neuron {
    /// Its id.
    pub id: String,
    /// Bins with at least one recorded repeat.
    pub bins: usize,
    /// The largest number of repeats that a stimulus has recorded.
    pub repeats: usize,
    /// Mean response per bin.
    pub mean: f64,
    /// Variance over time that repeats share, in squared units of the response.
    pub signal_power: f64,
    /// The rest of a single repeat's variance over time.
    pub noise_power: f64,
    /// Signal power over noise power.
    pub snr: f64,
}

impl Inspection {
    /// Looks at all that was read.
    pub fn of(read: &Read) -> Self {
        let recording = &read.recording;
        let clips = &recording.clips;
        let per_neuron =
            (0..recording.neurons.len()).into_par_iter().map(|n| Neuron::of(recording, n));
        Self {
            file: recording.file.display().to_string(),
            dt_ms: recording.dt_ms,
            stimuli: Entities::of(clips.iter().map(|clip| &clip.stimulus)),
            bins: Bins::of(recording),
            bands: Bands::of(recording),
            neurons: Entities::of(recording.neurons.iter()),
            repeats: Repeats::of(clips),
            responses: Responses::of(clips),
            splits: recording.splits.as_ref().map(|splits| SplitSizes {
                train: splits.train.len(),
                valid: splits.valid.len(),
                test: splits.test.len(),
            }),
            notes: read.notes.clone(),
            warnings: warnings::of(recording),
            per_neuron: per_neuron.collect(),
        }
    }
}

impl Entities {
    fn of<'a>(entities: impl Iterator<Item = &'a Entity>) -> Self {
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
    fn of(recording: &Recording) -> Self {
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
    fn of(recording: &Recording) -> Self {
        let hz = recording.frequencies_hz.as_deref().unwrap_or_default();
        let (lowest_hz, highest_hz) = (hz.first().copied(), hz.last().copied());
        Self { count: recording.bands(), lowest_hz, highest_hz }
    }
}

impl Repeats {
    fn of(clips: &[Clip]) -> Self {
        let repeats = || clips.iter().map(|clip| clip.responses.dim().1);
        Self { fewest: repeats().min().unwrap_or(0), most: repeats().max().unwrap_or(0) }
    }
}

impl Responses {
    fn of(clips: &[Clip]) -> Self {
        let recorded = || clips.iter().flat_map(|clip| &clip.responses).filter(|y| !y.is_nan());
        let all: usize = clips.iter().map(|clip| clip.responses.len()).sum();
        // NaN gives way to any number.
        let (lowest, highest) = recorded()
            .fold((f32::NAN, f32::NAN), |(low, high), value| (low.min(*value), high.max(*value)));
        Self {
            lowest: lowest.into(),
            highest: highest.into(),
            whole_numbers: recorded().all(|value| value.fract().abs() <= 0.0),
            missing_share: (all - recorded().count()) as f64 / all as f64,
        }
    }
}

impl Neuron {
    fn of(recording: &Recording, n: usize) -> Self {
        let clips = recording.clips.iter();
        let clips: Vec<ArrayView2<f32>> =
            clips.map(|clip| clip.responses.index_axis(Axis(0), n)).collect();
        let powers = signal_and_noise_power(&clips);
        let values = clips.iter().flatten().map(|value| f64::from(*value));
        Self {
            id: recording.neurons[n].id.clone(),
            bins: clips.iter().map(|clip| recorded(*clip, Axis(1))).sum(),
            repeats: clips.iter().map(|clip| recorded(*clip, Axis(0))).max().unwrap_or(0),
            mean: mean_of_defined(values),
            signal_power: powers.signal,
            noise_power: powers.noise,
            snr: powers.snr(),
        }
    }
}

/// How many places along an axis have anything recorded.
fn recorded(responses: ArrayView2<f32>, axis: Axis) -> usize {
    responses.axis_iter(axis).filter(|values| values.iter().any(|value| !value.is_nan())).count()
}
