//! A section as written against the table of its keys.
use std::path::Path;

use super::document::{Document, Entry, SectionAt};
use super::keys::{Default, Key, Value, Values};
use super::mismatch::Mismatch;
use super::part::{Chosen, KeyProblem, Row, TYPE, find, names};
use super::sections::{Section, section, where_known};
use super::value;
use crate::base::error::{Error, Problem, Result};
use crate::base::wording::{did_you_mean, joined, nearest, one_of};

/// A file with the problems that were found in it so far.
pub struct Check<'a> {
    /// As written.
    pub document: Document<'a>,
    /// In the order in which they were found.
    pub problems: Vec<Problem>,
}

/// What the type of a section stands for.
enum Named<R: 'static> {
    /// A part.
    Row(&'static R),
    /// With this word, the same as a section that is left out.
    Absent(String),
    /// Nothing that is known.
    Unknown,
}

impl<'a> Check<'a> {
    /// The file `text` as written, with the overrides applied, each a `section.key=value`.
    ///
    /// # Errors
    /// It is no TOML.
    pub fn open(
        text: &'a str,
        known: &'static [Section],
        file: &Path,
        overrides: &'a [String],
    ) -> Result<Self> {
        let mut problems = Vec::new();
        let Some(mut document) = Document::parse(text, known, &mut problems) else {
            return Err(refused(problems, file));
        };
        problems.extend(overrides.iter().filter_map(|text| document.set(text).err()));
        Ok(Self { document, problems })
    }
}

