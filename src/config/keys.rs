//! What a key of a file may hold: one row a key, from which reading, checking, the reference
//! file, `strf init` and the run folder's copy are all made.
use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value as Json;
use toml::de::DeValue;

use super::mismatch::Mismatch;
use crate::base::error::{Error, Result};
use crate::base::wording::one_of;

/// One key of a section.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// As written, with its unit: `window_ms`.
    pub name: &'static str,
    /// What values it takes.
    pub kind: Kind,
    /// The value where the file leaves it out.
    pub default: Default,
    /// One line: what it does, unit included.
    pub doc: &'static str,
}

/// What a key holds and in which range.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// A finite number in a range.
    Number(Range),
    /// A whole number from the first to the last.
    Integer(u64, u64),
    /// `true` or `false`.
    Flag,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// One of the names of a table of parts.
    Part(fn() -> Vec<&'static str>),
    /// A path, relative to the folder of the run file.
    Path,
    /// `"cpu"`, `"cuda"` or `"cuda:N"`.
    Device,
    /// Any text that is not empty.
    Text,
    /// A list of texts, none of them empty.
    Texts,
    /// What another room declares.
    Declared(&'static DeclaredKind),
}

/// A kind of value that is declared outside this room, by what it means.
#[derive(Debug)]
pub struct DeclaredKind {
    /// How messages and the reference file name what is expected.
    pub expected: fn() -> String,
    /// A value, written as in TOML.
    pub example: &'static str,
    /// What a JSON Schema says of it.
    pub schema: fn() -> Json,
    /// The value, if it is such; the key is for messages.
    pub read: ReadDeclared,
}

/// Reads a value of a [`DeclaredKind`].
pub type ReadDeclared = fn(&Key, &DeValue) -> std::result::Result<Arc<dyn DeclaredValue>, Mismatch>;

/// A value of a [`DeclaredKind`].
pub trait DeclaredValue: Any + fmt::Debug + Send + Sync {
    /// As a file has it.
    ///
    /// # Errors
    /// TOML cannot hold it.
    fn to_toml(&self) -> Result<toml::Value>;
}

impl Kind {
    /// How messages and the reference file name what is expected.
    pub fn expected(&self) -> String {
        match self {
            Self::Number(range) => format!("a number in {range}"),
            Self::Integer(from, to) => format!("a whole number from {from} to {to}"),
            Self::Flag => "true or false".into(),
            Self::Choice(words) => one_of(words),
            Self::Part(names) => one_of(&names()),
            Self::Path => "a path, relative to the run file".into(),
            Self::Device => r#""cpu", "cuda" or "cuda:N""#.into(),
            Self::Text => "a text that is not empty".into(),
            Self::Texts => "a list of texts, none of them empty".into(),
            Self::Declared(kind) => (kind.expected)(),
        }
    }

    /// A value, written as in TOML, for keys whose default follows from something else.
    pub fn example(&self) -> String {
        match self {
            Self::Number(range) => format!("{:?}", range.to),
            Self::Integer(_, to) => to.to_string(),
            Self::Flag => "true".into(),
            Self::Choice(words) => format!("{:?}", words.first().unwrap_or(&"")),
            Self::Part(names) => format!("{:?}", names().first().unwrap_or(&"")),
            Self::Path => r#""runs/ln""#.into(),
            Self::Device => r#""cpu""#.into(),
            Self::Text => r#""""#.into(),
            Self::Texts => "[]".into(),
            Self::Declared(kind) => kind.example.into(),
        }
    }
}

/// Bounds of a number.
#[derive(Debug, Clone, Copy)]
pub struct Range {
    /// Lower bound.
    pub from: f64,
    /// Upper bound.
    pub to: f64,
    /// Whether `from` itself is allowed.
    pub from_included: bool,
}

impl Range {
    /// `[from, to]`
    pub const fn closed(from: f64, to: f64) -> Self {
        Self { from, to, from_included: true }
    }

    /// `(from, to]`
    pub const fn above(from: f64, to: f64) -> Self {
        Self { from, to, from_included: false }
    }

    /// False for NaN.
    pub fn contains(&self, value: f64) -> bool {
        let above = if self.from_included { value >= self.from } else { value > self.from };
        above && value <= self.to
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = if self.from_included { '[' } else { '(' };
        write!(f, "{open}{}, {}]", self.from, self.to)
    }
}

/// The value of a key that the file leaves out.
#[derive(Debug, Clone, Copy)]
pub enum Default {
    /// A value, written as in TOML.
    Is(&'static str),
    /// Follows from other keys or from the data; this says how.
    Follows(&'static str),
    /// The file must give it; this is an example, written as in TOML.
    Required(&'static str),
}

/// A value of a file whose type and range have been checked.
#[derive(Debug, Clone)]
pub enum Value {
    /// Of [`Kind::Number`].
    Number(f64),
    /// Of [`Kind::Integer`].
    Integer(u64),
    /// Of [`Kind::Flag`].
    Flag(bool),
    /// Of [`Kind::Choice`], [`Kind::Part`], [`Kind::Path`], [`Kind::Device`] and [`Kind::Text`].
    Text(String),
    /// Of [`Kind::Texts`].
    Texts(Vec<String>),
    /// Of [`Kind::Declared`].
    Declared(Arc<dyn DeclaredValue>),
}

/// The checked values of one section, by key.
#[derive(Debug, Clone, std::default::Default)]
pub struct Values(BTreeMap<&'static str, Value>);

macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident, $variant:ident, $out:ty, $take:expr;)*) => {$(
        $(#[$doc])*
        pub fn $name(&self, key: &str) -> Result<$out> {
            match self.0.get(key) {
                Some(Value::$variant(value)) => Ok($take(value)),
                other => Err(no_such(key, other)),
            }
        }
    )*};
}

impl Values {
    getters! {
        /// A number.
        number, Number, f64, |v: &f64| *v;
        /// A whole number.
        integer, Integer, u64, |v: &u64| *v;
        /// A flag.
        flag, Flag, bool, |v: &bool| *v;
        /// A word or text.
        text, Text, &str, String::as_str;
        /// A list of texts.
        texts, Texts, &[String], Vec::as_slice;
    }

    /// A whole number that counts things in memory.
    pub fn count(&self, key: &str) -> Result<usize> {
        let value = self.integer(key)?;
        usize::try_from(value).map_err(|source| Error::failed(format!("reading {key}"), source))
    }

    /// A value of a kind that another room declares.
    ///
    /// # Errors
    /// There is none of this type.
    pub fn declared<T: DeclaredValue>(&self, key: &str) -> Result<&T> {
        let found = self.0.get(key);
        let value = found.and_then(|value| match value {
            Value::Declared(value) => (&**value as &dyn Any).downcast_ref(),
            _ => None,
        });
        value.ok_or_else(|| no_such(key, found))
    }

    /// The value, where the file or a default gives one.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// Takes a value away.
    pub fn remove(&mut self, key: &str) {
        self.0.remove(key);
    }

    /// Sets or replaces a value.
    pub fn set(&mut self, key: &'static str, value: Value) {
        self.0.insert(key, value);
    }
}

fn no_such(key: &str, other: Option<&Value>) -> Error {
    let cause = format!("the table of keys gives {other:?} for `{key}`");
    Error::failed("reading the checked run file", cause)
}
