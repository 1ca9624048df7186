//! Numbers in cells and structs, level by level, and the place of each along named axes.
use ndarray::ArrayD;

use crate::base::error::Result;
use crate::dataset::schema::shape;
use crate::import::arrays::axes::NamedAxis;
use crate::import::arrays::value::{ArrayValue, Arrays};

/// A MATLAB file, of which levels can be asked.
pub(super) trait MatArrays: Arrays {
    /// Numbers of full precision, or cells of them; structs are cells too, also a single one, so that
    /// every name on the way is a level.
    ///
    /// # Errors
    /// It is something else, or cannot be read.
    fn levels(&mut self, name: &str) -> Result<ArrayValue<f64>>;
}

/// A list of times, and where it stands along the axes.
pub(super) struct Leaf {
    /// One place for each axis.
    pub(super) place: Vec<usize>,
    /// The times.
    pub(super) times: Vec<f64>,
}

/// The lists in cells, each at its place along axes: those of the outermost cells first. A level of
/// single cells may be no axis, one of cells in a row or column is one, others as many as they have.
///
/// # Errors
/// In words what was found, where levels do not fit the axes in one way.
pub(super) fn leaves(value: &ArrayValue<f64>, axes: &[NamedAxis]) -> Result<Vec<Leaf>, String> {
    let mut levels = Vec::new();
    look(value, 0, &mut levels);
    let found = || format!("cells of {}", described(&levels));
    let mut readings: Vec<Vec<Placed>> = Vec::new();
    for way in &ways(&levels, axes.len()) {
        let mut reading = Vec::new();
        walk(value, way, &mut Vec::new(), &mut reading)?;
        let places = |reading: &Vec<Placed>| -> Vec<Vec<usize>> {
            reading.iter().map(|(place, _)| place.clone()).collect()
        };
        if !readings.iter().any(|known| places(known) == places(&reading)) {
            readings.push(reading);
        }
    }
    let words: Vec<&str> = axes.iter().map(|axis| axis.word()).collect();
    let words = words.join(",");
    let only = match <[Vec<Placed>; 1]>::try_from(readings) {
        Ok([only]) => only,
        Err(none) if none.is_empty() => return Err(format!("{}, for the axes {words}", found())),
        Err(_several) => {
            return Err(format!("{}, which are the axes {words} in several ways", found()));
        }
    };
    let leaf = |(place, array): Placed| list(array).map(|times| Leaf { place, times });
    only.into_iter().map(leaf).collect()
}

/// Along how many axes lists lie in cells, of which single ones are none.
pub(super) fn depth(value: &ArrayValue<f64>) -> usize {
    let mut levels = Vec::new();
    look(value, 0, &mut levels);
    levels.iter().map(|level| level.iter().map(|dims| long(dims)).max().unwrap_or(0)).sum()
}

/// A list at its place.
type Placed<'a> = (Vec<usize>, &'a ArrayD<f64>);

/// Shapes of all arrays of cells at a depth.
type CellLevel = Vec<Vec<usize>>;

fn look(value: &ArrayValue<f64>, depth: usize, levels: &mut Vec<CellLevel>) {
    let ArrayValue::Cells(dims, cells) = value else { return };
    if levels.len() == depth {
        levels.push(Vec::new());
    }
    levels[depth].push(dims.clone());
    for cell in cells {
        look(cell, depth + 1, levels);
    }
}

fn described(levels: &[CellLevel]) -> String {
    let first = |level: &CellLevel| level.first().map_or_else(String::new, |dims| shape(dims));
    let shapes: Vec<String> = levels.iter().map(first).collect();
    if shapes.is_empty() { "no level".into() } else { shapes.join(" of ") }
}

/// How the shape of a level becomes places along axes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Taken {
    /// Single cells are no axis.
    None,
    /// One axis, whatever the shape.
    Row,
    /// An axis for each of the shape.
    All,
    /// An axis for each that is longer than 1.
    Long,
}

