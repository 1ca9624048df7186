//! What a run makes of its test clips.
use ndarray::Array2;

use crate::base::error::Result;
use crate::dataset::ResponseFile;
use crate::runs::clips::Clips;
use crate::runs::trained::Trained;
use crate::scores::rows::correlation::CC;

/// Predictions of each clip `(N, T)`, and the correlation of each neuron over all clips.
pub(super) fn predicted(
    trained: &Trained,
    clips: &Clips,
    file: &mut ResponseFile,
) -> Result<(Vec<Array2<f32>>, Vec<f64>)> {
    let (predictions, scores) = trained.scored(clips, file)?;
    let cc = scores.column(CC.part.name).map(|cc| cc.to_vec());
    Ok((predictions, cc.unwrap_or_default()))
}

/// The neurons that have a score, the best first.
pub(super) fn best_first(scores: &[f64]) -> Vec<usize> {
    let mut sorted: Vec<usize> = (0..scores.len()).filter(|n| scores[*n].is_finite()).collect();
    sorted.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    sorted
}
