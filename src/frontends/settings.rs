//! The import file: how sound becomes cochleagrams.
use std::path::Path;

use crate::base::error::{Error, Result};
use crate::base::files;
use crate::config::check::{Check, refused};
use crate::config::part::{Chosen, parts};
use crate::config::render;
use crate::config::sections::{Holds, Section, Times};
use crate::frontends::{self, FrontendRow};

/// The sections of an import file.
static SECTIONS: &[Section] = &[Section {
    name: "frontend",
    doc: "how sound becomes a cochleagram",
    holds: Holds::Part { table: || parts(frontends::TABLE), absent: None, times: Times::Once },
}];

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
        let text = files::text(file)
            .map_err(|source| Error::file(format!("reading {}", file.display()), source))?;
        Self::parse(&text, file, overrides)
    }

    /// The import file `text`, called `file` in messages.
    ///
    /// # Errors
    /// As [`ImportConfig::load`].
    pub fn parse(text: &str, file: &Path, overrides: &[String]) -> Result<Self> {
        let mut check = Check::open(text, SECTIONS, file, overrides)?;
        check.sections(&SECTIONS.iter().map(|section| section.name).collect::<Vec<_>>());
        check.document.default_type(FRONTEND, UNSAID);
        match check.part(FRONTEND, frontends::TABLE) {
            Some(frontend) if check.problems.is_empty() => Ok(Self { frontend }),
            _ => Err(refused(check.problems, file)),
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
