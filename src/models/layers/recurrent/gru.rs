//! Gated recurrent units: `r = σ(W_r s + b_r + U_r h + c_r)`, `z` likewise,
//! `n = tanh(W_n s + b_n + r (U_n h + c_n))`, `h' = (1 − z) n + z h`.
//!
//! Source: Cho et al. (2014), doi:10.48550/arXiv.1406.1078.
use super::{CellRow, gated};

/// The row of `gru`.
pub const ROW: CellRow = CellRow {
    name: "gru",
    reference: "GRU",
    build: |input, dims, scope| gated::build(input, dims, scope, gated::GRU),
};
