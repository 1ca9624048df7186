//! A sweep file: what is fitted how often, and the combinations of settings that it comes to.
use std::path::{Path, PathBuf};

use super::combinations::{self, Combination, Combinations, ValueList};
use super::search::{Draw, Search};
use super::sections::{FIT, Fit, FoldCount, LAUNCH, Launch, SECTIONS};
use crate::base::error::{Error, Problem, Result};
use crate::base::files;
use crate::base::wording::{did_you_mean, one_of};
use crate::config::check::{Check, refused};
use crate::config::document::Document;
use crate::run_file::RunConfig;

/// A sweep file whose values are in range.
#[derive(Debug, Clone)]
pub struct SweepFile {
    /// As it was written.
    pub text: String,
    /// Where it was read from.
    pub file: PathBuf,
    /// What the command line changes, each as `section.key=value`.
    pub set: Vec<String>,
    /// `[fit]`.
    pub fit: Fit,
    /// `[launch]`.
    pub launch: Launch,
    /// `[search]`.
    pub search: Search,
    /// Of `[grid]` with the first round of draws of `[search]`.
    pub combinations: Vec<Combination>,
    /// The run file of the first of them.
    pub base: RunConfig,
    /// What was left out.
    pub notes: Vec<String>,
}

impl SweepFile {
    /// Reads a sweep file; each of `set` is a `section.key=value` that replaces what the file says.
    ///
    /// # Errors
    /// Everything that does not fit, at once.
    pub fn load(file: &Path, set: &[String]) -> Result<Self> {
        let text = files::text(file)
            .map_err(|source| Error::file(format!("reading {}", file.display()), source))?;
        Self::parse(text, file, set)
    }

    /// The sweep file `text`, whose paths are relative to the folder of `file`.
    ///
    /// # Errors
    /// As [`SweepFile::load`].
    pub fn parse(text: String, file: &Path, set: &[String]) -> Result<Self> {
        let mut check = Check::open(&text, &SECTIONS, file, set)?;
        check.sections(&SECTIONS.iter().map(|section| section.name).collect::<Vec<_>>());
        let (fit, launch) = (check.values(FIT, Fit::KEYS), check.values(LAUNCH, Launch::KEYS));
        let axes = combinations::axes(&check.document, &mut check.problems);
        let search = Search::read(&check.document, &mut check.problems);
        let split = check.document.section("data").and_then(|data| data.entry("split"));
        if split.is_some() && !check.problems.iter().any(|problem| problem.at.starts_with(FIT)) {
            let fit = Fit::new(&fit)?;
            if fit.folds != FoldCount::Of(1) {
                let problem =
                    check.document.problem(("data", "split"), "a split", "none beside folds");
                check.problems.push(problem.hint("leave it out, or set fit.folds = 1"));
            }
        }
        if !check.problems.is_empty() {
            return Err(refused(check.problems, file));
        }
        let draws = search.draws();
        let Combinations { sound, notes } =
            combined(&check.document, (&axes, &draws), (&text, file, set))?;
        let (fit, launch) = (Fit::new(&fit)?, Launch::new(&launch)?);
        let first = sound.first().cloned().unwrap_or_default();
        let base = config(&text, file, set, &first)?;
        let file = file.to_owned();
        Ok(Self {
            text,
            file,
            set: set.to_vec(),
            fit,
            launch,
            search,
            combinations: sound,
            base,
            notes,
        })
    }
}

impl SweepFile {
    /// The combinations of the lists with further draws.
    ///
    /// # Errors
    /// A value that makes no sense in any of them.
    pub fn with_draws(&self, draws: &[Draw]) -> Result<Vec<Combination>> {
        let mut check = Check::open(&self.text, &SECTIONS, &self.file, &self.set)?;
        let axes = combinations::axes(&check.document, &mut check.problems);
        let of_file = (self.text.as_str(), self.file.as_path(), self.set.as_slice());
        Ok(combined(&check.document, (&axes, draws), of_file)?.sound)
    }

    /// The place of the combination that the others are compared with.
    pub fn against(&self) -> Result<usize> {
        let Some(name) = &self.fit.against else { return Ok(0) };
        let names = || self.combinations.iter().map(|one| one.name.as_str());
        names().position(|known| known == name).ok_or_else(|| {
            let expected = one_of(&names().collect::<Vec<_>>());
            let problem = Problem::new("fit.against", format!("{name:?}"), expected);
            let problems = vec![problem.hint(did_you_mean(name, names()))];
            Error::Input { file: self.file.clone(), problems }
        })
    }
}

/// All combinations of lists with draws.
fn combined(
    document: &Document,
    of: (&[ValueList], &[Draw]),
    (text, file, set): (&str, &Path, &[String]),
) -> Result<Combinations> {
    let title = |combination: &Combination| {
        config(text, file, set, combination).map(|config| config.architecture.title())
    };
    combinations::combine(document, of, title)
}

/// The run file of a combination.
///
/// # Errors
/// Everything that does not fit, at once.
pub fn config(text: &str, file: &Path, set: &[String], own: &Combination) -> Result<RunConfig> {
    let overrides: Vec<String> = set.iter().cloned().chain(own.overrides()).collect();
    RunConfig::parse_among(text, &SECTIONS, file, &overrides)
}
