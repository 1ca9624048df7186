//! What the weights of an STRF are made of.
use crate::config::part::{self, Part, Row};

pub mod dcls;
pub mod full;
pub mod separable;

/// A row of the table of parameterizations.
#[derive(Debug)]
pub struct ParameterizationRow {
    /// What it says of itself.
    pub part: Part,
}

impl Row for ParameterizationRow {
    fn part(&self) -> &Part {
        &self.part
    }
}

/// The parameterizations: adding one is one file and one row.
pub static TABLE: &[ParameterizationRow] = &[
    ParameterizationRow { part: full::PART },
    ParameterizationRow { part: separable::PART },
    ParameterizationRow { part: dcls::PART },
];

/// Their names, in the table's order.
pub fn names() -> Vec<&'static str> {
    part::names(TABLE)
}
