//! The models: what lies between the prefilter and the response.
use crate::config::part::{self, Part, Row};

pub mod cnn2d;
pub mod dnet;
pub mod linear;
pub mod ln;
pub mod nrf;

/// A row of the table of models.
#[derive(Debug)]
pub struct ModelRow {
    /// What it says of itself.
    pub part: Part,
}

impl Row for ModelRow {
    fn part(&self) -> &Part {
        &self.part
    }
}

/// The models: adding one is one file and one row.
pub static TABLE: &[ModelRow] = &[
    ModelRow { part: linear::PART },
    ModelRow { part: ln::PART },
    ModelRow { part: nrf::PART },
    ModelRow { part: dnet::PART },
    ModelRow { part: cnn2d::PART },
];

/// Their names, in the table's order.
pub fn names() -> Vec<&'static str> {
    part::names(TABLE)
}
