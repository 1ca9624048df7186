//! What must hold for the values of a dataset file; pure, so that reading stays a list of names.
use ndarray::parallel::prelude::*;
use ndarray::{Array2, Array3, ArrayView2, ArrayView3, Axis};

use super::ids;
use super::schema::{COCHLEAGRAM, RESPONSES, escape, shape};
use super::{Clip, Entity, Recording};
use crate::base::error::{Problem, Problems, Result};

const REVERSED: &str = "the axes look reversed, as MATLAB writes them: permute before h5write, \
                        see data/README.md";

/// Whether a recording would be read again from the file that it is written to.
///
/// # Errors
/// All that reading would find, with the paths inside that file.
pub fn validate(recording: &Recording) -> Result<()> {
    let mut problems = Problems::default();
    let stimuli: Vec<Entity> = recording.clips.iter().map(|clip| clip.stimulus.clone()).collect();
    ids(&mut problems, "/neurons/id", "neuron", &recording.neurons);
    ids(&mut problems, "/stimuli", "stimulus", &stimuli);
    let sizes = Sizes { bands: Some(recording.bands()), neurons: Some(recording.neurons.len()) };
    for Clip { stimulus, cochleagram, responses } in &recording.clips {
        let at = |name: &str| format!("/stimuli/{}/{name}", escape(&stimulus.id));
        let (n, r, t) = responses.dim();
        sound_shape(&mut problems, &at(COCHLEAGRAM), cochleagram.dim().into(), sizes.bands);
        finite(&mut problems, &at(COCHLEAGRAM), cochleagram.view());
        responses_shape(&mut problems, &at(RESPONSES), [n, r, t], sizes, cochleagram);
        finite_or_missing(&mut problems, &at(RESPONSES), responses.view());
    }
    if let Some(hz) = &recording.frequencies_hz {
        frequencies(&mut problems, "/frequencies", hz, sizes.bands);
    }
    problems.into_result(&recording.file, ())
}

/// Sizes that a stimulus shares with the rest of its file, where known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    pub(super) bands: Option<usize>,
    pub(super) neurons: Option<usize>,
}

/// The lengths of `D` axes, if there are so many.
pub(super) fn rank<const D: usize>(
    problems: &mut Problems,
    at: &str,
    dims: &[usize],
    axes: &str,
) -> Option<[usize; D]> {
    let lengths = <[usize; D]>::try_from(dims).ok();
    problems.require(lengths.is_some(), || {
        Problem::new(at, format!("shape {}", shape(dims)), format!("shape {axes}"))
    });
    lengths
}

/// The right number of bands, and at least one bin.
pub(super) fn sound_shape(
    problems: &mut Problems,
    at: &str,
    [f, t]: [usize; 2],
    bands: Option<usize>,
) {
    let dims = shape(&[f, t]);
    let bands = bands.unwrap_or(f);
    problems.require(f == bands && f > 0 && t > 0, || {
        let expected = format!("(F, T) with {} bands and 1 bin or more", bands.max(1));
        let hint = if t == bands { REVERSED } else { "" };
        Problem::new(at, format!("shape {dims}"), expected).hint(hint)
    });
}

/// Only finite numbers.
pub(super) fn finite(problems: &mut Problems, at: &str, array: ArrayView2<f32>) {
    let mut bad = array.indexed_iter().filter(|(_, value)| !value.is_finite());
    if let Some(((band, bin), value)) = bad.next() {
        let found =
            format!("{value} at band {band}, bin {bin} (counted from 0){}", more(bad.count()));
        let hint = "cut clips to the bins that have sound; \
                    clips of different lengths need the grouped layout";
        problems.push(Problem::new(at, found, "finite numbers").hint(hint));
    }
}

/// The right numbers of neurons and bins.
pub(super) fn responses_shape(
    problems: &mut Problems,
    at: &str,
    [n, r, t]: [usize; 3],
    sizes: Sizes,
    cochleagram: &Array2<f32>,
) {
    let bins = cochleagram.ncols();
    let neurons = sizes.neurons.unwrap_or(n);
    problems.require(n == neurons && t == bins, || {
        let expected =
            format!("(N, R, T) = ({neurons}, R, {bins}), as many bins as its cochleagram");
        let reversed = n == bins || n == cochleagram.nrows();
        let hint = if reversed && t != bins { REVERSED } else { "" };
        Problem::new(at, format!("shape {}", shape(&[n, r, t])), expected).hint(hint)
    });
}

