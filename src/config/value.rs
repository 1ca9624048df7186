//! One value of the run file against what its key takes.
use std::collections::{BTreeMap, BTreeSet};

use toml::de::{DeArray, DeInteger, DeTable, DeValue};

use super::choices::DeviceName;
use super::keys::{Condition, Key, Kind, Selection, Split, Value};
use super::wording::{did_you_mean, joined};

/// Why a value does not fit its key.
#[derive(Debug, PartialEq)]
pub struct Mismatch {
    /// The value, or what is wrong inside it.
    pub found: String,
    /// What would fit.
    pub expected: String,
    /// What to do, or empty.
    pub hint: String,
}

impl Mismatch {
    fn new(found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { found: found.into(), expected: expected.into(), hint: String::new() }
    }
}

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
        Kind::Path => value.as_str().filter(|path| !path.is_empty()).map(text),
        Kind::Device => {
            value.as_str().filter(|word| DeviceName::from_word(word).is_some()).map(text)
        }
        Kind::Selection => return selection(key, value).map(Value::Selection),
        Kind::Split => return split(key, value).map(Value::Split),
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

fn mismatch(key: &Key, value: &DeValue) -> Mismatch {
    Mismatch::new(shown(value), key.kind.expected())
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn whole(number: &DeInteger) -> Option<u64> {
    u64::from_str_radix(number.as_str(), number.radix()).ok()
}

/// A finite number, written with or without a decimal point.
fn number(value: &DeValue) -> Option<f64> {
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

fn selection(key: &Key, value: &DeValue) -> Result<Selection, Mismatch> {
    match value {
        DeValue::String(word) if word == "all" => Ok(Selection::All),
        DeValue::Array(list) => ids(list).map(Selection::Ids),
        DeValue::Table(table) if !table.is_empty() => attributes(table).map(Selection::Attributes),
        DeValue::Table(_) => Err(Mismatch::new("a table without attributes", "at least one")),
        _ => Err(mismatch(key, value)),
    }
}

fn ids(list: &DeArray) -> Result<Vec<String>, Mismatch> {
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

/// Attributes are compared as text, so that `3`, `3.0` and `"3"` mean the same, unless the text is
/// a comparison of numbers.
fn attributes(table: &DeTable) -> Result<BTreeMap<String, Condition>, Mismatch> {
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

const PARTS: [&str; 3] = ["train", "valid", "test"];
const SEED: &str = "seed";

fn split(key: &Key, value: &DeValue) -> Result<Split, Mismatch> {
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

fn split_by_ids(lists: [&DeArray; 3], table: &DeTable) -> Result<Split, Mismatch> {
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

fn fractions(values: [&DeValue; 3], table: &DeTable) -> Result<Split, Mismatch> {
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
    use crate::config::keys::{Default, Relation, SPLIT};

    fn data_key(name: &str) -> &'static Key {
        crate::config::sections::DATA.iter().find(|key| key.name == name).unwrap()
    }

    fn read_text(key: &Key, text: &str) -> Result<Value, String> {
        let value = DeValue::parse(text).unwrap();
        read(key, value.as_ref()).map_err(|mismatch| mismatch.found)
    }

    #[test]
    fn the_example_of_a_split_is_the_one_that_holds_where_nothing_is_said() {
        assert_eq!(read_text(data_key("split"), SPLIT), Ok(Value::Split(Split::UNSAID)));
    }

    #[test]
    fn splits_that_make_no_sense_are_refused() {
        let found = |text| read_text(data_key("split"), text).unwrap_err();
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

    #[test]
    fn selections_are_read_and_wrong_ones_refused() {
        let key = data_key("neurons");
        let attributes = BTreeMap::from([
            ("area".into(), Condition::Is("A1".into())),
            ("depth".into(), Condition::Is("3".into())),
            ("snr".into(), Condition::Compares(Relation::AtLeast, 0.05)),
        ]);
        assert_eq!(
            read_text(key, "{ area = 'A1', depth = 3.0, snr = '>= 0.05' }"),
            Ok(Value::Selection(Selection::Attributes(attributes)))
        );
        let found = |text| read_text(key, text).unwrap_err();
        assert_eq!(found("[]"), "an empty list");
        assert_eq!(found("['a', 'b', 'a']"), "\"a\" twice");
        assert_eq!(found("['a', 2]"), "2 in a list");
        assert_eq!(found("{}"), "a table without attributes");
        assert_eq!(found("{ area = ['A1'] }"), "a list");
        assert_eq!(found("{ area = 'A1', snr = '>abc' }"), "snr = \">abc\"");
        assert_eq!(found("'some'"), "\"some\"");
    }

    #[test]
    fn whole_numbers_are_numbers_but_not_the_other_way_round() {
        let key = |kind| Key { name: "x", kind, default: Default::Is("1"), doc: "" };
        let number = key(Kind::Number(crate::config::keys::Range::closed(0.0, 9.0)));
        let whole = key(Kind::Integer(0, 9));
        assert_eq!(read_text(&number, "1"), Ok(Value::Number(1.0)));
        assert_eq!(read_text(&number, "0x9"), Ok(Value::Number(9.0)));
        assert_eq!(read_text(&whole, "0b11"), Ok(Value::Integer(3)));
        for text in ["1.0", "-1", "10", "inf", "nan", "'1'", "true", "99999999999999999999"] {
            assert!(read_text(&whole, text).is_err(), "{text}");
        }
        for text in ["-0.1", "9.1", "inf", "-inf", "nan", "'1'", "1e400", "99999999999999999999"] {
            assert!(read_text(&number, text).is_err(), "{text}");
        }
    }
}
