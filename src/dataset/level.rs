//! What the numbers of a cochleagram are, and how they become amplitudes again.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::schema::{LEVEL, LEVEL_BASE, LEVEL_OF, LEVEL_OFFSET, LEVEL_SCALE};
use crate::base::error::{Problem, Problems};
use crate::base::wording::one_of;

/// What the numbers of a cochleagram are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LevelKind {
    /// Amplitude.
    Amplitude,
    /// Power: squares of amplitudes.
    Power,
    /// Decibels.
    Db,
    /// A logarithm.
    Log,
    /// The cube root.
    CubeRoot,
}

/// What the numbers of a cochleagram are, and of what.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SoundLevel {
    /// What they are.
    pub kind: LevelKind,
    /// How logarithms are inverted, where the file says it.
    pub inverse: Option<Inverse>,
    /// Whether power was compressed, not amplitude.
    pub of_power: bool,
}

/// A magnitude of a logarithm `v`: `scale · (base^v − offset)`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Inverse {
    /// Above 0.
    pub base: f64,
    /// What `base^v` is where the magnitude is 0.
    pub offset: f64,
    /// Above 0.
    pub scale: f64,
}

impl LevelKind {
    /// The words of files.
    pub const WORDS: &[&str] = &["amplitude", "power", "db", "log", "cube_root"];

    const ALL: [Self; 5] = [Self::Amplitude, Self::Power, Self::Db, Self::Log, Self::CubeRoot];

    /// What a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Amplitude => "amplitude",
            Self::Power => "power",
            Self::Db => "db",
            Self::Log => "log",
            Self::CubeRoot => "cube_root",
        }
    }

    /// Whether loud and soft have been brought closer to each other.
    pub fn is_compressed(self) -> bool {
        matches!(self, Self::Db | Self::Log | Self::CubeRoot)
    }
}

impl SoundLevel {
    /// The names under which files keep it.
    pub const NAMES: [&str; 5] = [LEVEL, LEVEL_OF, LEVEL_BASE, LEVEL_OFFSET, LEVEL_SCALE];

    /// What a file says under [`Self::NAMES`]; none where it says nothing, or a word of its own,
    /// which is noted.
    pub fn of_texts(
        texts: &BTreeMap<&str, String>,
        problems: &mut Problems,
        notes: &mut Vec<String>,
    ) -> Option<Self> {
        let word = texts.get(LEVEL)?;
        let Some(kind) = LevelKind::from_word(word) else {
            notes.push(format!(
                "attribute `{LEVEL}` is {word:?}, none of {}: it is not used",
                one_of(LevelKind::WORDS)
            ));
            return None;
        };
        let of_power = texts.get(LEVEL_OF).is_some_and(|of| {
            let known = [LevelKind::Amplitude, LevelKind::Power].map(LevelKind::word);
            problems.require(known.contains(&of.as_str()), || {
                Problem::new(LEVEL_OF, format!("{of:?}"), one_of(&known))
            });
            of == LevelKind::Power.word()
        });
        Some(Self { kind, inverse: Inverse::of_texts(texts, problems), of_power })
    }

    /// Without anything that inverts a logarithm.
    pub fn of(kind: LevelKind) -> Self {
        Self { kind, inverse: None, of_power: false }
    }

    /// What is missing to bring its numbers back to amplitude: the attributes to add, if any.
    pub fn missing(&self) -> Option<[&'static str; 3]> {
        let logarithm = matches!(self.kind, LevelKind::Db | LevelKind::Log);
        (logarithm && self.inverse.is_none()).then_some([LEVEL_BASE, LEVEL_OFFSET, LEVEL_SCALE])
    }

    /// What a file says of it: names of attributes with numbers, beside [`LEVEL`] itself and
    /// [`LEVEL_OF`].
    pub fn numbers(&self) -> Vec<(&'static str, f64)> {
        let Some(Inverse { base, offset, scale }) = self.inverse else { return Vec::new() };
        vec![(LEVEL_BASE, base), (LEVEL_OFFSET, offset), (LEVEL_SCALE, scale)]
    }

    /// What a file says of it: names of attributes with words.
    pub fn words(&self) -> Vec<(&'static str, &'static str)> {
        let of = self.of_power.then_some((LEVEL_OF, LevelKind::Power.word()));
        std::iter::once((LEVEL, self.kind.word())).chain(of).collect()
    }
}

impl Inverse {
    /// How logarithms are inverted; none where the file says nothing of it.
    fn of_texts(texts: &BTreeMap<&str, String>, problems: &mut Problems) -> Option<Self> {
        let names = [LEVEL_BASE, LEVEL_OFFSET, LEVEL_SCALE];
        if !names.iter().any(|name| texts.contains_key(name)) {
            return None;
        }
        let [base, offset, scale] = names.map(|name| {
            let Some(text) = texts.get(name) else {
                let expected = "a number, beside the others of level_*";
                problems.push(Problem::new(name, "nothing", expected));
                return None;
            };
            let value = text.parse().unwrap_or(f64::NAN);
            let (fits, expected) = match name {
                LEVEL_OFFSET => (value >= 0.0, "a number of at least 0"),
                LEVEL_BASE => (value > 1.0, "a number above 1"),
                _ => (value > 0.0, "a number above 0"),
            };
            problems.require(fits && value.is_finite(), || Problem::new(name, text, expected));
            Some(value)
        });
        Some(Self { base: base?, offset: offset?, scale: scale? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_stands_for_its_level() {
        let words: Vec<&str> = LevelKind::ALL.into_iter().map(LevelKind::word).collect();
        assert_eq!(words, LevelKind::WORDS);
        for word in LevelKind::WORDS {
            assert_eq!(LevelKind::from_word(word).map(LevelKind::word), Some(*word));
        }
        assert_eq!(LevelKind::from_word("dB"), None);
    }
}
