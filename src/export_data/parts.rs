//! Parts of a dataset that may be left out, by their names in the dataset file.
use std::collections::BTreeSet;
use std::fmt;

use super::Unheld;
use crate::base::error::Problem;
use crate::base::wording::stimuli_counted;
use crate::dataset::schema::{FREQUENCIES, ID, LEVEL, NEURONS, SPLITS, STIMULI};
use crate::dataset::{Entity, Recording, Splits};

/// A part of a dataset that may be left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DroppedPart {
    /// What the numbers of cochleagrams are.
    Level,
    /// Centres of the bands.
    Frequencies,
    /// Which stimuli are for what.
    Splits,
    /// An attribute of the neurons.
    OfNeurons(String),
    /// An attribute of the stimuli.
    OfStimuli(String),
    /// Stimuli that were never presented.
    WithoutRepeats,
}

impl fmt::Display for DroppedPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Level => write!(f, "{LEVEL}"),
            Self::Frequencies => write!(f, "{FREQUENCIES}"),
            Self::Splits => write!(f, "{SPLITS}"),
            Self::OfNeurons(name) => write!(f, "{NEURONS}/{name}"),
            Self::OfStimuli(name) => write!(f, "{STIMULI}/{name}"),
            Self::WithoutRepeats => write!(f, "{STIMULI} without repeats"),
        }
    }
}

impl DroppedPart {
    pub(super) fn leave_out(&self, recording: &mut Recording) {
        match self {
            Self::Level => recording.level = None,
            Self::Frequencies => recording.frequencies_hz = None,
            Self::Splits => recording.splits = None,
            Self::OfNeurons(name) => {
                for neuron in &mut recording.neurons {
                    neuron.attributes.remove(name);
                }
            }
            Self::OfStimuli(name) => {
                for clip in &mut recording.clips {
                    clip.stimulus.attributes.remove(name);
                }
            }
            Self::WithoutRepeats => {
                recording.clips.retain(|clip| clip.responses.dim().1 > 0);
                let left: BTreeSet<&str> =
                    recording.clips.iter().map(|clip| clip.stimulus.id.as_str()).collect();
                for (_, part) in recording.splits.iter_mut().flat_map(Splits::parts_mut) {
                    part.retain(|id| left.contains(id.as_str()));
                }
            }
        }
    }
}

/// What a recording has that may be left out.
pub(super) fn of(recording: &Recording) -> Vec<DroppedPart> {
    let single = [
        recording.level.is_some().then_some(DroppedPart::Level),
        recording.frequencies_hz.is_some().then_some(DroppedPart::Frequencies),
        recording.splits.is_some().then_some(DroppedPart::Splits),
        never_presented(recording).next().is_some().then_some(DroppedPart::WithoutRepeats),
    ];
    let names = |names: BTreeSet<&String>, part: fn(String) -> DroppedPart| {
        names.into_iter().cloned().map(part).collect::<Vec<DroppedPart>>()
    };
    let of_neurons = recording.neurons.iter().flat_map(|neuron| neuron.attributes.keys());
    let of_stimuli = recording.clips.iter().flat_map(|clip| clip.stimulus.attributes.keys());
    let mut parts: Vec<DroppedPart> = single.into_iter().flatten().collect();
    parts.extend(names(of_neurons.collect(), DroppedPart::OfNeurons));
    parts.extend(names(of_stimuli.collect(), DroppedPart::OfStimuli));
    parts
}

fn never_presented(recording: &Recording) -> impl Iterator<Item = &Entity> {
    let clips = recording.clips.iter().filter(|clip| clip.responses.dim().1 == 0);
    clips.map(|clip| &clip.stimulus)
}

/// Stimuli without repeats, which no format holds.
pub(super) fn without_repeats(recording: &Recording) -> Option<Unheld> {
    let count = never_presented(recording).count();
    let id = &never_presented(recording).next()?.id;
    let found = format!("{} without repeats, the first {id:?}", stimuli_counted(count));
    let problem = Problem::new("/stimuli", found, "a repeat of each");
    Some(Unheld { part: Some(DroppedPart::WithoutRepeats), problem })
}

/// An attribute of the stimuli that is called as their ids are.
pub(super) fn id_among_attributes(recording: &Recording) -> Option<Unheld> {
    let part = DroppedPart::OfStimuli(ID.into());
    let expected = "attributes of other names, as this is that of the ids";
    let problem = Problem::new(format!("/{part}"), format!("the attribute {ID:?}"), expected);
    of(recording).contains(&part).then_some(Unheld { part: Some(part), problem })
}
