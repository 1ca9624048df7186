//! What the numbers of cochleagrams are that were computed elsewhere.
use std::path::Path;

use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::base::error::{Error, Problem, Result};
use crate::dataset::schema::LEVEL;
use crate::dataset::{LevelKind, SoundLevel};

/// What the numbers of cochleagrams are.
#[derive(Debug, Clone, Default, Args)]
pub struct LevelOption {
    /// What the numbers of the cochleagrams are [default: `level` of the file, where it says so]
    #[arg(long, value_name = "LEVEL", value_parser = PossibleValuesParser::new(LevelKind::WORDS))]
    pub level: Option<String>,
}

impl LevelOption {
    /// What the option says, with all that the file says beyond it.
    ///
    /// # Errors
    /// The file says something else.
    pub fn beside(&self, file: &Path, known: Option<SoundLevel>) -> Result<Option<SoundLevel>> {
        let Some(kind) = self.level.as_deref().and_then(LevelKind::from_word) else {
            return Ok(known);
        };
        match known {
            Some(level) if level.kind != kind => {
                let expected = format!("{}, as the file says", level.kind.word());
                let problem = Problem::new(format!("--{LEVEL}"), kind.word(), expected);
                let problems = vec![problem.hint("leave the option out")];
                Err(Error::Input { file: file.into(), problems })
            }
            Some(level) => Ok(Some(level)),
            None => Ok(Some(SoundLevel::of(kind))),
        }
    }
}
