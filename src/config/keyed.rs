//! Sections with a field for each key, each declared in one row.
use crate::base::device::DeviceName;
use crate::base::error::{Error, Result};
use crate::config::keys::{Value, Values};

/// A value of a section as a type of its own.
pub trait KeyedValue: Sized {
    /// Reads the checked value of a key.
    ///
    /// # Errors
    /// The table of keys lets through what the type cannot hold.
    fn read(values: &Values, key: &str) -> Result<Self>;

    /// The value as a run file has it; none where it is yet to follow from something else.
    fn value(&self) -> Option<Value>;
}

impl<T: KeyedValue> KeyedValue for Option<T> {
    fn read(values: &Values, key: &str) -> Result<Self> {
        values.get(key).map(|_| T::read(values, key)).transpose()
    }

    fn value(&self) -> Option<Value> {
        self.as_ref().and_then(KeyedValue::value)
    }
}

impl KeyedValue for bool {
    fn read(values: &Values, key: &str) -> Result<Self> {
        values.flag(key)
    }

    fn value(&self) -> Option<Value> {
        Some(Value::Flag(*self))
    }
}

impl KeyedValue for f64 {
    fn read(values: &Values, key: &str) -> Result<Self> {
        values.number(key)
    }

    fn value(&self) -> Option<Value> {
        Some(Value::Number(*self))
    }
}

impl KeyedValue for u64 {
    fn read(values: &Values, key: &str) -> Result<Self> {
        values.integer(key)
    }

    fn value(&self) -> Option<Value> {
        Some(Value::Integer(*self))
    }
}

impl KeyedValue for usize {
    fn read(values: &Values, key: &str) -> Result<Self> {
        values.count(key)
    }

    fn value(&self) -> Option<Value> {
        Some(Value::Integer(*self as u64))
    }
}

impl KeyedValue for String {
    fn read(values: &Values, key: &str) -> Result<Self> {
        values.text(key).map(str::to_owned)
    }

    fn value(&self) -> Option<Value> {
        Some(Value::Text(self.clone()))
    }
}

impl KeyedValue for Vec<String> {
    fn read(values: &Values, key: &str) -> Result<Self> {
        values.texts(key).map(<[String]>::to_vec)
    }

    fn value(&self) -> Option<Value> {
        Some(Value::Texts(self.clone()))
    }
}

impl KeyedValue for DeviceName {
    fn read(values: &Values, key: &str) -> Result<Self> {
        choice(values, key, Self::from_word)
    }

    fn value(&self) -> Option<Value> {
        Some(Value::Text(self.to_string()))
    }
}

/// What the word of a key stands for.
///
/// # Errors
/// It stands for nothing.
pub fn choice<T>(values: &Values, key: &str, from_word: impl Fn(&str) -> Option<T>) -> Result<T> {
    let word = values.text(key)?;
    let unknown =
        || Error::failed(format!("reading {key}"), format!("{word:?} stands for nothing"));
    from_word(word).ok_or_else(unknown)
}

/// A section whose keys are always the same: the type of its values, and the table of its keys.
/// A row gives what the key does, its name, its type, what values it takes, and its default.
macro_rules! section {
    (
        $(#[$meta:meta])*
        $name:ident {
            $($(#[doc = $doc:literal])+ $key:ident: $of:ty = $kind:expr, $default:expr;)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone)]
        pub struct $name {
            $($(#[doc = $doc])+ pub $key: $of,)+
        }

        impl $name {
            /// The keys of the section.
            pub const KEYS: &[Key] = &[$(Key {
                name: stringify!($key),
                kind: $kind,
                default: $default,
                doc: concat!($($doc),+).trim_ascii(),
            }),+];

            /// Reads the checked values of the section.
            ///
            /// # Errors
            /// The table of keys lets through what a type cannot hold.
            pub fn new(values: &Values) -> Result<Self> {
                Ok(Self { $($key: KeyedValue::read(values, stringify!($key))?,)+ })
            }

            /// The values by key.
            pub fn values(&self) -> Values {
                let mut values = Values::default();
                $(if let Some(value) = self.$key.value() {
                    values.set(stringify!($key), value);
                })+
                values
            }
        }
    };
}

/// Settings with a few named values: a type for each, with its words.
macro_rules! choices {
    ($($(#[$doc:meta])* $name:ident { $($(#[$value_doc:meta])* $value:ident = $word:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$value_doc])* $value,)*
        }

        impl $name {
            /// The words of the run file.
            pub const WORDS: &[&str] = &[$($word),*];

            /// The value that a word of the run file names.
            pub fn from_word(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$value),)*
                    _ => None,
                }
            }

            /// Its word in the run file.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$value => $word,)*
                }
            }
        }

        impl $crate::config::keyed::KeyedValue for $name {
            fn read(values: &$crate::config::keys::Values, key: &str) -> $crate::base::error::Result<Self> {
                $crate::config::keyed::choice(values, key, Self::from_word)
            }

            fn value(&self) -> Option<$crate::config::keys::Value> {
                Some($crate::config::keys::Value::Text(self.word().into()))
            }
        }
    )*};
}

pub(crate) use {choices, section};
