//! Arrays and cells with named axes, divided by stimulus.
use ndarray::{ArrayD, Axis as NdAxis, IxDyn, SliceInfoElem};

use super::axes::{LastAxes, NamedAxis, arranged, with_rank};
use super::value::ArrayValue;
use crate::dataset::schema::shape;

/// How the arrays of single stimuli come out.
#[derive(Debug, Clone, Copy)]
pub struct StimulusLayout<'a> {
    /// Axes of the array of a stimulus; time is the last.
    pub order: &'a [NamedAxis],
    /// How the file treats axes of length 1.
    pub last: LastAxes,
}

/// The array of a stimulus, none where a cell is empty: MATLAB's `[]` stands for what was not
/// recorded.
pub type Piece = Option<ArrayD<f32>>;

/// One array for each stimulus; `axes` names the axes of cells first, then those of the arrays in
/// them. Neurons and repeats that one array lacks and another has are NaN, and so are those whose
/// cell is empty.
///
/// # Errors
/// In words what was found, where there are not as many axes as names, or where lengths differ.
pub fn per_stimulus(
    value: ArrayValue,
    axes: &[NamedAxis],
    layout: StimulusLayout,
) -> Result<Vec<Piece>, String> {
    match value {
        value if value.is_empty() => Ok(vec![None]),
        ArrayValue::Numbers(array) => {
            let found = format!("an array of shape {}", shape(array.shape()));
            let array = with_rank(array, axes, layout.last).ok_or(found)?;
            let order: Vec<NamedAxis> =
                std::iter::once(NamedAxis::Stimulus).chain(layout.order.iter().copied()).collect();
            let array = arranged(array, axes, &order);
            Ok(array.outer_iter().map(|stimulus| Some(stimulus.to_owned())).collect())
        }
        ArrayValue::Cells(shape, cells) => of_cells(&shape, cells, axes, layout),
    }
}

/// Cells in one row or column have one axis, others as many as their shape has.
fn of_cells(
    dims: &[usize],
    cells: Vec<ArrayValue>,
    axes: &[NamedAxis],
    layout: StimulusLayout,
) -> Result<Vec<Piece>, String> {
    let dims: Vec<usize> = dims.iter().copied().filter(|length| *length != 1).collect();
    let [outer, inner @ ..] = &dims[..] else { return along(1, cells, axes, layout) };
    let size: usize = inner.iter().product();
    if inner.is_empty() {
        return along(*outer, cells, axes, layout);
    }
    let mut cells = cells.into_iter();
    let rows =
        (0..*outer).map(|_| ArrayValue::Cells(inner.to_vec(), cells.by_ref().take(size).collect()));
    let rows: Vec<ArrayValue> = rows.collect();
    along(*outer, rows, axes, layout)
}

/// Cells along the first axis.
fn along(
    count: usize,
    cells: Vec<ArrayValue>,
    axes: &[NamedAxis],
    layout: StimulusLayout,
) -> Result<Vec<Piece>, String> {
    let Some((axis, inner)) = axes.split_first().filter(|(_, inner)| !inner.is_empty()) else {
        return Err(format!("{count} cells"));
    };
    let parts = cells.into_iter().map(|cell| per_stimulus(cell, inner, layout));
    let parts: Vec<Vec<Piece>> = parts.collect::<Result<_, _>>()?;
    if *axis == NamedAxis::Stimulus {
        return Ok(parts.into_iter().flatten().collect());
    }
    let Some(place) = layout.order.iter().position(|known| known == axis) else {
        return Err(format!("cells along {}", axis.word()));
    };
    let is_missing = |part: &Vec<Piece>| part.iter().all(Option::is_none);
    let known = || parts.iter().filter(|part| !is_missing(part));
    let stimuli = known().next().map_or(1, Vec::len);
    if let Some(other) = known().find(|part| part.len() != stimuli) {
        return Err(format!("cells of {stimuli} and of {} stimuli", other.len()));
    }
    let of = |s: usize| parts.iter().map(|part| part.get(s)?.as_ref()).collect::<Vec<_>>();
    (0..stimuli).map(|s| joined(&of(s), place)).collect()
}

/// Arrays one after the other along an axis; what one lacks of another axis is NaN, but all have
/// the same bins. One that is missing has the length 1 along the axis.
fn joined(parts: &[Option<&ArrayD<f32>>], place: usize) -> Result<Piece, String> {
    let known = || parts.iter().flatten();
    let Some(first) = known().next() else { return Ok(None) };
    let rank = first.ndim();
    let longest = |axis| known().map(|part| part.shape()[axis]).max().unwrap_or(0);
    let mut dims: Vec<usize> = (0..rank).map(longest).collect();
    if let Some(other) = known().find(|part| part.shape()[rank - 1] != dims[rank - 1]) {
        let (bins, others) = (dims[rank - 1], other.shape()[rank - 1]);
        return Err(format!("cells of {bins} and of {others} bins for one stimulus"));
    }
    let length = |part: Option<&ArrayD<f32>>| part.map_or(1, |part| part.len_of(NdAxis(place)));
    dims[place] = parts.iter().copied().map(length).sum();
    let mut all = ArrayD::from_elem(IxDyn(&dims), f32::NAN);
    let mut from = 0;
    for part in parts {
        let to = from + length(*part);
        let Some(part) = part else {
            from = to;
            continue;
        };
        let range = |axis: usize| {
            let (start, end) = if axis == place { (from, to) } else { (0, part.shape()[axis]) };
            SliceInfoElem::Slice { start: signed(start), end: Some(signed(end)), step: 1 }
        };
        let slice: Vec<SliceInfoElem> = (0..rank).map(range).collect();
        all.slice_mut(&slice[..]).assign(part);
        from = to;
    }
    Ok(Some(all))
}

