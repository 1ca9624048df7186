//! The one road from a trained model to scored clips.
use std::path::Path;

use ndarray::Array2;

use super::SplitName;
use super::trained::{Needs, Trained};
use crate::base::error::Result;
use crate::base::memory;
use crate::dataset::content::{PartContent, ResponseHashes, ScoredContent};
use crate::dataset::{Clip, ReadRecording, Recording, ResponseFile, ResponseLocation};
use crate::models::batch::Sample;
use crate::models::prediction;
use crate::preparation::{Treatment, bytes_while_read, require_level};
use crate::scores::evaluation::{Over, Scores, Scoring, score_predictions};

/// Bytes that a bin of a neuron takes: its prediction, and what scores keep of it.
const OF_PREDICTION: usize = 24;

/// A part of the stimuli of a dataset, with the neurons of a trained model in its order.
pub struct Clips {
    /// The dataset.
    pub recording: Recording<ResponseLocation>,
    /// Where the stimuli of the part lie in it.
    pub places: Vec<usize>,
    /// What was inferred from the file.
    pub notes: Vec<String>,
    /// The part, where the dataset is the run's own.
    own: Option<SplitName>,
}

impl Clips {
    /// The clips of the part, in its order.
    pub fn iter(&self) -> impl Iterator<Item = &Clip<ResponseLocation>> {
        self.places.iter().map(|&place| &self.recording.clips[place])
    }
}

/// The responses that predictions of clips are scored against.
pub struct Responses<'a, 'f> {
    /// Where they lie.
    pub file: &'a mut ResponseFile<'f>,
    /// Those to each clip.
    pub stored: Vec<&'a ResponseLocation>,
    /// What is done to them before scores see them.
    pub treatment: &'a Treatment,
    /// Takes note of their values, where they must be those of training.
    pub heard: Option<&'a mut ResponseHashes>,
}

impl Responses<'_, '_> {
    /// Scores predictions `(N, T)` of the clips for neurons with these ids.
    ///
    /// # Errors
    /// The file cannot be read, or does not fit the predictions.
    pub fn score<'n>(
        self,
        predictions: &[Array2<f32>],
        neurons: &'n [String],
        over: Over,
    ) -> Result<Scoring<'n>> {
        let Self { file, stored, treatment, mut heard } = self;
        let mut scoring = Scoring::new(neurons, over);
        let responses = |clip: usize| {
            let responses = file.read(stored[clip])?;
            if let Some(heard) = &mut heard {
                heard.add(&responses);
            }
            Ok(treatment.repeats(responses))
        };
        score_predictions(predictions, &mut scoring, responses)?;
        Ok(scoring)
    }
}

impl Trained {
    /// A part of the run's own dataset, or of another.
    ///
    /// # Errors
    /// The dataset cannot be read, does not fit the model, or lacks a stimulus of the part; or its sound
    /// is not what the first prefilter needs.
    pub fn clips(&self, other: Option<&Path>, split: SplitName, needs: Needs) -> Result<Clips> {
        let ReadRecording { recording, mut notes } = self.recording(other, needs)?;
        let places = self.places(&recording, split)?;
        let level = self.metadata.level.map(|level| level.kind);
        require_level(&recording, places.iter().copied(), (&self.architecture, level))?;
        let own = other.is_none().then_some(split);
        if own.is_some() {
            notes.extend(self.require_same_sound(&recording, split)?);
        }
        let clips = Clips { recording, places, notes, own };
        let tight = memory::require("predicting these stimuli", self.bytes(&clips), |_| {
            "take a part of the stimuli with --split, or a model of fewer neurons".into()
        })?;
        Ok(Clips { notes: clips.notes.into_iter().chain(tight).collect(), ..clips })
    }

    /// Bytes of memory that predictions of clips take, with the responses to the largest of them.
    fn bytes(&self, clips: &Clips) -> usize {
        let bins: usize = clips.iter().map(Clip::bins).sum();
        let of_neuron = OF_PREDICTION * bins + bytes_while_read(clips.iter());
        self.metadata.neurons.len() * of_neuron
    }

