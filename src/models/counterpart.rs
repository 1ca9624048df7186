//! Parts as deepSTRF 0.1.0 has them.
use crate::base::error::Result;
use crate::config::keys::{Value, Values};
use crate::config::render::toml_value;

/// Keys and the only values that deepSTRF has for them, as a run file writes them.
pub type FixedKeys = &'static [(&'static str, &'static str)];

/// A part in deepSTRF.
#[derive(Debug)]
pub struct Counterpart {
    /// The Python expression that makes it, with sizes and keys in braces, as in `{F}` or `{gaussians}`;
    /// none where its models make it by themselves.
    pub object: Option<&'static str>,
    /// The only form of the part that it has, as names and shapes of weights tell.
    pub form: FixedKeys,
    /// The same, of which weights tell nothing.
    pub silent: FixedKeys,
}

/// The keys of a section that have other values than the only ones, as `model.norm = "none"`.
///
/// # Errors
/// A value that a run file cannot hold.
pub fn unlike(section: &str, form: FixedKeys, values: &Values) -> Result<Vec<String>> {
    let found = |key: &str, only: &str, value: &Value| {
        let found = toml_value(value)?.to_string();
        Ok((found != only).then(|| format!("{section}.{key} = {found}")))
    };
    let given = form.iter().filter_map(|(key, only)| Some((key, only, values.get(key)?)));
    given.filter_map(|(key, only, value)| found(key, only, value).transpose()).collect()
}

/// An expression with every name in braces replaced by its number.
///
/// # Errors
/// A name stands for no number.
pub fn filled(expression: &str, number: impl Fn(&str) -> Result<usize>) -> Result<String> {
    let pieces = expression.split(['{', '}']).enumerate();
    let words = pieces.map(|(place, piece)| match place % 2 {
        0 => Ok(piece.to_owned()),
        _ => Ok(number(piece)?.to_string()),
    });
    words.collect()
}
