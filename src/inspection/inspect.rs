//! All that is said of a dataset file.
use serde::Serialize;

use super::overview::{Bands, Bins, Entities, Neuron, Repeats, Responses, SplitSizes};
use super::scan::Scan;
use super::warnings;
use crate::base::error::Result;
use crate::dataset::ReadRecording;
use crate::preparation::RecordedResponses;

/// What `strf inspect` says of a dataset file; numbers that are not defined are NaN, null in JSON.
#[derive(Debug, Clone, Serialize)]
pub struct Inspection {
    /// Path of the file.
    pub file: String,
    /// Width of a bin in milliseconds.
    pub dt_ms: f64,
    /// The stimuli.
    pub stimuli: Entities,
    /// Lengths of the stimuli.
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

impl Inspection {
    /// Looks at all that a file holds; the neurons are in its order.
    ///
    /// # Errors
    /// Responses cannot be read.
    pub fn of<R: RecordedResponses>(read: &ReadRecording<R>) -> Result<Self> {
        let recording = &read.recording;
        let clips = &recording.clips;
        let scan = Scan::of(recording)?;
        Ok(Self {
            file: recording.file.display().to_string(),
            dt_ms: recording.dt_ms,
            stimuli: Entities::of(clips.iter().map(|clip| &clip.stimulus)),
            bins: Bins::of(recording),
            bands: Bands::of(recording),
            neurons: Entities::of(recording.neurons.iter()),
            repeats: Repeats::of(clips),
            splits: recording.splits.as_ref().map(|splits| SplitSizes {
                train: splits.train.len(),
                valid: splits.valid.len(),
                test: splits.test.len(),
            }),
            notes: read.notes.clone(),
            warnings: warnings::of(recording, &scan),
            responses: scan.responses,
            per_neuron: scan.neurons,
        })
    }
}
