//! The strength of a penalty: a kind of value of the run file.
use std::sync::Arc;

use serde_json::json;
use toml::de::DeValue;

use crate::base::error::Result;
use crate::config::keyed::KeyedValue;
use crate::config::keys::{DeclaredKind, DeclaredValue, Range, Value, Values};
use crate::config::value::{mismatch, number};

const RANGE: Range = Range::closed(0.0, 1e12);
const AUTO: &str = "auto";

/// A number, or `"auto"`.
pub static KIND: DeclaredKind = DeclaredKind {
    expected: || format!("a number in {RANGE}, or {AUTO:?}"),
    example: r#""auto""#,
    schema: || json!({ "anyOf": [{ "enum": [AUTO] }, { "type": "number", "minimum": 0 }] }),
    read: |key, value| {
        let strength = match value {
            DeValue::String(word) if word == AUTO => Strength::Auto,
            value => match number(value) {
                Some(number) if RANGE.contains(number) => Strength::Is(number),
                _ => return Err(mismatch(key, value)),
            },
        };
        Ok(Arc::new(strength))
    },
};

/// How strong a penalty is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Strength {
    /// As strong as does best on the validation stimuli.
    Auto,
    /// So strong.
    Is(f64),
}

impl Strength {
    /// Whether there is such a penalty at all.
    pub fn is_none(self) -> bool {
        self == Self::Is(0.0)
    }
}

impl DeclaredValue for Strength {
    fn to_toml(&self) -> Result<toml::Value> {
        Ok(match self {
            Self::Auto => AUTO.into(),
            Self::Is(number) => (*number).into(),
        })
    }
}

impl KeyedValue for Strength {
    fn read(values: &Values, key: &str) -> Result<Self> {
        values.declared::<Self>(key).copied()
    }

    fn value(&self) -> Option<Value> {
        Some(Value::Declared(Arc::new(*self)))
    }
}