    /// The sound of clips as the model takes it.
    ///
    /// # Errors
    /// The device has no room for it.
    pub fn sounds(&self, clips: &Clips) -> Result<Vec<Sample>> {
        let neurons = self.metadata.neurons.len();
        self.preparation().sounds(&clips.recording, &clips.places, neurons, &self.device)
    }

    /// The predictions `(N, T)` for each clip.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn predictions(&self, clips: &Clips) -> Result<Vec<Array2<f32>>> {
        self.predictions_of_each(clips, || {})
    }

    /// [`Trained::predictions`]; `step` is told after each clip.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn predictions_of_each(
        &self,
        clips: &Clips,
        step: impl FnMut(),
    ) -> Result<Vec<Array2<f32>>> {
        let (sounds, size) = (self.sounds(clips)?, self.settings.batch);
        Ok(prediction::of_each(&self.network, &sounds, size, step)?)
    }

    /// The predictions `(N, T)` for the clips of a recording with these indices.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn predict<R>(
        &self,
        recording: &Recording<R>,
        clips: &[usize],
    ) -> Result<Vec<Array2<f32>>> {
        let neurons = self.metadata.neurons.len();
        let sounds = self.preparation().sounds(recording, clips, neurons, &self.device)?;
        Ok(prediction::of(&self.network, &sounds, self.settings.batch)?)
    }

    /// What the scores of clips are taken over, where they are a part of the run's own dataset that
    /// it has written down.
    pub fn scored_content(&self, clips: &Clips) -> Option<ScoredContent> {
        let (_name, part) = self.content_of(clips.own?)?;
        let axes = self.metadata.content.as_ref()?.axes.clone();
        Some(ScoredContent { axes, part: part.clone() })
    }

    /// [`Trained::predictions`], so many bins at a time; `step` is told after each clip.
    ///
    /// # Errors
    /// A layer of the model cannot go on where a piece ended, or a tensor operation fails.
    pub fn predictions_in_pieces(
        &self,
        clips: &Clips,
        bins: usize,
        step: impl FnMut(),
    ) -> Result<Vec<Array2<f32>>> {
        Ok(prediction::in_pieces(&self.network, &self.sounds(clips)?, bins, step)?)
    }

    /// Scores predictions of clips against the responses in `file`.
    ///
    /// # Errors
    /// The file cannot be read, or does not fit the predictions.
    pub fn scoring(
        &self,
        clips: &Clips,
        predictions: &[Array2<f32>],
        over: Over,
        file: &mut ResponseFile,
    ) -> Result<Scoring<'_>> {
        let stored = clips.iter().map(|clip| &clip.responses);
        let treatment = &self.preparation().treatment;
        let mut heard = ResponseHashes::new(&clips.recording.neurons);
        let known = clips.own.and_then(|split| self.content_of(split));
        let taken = known.is_some().then_some(&mut heard);
        let responses = Responses { file, stored: stored.collect(), treatment, heard: taken };
        let neurons = &self.metadata.neurons;
        let scoring = responses.score(predictions, neurons, over)?;
        if let Some((name, part)) = known {
            let now = PartContent { sound: part.sound.clone(), responses: heard.finish() };
            if let Some(difference) = part.difference(&now, neurons, name) {
                return Err(self.changed(&clips.recording.file, &difference));
            }
        }
        Ok(scoring)
    }

    /// The predictions `(N, T)` for each clip, and their scores over all clips in a row.
    ///
    /// # Errors
    /// As of [`Trained::predictions`] and [`Trained::scoring`].
    pub fn scored(
        &self,
        clips: &Clips,
        file: &mut ResponseFile,
    ) -> Result<(Vec<Array2<f32>>, Scores)> {
        let predictions = self.predictions(clips)?;
        let scores = self.scoring(clips, &predictions, Over::AllClips, file)?.finish();
        Ok((predictions, scores))
    }
}
