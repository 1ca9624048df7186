//! The layout with all stimuli in one array, which have one length and the same repeats.
use ndarray::{ArrayView2, Ix3};

use super::check;
use super::layout::{Content, Need, Take, table};
use super::location::ResponseLocation;
use super::recording::{Clip, Entity};
use super::schema::{COCHLEAGRAMS, ID, NEURONS, RESPONSES, STIMULI};
use super::source::Source;
use crate::base::memory::count;

/// `F` of all stimuli.
pub(super) fn bands(source: &mut Source) -> Option<usize> {
    match *source.dims(COCHLEAGRAMS) {
        [_stimuli, bands, _bins] => Some(bands),
        _ => None,
    }
}

/// Neurons, stimuli and clips.
pub(super) fn read<R: Take>(source: &mut Source, need: Need) -> Content<R> {
    source.note("dense layout: /cochleagrams (S, F, T) and /responses (S, N, R, T)");
    let count = source.dims(RESPONSES).get(1).copied();
    let neurons = entities(source, NEURONS, "neuron", count);
    let count = source.dims(COCHLEAGRAMS).first().copied();
    let stimuli = entities(source, STIMULI, "stimulus", count);
    let stimulus_ids = stimuli.iter().map(|stimulus| stimulus.id.clone()).collect();
    let clips = clips(source, stimuli, neurons.len(), need).unwrap_or_default();
    Content { neurons, stimulus_ids, clips }
}

/// The rows of `/neurons` or `/stimuli`; `count` of them, numbered from 1, where there are no ids.
fn entities(source: &mut Source, group: &str, what: &str, count: Option<usize>) -> Vec<Entity> {
    let at = format!("/{group}/{ID}");
    let ids = if source.has(&at) {
        source.list_of_texts(&at, "a list of ids").unwrap_or_default()
    } else {
        let (letter, count) = (&what[..1], count.unwrap_or_default());
        source.note(format!("no {at}: the {count} are named {letter}1, {letter}2, ..."));
        (1..=count).map(|number| format!("{letter}{number}")).collect()
    };
    let rows = table(source, group, ids);
    if count.is_some() {
        check::ids(&mut source.problems, &at, what, &rows);
    }
    rows
}

fn clips<R: Take>(
    source: &mut Source,
    stimuli: Vec<Entity>,
    neurons: usize,
    need: Need,
) -> Option<Vec<Clip<R>>> {
    let at = format!("/{COCHLEAGRAMS}");
    let numbers = count(&source.dims(COCHLEAGRAMS))
        .saturating_add(R::numbers_kept(|| source.dims(RESPONSES)));
    if !source.has_room_for(&at, "a recording", numbers) {
        return None;
    }
    let sounds = source.numbers(&at, "numbers (S, F, T)");
    let dims = sounds.as_ref().and_then(|sounds| {
        check::rank::<3>(&mut source.problems, &at, sounds.shape(), "(S, F, T)")
    });
    let [s, _, bins] = dims.unwrap_or_default();
    let responses = format!("/{RESPONSES}");
    let shape = if need == Need::Sound && !source.has(&responses) {
        vec![s, neurons, 0, bins]
    } else {
        source.shape_of_numbers(&responses, "numbers (S, N, R, T)")?
    };
    let axes = check::rank::<4>(&mut source.problems, &responses, &shape, "(S, N, R, T)")?;
    let ids = (stimuli.len(), neurons);
    if !check::dense_shapes(&mut source.problems, dims?, axes, ids) {
        return None;
    }
    let [_, n, repeats, bins] = axes;
    let location = |s: usize| {
        let (at, rows) = (responses.clone(), (s * n..(s + 1) * n).collect());
        ResponseLocation { at, shape: shape.clone(), leading: 2, rows, repeats, bins, kept: None }
    };
    let sounds = sounds?.into_dimensionality::<Ix3>().ok()?; // three axes, as checked
    let clip = |(s, (stimulus, sound)): (usize, (Entity, ArrayView2<f32>))| {
        check::finite(&mut source.problems, &format!("{at}[{s}]"), sound);
        let taken = R::take(source, location(s))?;
        taken.check(&mut source.problems, &format!("{responses}[{s}]"));
        Some(Clip { stimulus, cochleagram: sound.to_owned(), responses: taken })
    };
    stimuli.into_iter().zip(sounds.outer_iter()).enumerate().map(clip).collect()
}
