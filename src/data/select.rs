//! Which neurons and stimuli of a recording take part.
use std::collections::{BTreeMap, BTreeSet};

use crate::config::keys::Selection;
use crate::data::{Clip, Entity, OfNeurons, Recording, Splits, ids};
use crate::error::{Problem, Problems, Result};

/// The part of a recording that two selections name, in their order; splits shrink with it.
///
/// Fails, all problems at once, for ids that are unknown or named twice, for attributes that no
/// neuron or stimulus has, and where nothing is left.
pub fn select<R: OfNeurons + Clone>(
    recording: Recording<R>,
    neurons: &Selection,
    stimuli: &Selection,
) -> Result<Recording<R>> {
    let mut problems = Problems::default();
    let kept = indices(&mut problems, "data.neurons", "neuron", &recording.neurons, neurons);
    let known: Vec<Entity> = recording.clips.iter().map(|clip| clip.stimulus.clone()).collect();
    let clips = indices(&mut problems, "data.stimuli", "stimulus", &known, stimuli);
    problems.into_result(&recording.file, ())?;
    let recording = match stimuli {
        Selection::All => recording,
        Selection::Ids(_) | Selection::Attributes(_) => keep_stimuli(recording, &clips),
    };
    Ok(match neurons {
        Selection::All => recording,
        Selection::Ids(_) | Selection::Attributes(_) => keep_neurons(recording, &kept),
    })
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
    problems: &mut Problems,
    at: &str,
    what: &str,
    known: &[Entity],
    selection: &Selection,
) -> Vec<usize> {
    match selection {
        Selection::All => (0..known.len()).collect(),
        Selection::Ids(ids) => by_id(problems, at, what, known, ids),
        Selection::Attributes(wanted) => by_attributes(problems, at, what, known, wanted),
    }
}

fn by_id(
    problems: &mut Problems,
    at: &str,
    what: &str,
    known: &[Entity],
    ids: &[String],
) -> Vec<usize> {
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

fn by_attributes(
    problems: &mut Problems,
    at: &str,
    what: &str,
    known: &[Entity],
    wanted: &BTreeMap<String, String>,
) -> Vec<usize> {
    let names: BTreeSet<&str> =
        known.iter().flat_map(|entity| entity.attributes.keys().map(String::as_str)).collect();
    for name in wanted.keys().filter(|name| !names.contains(name.as_str())) {
        let expected = format!("an attribute that a {what} has");
        let hint = ids::hint(name, names.iter().copied());
        problems.push(Problem::new(at, format!("{name:?}"), expected).hint(hint));
    }
    let fits = |entity: &Entity| {
        wanted.iter().all(|(name, value)| entity.attributes.get(name) == Some(value))
    };
    let indices: Vec<usize> = (0..known.len()).filter(|index| fits(&known[*index])).collect();
    let all_known = wanted.keys().all(|name| names.contains(name.as_str()));
    problems.require(!(all_known && indices.is_empty()), || nothing(at, what, known, wanted));
    indices
}

/// Nobody fits; names the values that the attributes do have.
fn nothing(at: &str, what: &str, known: &[Entity], wanted: &BTreeMap<String, String>) -> Problem {
    let asked: Vec<String> =
        wanted.iter().map(|(name, value)| format!("{name} = {value:?}")).collect();
    let values: Vec<String> = wanted.keys().map(|name| values_of(name, known)).collect();
    let found = format!("no {what} with {}", asked.join(", "));
    Problem::new(at, found, format!("1 {what} or more")).hint(values.join("; "))
}

/// `area is one of "A1", "PEG"`
fn values_of(name: &str, known: &[Entity]) -> String {
    let values = known.iter().filter_map(|entity| entity.attributes.get(name));
    let values: BTreeSet<&str> = values.map(String::as_str).collect();
    let values: Vec<&str> = values.into_iter().collect();
    format!("{name} is one of {}", ids::listed(&values))
}
