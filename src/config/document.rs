//! A file as written: sections, keys and values, each with its place.
use std::borrow::Cow;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::sections::{Section, section, where_known};
use super::value::shown;
use crate::base::error::Problem;
use crate::base::wording::did_you_mean;

/// Where something was written.
#[derive(Debug, Clone, PartialEq)]
pub enum Place {
    /// Line and column of the file, from 1.
    Text(usize, usize),
    /// On the command line, as `train.lr=0.01`.
    Set(String),
    /// Nowhere.
    Nowhere,
}

impl Place {
    /// A problem at this place with the key `at`.
    pub fn problem(
        &self,
        at: &str,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Problem {
        match self {
            Self::Text(line, column) => {
                Problem { place: Some((*line, *column)), ..Problem::new(at, found, expected) }
            }
            Self::Set(text) => Problem::new(format!("--set {text}"), found, expected),
            Self::Nowhere => Problem::new(at, found, expected),
        }
    }
}

/// A key and its value.
pub struct Entry<'a> {
    /// As written.
    pub name: Cow<'a, str>,
    /// Where the name stands.
    pub place: Place,
    /// Not yet checked.
    pub value: DeValue<'a>,
    /// Where the value stands.
    pub value_place: Place,
}

/// A section and its keys, in the file's order.
pub struct DocumentSection<'a> {
    /// As written.
    pub name: Cow<'a, str>,
    /// Where the name stands.
    pub place: Place,
    /// Its keys.
    pub entries: Vec<Entry<'a>>,
}

/// A file as written.
pub struct Document<'a> {
    /// In the file's order.
    pub sections: Vec<DocumentSection<'a>>,
    /// The sections that such a file may have.
    pub known: &'static [Section],
}

impl<'a> Document<'a> {
    /// Splits `text` into sections; without a value if it is not TOML.
    pub fn parse(
        text: &'a str,
        known: &'static [Section],
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let (table, errors) = DeTable::parse_recoverable(text);
        let (duplicates, errors): (Vec<_>, Vec<_>) =
            errors.iter().partition(|error| error.message() == DUPLICATE);
        let mut outside = Vec::new();
        let mut document = Self { sections: Vec::new(), known };
        document.read(text, table.into_inner(), &mut outside);
        problems.extend(duplicates.iter().map(|error| document.duplicate(text, error)));
        if errors.is_empty() {
            problems.extend(outside);
            return Some(document);
        }
        // Behind what could not be read, keys may seem to stand outside their sections.
        problems.extend(errors.iter().map(|error| syntax_problem(text, error)));
        None
    }

    fn read(&mut self, text: &'a str, table: DeTable<'a>, problems: &mut Vec<Problem>) {
        for (name, value) in table {
            let place = place(text, &name);
            match value.into_inner() {
                DeValue::Table(entries) => {
                    let entries = entries.into_iter().map(|entry| Entry::new(text, entry));
                    let entries = entries.collect();
                    self.sections.push(DocumentSection { name: name.into_inner(), place, entries });
                }
                value => problems.push(self.outside_sections(&place, name.get_ref(), &value)),
            }
        }
    }

    fn outside_sections(&self, place: &Place, name: &str, value: &DeValue) -> Problem {
        if section(self.known, name).is_some() {
            return place.problem(name, shown(value), format!("a section [{name}]"));
        }
        let example = self.known.iter().map(|section| section.name).find(|name| *name == "train");
        let example = example.or(self.known.first().map(|section| section.name));
        let expected = format!("a section such as [{}]", example.unwrap_or_default());
        let problem = place.problem(name, shown(value), expected);
        let known = where_known(self.known, name);
        if known.is_empty() {
            let sections = self.known.iter().map(|section| section.name);
            return problem.hint(did_you_mean(name, sections));
        }
        problem.hint(format!("{name} belongs to {known}"))
    }

    /// A key, or the name of a section, that stands twice.
    fn duplicate(&self, text: &str, error: &toml::de::Error) -> Problem {
        let span = error.span().unwrap_or_default();
        let place = line_and_column(text, span.start);
        let above = self.sections.iter().rev().find(|section| match section.place {
            Place::Text(line, column) => (line, column) < place,
            _ => false,
        });
        let is_section = text[..span.start].trim_end().ends_with('[');
        let prefix = above.filter(|_| !is_section).map(|section| format!("{}.", section.name));
        let at = format!("{}{}", prefix.unwrap_or_default(), &text[span]);
        Problem { place: Some(place), ..Problem::new(at, "a second one", "each key once") }
    }

