//! Softplus: log(1 + exp(x)).
use crate::config::part::Part;

/// The row of `softplus`.
pub const PART: Part = Part { name: "softplus", summary: "log(1 + exp(x))", source: "", keys: &[] };
