//! What a row of any table of parts says of itself.
use super::keys::{Key, Value, Values};

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

    /// What does not fit between its own keys.
    fn check(&self, _values: &Values) -> Vec<KeyProblem> {
        Vec::new()
    }
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

/// A value that does not fit the other keys of its part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyProblem {
    /// The key.
    pub key: &'static str,
    /// Its value.
    pub found: String,
    /// What would fit.
    pub expected: String,
}

/// The key that names a part.
pub const TYPE: &str = "type";

/// The key of the lowest band where bands are laid out by their ends, in hertz.
pub const MIN_FREQ_HZ: &str = "min_freq_hz";
/// The key of the highest band.
pub const MAX_FREQ_HZ: &str = "max_freq_hz";

/// A lowest band that does not lie below the highest, where a part has both keys.
pub fn ascending(values: &Values) -> Vec<KeyProblem> {
    match (values.get(MIN_FREQ_HZ), values.get(MAX_FREQ_HZ)) {
        (Some(Value::Number(min)), Some(Value::Number(max))) if min >= max => {
            let expected = format!("less than {MAX_FREQ_HZ} = {max:?}");
            vec![KeyProblem { key: MIN_FREQ_HZ, found: format!("{min:?}"), expected }]
        }
        _ => Vec::new(),
    }
}