/// Finite numbers or NaN, as [`finite_or_missing`] says of each that is not.
pub(super) fn has_no_infinity(responses: &Array3<f32>) -> bool {
    let neurons = responses.axis_iter(Axis(0)).into_par_iter();
    // Counted in the width of the values, so that several are looked at in one step.
    neurons.all(|neuron| neuron.fold(0, |count, value| count + u32::from(value.is_infinite())) == 0)
}

/// Finite numbers or NaN.
pub(super) fn finite_or_missing(problems: &mut Problems, at: &str, array: ArrayView3<f32>) {
    let mut bad = array.indexed_iter().filter(|(_, value)| value.is_infinite());
    if let Some(((neuron, repeat, bin), value)) = bad.next() {
        let found = format!(
            "{value} at neuron {neuron}, repeat {repeat}, bin {bin} (counted from 0){}",
            more(bad.count())
        );
        let problem = Problem::new(at, found, "finite numbers, or NaN where nothing was recorded");
        problems.push(problem);
    }
}

fn more(others: usize) -> String {
    if others == 0 { String::new() } else { format!(" and in {others} more places") }
}

/// One or more, each with an id of its own.
pub(super) fn ids(problems: &mut Problems, at: &str, what: &str, entities: &[Entity]) {
    problems.require(!entities.is_empty(), || {
        Problem::new(at, format!("no {what}"), format!("1 {what} or more"))
    });
    let ids: Vec<String> = entities.iter().map(|entity| entity.id.clone()).collect();
    for id in ids::repeated(&ids) {
        problems.push(Problem::new(at, format!("{id:?} twice"), format!("one {what} for each id")));
    }
    problems.require(!ids.iter().any(String::is_empty), || {
        Problem::new(at, "an empty id", format!("a name for each {what}"))
    });
}

/// One positive number for each band, ascending.
pub(super) fn frequencies(problems: &mut Problems, at: &str, hz: &[f64], bands: Option<usize>) {
    let bands = bands.unwrap_or(hz.len());
    problems.require(hz.len() == bands, || {
        let found = format!("{} values", hz.len());
        Problem::new(at, found, format!("{bands}, one for each band of the cochleagrams"))
    });
    let bad = hz.iter().find(|hz| !(hz.is_finite() && **hz > 0.0));
    if let Some(bad) = bad {
        problems.push(Problem::new(at, bad.to_string(), "positive frequencies in Hz"));
    }
    let falls = hz.windows(2).position(|pair| pair[0] >= pair[1]);
    if let (None, Some(band)) = (bad, falls) {
        let found = format!("{} Hz after {} Hz (band {})", hz[band + 1], hz[band], band + 1);
        let problem = Problem::new(at, found, "band centres in ascending order");
        problems.push(problem.hint("turn the frequency axis of the cochleagrams over as well"));
    }
}

/// The dense layout: something on every axis, one id for each stimulus and neuron, as many
/// stimuli and bins with responses as with sound. `ids` counts those of stimuli and neurons.
pub(super) fn dense_shapes(
    problems: &mut Problems,
    [s, f, t]: [usize; 3],
    [a, n, r, b]: [usize; 4],
    ids: (usize, usize),
) -> bool {
    let sounds_fit = s > 0 && s == ids.0 && f > 0 && t > 0;
    problems.require(sounds_fit, || {
        let found = format!("shape {}", shape(&[s, f, t]));
        let expected = format!("(S, F, T) with S = {}, the number of stimuli", ids.0.max(1));
        Problem::new("/cochleagrams", found, format!("{expected}, and 1 band and bin or more"))
    });
    let responses_fit = (a, n, b) == (s, ids.1, t);
    problems.require(responses_fit, || {
        let found = format!("shape {}", shape(&[a, n, r, b]));
        Problem::new("/responses", found, format!("(S, N, R, T) = ({s}, {}, R, {t})", ids.1))
    });
    sounds_fit && responses_fit
}
