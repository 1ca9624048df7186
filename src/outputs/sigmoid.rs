//! Sigmoid: 1 / (1 + exp(-x)).
use crate::config::part::Part;

/// The row of `sigmoid`.
pub const PART: Part =
    Part { name: "sigmoid", summary: "1 / (1 + exp(-x))", source: "", keys: &[] };
