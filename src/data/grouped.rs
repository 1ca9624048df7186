//! The layout with one group for each stimulus.
use ndarray::{Array2, Array3, Ix2, Ix3};

use crate::data::check::{self, Sizes};
use crate::data::read::{Content, Responses, table};
use crate::data::schema::{COCHLEAGRAM, ID, NEURONS, RESPONSES, STIMULI, unescape};
use crate::data::source::Source;
use crate::data::{Clip, Entity};
use crate::error::Problem;

/// `F` of the first stimulus.
pub(super) fn bands(source: &mut Source) -> Option<usize> {
    let first = names(source).into_iter().next()?;
    match *source.dims(&format!("/{STIMULI}/{first}/{COCHLEAGRAM}")) {
        [bands, _bins] => Some(bands),
        _ => None,
    }
}

/// Neurons, stimuli and clips.
pub(super) fn read(source: &mut Source, need: Responses) -> Content {
    let neurons = neurons(source, need);
    let names = names(source);
    let stimuli: Vec<Entity> = names.iter().map(|name| stimulus(source, name)).collect();
    if names.is_empty() {
        let contents = source.contents();
        let problem = Problem::new("/stimuli", "no stimuli", "one group for each stimulus");
        let hint = format!("the file holds {contents}; data/README.md shows what to write");
        source.problems.push(problem.hint(hint));
    } else {
        check::ids(&mut source.problems, "/stimuli", "stimulus", &stimuli);
    }
    let stimulus_ids = stimuli.iter().map(|stimulus| stimulus.id.clone()).collect();
    let sizes = Sizes { bands: bands(source), neurons: neurons.as_ref().map(Vec::len) };
    let read = |(name, stimulus): (&String, Entity)| clip(source, name, stimulus, sizes, need);
    let clips = names.iter().zip(stimuli).filter_map(read).collect();
    Content { neurons: neurons.unwrap_or_default(), stimulus_ids, clips }
}

fn names(source: &mut Source) -> Vec<String> {
    if source.has(STIMULI) { source.members(STIMULI) } else { Vec::new() }
}

fn stimulus(source: &mut Source, name: &str) -> Entity {
    let attributes = source.attributes(&format!("/{STIMULI}/{name}"));
    Entity { id: unescape(name), attributes }
}

/// `None` where the ids cannot be read.
fn neurons(source: &mut Source, need: Responses) -> Option<Vec<Entity>> {
    let at = format!("/{NEURONS}/{ID}");
    if need == Responses::Optional && !source.has(&at) {
        return Some(Vec::new());
    }
    let ids = source.list_of_texts(&at, "a list (N) of neuron ids")?;
    let neurons = table(source, NEURONS, ids);
    check::ids(&mut source.problems, &at, "neuron", &neurons);
    Some(neurons)
}

fn clip(
    source: &mut Source,
    name: &str,
    stimulus: Entity,
    sizes: Sizes,
    need: Responses,
) -> Option<Clip> {
    let at = format!("/{STIMULI}/{name}/{COCHLEAGRAM}");
    let numbers = source.numbers(&at, "numbers (F, T)")?;
    let cochleagram: Array2<f32> =
        check::rank::<Ix2>(&mut source.problems, &at, numbers, "(F, T)")?;
    check::sound_shape(&mut source.problems, &at, &cochleagram, sizes.bands);
    check::finite(&mut source.problems, &at, cochleagram.view());

    let at = format!("/{STIMULI}/{name}/{RESPONSES}");
    let unneeded = sizes.neurons == Some(0) || !source.has(&at);
    let responses = if need == Responses::Optional && unneeded {
        Array3::zeros((sizes.neurons.unwrap_or(0), 0, cochleagram.ncols()))
    } else {
        responses(source, &at, sizes, &cochleagram)?
    };
    Some(Clip { stimulus, cochleagram, responses })
}

fn responses(
    source: &mut Source,
    at: &str,
    sizes: Sizes,
    cochleagram: &Array2<f32>,
) -> Option<Array3<f32>> {
    let mut numbers = source.numbers(at, "numbers (N, R, T)")?;
    if numbers.ndim() == 2 && sizes.neurons == Some(1) {
        source.note(format!("{at} is read as (R, T) of the only neuron"));
        numbers.insert_axis_inplace(ndarray::Axis(0));
    }
    let responses = check::rank::<Ix3>(&mut source.problems, at, numbers, "(N, R, T)")?;
    check::responses_shape(&mut source.problems, at, &responses, sizes, cochleagram);
    check::finite_or_missing(&mut source.problems, at, responses.view());
    Some(responses)
}
