//! How stimuli are divided into training, validation and test: a kind of value of the run file.
use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};
use toml::de::{DeArray, DeTable, DeValue};

use super::selection::{ids, ids_schema};
use crate::base::error::Result;
use crate::base::wording::{did_you_mean, joined};
use crate::config::keys::{DeclaredKind, DeclaredValue, Key};
use crate::config::mismatch::Mismatch;
use crate::config::render::integer;
use crate::config::value::{mismatch, number, shown, whole};

/// `"file"`, `{ train, valid, test, seed }` with fractions, or the same with lists of ids.
pub static KIND: DeclaredKind = DeclaredKind {
    expected: || format!(r#""file", {EXAMPLE}, or lists of ids under these names"#),
    example: EXAMPLE,
    schema: || {
        let fraction =
            json!({ "type": "number", "exclusiveMinimum": 0.0, "exclusiveMaximum": 1.0 });
        let [ids, mut fractions] = [ids_schema(), fraction].map(|part| {
            let parts: Map<String, Json> =
                PARTS.iter().map(|name| ((*name).to_owned(), part.clone())).collect();
            json!({ "type": "object", "properties": parts, "required": PARTS, "additionalProperties": false })
        });
        fractions["properties"][SEED] =
            json!({ "type": "integer", "minimum": 0, "maximum": i64::MAX });
        json!({ "anyOf": [{ "enum": ["file"] }, fractions, ids] })
    },
    read: |key, value| Ok(Arc::new(split(key, value)?)),
};

/// [`Split::UNSAID`] written as in TOML.
const EXAMPLE: &str = "{ train = 0.7, valid = 0.15, test = 0.15, seed = 0 }";

/// How stimuli are divided into training, validation and test.
#[derive(Debug, Clone, PartialEq)]
pub enum Split {
    /// As the dataset file says.
    File,
    /// Fractions that sum to 1, drawn with a seed.
    Fractions {
        /// Of training, validation and test.
        parts: [f64; 3],
        /// Of the draw.
        seed: u64,
    },
    /// Stimulus ids of training, validation and test.
    Ids([Vec<String>; 3]),
}

impl Split {
    /// Where neither the run file nor the dataset says how.
    pub const UNSAID: Self = Self::Fractions { parts: [0.7, 0.15, 0.15], seed: 0 };
}

impl DeclaredValue for Split {
    fn to_toml(&self) -> Result<toml::Value> {
        Ok(match self {
            Self::File => "file".into(),
            Self::Ids(lists) => table_of(lists.clone()).into(),
            Self::Fractions { parts, seed } => {
                let mut table = table_of(*parts);
                table.insert(SEED.into(), integer(*seed)?);
                table.into()
            }
        })
    }
}

fn table_of<T: Into<toml::Value>>(parts: [T; 3]) -> toml::Table {
    PARTS.map(String::from).into_iter().zip(parts.map(Into::into)).collect()
}

const PARTS: [&str; 3] = ["train", "valid", "test"];
const SEED: &str = "seed";

fn split(key: &Key, value: &DeValue) -> std::result::Result<Split, Mismatch> {
    let table = match value {
        DeValue::String(word) if word == "file" => return Ok(Split::File),
        DeValue::Table(table) => table,
        _ => return Err(mismatch(key, value)),
    };
    let known = || PARTS.into_iter().chain([SEED]);
    if let Some(name) = table.keys().find(|name| known().all(|known| known != name.get_ref())) {
        let found = format!("the unknown key {}", name.get_ref());
        let expected = joined(&known().collect::<Vec<_>>(), "and");
        let hint = did_you_mean(name.get_ref(), known());
        return Err(Mismatch { hint, ..Mismatch::new(found, expected) });
    }
    let [train, valid, test] = PARTS.map(|name| {
        let missing = || Mismatch::new(format!("no {name}"), joined(&PARTS, "and"));
        table.get(name).map(AsRef::as_ref).ok_or_else(missing)
    });
    let parts = [train?, valid?, test?];
    match parts {
        [DeValue::Array(train), DeValue::Array(valid), DeValue::Array(test)] => {
            split_by_ids([train, valid, test], table)
        }
        _ => fractions(parts, table),
    }
}

fn split_by_ids(lists: [&DeArray; 3], table: &DeTable) -> std::result::Result<Split, Mismatch> {
    if table.contains_key(SEED) {
        return Err(Mismatch::new("seed beside lists of ids", "seed with fractions only"));
    }
    let [train, valid, test] = lists.map(ids);
    let lists = [train?, valid?, test?];
    let mut seen = BTreeSet::new();
    match lists.iter().flatten().find(|id| !seen.insert(*id)) {
        Some(id) => Err(Mismatch::new(format!("{id:?} in two lists"), "each stimulus in one")),
        None => Ok(Split::Ids(lists)),
    }
}

fn fractions(values: [&DeValue; 3], table: &DeTable) -> std::result::Result<Split, Mismatch> {
    let [train, valid, test] = values.map(|value| {
        let fraction = number(value).filter(|f| *f > 0.0 && *f < 1.0);
        let expected = "three fractions in (0, 1) or three lists of ids";
        fraction.ok_or_else(|| Mismatch::new(shown(value), expected))
    });
    let parts = [train?, valid?, test?];
    let sum: f64 = parts.iter().sum();
    if (sum - 1.0).abs() > 1e-6 {
        let sum = (sum * 1e9).round() / 1e9;
        return Err(Mismatch::new(format!("a sum of {sum}"), "fractions that sum to 1"));
    }
    let seed = match table.get(SEED).map(AsRef::as_ref) {
        None => 0,
        Some(value) => DeValue::as_integer(value)
            .and_then(whole)
            .filter(|seed| i64::try_from(*seed).is_ok())
            .ok_or_else(|| Mismatch::new(format!("seed = {}", shown(value)), "a whole number"))?,
    };
    Ok(Split::Fractions { parts, seed })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::keys::{Default, Kind};

    const KEY: Key =
        Key { name: "split", kind: Kind::Declared(&KIND), default: Default::Is(""), doc: "" };

    fn read_text(text: &str) -> std::result::Result<Split, String> {
        let value = DeValue::parse(text).unwrap();
        split(&KEY, value.as_ref()).map_err(|mismatch| mismatch.found)
    }

    #[test]
    fn the_example_of_a_split_is_the_one_that_holds_where_nothing_is_said() {
        assert_eq!(read_text(EXAMPLE), Ok(Split::UNSAID));
    }

    #[test]
    fn splits_that_make_no_sense_are_refused() {
        let found = |text| read_text(text).unwrap_err();
        assert_eq!(found("{ train = 0.7, valid = 0.3 }"), "no test");
        assert_eq!(found("{ train = 0.7, valid = 0.2, test = 0.2 }"), "a sum of 1.1");
        assert_eq!(found("{ train = 1.0, valid = 0.2, test = 0.2 }"), "1.0");
        assert_eq!(found("{ train = nan, valid = 0.2, test = 0.2 }"), "nan");
        assert_eq!(
            found("{ train = 0.7, valid = 0.15, test = 0.15, sed = 1 }"),
            "the unknown key sed"
        );
        assert_eq!(
            found("{ train = ['a'], valid = ['b'], test = ['c', 'a'] }"),
            "\"a\" in two lists"
        );
        assert_eq!(found("{ train = ['a'], valid = ['b'], test = [] }"), "an empty list");
        assert_eq!(found("{ train = ['a'], valid = ['b'], test = 0.5 }"), "a list");
        assert_eq!(found("{ train = 0.7, valid = 0.15, test = 0.15, seed = -1 }"), "seed = -1");
        assert_eq!(found("'random'"), "\"random\"");
    }
}
