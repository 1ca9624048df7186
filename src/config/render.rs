//! Sections as text, from checked values.
use super::keys::{Key, Value, Values};
use super::part::{Chosen, Row};
use super::sections::Form;
use crate::base::error::{Error, Result};

/// A section that names a part, with every key that has a value.
///
/// # Errors
/// A value that TOML cannot hold.
pub fn part<R: Row>(name: &str, chosen: &Chosen<R>) -> Result<String> {
    let part = chosen.row.part();
    section(name, Some(part.name), part.keys, &chosen.values)
}

/// Sections of one name that each name a part, in their order.
///
/// # Errors
/// A value that TOML cannot hold.
pub fn parts<R: Row>(name: &str, form: Form, chosen: &[Chosen<R>]) -> Result<Vec<String>> {
    let name = match form {
        Form::Table if chosen.len() < 2 => name.to_owned(),
        Form::Table | Form::List => format!("[{name}]"),
    };
    chosen.iter().map(|chosen| part(&name, chosen)).collect()
}

/// A section with every key that has a value, `type` first where it names a part.
///
/// # Errors
/// A value that TOML cannot hold.
pub fn section(name: &str, part: Option<&str>, keys: &[Key], values: &Values) -> Result<String> {
    let part = part.map(|part| Ok(format!("type = {}\n", quoted(part))));
    let written = keys.iter().filter_map(|key| values.get(key.name).map(|value| (key, value)));
    let lines = written.map(|(key, value)| Ok(format!("{} = {}\n", key.name, toml_value(value)?)));
    let lines: String = part.into_iter().chain(lines).collect::<Result<_>>()?;
    Ok(format!("[{name}]\n{lines}"))
}

/// Text as a string of TOML.
pub fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// A value as TOML holds it.
///
/// # Errors
/// It cannot.
pub fn toml_value(value: &Value) -> Result<toml::Value> {
    Ok(match value {
        Value::Number(number) => (*number).into(),
        Value::Integer(number) => integer(*number)?,
        Value::Flag(flag) => (*flag).into(),
        Value::Text(text) => text.as_str().into(),
        Value::Texts(texts) => texts.clone().into(),
        Value::Declared(value) => value.to_toml()?,
    })
}

/// A whole number as TOML holds it.
///
/// # Errors
/// It is too large.
pub fn integer(number: u64) -> Result<toml::Value> {
    let number = i64::try_from(number);
    number.map(Into::into).map_err(|source| Error::failed("writing a whole number", source))
}
