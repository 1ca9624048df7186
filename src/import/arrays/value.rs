//! What a file of named arrays holds.
use ndarray::ArrayD;

use super::axes::LastAxes;
use crate::base::error::Result;

/// What a file holds under a name.
#[derive(Debug, Clone)]
pub enum ArrayValue<T = f32> {
    /// Numbers with their axes in the order in which the file's own program shows them.
    Numbers(ArrayD<T>),
    /// A cell array: its shape, and its cells in row-major order.
    Cells(Vec<usize>, Vec<Self>),
}

/// A number of a float type out of any other.
pub trait FromF64: Copy {
    /// The nearest number of the type.
    fn from_f64(value: f64) -> Self;
}

impl FromF64 for f32 {
    #[expect(clippy::cast_possible_truncation, reason = "responses and levels are f32")]
    fn from_f64(value: f64) -> Self {
        value as Self
    }
}

impl FromF64 for f64 {
    fn from_f64(value: f64) -> Self {
        value
    }
}

/// Arrays of more numbers are read along their first axis, so that one copy of them is held.
const LARGE: usize = 1 << 24;

impl ArrayValue {
    /// Whether an array of this shape is better given as one cell for each place along its first
    /// axis, which [`super::axes::Axes`] name in the same way.
    pub fn is_large(dims: &[usize]) -> bool {
        dims.len() > 2 && dims.iter().product::<usize>() > LARGE
    }
}

impl ArrayValue<f64> {
    /// The same in numbers of single precision.
    pub fn of_singles(self) -> ArrayValue {
        match self {
            Self::Numbers(array) => ArrayValue::Numbers(array.mapv(f32::from_f64)),
            Self::Cells(dims, cells) => {
                ArrayValue::Cells(dims, cells.into_iter().map(Self::of_singles).collect())
            }
        }
    }
}

impl<T> ArrayValue<T> {
    /// How many of the cells that hold arrays are empty, and how many there are.
    pub fn empty_cells(&self) -> (usize, usize) {
        let Self::Cells(_, cells) = self else { return (0, 0) };
        cells.iter().fold((0, 0), |(empty, all), cell| match cell {
            Self::Cells(_, inside) if !inside.is_empty() => {
                let (empty_inside, all_inside) = cell.empty_cells();
                (empty + empty_inside, all + all_inside)
            }
            _ => (empty + usize::from(cell.is_empty()), all + 1),
        })
    }

    /// Whether it holds nothing at all, as MATLAB's `[]`.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Numbers(array) => array.is_empty(),
            Self::Cells(_, cells) => cells.is_empty(),
        }
    }
}

/// A file of named arrays.
pub trait Arrays {
    /// Names, and what each holds in words.
    fn contents(&self) -> Vec<(String, String)>;

    /// Numbers, or cells of numbers.
    ///
    /// # Errors
    /// It is something else, or cannot be read.
    fn value(&mut self, name: &str) -> Result<ArrayValue>;

    /// A list of numbers, where it is one.
    ///
    /// # Errors
    /// It cannot be read.
    fn numbers(&mut self, name: &str) -> Result<Option<Vec<f64>>>;

    /// A list of texts, or of numbers as text, where it is one.
    ///
    /// # Errors
    /// It cannot be read.
    fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>>;

    /// A name under which cells may hold spike times, where formats have an option that reads them.
    fn spike_times(&mut self) -> Option<String> {
        None
    }

    /// What of the file cannot be read at all, in sentences.
    fn unreadable(&self) -> Vec<String> {
        Vec::new()
    }

    /// What becomes of axes of length 1 at the end of a shape.
    fn last_axes(&self) -> LastAxes;
}
