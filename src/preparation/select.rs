//! Which neurons and stimuli of a recording take part.
use std::collections::BTreeSet;

use super::conditions::{Among, by_conditions};
use super::recorded::{RecordedResponses, qualities};
use crate::base::error::{Problem, Problems, Result};
use crate::dataset::{Clip, Entity, OfNeurons, Recording, Splits, ids};
use crate::run_file::Selection;

/// The part of a recording that was selected.
#[derive(Debug, Clone)]
pub struct Selected<R> {
    /// That part.
    pub recording: Recording<R>,
    /// How many a comparison of numbers has kept, one sentence each.
    pub notes: Vec<String>,
}

/// The part of a recording that two selections name, in their order; splits shrink with it.
///
/// Neurons are compared by their attributes, and by their qualities over the selected stimuli:
/// only then are responses looked at.
///
/// Fails, all problems at once, for ids that are unknown or named twice, for names that are neither
/// attribute nor quality, for comparisons that make no sense, and where nothing is left.
pub fn select<R: RecordedResponses>(
    recording: Recording<R>,
    neurons: &Selection,
    stimuli: &Selection,
) -> Result<Selected<R>> {
    let (mut problems, mut of_stimuli, mut notes) = Default::default();
    let known: Vec<Entity> = recording.clips.iter().map(|clip| clip.stimulus.clone()).collect();
    let clips = indices(&Among::stimuli(&known), stimuli, &mut of_stimuli, &mut notes);
    let recording = match stimuli {
        Selection::All => recording,
        Selection::Ids(_) | Selection::Attributes(_) => keep_stimuli(recording, &clips),
    };
    let mut among = Among::neurons(&recording.neurons);
    let qualities = if among.wants_qualities(neurons) && of_stimuli.is_empty() {
        Some(qualities(&recording)?)
    } else {
        None
    };
    among.qualities = qualities.as_deref();
    let kept = indices(&among, neurons, &mut problems, &mut notes);
    problems.extend(of_stimuli);
    problems.into_result(&recording.file, ())?;
    let recording = match neurons {
        Selection::All => recording,
        Selection::Ids(_) | Selection::Attributes(_) => keep_neurons(recording, &kept),
    };
    Ok(Selected { recording, notes })
}

/// The neurons with these indices, in this order.
pub fn keep_neurons<R: OfNeurons>(recording: Recording<R>, indices: &[usize]) -> Recording<R> {
    let neurons = indices.iter().map(|index| recording.neurons[*index].clone()).collect();
    let keep = |clip: Clip<R>| Clip { responses: clip.responses.of_neurons(indices), ..clip };
    let clips = recording.clips.into_iter().map(keep).collect();
    Recording { neurons, clips, ..recording }
}

/// The stimuli with these indices, in this order.
pub fn keep_stimuli<R: Clone>(recording: Recording<R>, indices: &[usize]) -> Recording<R> {
    let clips: Vec<Clip<R>> = indices.iter().map(|index| recording.clips[*index].clone()).collect();
    let ids: BTreeSet<&String> = clips.iter().map(|clip| &clip.stimulus.id).collect();
    let keep = |part: Vec<String>| part.into_iter().filter(|id| ids.contains(id)).collect();
    let splits = recording.splits.map(|Splits { train, valid, test }| Splits {
        train: keep(train),
        valid: keep(valid),
        test: keep(test),
    });
    Recording { clips, splits, ..recording }
}

fn indices(
    among: &Among,
    selection: &Selection,
    problems: &mut Problems,
    notes: &mut Vec<String>,
) -> Vec<usize> {
    match selection {
        Selection::All => (0..among.known.len()).collect(),
        Selection::Ids(ids) => by_id(among, ids, problems),
        Selection::Attributes(wanted) => by_conditions(among, wanted, problems, notes),
    }
}

fn by_id(among: &Among, ids: &[String], problems: &mut Problems) -> Vec<usize> {
    let Among { at, what, known, .. } = *among;
    problems.require(!ids.is_empty(), || {
        Problem::new(at, "an empty list", format!("\"all\", or 1 {what} or more"))
    });
    for id in ids::repeated(ids) {
        problems.push(Problem::new(at, format!("{id:?} twice"), "every id once"));
    }
    let mut indices = Vec::with_capacity(ids.len());
    for id in ids {
        if let Some(index) = known.iter().position(|entity| entity.id == *id) {
            indices.push(index);
        } else {
            let hint = ids::hint(id, known.iter().map(|entity| entity.id.as_str()));
            let problem = Problem::new(at, format!("{id:?}"), format!("the id of a {what}"));
            problems.push(problem.hint(hint));
        }
    }
    indices
}
