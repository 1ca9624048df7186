//! What a file of named arrays holds.
use ndarray::ArrayD;

use super::axes::LastAxes;
use crate::base::error::Result;

/// What a file holds under a name.
#[derive(Debug, Clone)]
pub enum ArrayValue {
    /// Numbers with their axes in the order in which the file's own program shows them.
    Numbers(ArrayD<f32>),
    /// A cell array: its shape, and its cells in row-major order.
    Cells(Vec<usize>, Vec<ArrayValue>),
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

    /// What becomes of axes of length 1 at the end of a shape.
    fn last_axes(&self) -> LastAxes;
}
