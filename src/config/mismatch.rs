//! A value that does not fit its key.

/// Why a value does not fit its key.
#[derive(Debug, PartialEq)]
pub struct Mismatch {
    /// The value, or what is wrong inside it.
    pub found: String,
    /// What would fit.
    pub expected: String,
    /// What to do, or empty.
    pub hint: String,
}

impl Mismatch {
    /// Without a hint.
    pub fn new(found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { found: found.into(), expected: expected.into(), hint: String::new() }
    }
}
