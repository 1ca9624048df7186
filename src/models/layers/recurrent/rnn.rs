//! Simple recurrent units: `h' = tanh(W s + b + U h + c)`.
//!
//! Source: Elman (1990), `doi:10.1207/s15516709cog1402_1`.
use super::{CellRow, gated};

/// The row of `rnn`.
pub const ROW: CellRow = CellRow {
    name: "rnn",
    reference: "RNN",
    build: |input, dims, scope| gated::build(input, dims, scope, gated::RNN),
};
