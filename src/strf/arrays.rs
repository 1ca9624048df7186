//! Arrays as every file format of receptive fields holds them.
use ndarray::{ArrayViewD, IxDyn};

use crate::models::dims::Axis;

/// An array of an export by the name that it has in every file format.
#[derive(Debug)]
pub struct Named<'a> {
    /// Path inside the file.
    pub name: &'a str,
    /// What the axes count; empty for a single text.
    pub axes: Vec<Axis>,
    /// Unit of the values; empty for text.
    pub unit: &'a str,
    /// Whether the values are coordinates along its only axis.
    pub is_coordinate: bool,
    /// The values.
    pub values: ArrayValues<'a>,
}

/// The values of a [`Named`] array.
#[derive(Debug)]
pub enum ArrayValues<'a> {
    /// Weights and other numbers of the model.
    F32(ArrayViewD<'a, f32>),
    /// 0 or 1.
    U8(ArrayViewD<'a, u8>),
    /// Coordinates along an axis, and measures.
    F64(ArrayViewD<'a, f64>),
    /// Labels along an axis.
    Text(&'a [String]),
    /// One text without an axis.
    OneText(&'a str),
}

impl Named<'_> {
    /// Each axis with its length.
    pub fn lengths(&self) -> Vec<(Axis, usize)> {
        let lines = match &self.values {
            ArrayValues::Text(lines) => Some(lines.len()),
            _ => None,
        };
        let lengths = self.values.shape().iter().copied().chain(lines);
        self.axes.iter().copied().zip(lengths).collect()
    }
}

impl ArrayValues<'_> {
    /// Lengths of the axes; none for text.
    pub fn shape(&self) -> &[usize] {
        match self {
            Self::U8(values) => values.shape(),
            Self::F32(values) => values.shape(),
            Self::F64(values) => values.shape(),
            Self::Text(_) | Self::OneText(_) => &[],
        }
    }

    /// A number as tables hold it, with the fewest digits that give it back; empty for text.
    pub fn text(&self, at: &IxDyn) -> String {
        match self {
            Self::U8(values) => values[at].to_string(),
            Self::F32(values) => values[at].to_string(),
            Self::F64(values) => values[at].to_string(),
            Self::Text(_) | Self::OneText(_) => String::new(),
        }
    }
}
