//! The run that prefilters and core of a model come from: `init` and `freeze` of `[model]`.
use std::path::{Path, PathBuf};

use crate::base::error::Result;
use crate::config::keyed::choice;
use crate::config::keys::{Value, Values};
use crate::models::cores::{FREEZE, INIT};

/// A run to start from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Its folder, relative to the working directory.
    pub run: PathBuf,
    /// What of it training leaves as it is.
    pub freeze: Freeze,
}

/// What of a run that a fit starts from training leaves as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freeze {
    /// Prefilters and core: readouts alone are fitted.
    Core,
    /// Nothing.
    None,
}

impl Freeze {
    /// As the run file has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::None => "none",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Core, Self::None].into_iter().find(|freeze| freeze.word() == word)
    }
}

impl Origin {
    /// Takes it out of the values of `[model]`, where it is there; `folder` is the run file's.
    pub(super) fn take(values: &mut Values, folder: &Path) -> Result<Option<Self>> {
        let freeze = match values.get(FREEZE.name) {
            Some(_) => choice(values, FREEZE.name, Freeze::from_word)?,
            None => Freeze::Core,
        };
        let run = values.get(INIT.name).map(|_| values.text(INIT.name)).transpose()?;
        let origin = run.map(|run| Self { run: folder.join(run), freeze });
        values.remove(INIT.name);
        values.remove(FREEZE.name);
        Ok(origin)
    }

    /// Puts it back, the path as `write_path` has it.
    pub(super) fn give(
        &self,
        values: &mut Values,
        write_path: impl Fn(&Path) -> Result<String>,
    ) -> Result<()> {
        values.set(INIT.name, Value::Text(write_path(&self.run)?));
        values.set(FREEZE.name, Value::Text(self.freeze.word().into()));
        Ok(())
    }

    /// Whether prefilters and core stay as they are.
    pub fn freezes(&self) -> bool {
        self.freeze == Freeze::Core
    }
}
