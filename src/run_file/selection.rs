//! Which neurons or stimuli of a dataset are meant: a kind of value of the run file.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value as Json, json};
use toml::de::{DeArray, DeTable, DeValue};

use super::Condition;
use crate::base::error::Result;
use crate::config::keys::{DeclaredKind, DeclaredValue, Key};
use crate::config::mismatch::Mismatch;
use crate::config::value::{mismatch, number, shown};

/// `"all"`, a list of ids, or a table of attributes such as `{ area = "A1" }`.
pub static KIND: DeclaredKind = DeclaredKind {
    expected: || {
        let example = r#"{ area = "A1", depth_um = ">300" }"#;
        format!(r#""all", a list of ids, or a table of attributes such as {example}"#)
    },
    example: r#""all""#,
    schema: || {
        let conditions = json!({ "type": ["string", "number", "boolean"] });
        json!({ "anyOf": [
            { "enum": ["all"] },
            ids_schema(),
            { "type": "object", "minProperties": 1, "additionalProperties": conditions },
        ] })
    },
    read: |key, value| Ok(Arc::new(selection(key, value)?)),
};

/// Which neurons or stimuli of a file are meant.
#[derive(Debug, Clone, PartialEq)]
pub enum Selection {
    /// Every one.
    All,
    /// Those with these ids, in this order.
    Ids(Vec<String>),
    /// Those that meet all these conditions on what they have under a name.
    Attributes(BTreeMap<String, Condition>),
}

impl DeclaredValue for Selection {
    fn to_toml(&self) -> Result<toml::Value> {
        Ok(match self {
            Self::All => "all".into(),
            Self::Ids(ids) => ids.clone().into(),
            Self::Attributes(conditions) => {
                let texts =
                    conditions.iter().map(|(name, condition)| (name.clone(), condition.text()));
                texts.collect::<BTreeMap<String, String>>().into()
            }
        })
    }
}

fn selection(key: &Key, value: &DeValue) -> std::result::Result<Selection, Mismatch> {
    match value {
        DeValue::String(word) if word == "all" => Ok(Selection::All),
        DeValue::Array(list) => ids(list).map(Selection::Ids),
        DeValue::Table(table) if !table.is_empty() => attributes(table).map(Selection::Attributes),
        DeValue::Table(_) => Err(Mismatch::new("a table without attributes", "at least one")),
        _ => Err(mismatch(key, value)),
    }
}

/// Attributes are compared as text, so that `3`, `3.0` and `"3"` mean the same, unless the text is
/// a comparison of numbers.
fn attributes(table: &DeTable) -> std::result::Result<BTreeMap<String, Condition>, Mismatch> {
    let attributes = table.iter().map(|(name, value)| {
        let condition = match value.as_ref() {
            DeValue::String(text) => Condition::parse(text).ok_or_else(|| {
                let expected = "a number behind > >= < or <=, such as \">0.1\"";
                Mismatch::new(format!("{} = {text:?}", name.get_ref()), expected)
            }),
            DeValue::Boolean(flag) => Ok(Condition::Is(flag.to_string())),
            value => number(value)
                .map(|number| Condition::Is(number.to_string()))
                .ok_or_else(|| Mismatch::new(shown(value), "text, a number, true or false")),
        };
        condition.map(|condition| (name.get_ref().to_string(), condition))
    });
    attributes.collect()
}

/// What a JSON Schema says of a list of ids.
pub(super) fn ids_schema() -> Json {
    json!({ "type": "array", "items": { "type": "string" }, "minItems": 1, "uniqueItems": true })
}

/// A list of ids, each once.
pub(super) fn ids(list: &DeArray) -> std::result::Result<Vec<String>, Mismatch> {
    if list.is_empty() {
        return Err(Mismatch::new("an empty list", "at least one id"));
    }
    let mut seen = BTreeSet::new();
    let mut ids = Vec::new();
    for value in list.iter().map(AsRef::as_ref) {
        let Some(id) = DeValue::as_str(value) else {
            return Err(Mismatch::new(format!("{} in a list", shown(value)), "ids in quotes"));
        };
        if !seen.insert(id) {
            return Err(Mismatch::new(format!("{id:?} twice"), "each id once"));
        }
        ids.push(id.to_owned());
    }
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::super::Relation;
    use super::*;
    use crate::config::keys::{Default, Kind};

    const KEY: Key =
        Key { name: "neurons", kind: Kind::Declared(&KIND), default: Default::Is(""), doc: "" };

    fn read_text(text: &str) -> std::result::Result<Selection, String> {
        let value = DeValue::parse(text).unwrap();
        selection(&KEY, value.as_ref()).map_err(|mismatch| mismatch.found)
    }

    #[test]
    fn selections_are_read_and_wrong_ones_refused() {
        let attributes = BTreeMap::from([
            ("area".into(), Condition::Is("A1".into())),
            ("depth".into(), Condition::Is("3".into())),
            ("snr".into(), Condition::Compares(Relation::AtLeast, 0.05)),
        ]);
        assert_eq!(
            read_text("{ area = 'A1', depth = 3.0, snr = '>= 0.05' }"),
            Ok(Selection::Attributes(attributes))
        );
        let found = |text| read_text(text).unwrap_err();
        assert_eq!(found("[]"), "an empty list");
        assert_eq!(found("['a', 'b', 'a']"), "\"a\" twice");
        assert_eq!(found("['a', 2]"), "2 in a list");
        assert_eq!(found("{}"), "a table without attributes");
        assert_eq!(found("{ area = ['A1'] }"), "a list");
        assert_eq!(found("{ area = 'A1', snr = '>abc' }"), "snr = \">abc\"");
        assert_eq!(found("'some'"), "\"some\"");
    }
}
