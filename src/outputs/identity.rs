//! Identity: the drive itself; may be negative.
use crate::config::part::Part;

/// The row of `identity`.
pub const PART: Part =
    Part { name: "identity", summary: "the drive itself; may be negative", source: "", keys: &[] };
