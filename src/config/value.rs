//! One value of a file against what its key takes.
use std::borrow::Cow;

use toml::Spanned;
use toml::de::{DeArray, DeInteger, DeValue};

use super::keys::{Key, Kind, Value};
use super::mismatch::Mismatch;
use super::render::quoted;
use crate::base::device::DeviceName;
use crate::base::wording::did_you_mean;

/// The value of `key`, if it is of its kind and in its range.
pub fn read(key: &Key, value: &DeValue) -> Result<Value, Mismatch> {
    let checked = match key.kind {
        Kind::Number(range) => number(value).filter(|v| range.contains(*v)).map(Value::Number),
        Kind::Integer(from, to) => {
            let whole = value.as_integer().and_then(whole);
            whole.filter(|v| (from..=to).contains(v)).map(Value::Integer)
        }
        Kind::Flag => value.as_bool().map(Value::Flag),
        Kind::Choice(words) => return word(key, words, value),
        Kind::Part(names) => return word(key, &names(), value),
        Kind::Path | Kind::Text => value.as_str().filter(|word| !word.is_empty()).map(text),
        Kind::Texts => value.as_array().and_then(|list| texts(list)).map(Value::Texts),
        Kind::Device => {
            value.as_str().filter(|word| DeviceName::from_word(word).is_some()).map(text)
        }
        Kind::Declared(kind) => return (kind.read)(key, value).map(Value::Declared),
    };
    checked.ok_or_else(|| mismatch(key, value))
}

/// A value as messages show it: short, on one line.
pub fn shown(value: &DeValue) -> String {
    const LONGEST: usize = 40;
    match value {
        DeValue::String(text) if text.chars().count() > LONGEST => {
            format!("{:?}...", text.chars().take(LONGEST).collect::<String>())
        }
        DeValue::String(text) => format!("{text:?}"),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(date) => format!("the date {date}"),
        DeValue::Array(_) => "a list".into(),
        DeValue::Table(_) => "a table".into(),
    }
}

/// A value that is not of its key's kind, or out of its range.
pub fn mismatch(key: &Key, value: &DeValue) -> Mismatch {
    Mismatch::new(shown(value), key.kind.expected())
}

/// A value as it is written in TOML, on one line.
pub fn written(value: &DeValue) -> String {
    match value {
        DeValue::String(text) => quoted(text),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(date) => date.to_string(),
        DeValue::Array(list) => {
            let all: Vec<String> = list.iter().map(|value| written(value.as_ref())).collect();
            format!("[{}]", all.join(", "))
        }
        DeValue::Table(table) => {
            let entry = |(name, value): (&Spanned<Cow<str>>, &Spanned<DeValue>)| {
                format!("{} = {}", quoted(name.get_ref()), written(value.as_ref()))
            };
            let all: Vec<String> = table.iter().map(entry).collect();
            format!("{{ {} }}", all.join(", "))
        }
    }
}

/// The texts of a list, if all are such and none is empty.
fn texts(list: &DeArray) -> Option<Vec<String>> {
    let text = |value: &Spanned<DeValue>| {
        value.as_ref().as_str().filter(|text| !text.is_empty()).map(str::to_owned)
    };
    list.iter().map(text).collect()
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

/// A number without sign that fits into 64 bits.
pub fn whole(number: &DeInteger) -> Option<u64> {
    u64::from_str_radix(number.as_str(), number.radix()).ok()
}

/// A finite number, written with or without a decimal point.
pub fn number(value: &DeValue) -> Option<f64> {
    let number = match value {
        DeValue::Float(number) => number.as_str().parse().ok(),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).ok().map(|n| n as f64)
        }
        _ => None,
    };
    number.filter(|number: &f64| number.is_finite())
}

fn word(key: &Key, words: &[&'static str], value: &DeValue) -> Result<Value, Mismatch> {
    let Some(found) = value.as_str() else { return Err(mismatch(key, value)) };
    if words.contains(&found) {
        return Ok(text(found));
    }
    let hint = did_you_mean(found, words.iter().copied());
    let hint = if words.len() > 1 { hint } else { key.doc.into() };
    Err(Mismatch { hint, ..mismatch(key, value) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::keys::{Default, Range};

    fn read_text(key: &Key, text: &str) -> Result<Value, String> {
        let value = DeValue::parse(text).unwrap();
        read(key, value.as_ref()).map_err(|mismatch| mismatch.found)
    }

    #[test]
    fn whole_numbers_are_numbers_but_not_the_other_way_round() {
        let key = |kind| Key { name: "x", kind, default: Default::Is("1"), doc: "" };
        let number = key(Kind::Number(Range::closed(0.0, 9.0)));
        let whole = key(Kind::Integer(0, 9));
        let shown = |key, text| format!("{:?}", read_text(key, text));
        assert_eq!(shown(&number, "1"), "Ok(Number(1.0))");
        assert_eq!(shown(&number, "0x9"), "Ok(Number(9.0))");
        assert_eq!(shown(&whole, "0b11"), "Ok(Integer(3))");
        for text in ["1.0", "-1", "10", "inf", "nan", "'1'", "true", "99999999999999999999"] {
            assert!(read_text(&whole, text).is_err(), "{text}");
        }
        for text in ["-0.1", "9.1", "inf", "-inf", "nan", "'1'", "1e400", "99999999999999999999"] {
            assert!(read_text(&number, text).is_err(), "{text}");
        }
    }
}
