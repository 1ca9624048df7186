//! Losses over the recorded bins of the PSTH.
use crate::config::part::{self, Part, Row};

/// A row of the table of losses.
#[derive(Debug)]
pub struct LossRow {
    /// What it says of itself.
    pub part: Part,
    /// Whether it needs predictions that are never negative.
    pub needs_rate: bool,
}

impl Row for LossRow {
    fn part(&self) -> &Part {
        &self.part
    }
}

/// The losses.
pub static TABLE: &[LossRow] = &[
    LossRow {
        part: Part { name: "mse", summary: "squared error", source: "", keys: &[] },
        needs_rate: false,
    },
    LossRow {
        part: Part {
            name: "poisson",
            summary: "negative log likelihood of Poisson counts; needs an output that is never negative",
            source: "",
            keys: &[],
        },
        needs_rate: true,
    },
];

/// Their names, in the table's order.
pub fn names() -> Vec<&'static str> {
    part::names(TABLE)
}