/// All ways in which the levels give so many axes.
fn ways(levels: &[CellLevel], axes: usize) -> Vec<Vec<Taken>> {
    let Some((level, rest)) = levels.split_first() else {
        return if axes == 0 { vec![Vec::new()] } else { Vec::new() };
    };
    let mut found = Vec::new();
    for (taken, count) in ways_of_level(level) {
        if count <= axes {
            let inner = ways(rest, axes - count).into_iter();
            found.extend(inner.map(|way| [vec![taken], way].concat()));
        }
    }
    found
}

/// How many axes are longer than 1.
fn long(dims: &[usize]) -> usize {
    dims.iter().filter(|length| **length != 1).count()
}

fn ways_of_level(level: &CellLevel) -> Vec<(Taken, usize)> {
    let size = |dims: &Vec<usize>| dims.iter().product::<usize>();
    // Empty cells have no shape of their own.
    let filled = || level.iter().filter(|dims| size(dims) > 0);
    let rank = filled().map(Vec::len).max().unwrap_or(2);
    let longest = filled().map(|dims| long(dims)).max().unwrap_or(0);
    let mut ways = Vec::new();
    if level.iter().all(|dims| size(dims) == 1) {
        ways.push((Taken::None, 0));
    }
    if longest <= 1 {
        ways.push((Taken::Row, 1));
    }
    if filled().all(|dims| dims.len() == rank) {
        ways.push((Taken::All, rank));
    }
    if longest > 1 && longest < rank && filled().all(|dims| long(dims) == longest) {
        ways.push((Taken::Long, longest));
    }
    ways
}

/// Notes every list with its place.
fn walk<'a>(
    value: &'a ArrayValue<f64>,
    way: &[Taken],
    place: &mut Vec<usize>,
    found: &mut Vec<Placed<'a>>,
) -> Result<(), String> {
    let (dims, cells) = match (value, way) {
        (ArrayValue::Cells(dims, cells), [_, ..]) => (dims, cells),
        (ArrayValue::Numbers(array), way) => {
            if way.iter().all(|taken| *taken == Taken::None) {
                found.push((place.clone(), array));
            } else if !array.is_empty() {
                // `[]` in place of cells is one without any.
                return Err(format!("numbers {} beside cells", shape(array.shape())));
            }
            return Ok(());
        }
        (ArrayValue::Cells(..), []) => return Ok(()),
    };
    for (index, cell) in cells.iter().enumerate() {
        let before = place.len();
        match way[0] {
            Taken::None => {}
            Taken::Row => place.push(index),
            Taken::All => place.extend(row_major_indices(dims, index)),
            Taken::Long => {
                let long: Vec<usize> = dims.iter().copied().filter(|one| *one != 1).collect();
                place.extend(row_major_indices(&long, index));
            }
        }
        walk(cell, &way[1..], place, found)?;
        place.truncate(before);
    }
    Ok(())
}

fn row_major_indices(dims: &[usize], index: usize) -> Vec<usize> {
    let mut rest = index;
    let mut indices: Vec<usize> = dims
        .iter()
        .rev()
        .map(|length| {
            let place = rest % length.max(&1);
            rest /= length.max(&1);
            place
        })
        .collect();
    indices.reverse();
    indices
}

