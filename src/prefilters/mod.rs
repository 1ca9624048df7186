//! Filters between the cochleagram and the model.
use crate::config::part::{self, Part, Row};

pub mod adaptrans;
pub mod willmore;

/// A row of the table of prefilters.
#[derive(Debug)]
pub struct PrefilterRow {
    /// What it says of itself.
    pub part: Part,
}

impl Row for PrefilterRow {
    fn part(&self) -> &Part {
        &self.part
    }
}

/// The prefilters: adding one is one file and one row.
pub static TABLE: &[PrefilterRow] =
    &[PrefilterRow { part: adaptrans::PART }, PrefilterRow { part: willmore::PART }];

/// Their names, in the table's order.
pub fn names() -> Vec<&'static str> {
    part::names(TABLE)
}
