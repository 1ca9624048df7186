//! Trials of a `pprox` file, in both schemas.
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// A trial as the file has it.
#[derive(Debug, Deserialize)]
pub struct Trial {
    /// A name, or an object with one.
    #[serde(default)]
    pub stimulus: Option<Played>,
    /// Spikes in seconds from the onset.
    #[serde(default)]
    pub events: Option<Vec<f64>>,
    /// Spikes in milliseconds on the clock of the recording.
    #[serde(default)]
    pub event: Option<Vec<f64>>,
    /// From when to when the trial was recorded, as spikes are.
    #[serde(default)]
    pub interval: Option<Vec<f64>>,
    /// Onset of the stimulus in the older schema.
    #[serde(default)]
    pub stim_on: Option<Onset>,
}

/// What was played.
#[derive(Debug, PartialEq)]
pub struct Played {
    /// Its name, where it has one.
    pub name: Option<String>,
    /// From when to when.
    pub interval: Option<Vec<f64>>,
}

/// One number, or the first of a list.
#[derive(Debug, PartialEq)]
pub struct Onset(pub f64);

/// A value that an attribute can be made of; nothing of a list or an object.
#[derive(Debug, PartialEq)]
pub struct Scalar(pub Option<String>);

impl<'de> Deserialize<'de> for Played {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PlayedVisitor)
    }
}

struct PlayedVisitor;

impl<'de> Visitor<'de> for PlayedVisitor {
    type Value = Played;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("the name of a stimulus, or an object with a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Played, E> {
        Ok(Played { name: Some(name.to_owned()), interval: None })
    }

    fn visit_u64<E>(self, number: u64) -> Result<Played, E> {
        Ok(Played { name: Some(number.to_string()), interval: None })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Played, A::Error> {
        let mut played = Played { name: None, interval: None };
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "name" => played.name = map.next_value::<Scalar>()?.0,
                "interval" => played.interval = map.next_value()?,
                _ => map.next_value::<IgnoredAny>().map(|_| ())?,
            }
        }
        Ok(played)
    }
}

impl<'de> Deserialize<'de> for Onset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OnsetVisitor)
    }
}

struct OnsetVisitor;

impl<'de> Visitor<'de> for OnsetVisitor {
    type Value = Onset;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("the onset of a stimulus, a number or a list of one")
    }

    fn visit_f64<E>(self, onset: f64) -> Result<Onset, E> {
        Ok(Onset(onset))
    }

    fn visit_i64<E>(self, onset: i64) -> Result<Onset, E> {
        Ok(Onset(onset as f64))
    }

    fn visit_u64<E>(self, onset: u64) -> Result<Onset, E> {
        Ok(Onset(onset as f64))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Onset, A::Error> {
        let expected = "one onset of a stimulus for each trial";
        let onset =
            list.next_element()?.ok_or_else(|| serde::de::Error::invalid_length(0, &expected))?;
        match list.next_element::<IgnoredAny>()? {
            None => Ok(Onset(onset)),
            Some(_) => Err(serde::de::Error::invalid_length(2, &expected)),
        }
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar(Some(text.to_owned())))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Scalar, E> {
        Ok(Scalar(Some(number.to_string())))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Scalar, E> {
        Ok(Scalar(Some(number.to_string())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Scalar, E> {
        Ok(Scalar(Some(number.to_string())))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
        Ok(Scalar(Some(value.to_string())))
    }

    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Scalar, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar(None))
    }
}
