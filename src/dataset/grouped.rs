//! The layout with one group for each stimulus.
use ndarray::Ix2;

use super::check::{self, Sizes};
use super::layout::{Content, Need, Take, table};
use super::location::ResponseLocation;
use super::recording::{Clip, Entity};
use super::schema::{COCHLEAGRAM, ID, NEURONS, RESPONSES, STIMULI, unescape};
use super::source::Source;
use crate::base::error::Problem;
use crate::base::memory::count;

/// `F` of the first stimulus.
pub(super) fn bands(source: &mut Source) -> Option<usize> {
    let first = names(source).into_iter().next()?;
    match *source.dims(&format!("/{STIMULI}/{first}/{COCHLEAGRAM}")) {
        [bands, _bins] => Some(bands),
        _ => None,
    }
}

/// Neurons, stimuli and clips.
pub(super) fn read<R: Take>(source: &mut Source, need: Need) -> Content<R> {
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
    if !has_room_for::<R>(source, &names) {
        return Content { neurons: neurons.unwrap_or_default(), stimulus_ids, clips: Vec::new() };
    }
    let read = |(name, stimulus): (&String, Entity)| clip(source, name, stimulus, sizes, need);
    let clips = names.iter().zip(stimuli).filter_map(read).collect();
    Content { neurons: neurons.unwrap_or_default(), stimulus_ids, clips }
}

/// Whether there is memory for the sound of all stimuli, and for what is kept of the responses.
fn has_room_for<R: Take>(source: &mut Source, names: &[String]) -> bool {
    let numbers = names.iter().map(|name| {
        let lengths = |of: &str| source.dims(&format!("/{STIMULI}/{name}/{of}"));
        count(&lengths(COCHLEAGRAM)).saturating_add(R::numbers_kept(|| lengths(RESPONSES)))
    });
    let numbers = numbers.fold(0, usize::saturating_add);
    source.has_room_for(&format!("/{STIMULI}"), "a recording", numbers)
}

fn names(source: &mut Source) -> Vec<String> {
    if source.has(STIMULI) { source.members(STIMULI) } else { Vec::new() }
}

fn stimulus(source: &mut Source, name: &str) -> Entity {
    let attributes = source.attributes(&format!("/{STIMULI}/{name}"));
    Entity { id: unescape(name), attributes }
}

/// `None` where the ids cannot be read.
fn neurons(source: &mut Source, need: Need) -> Option<Vec<Entity>> {
    let at = format!("/{NEURONS}/{ID}");
    if need == Need::Sound && !source.has(&at) {
        return Some(Vec::new());
    }
    let ids = source.list_of_texts(&at, "a list (N) of neuron ids")?;
    let neurons = table(source, NEURONS, ids);
    check::ids(&mut source.problems, &at, "neuron", &neurons);
    Some(neurons)
}

fn clip<R: Take>(
    source: &mut Source,
    name: &str,
    stimulus: Entity,
    sizes: Sizes,
    need: Need,
) -> Option<Clip<R>> {
    let at = format!("/{STIMULI}/{name}/{COCHLEAGRAM}");
    let cochleagram = source.numbers(&at, "numbers (F, T)")?;
    let [f, t] = check::rank(&mut source.problems, &at, cochleagram.shape(), "(F, T)")?;
    check::sound_shape(&mut source.problems, &at, [f, t], sizes.bands);
    let cochleagram = cochleagram.into_dimensionality::<Ix2>().ok()?; // two axes, as checked
    check::finite(&mut source.problems, &at, cochleagram.view());

    let at = format!("/{STIMULI}/{name}/{RESPONSES}");
    let unneeded = sizes.neurons == Some(0) || !source.has(&at);
    let (location, dims) = if need == Need::Sound && unneeded {
        let (n, at, shape) = (sizes.neurons.unwrap_or(0), at.clone(), Vec::new());
        (
            ResponseLocation {
                at,
                shape,
                leading: 0,
                rows: (0..n).collect(),
                repeats: 0,
                bins: t,
                kept: None,
            },
            [n, 0, t],
        )
    } else {
        location(source, &at, sizes)?
    };
    let responses = R::take(source, location)?;
    check::responses_shape(&mut source.problems, &at, dims, sizes, &cochleagram);
    responses.check(&mut source.problems, &at);
    Some(Clip { stimulus, cochleagram, responses })
}

/// Where responses lie, of no more neurons than there are, and the shape that was found.
fn location(source: &mut Source, at: &str, sizes: Sizes) -> Option<(ResponseLocation, [usize; 3])> {
    let shape = source.shape_of_numbers(at, "numbers (N, R, T)")?;
    let mut dims = shape.clone();
    let only = dims.len() == 2 && sizes.neurons == Some(1);
    if only {
        source.note(format!("{at} is read as (R, T) of the only neuron"));
        dims.insert(0, 1);
    }
    let [n, repeats, bins] = check::rank(&mut source.problems, at, &dims, "(N, R, T)")?;
    let (at, leading) = (at.to_owned(), usize::from(!only));
    let rows = (0..n.min(sizes.neurons.unwrap_or(0))).collect();
    Some((
        ResponseLocation { at, shape, leading, rows, repeats, bins, kept: None },
        [n, repeats, bins],
    ))
}
