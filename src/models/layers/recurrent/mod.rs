//! Recurrent layers: from the channels and bands of a map at each bin, and what the layer made of the
//! bins before, to units of a map of one band. Each kind is a row of the table.
use candle_core::{Result, Tensor};

use super::{Layer, MapShape};
use crate::models::params::Scope;

mod gated;
mod gru;
mod lmu;
mod lstm;
mod mamba;
mod rnn;

/// A row of the table of recurrent layers.
pub struct CellRow {
    /// What `model.rnn` calls it.
    pub name: &'static str,
    /// The name of its class in deepSTRF 0.1.0, as its `rnn_type` takes it.
    pub reference: &'static str,
    /// Builds a layer behind a map of this shape.
    pub build: fn(MapShape, CellDims, &Scope) -> Result<Box<dyn Layer>>,
}

/// Sizes of a recurrent layer.
#[derive(Debug, Clone, Copy)]
pub struct CellDims {
    /// Units.
    pub units: usize,
    /// Layers before it, by which its parameters are named.
    pub place: usize,
}

/// The recurrent layers: adding one is one file and one row.
pub static CELLS: &[CellRow] = &[gru::ROW, lstm::ROW, rnn::ROW, lmu::ROW, mamba::ROW];

/// What deepSTRF calls the layer of a name.
pub fn reference(name: &str) -> String {
    let row = CELLS.iter().find(|row| row.name == name);
    row.map_or(name, |row| row.reference).to_owned()
}

/// Their names, in the table's order.
pub fn names() -> Vec<&'static str> {
    CELLS.iter().map(|row| row.name).collect()
}

impl CellDims {
    /// Where the parameters of a layer lie that the reference has only one of.
    fn scope(self, scope: &Scope) -> Scope {
        match self.place {
            0 => scope.scope("rnn"),
            place => scope.scope(&format!("rnn_{}", place + 1)),
        }
    }
}

/// From `(B, C, F, T)` to `(B, T, C · F)`, the bands of a channel one after the other.
fn by_bin(input: &Tensor) -> Result<Tensor> {
    let (b, c, f, t) = input.dims4()?;
    input.reshape((b, c * f, t))?.transpose(1, 2)?.contiguous()
}

/// Units `(B, H)` of every bin as a map `(B, H, 1, T)`.
fn as_map(bins: &[Tensor]) -> Result<Tensor> {
    Tensor::stack(bins, 2)?.unsqueeze(2)
}

/// Weights `(O, C · F)` as `(O, F · C)`, in the order in which rows of the fused path lie.
fn in_row_order(weight: &Tensor, input: MapShape) -> Result<Tensor> {
    let outputs = weight.dim(0)?;
    let split = weight.reshape((outputs, input.channels, input.bands))?;
    split.transpose(1, 2)?.reshape((outputs, input.channels * input.bands))
}

/// `(B, ..., T)` at a bin.
fn at(values: &Tensor, bin: usize) -> Result<Tensor> {
    values.narrow(1, bin, 1)?.squeeze(1)
}
