//! Ranges of `[search]`: where the values of a key are drawn from.
use toml::de::{DeTable, DeValue};

use super::paths::require_key;
use super::tpe::Shares;
use crate::base::error::Problem;
use crate::base::wording::did_you_mean;
use crate::config::document::Entry;
use crate::config::value::{number, shown, written};

/// Where the values of a key are drawn from.
#[derive(Debug, Clone)]
pub enum SearchRange {
    /// Numbers, evenly.
    Linear(f64, f64),
    /// Numbers whose logarithms lie evenly.
    Log(f64, f64),
    /// Whole numbers, both ends included.
    Integer(i64, i64),
    /// One of these, as written in TOML.
    OneOf(Vec<String>),
}

impl SearchRange {
    /// What values are as shares of it.
    pub fn shares(&self) -> Shares {
        match self {
            Self::OneOf(values) => Shares::Parts(values.len()),
            _ => Shares::Continuous,
        }
    }

    /// The share that a value stands for; none for one that is not of it.
    pub fn share(&self, text: &str) -> Option<f64> {
        let number = || text.parse::<f64>().ok();
        let within =
            |value: f64, from: f64, to: f64| ((value - from) / (to - from)).clamp(0.0, 1.0);
        match self {
            Self::Linear(from, to) => Some(within(number()?, *from, *to)),
            Self::Log(from, to) => Some(within(number()?.ln(), from.ln(), to.ln())),
            Self::Integer(from, to) => {
                let (from, to) = (*from as f64, *to as f64);
                Some(within(number()? + 0.5, from, to + 1.0))
            }
            Self::OneOf(values) => {
                let place = values.iter().position(|value| value == text)?;
                Some((place as f64 + 0.5) / values.len() as f64)
            }
        }
    }

    /// The value at a share of the range, with three digits where it is no whole number.
    pub fn draw(&self, share: f64) -> String {
        let between = |from: f64, to: f64| from + share * (to - from);
        match self {
            Self::Linear(from, to) => three_digits(between(*from, *to), (*from, *to)),
            Self::Log(from, to) => three_digits(between(from.ln(), to.ln()).exp(), (*from, *to)),
            Self::Integer(from, to) => {
                let count = (to - from + 1) as f64;
                #[expect(clippy::cast_possible_truncation, reason = "below the count")]
                let step = (share * count).floor() as i64;
                (from + step).min(*to).to_string()
            }
            Self::OneOf(values) => {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a place"
                )]
                let place = (share * values.len() as f64) as usize;
                values[place.min(values.len() - 1)].clone()
            }
        }
    }

    /// Reads what stands behind a key of a section.
    ///
    /// # Errors
    /// It is no range, or the key is none that fits may differ in.
    pub fn read(section: &str, entry: &Entry) -> Result<Self, Box<Problem>> {
        require_key(section, entry)?;
        let at = format!("{section}.{}", entry.name);
        let refuse = |found: String, expected: &str, hint: String| {
            Err(Box::new(entry.value_place.problem(&at, found, expected).hint(hint)))
        };
        let table: &DeTable = match &entry.value {
            DeValue::Array(list) if !list.is_empty() => {
                return Ok(SearchRange::OneOf(
                    list.iter().map(|value| written(value.as_ref())).collect(),
                ));
            }
            DeValue::Table(table) if table.len() == 1 => table,
            other => {
                let expected = "a range, such as { log = [1e-4, 1e-1] }, or a list of values";
                return refuse(shown(other), expected, String::new());
            }
        };
        let Some((kind, ends)) = table.iter().next() else {
            return refuse(
                "a table without a key".to_owned(),
                "linear, log or integer",
                String::new(),
            );
        };
        let known = ["linear", "log", "integer"];
        let kind = kind.get_ref().as_ref();
        if !known.contains(&kind) {
            return refuse(kind.to_owned(), "linear, log or integer", did_you_mean(kind, known));
        }
        let list = ends.as_ref().as_array().map(|list| list.iter().map(|end| number(end.as_ref())));
        let list: Option<Vec<f64>> = list.and_then(Iterator::collect);
        let Some([from, to]) = list.as_deref().and_then(|list| <[f64; 2]>::try_from(list).ok())
        else {
            return refuse(written(ends.as_ref()), "two numbers", String::new());
        };
        let found = || format!("{from} and {to}");
        match kind {
            _ if from >= to => {
                refuse(found(), "an empty range is none: the lower end first", String::new())
            }
            "log" if from <= 0.0 => refuse(found(), "ends above 0", String::new()),
            "log" => Ok(SearchRange::Log(from, to)),
            "integer" if from.fract() != 0.0 || to.fract() != 0.0 => {
                refuse(found(), "whole numbers", String::new())
            }
            #[expect(clippy::cast_possible_truncation, reason = "whole numbers")]
            "integer" => Ok(SearchRange::Integer(from as i64, to as i64)),
            _ => Ok(SearchRange::Linear(from, to)),
        }
    }
}

/// A number between two ends with few digits, which names stay readable by.
fn three_digits(value: f64, (from, to): (f64, f64)) -> String {
    let short: f64 = format!("{value:.2e}").parse().unwrap_or(value);
    let text = format!("{:?}", short.clamp(from, to));
    if text.contains(['.', 'e', 'n']) { text } else { text + ".0" }
}
