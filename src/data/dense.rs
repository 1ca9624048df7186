//! The layout with all stimuli in one array, which have one length and the same repeats.
use ndarray::{Array4, Ix3, Ix4};

use crate::data::read::{Content, Responses, table};
use crate::data::schema::{COCHLEAGRAMS, ID, NEURONS, RESPONSES, STIMULI};
use crate::data::source::Source;
use crate::data::{Clip, Entity, check};

/// `F` of all stimuli.
pub(super) fn bands(source: &mut Source) -> Option<usize> {
    match *source.dims(COCHLEAGRAMS) {
        [_stimuli, bands, _bins] => Some(bands),
        _ => None,
    }
}

/// Neurons, stimuli and clips.
pub(super) fn read(source: &mut Source, need: Responses) -> Content {
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

fn clips(
    source: &mut Source,
    stimuli: Vec<Entity>,
    neurons: usize,
    need: Responses,
) -> Option<Vec<Clip>> {
    let at = format!("/{COCHLEAGRAMS}");
    let sounds = source.numbers(&at, "numbers (S, F, T)");
    let sounds = sounds.and_then(|a| check::rank::<Ix3>(&mut source.problems, &at, a, "(S, F, T)"));
    let (s, bins) = sounds.as_ref().map_or((0, 0), |sounds| (sounds.dim().0, sounds.dim().2));
    let responses = if need == Responses::Optional && !source.has(RESPONSES) {
        Array4::zeros((s, neurons, 0, bins))
    } else {
        let at = format!("/{RESPONSES}");
        let numbers = source.numbers(&at, "numbers (S, N, R, T)")?;
        check::rank::<Ix4>(&mut source.problems, &at, numbers, "(S, N, R, T)")?
    };
    let sounds = sounds?;
    let ids = (stimuli.len(), neurons);
    if !check::dense_shapes(&mut source.problems, &sounds, &responses, ids) {
        return None;
    }
    let rows = stimuli.into_iter().zip(sounds.outer_iter().zip(responses.outer_iter()));
    let clips = rows.enumerate().map(|(s, (stimulus, (sound, responses)))| {
        check::finite(&mut source.problems, &format!("{at}[{s}]"), sound);
        check::finite_or_missing(&mut source.problems, &format!("/{RESPONSES}[{s}]"), responses);
        Clip { stimulus, cochleagram: sound.to_owned(), responses: responses.to_owned() }
    });
    Some(clips.collect())
}
