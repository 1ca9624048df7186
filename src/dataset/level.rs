//! What the numbers of a cochleagram are, and how they become amplitudes again.
use serde::{Deserialize, Serialize};

use super::schema::{LEVEL, LEVEL_BASE, LEVEL_OF, LEVEL_OFFSET, LEVEL_SCALE};

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