    /// The section called `name`, where it was written.
    pub fn section(&self, name: &str) -> Option<&DocumentSection<'a>> {
        self.sections.iter().find(|section| section.name == name)
    }

    /// A problem with a key where its value was written; else at its section.
    pub fn problem(&self, at: (&str, &str), found: &str, expected: impl Into<String>) -> Problem {
        let (section, key) = at;
        let written = self.section(section);
        let entry = written.and_then(|section| section.entry(key));
        let place = match (entry, written) {
            (Some(entry), _) => &entry.value_place,
            (None, Some(section)) => &section.place,
            (None, None) => &Place::Nowhere,
        };
        place.problem(&format!("{section}.{key}"), found, expected)
    }

    /// Replaces or adds what `--set SECTION.KEY=VALUE` says; choosing the type that stands for an
    /// absent section drops the keys that the file gives it.
    pub fn set(&mut self, text: &'a str) -> Result<(), Problem> {
        let place = Place::Set(text.into());
        let Some(((section, key), value)) = split(text) else {
            return Err(place.problem("", format!("{text:?}"), "SECTION.KEY=VALUE"));
        };
        let value = value_or_word(value);
        let leaves_out = value.as_str().is_some_and(|word| self.leaves_out(section, word));
        let target = self.section_to_set(section, &place);
        if key == TYPE && leaves_out {
            target.entries.clear();
        }
        target.entries.retain(|entry| entry.name != key);
        let name = Cow::Borrowed(key);
        target.entries.push(Entry { name, place: place.clone(), value, value_place: place });
        Ok(())
    }

    /// Whether this type stands for a section that is left out.
    fn leaves_out(&self, name: &str, word: &str) -> bool {
        section(self.known, name).is_some_and(|section| section.absent() == Some(word))
    }

    /// Gives a section a type where the file gives it none.
    pub fn default_type(&mut self, section: &'a str, word: &'a str) {
        let target = self.section_to_set(section, &Place::Nowhere);
        if target.entry(TYPE).is_none() {
            let (place, value_place) = (Place::Nowhere, Place::Nowhere);
            let (name, value) = (Cow::Borrowed(TYPE), DeValue::String(word.into()));
            target.entries.push(Entry { name, place, value, value_place });
        }
    }

    fn section_to_set(&mut self, name: &'a str, place: &Place) -> &mut DocumentSection<'a> {
        let known = self.sections.iter().position(|section| section.name == name);
        let index = known.unwrap_or_else(|| {
            let (name, place) = (Cow::Borrowed(name), place.clone());
            self.sections.push(DocumentSection { name, place, entries: Vec::new() });
            self.sections.len() - 1
        });
        &mut self.sections[index]
    }
}

impl<'a> DocumentSection<'a> {
    /// The key called `name`, where it was written.
    pub fn entry(&self, name: &str) -> Option<&Entry<'a>> {
        self.entries.iter().find(|entry| entry.name == name)
    }
}

impl<'a> Entry<'a> {
    fn new(text: &str, (name, value): (Spanned<Cow<'a, str>>, Spanned<DeValue<'a>>)) -> Self {
        let (name_place, value_place) = (place(text, &name), place(text, &value));
        let (name, value) = (name.into_inner(), value.into_inner());
        Self { name, place: name_place, value, value_place }
    }
}

/// The key that names a part.
pub const TYPE: &str = "type";

/// What the parser says of a key that stands twice.
const DUPLICATE: &str = "duplicate key";

fn place<T>(text: &str, spanned: &Spanned<T>) -> Place {
    let (line, column) = line_and_column(text, spanned.span().start);
    Place::Text(line, column)
}

fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    (line, column)
}

/// What the parser could not read, with its words.
fn syntax_problem(text: &str, error: &toml::de::Error) -> Problem {
    let span = error.span().unwrap_or(text.len()..text.len());
    let place = line_and_column(text, span.start);
    let found = match text[span].lines().next() {
        None | Some("") => "nothing".into(),
        Some(line) => format!("{line:?}"),
    };
    let problem = Problem::new("syntax", found, "TOML").hint(error.message());
    Problem { place: Some(place), ..problem }
}

/// `section.key=value` in its three pieces.
fn split(text: &str) -> Option<((&str, &str), &str)> {
    let (path, value) = text.split_once('=')?;
    let (section, key) = path.split_once('.')?;
    let (section, key) = (section.trim(), key.trim());
    (!section.is_empty() && !key.is_empty()).then_some(((section, key), value.trim()))
}

/// What is no value of TOML is a word, so that quotes can be left out on the command line.
fn value_or_word(text: &str) -> DeValue<'_> {
    DeValue::parse(text).map_or_else(|_| DeValue::String(text.into()), Spanned::into_inner)
}
