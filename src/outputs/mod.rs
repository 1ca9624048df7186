//! Output nonlinearities: from a neuron's drive to its response.
use crate::config::part::{self, Part, Row};

pub mod double_exponential;
pub mod identity;
pub mod parametric_sigmoid;
pub mod parametric_softplus;
pub mod relu;
pub mod sigmoid;
pub mod softplus;

/// A row of the table of output nonlinearities.
#[derive(Debug)]
pub struct OutputRow {
    /// What it says of itself.
    pub part: Part,
}

impl Row for OutputRow {
    fn part(&self) -> &Part {
        &self.part
    }
}

/// The output nonlinearities: adding one is one file and one row.
pub static TABLE: &[OutputRow] = &[
    OutputRow { part: identity::PART },
    OutputRow { part: relu::PART },
    OutputRow { part: sigmoid::PART },
    OutputRow { part: softplus::PART },
    OutputRow { part: parametric_sigmoid::PART },
    OutputRow { part: parametric_softplus::PART },
    OutputRow { part: double_exponential::PART },
];

/// Their names, in the table's order.
pub fn names() -> Vec<&'static str> {
    part::names(TABLE)
}
