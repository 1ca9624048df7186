//! Long short-term memory: `c' = σ(f) c + σ(i) tanh(g)`, `h' = σ(o) tanh(c')`.
//!
//! Source: Hochreiter & Schmidhuber (1997), doi:10.1162/neco.1997.9.8.1735; Gers et al. (2000),
//! doi:10.1162/089976600300015015.
use super::{CellRow, gated};

/// The row of `lstm`.
pub const ROW: CellRow = CellRow {
    name: "lstm",
    reference: "LSTM",
    build: |input, dims, scope| gated::build(input, dims, scope, gated::LSTM),
};