/// A list, which may be filled up with NaN.
fn list(array: &ArrayD<f64>) -> Result<Vec<f64>, String> {
    if array.shape().iter().filter(|length| **length != 1).count() > 1 && !array.is_empty() {
        return Err(format!("an array of shape {}", shape(array.shape())));
    }
    let mut times: Vec<f64> = array.iter().copied().collect();
    let filled = times.iter().rev().take_while(|time| time.is_nan()).count();
    times.truncate(times.len() - filled);
    match times.iter().find(|time| !time.is_finite()) {
        Some(bad) => Err(format!("the time {bad}")),
        None => Ok(times),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use NamedAxis::{Neuron, Repeat, Stimulus};
    use ndarray::IxDyn;

    fn times(first: f64) -> ArrayValue<f64> {
        ArrayValue::Numbers(ArrayD::from_elem(IxDyn(&[1, 1]), first))
    }

    fn cells(dims: &[usize], cells: Vec<ArrayValue<f64>>) -> ArrayValue<f64> {
        ArrayValue::Cells(dims.to_vec(), cells)
    }

    fn empty() -> ArrayValue<f64> {
        ArrayValue::Numbers(ArrayD::zeros(IxDyn(&[0, 0])))
    }

    /// Places and first times.
    fn found(value: &ArrayValue<f64>, axes: &[NamedAxis]) -> Vec<(Vec<usize>, Option<f64>)> {
        let leaves = leaves(value, axes).unwrap();
        leaves.into_iter().map(|leaf| (leaf.place, leaf.times.first().copied())).collect()
    }

    #[test]
    fn a_cell_of_stimuli_and_repeats_has_two_axes_also_where_one_is_single() {
        let two = cells(&[2, 2], vec![times(1.0), times(2.0), empty(), times(4.0)]);
        let want = [
            (vec![0, 0], Some(1.0)),
            (vec![0, 1], Some(2.0)),
            (vec![1, 0], None),
            (vec![1, 1], Some(4.0)),
        ];
        assert_eq!(found(&two, &[Stimulus, Repeat]), want);
        let row = cells(&[1, 2], vec![times(1.0), times(2.0)]);
        let want = [(vec![0, 0], Some(1.0)), (vec![0, 1], Some(2.0))];
        assert_eq!(found(&row, &[Stimulus, Repeat]), want);
        assert_eq!(found(&row, &[Repeat]), [(vec![0], Some(1.0)), (vec![1], Some(2.0))]);
    }

    #[test]
    fn nested_cells_may_have_repeats_of_their_own() {
        let inner =
            |values: Vec<f64>| cells(&[1, values.len()], values.into_iter().map(times).collect());
        let nested = cells(&[3, 1], vec![inner(vec![1.0, 2.0]), empty(), inner(vec![3.0])]);
        let want = [(vec![0, 0], Some(1.0)), (vec![0, 1], Some(2.0)), (vec![2, 0], Some(3.0))];
        assert_eq!(found(&nested, &[Stimulus, Repeat]), want);
    }

    #[test]
    fn levels_of_single_structs_may_be_no_axes() {
        let one = |value| cells(&[1, 1], vec![value]);
        let value = one(cells(&[1, 2], vec![one(times(1.0)), one(times(2.0))]));
        assert_eq!(found(&value, &[Neuron]), [(vec![0], Some(1.0)), (vec![1], Some(2.0))]);
    }

    #[test]
    fn what_does_not_fit_or_fits_in_two_ways_is_said() {
        let inner = |n: u8| cells(&[1, 2], vec![times(f64::from(n)), times(9.0)]);
        let value = cells(&[1, 2], vec![inner(1), inner(2)]);
        let message = |axes: &[NamedAxis]| leaves(&value, axes).err().unwrap();
        let three = [Neuron, Stimulus, Repeat];
        assert_eq!(
            message(&three),
            "cells of (1, 2) of (1, 2), which are the axes neuron,stimulus,repeat in several ways"
        );
        assert_eq!(message(&[Repeat]), "cells of (1, 2) of (1, 2), for the axes repeat");
        let matrix = ArrayValue::Numbers(ArrayD::zeros(IxDyn(&[2, 3])));
        let matrix = cells(&[1, 1], vec![matrix]);
        assert_eq!([depth(&value), depth(&matrix)], [2, 0]);
        assert_eq!(leaves(&matrix, &[Repeat]).err().unwrap(), "an array of shape (2, 3)");
    }
}
