//! Single repeats, read clip by clip, reduced to what training needs of them, and let go.
use std::mem::take;

use ndarray::{Array2, Axis};

use super::neurons::PsthSurvey;
use super::treatment::Treatment;
use super::{ClipSets, Doubtful, keep_neurons, psth};
use crate::base::error::{Error, Result};
use crate::base::wording;
use crate::dataset::content::ResponseHashes;
use crate::dataset::{Recording, ResponseFile, ResponseLocation};
use crate::scores::Ceiling;

/// What training needs of the responses, and the recording of the neurons that can be fitted.
pub(super) struct Reduced {
    pub(super) recording: Recording<ResponseLocation>,
    /// `(N, T)` of each training clip.
    pub(super) psths: Vec<Array2<f32>>,
    /// Of the validation clips.
    pub(super) ceiling: Ceiling,
    /// What the user should look into.
    pub(super) warnings: Vec<String>,
    /// Hashes of the responses of each neuron to the training, validation and test clips.
    pub(super) responses: [Vec<String>; 3],
}

impl Reduced {
    /// Reads the responses to all clips in use, one after the other.
    pub(super) fn read(
        recording: Recording<ResponseLocation>,
        sets: &ClipSets,
        treatment: &Treatment,
    ) -> Result<Self> {
        let path = recording.file.clone();
        let mut file = ResponseFile::open(&path)?;
        let mut survey = PsthSurvey::new(recording.neurons.len(), treatment.skipped_bins());
        let mut psths = Vec::with_capacity(sets.train.len());
        let mut heard = ResponseHashes::new(&recording.neurons);
        for clip in &sets.train {
            let responses = file.read(&recording.clips[*clip].responses)?;
            heard.add(&responses);
            let raw = psth(&responses);
            survey.add(&raw);
            psths.push(treatment.psth(&responses, raw));
        }
        let mut heard_in_training = heard.finish();
        let trained = survey.finish();
        let mut survey = PsthSurvey::new(recording.neurons.len(), treatment.skipped_bins());
        let mut heard = ResponseHashes::new(&recording.neurons);
        for clip in &sets.test {
            let responses = file.read(&recording.clips[*clip].responses)?;
            heard.add(&responses);
            survey.add(&psth(&responses));
        }
        let mut heard_in_test = heard.finish();
        let mut tested = survey.finish();
        tested.unrecorded.retain(|neuron| !trained.unrecorded.contains(neuron));
        let warnings = warnings(&recording, &trained, &tested);
        let recording = if trained.unrecorded.is_empty() {
            recording
        } else {
            let kept = kept(&recording, &trained)?;
            for psth in &mut psths {
                *psth = psth.select(Axis(0), &kept);
            }
            for hashes in [&mut heard_in_training, &mut heard_in_test] {
                *hashes = kept.iter().map(|neuron| take(&mut hashes[*neuron])).collect();
            }
            keep_neurons(recording, &kept)
        };
        let mut heard = ResponseHashes::new(&recording.neurons);
        let valid = sets.valid.iter().map(|clip| {
            let responses = file.read(&recording.clips[*clip].responses)?;
            heard.add(&responses);
            Ok(treatment.repeats(responses))
        });
        let ceiling = Ceiling::gather(recording.neurons.len(), valid)?;
        let responses = [heard_in_training, heard.finish(), heard_in_test];
        Ok(Self { recording, psths, ceiling, warnings, responses })
    }
}

/// Names the neurons with doubtful training or test data.
pub(super) fn warnings(
    recording: &Recording<ResponseLocation>,
    trained: &Doubtful,
    tested: &Doubtful,
) -> Vec<String> {
    let says = [
        (&trained.constant, "the response never changes in the training stimuli"),
        (&tested.unrecorded, "no recorded bin in the test stimuli, so no score"),
        (&trained.unrecorded, "no recorded bin in the training stimuli, left out"),
    ];
    let named = |indices: &[usize]| {
        let ids: Vec<&str> = indices.iter().map(|&n| recording.neurons[n].id.as_str()).collect();
        listed("neuron", &ids)
    };
    let says = says.into_iter().filter(|(neurons, _)| !neurons.is_empty());
    says.map(|(neurons, what)| format!("{}: {what}", named(neurons))).collect()
}

/// The neurons that were recorded in training.
pub(super) fn kept(
    recording: &Recording<ResponseLocation>,
    trained: &Doubtful,
) -> Result<Vec<usize>> {
    let neurons = 0..recording.neurons.len();
    let kept: Vec<usize> = neurons.filter(|n| !trained.unrecorded.contains(n)).collect();
    if kept.is_empty() {
        return Err(Error::Refused(format!(
            "{}: no neuron has a recorded bin in the training stimuli, expected at least one; \
             check data.split and data.skip_ms",
            recording.file.display()
        )));
    }
    Ok(kept)
}

/// `neuron a`, `neurons a, b, c`, or the first ten of them and how many more.
pub(super) fn listed(what: &str, ids: &[&str]) -> String {
    const SHOWN: usize = 10;
    let plural = if ids.len() == 1 { "" } else { "s" };
    format!("{what}{plural} {}", wording::first(ids, SHOWN))
}

pub(super) fn numbered(what: &str, numbers: &[usize]) -> String {
    let texts: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    listed(what, &texts.iter().map(String::as_str).collect::<Vec<_>>())
}
