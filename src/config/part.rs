//! What a row of any table of parts says of itself.
use crate::config::keys::{Key, Values};

/// A part of a model, a loss or a metric as users see it.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// As written after `type =`.
    pub name: &'static str,
    /// One line on what it does.
    pub summary: &'static str,
    /// Paper and DOI, or empty.
    pub source: &'static str,
    /// Its keys beside `type`.
    pub keys: &'static [Key],
}

/// A row of a table together with the values that a run file gives to its keys.
#[derive(Debug)]
pub struct Chosen<Row: 'static> {
    /// The row of its table.
    pub row: &'static Row,
    /// By key, checked; every key of the part that has a value.
    pub values: Values,
}

impl<Row> Clone for Chosen<Row> {
    fn clone(&self) -> Self {
        Self { row: self.row, values: self.values.clone() }
    }
}

/// A row of a table of parts: what it says of itself, and what the table needs beside it.
pub trait Row {
    /// Name, summary, source and keys.
    fn part(&self) -> &Part;
}

/// The names of a table, in its order.
pub fn names<R: Row>(table: &'static [R]) -> Vec<&'static str> {
    table.iter().map(|row| row.part().name).collect()
}

/// What each row of a table says of itself.
pub fn parts<R: Row>(table: &'static [R]) -> Vec<&'static Part> {
    table.iter().map(Row::part).collect()
}

/// The row called `name`.
pub fn find<R: Row>(table: &'static [R], name: &str) -> Option<&'static R> {
    table.iter().find(|row| row.part().name == name)
}
