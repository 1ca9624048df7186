//! What a run makes of its test clips.
use ndarray::Array2;

use crate::base::error::Result;
use crate::dataset::{Recording, ResponseFile, ResponseLocation};
use crate::models::prediction;
use crate::runs::trained::Trained;
use crate::scores::evaluation::{Over, Scoring, score_predictions};
use crate::scores::rows::correlation::CC;

/// Predictions of each clip `(N, T)`, and the correlation of each neuron over all clips.
pub(super) fn predicted(
    trained: &Trained,
    recording: &Recording<ResponseLocation>,
    clips: &[usize],
    file: &mut ResponseFile,
) -> Result<(Vec<Array2<f32>>, Vec<f64>)> {
    let neurons = trained.metadata.neurons.len();
    let preparation = trained.preparation();
    let sounds = preparation.sounds(recording, clips, neurons, &trained.device)?;
    let predictions = prediction::of(&trained.network, &sounds, trained.config.train.batch)?;
    let responses = |clip: usize| {
        let stored = &recording.clips[clips[clip]].responses;
        Ok(preparation.treatment.repeats(file.read(stored)?))
    };
    let mut scoring = Scoring::new(&trained.metadata.neurons, Over::AllClips);
    score_predictions(&predictions, &mut scoring, responses)?;
    let cc = scoring.finish().column(CC.part.name).map(|cc| cc.to_vec());
    Ok((predictions, cc.unwrap_or_default()))
}

/// The neurons that have a score, the best first.
pub(super) fn best_first(scores: &[f64]) -> Vec<usize> {
    let mut sorted: Vec<usize> = (0..scores.len()).filter(|n| scores[*n].is_finite()).collect();
    sorted.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    sorted
}
