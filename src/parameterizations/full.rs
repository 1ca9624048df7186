//! Full kernel: every weight of the STRF free.
use crate::config::keys::Key;
use crate::config::part::Part;

/// The row of `full`.
pub const PART: Part =
    Part { name: "full", summary: "every weight of the STRF free", source: "", keys: KEYS };

const KEYS: &[Key] = &[];
