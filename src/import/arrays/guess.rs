//! What files leave open: usual names of arrays, and usual orders of their axes.
use super::axes::{Axes, NamedAxis};
use super::value::ArrayValue;
use crate::base::wording;
use crate::dataset::schema::shape;

/// Names under which cochleagrams are kept, the most telling first.
pub const COCHLEAGRAMS: &[&str] = &[
    "cochleagrams",
    "cochleagram",
    "coch",
    "spectrograms",
    "spectrogram",
    "specs",
    "spec",
    "tfreps",
    "tfrep",
    "stimuli",
    "stimulus",
    "stims",
    "stim",
    "sounds",
    "sound",
    "x",
];
/// Names under which responses are kept.
pub const RESPONSES: &[&str] = &[
    "responses",
    "response",
    "resps",
    "resp",
    "spikes",
    "counts",
    "spike_counts",
    "psths",
    "psth",
    "rates",
    "rate",
    "r",
    "y",
];
/// Names under which the width of a bin is kept.
pub const DT_MS: &[&str] = &["dt_ms", "bin_ms"];
/// Names under which the centres of the bands are kept.
pub const FREQUENCIES: &[&str] =
    &["frequencies", "frequencies_hz", "freqs", "freq", "centre_freqs", "center_freqs", "cf", "f"];
/// Names under which the names of neurons are kept.
pub const NEURON_IDS: &[&str] =
    &["neurons/id", "neuron_ids", "neurons", "cell_ids", "cellids", "cells", "unit_ids", "units"];
/// Names under which the names of stimuli are kept.
pub const STIMULUS_IDS: &[&str] =
    &["stimuli/id", "stimulus_ids", "stimulus_names", "stim_ids", "stim_names", "stimuli", "names"];

/// Names under which files keep how often each stimulus was repeated.
pub const REPEATS: &[&str] = &["repeats"];
/// Groups and structs of one list for each attribute, and of ids for each part of a split.
pub const NEURONS: &str = "neurons";
/// The same of stimuli.
pub const STIMULI: &str = "stimuli";
/// What joins names of groups and structs to those inside.
pub const LINKS: [char; 2] = ['/', '.'];

/// What a group or struct of lists calls this name; none where it is elsewhere, or deeper.
pub fn inside<'n>(name: &'n str, group: &str) -> Option<&'n str> {
    let rest = name.strip_prefix(group)?.strip_prefix(LINKS)?;
    (!rest.is_empty() && !rest.contains('/')).then_some(rest)
}

/// The first of the usual names that a file has, in any case, at its top or in a struct or group.
pub fn find(names: &[&str], usual: &[&str]) -> Option<String> {
    let last = |name: &str| name.rsplit(LINKS).next().unwrap_or_default().to_lowercase();
    let inside = |usual: &&str| names.iter().find(|name| last(name) == **usual);
    find_at_top(names, usual)
        .or_else(|| usual.iter().find_map(inside).map(|name| (*name).to_owned()))
}

/// The first of the usual names that a file has as they are, in any case.
pub fn find_at_top(names: &[&str], usual: &[&str]) -> Option<String> {
    let whole = |usual: &&str| names.iter().find(|name| name.to_lowercase() == **usual);
    usual.iter().find_map(whole).map(|name| (*name).to_owned())
}

/// The axes of a value whose arrays of one stimulus have `order`, where its shape leaves no doubt.
pub fn axes(value: &ArrayValue, order: &[NamedAxis]) -> Option<Axes> {
    let all: Vec<NamedAxis> =
        std::iter::once(NamedAxis::Stimulus).chain(order.iter().copied()).collect();
    let rank = rank(value);
    if rank == all.len() {
        return Some(Axes(all));
    }
    let is_array = matches!(value, ArrayValue::Numbers(_));
    let one_stimulus = match (order, rank) {
        ([NamedAxis::Frequency, NamedAxis::Time], 2) => order.to_vec(),
        ([NamedAxis::Neuron, ..], 2) => vec![NamedAxis::Neuron, NamedAxis::Time],
        (_, 1) => vec![NamedAxis::Time],
        _ => return None,
    };
    is_array.then_some(Axes(one_stimulus))
}

/// Axes of cells and of the arrays in them.
fn rank(value: &ArrayValue) -> usize {
    match value {
        ArrayValue::Numbers(array) => array.ndim(),
        ArrayValue::Cells(dims, cells) => {
            let outer = dims.iter().filter(|length| **length != 1).count().max(1);
            let full = cells.iter().filter(|cell| !cell.is_empty());
            outer + full.map(rank).max().unwrap_or(0)
        }
    }
}

/// `6 cells of shape (1, 10, 344)`, as messages say what was found.
pub fn described(value: &ArrayValue) -> String {
    match value {
        ArrayValue::Numbers(array) => format!("an array of shape {}", shape(array.shape())),
        ArrayValue::Cells(dims, cells) => {
            let first = cells.first().map_or("nothing".into(), described);
            format!("cells of shape {}, the first {first}", shape(dims))
        }
    }
}

/// All axes in their usual order, as an option is written.
pub fn example(order: &[NamedAxis]) -> Axes {
    Axes(std::iter::once(NamedAxis::Stimulus).chain(order.iter().copied()).collect())
}

/// Contents of a file in a message: no more than fit.
pub fn listing(contents: &[String]) -> String {
    const SHOWN: usize = 12;
    if contents.is_empty() { "no arrays".into() } else { wording::first(contents, SHOWN) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_telling_name_is_found_at_the_top_first() {
        let names = ["data.cochleagrams", "Stim", "resp"];
        assert_eq!(find(&names, COCHLEAGRAMS).as_deref(), Some("Stim"));
        assert_eq!(find(&names[..1], COCHLEAGRAMS).as_deref(), Some("data.cochleagrams"));
        assert_eq!(find(&names, FREQUENCIES), None);
    }
}