impl Check<'_> {
    /// Notes sections other than `known`.
    pub fn sections(&mut self, known: &[&str]) {
        for section in &self.document.sections {
            let name = section.name.as_ref();
            if known.contains(&name) {
                continue;
            }
            let sections: Vec<String> = known.iter().map(|name| format!("[{name}]")).collect();
            let expected = joined(&sections, "or");
            let problem = section.place.problem(name, "an unknown section", expected);
            self.problems.push(problem.hint(did_you_mean(name, known.iter().copied())));
        }
    }

    /// The values of a section that always has the same keys: the written and the default ones.
    pub fn values(&mut self, section: &str, keys: &'static [Key]) -> Values {
        let written = self.document.section(section);
        let owner = format!("[{section}]");
        let known = key_names(keys);
        for entry in written.iter().flat_map(|section| &section.entries) {
            if !known.contains(&&*entry.name) {
                self.problems.push(self.unknown_key(section.into(), entry, &owner, &known));
            }
        }
        self.known_values(section.into(), keys)
    }

    /// The part that a section names, with its values; nothing if the section leaves it out or
    /// names none that there is.
    pub fn part<R: Row>(&mut self, name: &str, table: &'static [R]) -> Option<Chosen<R>> {
        self.part_at(name.into(), table)
    }

    /// The same for each section of a name that may stand several times, in the file's order.
    pub fn parts<R: Row>(&mut self, name: &str, table: &'static [R]) -> Vec<Option<Chosen<R>>> {
        let count = self.document.count(name);
        (0..count).map(|nth| self.part_at(SectionAt { name, nth }, table)).collect()
    }

    fn part_at<R: Row>(&mut self, at: SectionAt, table: &'static [R]) -> Option<Chosen<R>> {
        let named = self.named(at, table);
        let (known, owner) = match &named {
            Named::Row(row) => (key_names(row.part().keys), format!("type {}", row.part().name)),
            Named::Absent(word) => (Vec::new(), format!("type {word}")),
            // Which keys it has is not known either.
            Named::Unknown => return None,
        };
        for entry in self.document.section(at).iter().flat_map(|section| &section.entries) {
            if entry.name != TYPE && !known.contains(&&*entry.name) {
                self.problems.push(self.unknown_key(at, entry, &owner, &known));
            }
        }
        let Named::Row(row) = named else { return None };
        let values = self.known_values(at, row.part().keys);
        for problem in row.check(&values) {
            let KeyProblem { key, found, expected } = problem;
            self.problems.push(self.document.problem((at, key), &found, expected));
        }
        Some(Chosen { row, values })
    }

    /// What `type` names.
    fn named<R: Row>(&mut self, at: SectionAt, table: &'static [R]) -> Named<R> {
        let absent = section(self.document.known, at.name).and_then(Section::absent);
        let named = |word| match find(table, word) {
            Some(row) => Named::Row(row),
            None if Some(word) == absent => Named::Absent(word.into()),
            None => Named::Unknown,
        };
        let mut words = names(table);
        words.extend(absent.filter(|word| find(table, word).is_none()));

        let written = self.document.section(at);
        let problem = match (written, written.and_then(|section| section.entry(TYPE)), absent) {
            (None, _, Some(word)) => return named(word),
            (_, None, _) => self.document.problem((at, TYPE), "nothing", one_of(&words)),
            (_, Some(entry), _) => {
                let word = entry.value.as_str().unwrap_or_default();
                let named = named(word);
                if !matches!(named, Named::Unknown) {
                    return named;
                }
                let found = value::shown(&entry.value);
                let problem = self.document.problem((at, TYPE), &found, one_of(&words));
                problem.hint(did_you_mean(word, words))
            }
        };
        self.problems.push(problem);
        Named::Unknown
    }

    fn unknown_key(&self, at: SectionAt, entry: &Entry, owner: &str, known: &[&str]) -> Problem {
        let name = entry.name.as_ref();
        let elsewhere = where_known(self.document.known, name);
        let hint = match nearest(name, known.iter().copied()) {
            _ if !elsewhere.is_empty() => format!("{name} belongs to {elsewhere}"),
            Some(near) => format!("did you mean {near}?"),
            None if known.is_empty() => format!("{owner} has no keys"),
            None => format!("its keys: {}", joined(known, "and")),
        };
        let at = format!("{}.{name}", self.document.label(at));
        entry.place.problem(&at, "an unknown key", format!("a key of {owner}")).hint(hint)
    }

    /// Values of the keys that the section gives, and defaults of those that it does not.
    fn known_values(&mut self, at: SectionAt, keys: &'static [Key]) -> Values {
        let label = self.document.label(at);
        let mut values = Values::default();
        for key in keys {
            let entry = self.document.section(at).and_then(|section| section.entry(key.name));
            let value = match (entry, key.default) {
                (Some(entry), _) => value::read(key, &entry.value)
                    .map_err(|mismatch| entry_problem(&label, entry, mismatch)),
                (None, Default::Is(text)) => default(&label, key, text),
                (None, Default::Follows(_)) => continue,
                (None, Default::Required(_)) => {
                    Err(self.document.problem((at, key.name), "nothing", key.kind.expected()))
                }
            };
            match value {
                Ok(value) => values.set(key.name, value),
                Err(problem) => self.problems.push(problem),
            }
        }
        values
    }
}

/// The default of a key as the table of keys gives it.
fn default(section: &str, key: &Key, text: &str) -> std::result::Result<Value, Problem> {
    let at = format!("{section}.{}", key.name);
    let broken = |cause: String| Problem::new(&at, format!("the default {text}"), cause);
    let value = toml::de::DeValue::parse(text).map_err(|error| broken(error.to_string()))?;
    value::read(key, value.as_ref()).map_err(|mismatch| broken(mismatch.expected))
}

fn entry_problem(section: &str, entry: &Entry, mismatch: Mismatch) -> Problem {
    let Mismatch { found, expected, hint } = mismatch;
    let at = format!("{section}.{}", entry.name);
    entry.value_place.problem(&at, found, expected).hint(hint)
}

fn key_names(keys: &[Key]) -> Vec<&'static str> {
    keys.iter().map(|key| key.name).collect()
}

/// The problems of a file, in its order; those without a place last.
pub fn refused(mut problems: Vec<Problem>, file: &Path) -> Error {
    let place = |problem: &Problem| problem.place.as_ref().map(|mark| (mark.line, mark.column));
    problems.sort_by_key(|problem| (problem.place.is_none(), place(problem)));
    Error::Input { file: file.into(), problems }
}
