//! The import file: how sound becomes cochleagrams.
use std::path::Path;

use super::part::Chosen;
use super::sections::IMPORT_SECTIONS;
use super::{all, opened, render, rules};
use crate::error::{Error, Result};
use crate::frontends::{self, FrontendRow};

/// An import file whose values are in range.
#[derive(Debug, Clone)]
pub struct ImportConfig {
    /// `[frontend]`.
    pub frontend: Chosen<FrontendRow>,
}

/// The section of the front end.
const FRONTEND: &str = "frontend";
/// The front end where none is named.
const UNSAID: &str = "mel";

impl ImportConfig {
    /// Reads an import file, or takes the defaults; each of `overrides` is a `frontend.key=value`
    /// that replaces what the file says.
    ///
    /// # Errors
    /// Everything that does not fit, at once.
    pub fn load(file: Option<&Path>, overrides: &[String]) -> Result<Self> {
        let Some(file) = file else {
            return Self::parse("", Path::new("front end"), overrides);
        };
        let text = std::fs::read_to_string(file)
            .map_err(|source| Error::file(format!("reading {}", file.display()), source))?;
        Self::parse(&text, file, overrides)
    }

    /// The import file `text`, called `file` in messages.
    ///
    /// # Errors
    /// As [`ImportConfig::load`].
    pub fn parse(text: &str, file: &Path, overrides: &[String]) -> Result<Self> {
        let mut check = opened(text, IMPORT_SECTIONS, file, overrides)?;
        check.sections(&IMPORT_SECTIONS.iter().map(|section| section.name).collect::<Vec<_>>());
        check.written.default_type(FRONTEND, UNSAID);
        let frontend = check.part(FRONTEND, frontends::TABLE);
        let values = frontend.as_ref().map(|chosen| &chosen.values);
        let ascending =
            values.and_then(|values| rules::ascending(FRONTEND, values, &check.written));
        check.problems.extend(ascending);
        match frontend {
            Some(frontend) if check.problems.is_empty() => Ok(Self { frontend }),
            _ => Err(all(check.problems, file)),
        }
    }

    /// `[frontend]` with every key that has a value.
    ///
    /// # Errors
    /// A value that TOML cannot hold.
    pub fn to_toml(&self) -> Result<String> {
        render::part(FRONTEND, &self.frontend)
    }
}