fn signed(index: usize) -> isize {
    isize::try_from(index).unwrap_or(isize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use NamedAxis::{Neuron, Repeat, Stimulus, Time};

    const LAYOUT: StimulusLayout =
        StimulusLayout { order: &[Neuron, Repeat, Time], last: LastAxes::Dropped };

    fn numbers(dims: &[usize], value: f32) -> ArrayValue {
        ArrayValue::Numbers(ArrayD::from_elem(IxDyn(dims), value))
    }

    /// All arrays, none of which is missing.
    fn known(pieces: Result<Vec<Piece>, String>) -> Vec<ArrayD<f32>> {
        pieces.unwrap().into_iter().map(Option::unwrap).collect()
    }

    #[test]
    fn cells_of_stimuli_keep_lengths_and_repeats_of_their_own() {
        let cells = vec![numbers(&[2, 5, 7], 0.0), numbers(&[2, 3, 9], 1.0)];
        let pieces = per_stimulus(
            ArrayValue::Cells(vec![1, 2], cells),
            &[Stimulus, Neuron, Repeat, Time],
            LAYOUT,
        );
        let shapes: Vec<Vec<usize>> =
            known(pieces).iter().map(|piece| piece.shape().to_vec()).collect();
        assert_eq!(shapes, [[2, 5, 7], [2, 3, 9]]);
    }

    #[test]
    fn cells_of_stimuli_and_neurons_are_joined_and_missing_repeats_are_nan() {
        let cells = (0u8..6).map(|at| {
            let (stimulus, neuron) = (usize::from(at / 3), usize::from(at % 3));
            numbers(&[2 + neuron, 7 + stimulus], f32::from(at))
        });
        let cells = ArrayValue::Cells(vec![2, 3], cells.collect());
        let pieces = known(per_stimulus(cells, &[Stimulus, Neuron, Repeat, Time], LAYOUT));
        assert_eq!(pieces[1].shape(), [3, 4, 8]);
        assert_eq!([[2, 3, 7], [1, 2, 0]].map(|at| pieces[1][at].to_string()), ["5", "4"]);
        assert!(pieces[1][[1, 3, 0]].is_nan() && pieces[0][[0, 2, 6]].is_nan());
    }

    #[test]
    fn cells_of_neurons_with_all_stimuli_are_joined_too() {
        let cells = vec![numbers(&[4, 7], 1.0), numbers(&[4, 7], 2.0)];
        let pieces =
            per_stimulus(ArrayValue::Cells(vec![2, 1], cells), &[Neuron, Stimulus, Time], LAYOUT);
        let pieces = known(pieces);
        assert_eq!((pieces.len(), pieces[3].shape()), (4, &[2, 1, 7][..]));
        assert_eq!(pieces[3][[1, 0, 6]].to_string(), "2");
    }

    #[test]
    fn empty_cells_are_missing() {
        let empty = || numbers(&[0, 0], 0.0);
        // Of two stimuli and three neurons, the second neuron did not hear the first stimulus, and
        // none heard the second.
        let cells = vec![
            numbers(&[4, 7], 1.0),
            empty(),
            numbers(&[4, 7], 2.0),
            empty(),
            empty(),
            ArrayValue::Cells(vec![0, 0], vec![]),
        ];
        let cells = ArrayValue::Cells(vec![2, 3], cells);
        let pieces = per_stimulus(cells, &[Stimulus, Neuron, Repeat, Time], LAYOUT).unwrap();
        let heard = pieces[0].as_ref().unwrap();
        assert_eq!(heard.shape(), [3, 4, 7]);
        let first = heard.outer_iter().map(|neuron| neuron[[3, 6]].to_string());
        assert_eq!(first.collect::<Vec<_>>(), ["1", "NaN", "2"]);
        assert_eq!((pieces.len(), &pieces[1]), (2, &None));

        // A neuron without any response among neurons with all stimuli.
        let cells = vec![empty(), numbers(&[4, 7], 2.0)];
        let cells = ArrayValue::Cells(vec![2, 1], cells);
        let pieces = known(per_stimulus(cells, &[Neuron, Stimulus, Time], LAYOUT));
        assert_eq!((pieces.len(), pieces[3].shape()), (4, &[2, 1, 7][..]));
        assert!(pieces[3][[0, 0, 6]].is_nan() && !pieces[3][[1, 0, 6]].is_nan());
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let cells = || vec![numbers(&[2, 7], 0.0), numbers(&[2, 8], 0.0)];
        let of =
            |axes: &[NamedAxis]| per_stimulus(ArrayValue::Cells(vec![1, 2], cells()), axes, LAYOUT);
        assert_eq!(
            of(&[Neuron, Repeat, Time]).unwrap_err(),
            "cells of 8 and of 7 bins for one stimulus"
        );
        assert_eq!(of(&[Stimulus, Time]).unwrap_err(), "an array of shape (2, 7)");
        assert_eq!(of(&[Time]).unwrap_err(), "2 cells");
    }
}
