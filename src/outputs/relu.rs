//! Rectification: max(0, x).
use crate::config::part::Part;

/// The row of `relu`.
pub const PART: Part = Part { name: "relu", summary: "max(0, x)", source: "", keys: &[] };
