//! A file as written: sections, keys and values, each with its place.
use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::part::TYPE;
use super::sections::{Form, Holds, Section, Times, section, where_known};
use super::value::shown;
use crate::base::error::Problem;
use crate::base::mark::TextMark;
use crate::base::wording::did_you_mean;

/// Where something was written.
#[derive(Debug, Clone, PartialEq)]
pub enum Place<'a> {
    /// In this text, at these bytes.
    Text(&'a str, Range<usize>),
    /// On the command line, as `train.lr=0.01`.
    Set(String),
    /// Nowhere.
    Nowhere,
}

impl Place<'_> {
    /// A problem at this place with the key `at`.
    pub fn problem(
        &self,
        at: &str,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Problem {
        match self {
            Self::Text(text, span) => {
                Problem::new(at, found, expected).placed(TextMark::new(text, span.clone()))
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
    pub place: Place<'a>,
    /// Not yet checked.
    pub value: DeValue<'a>,
    /// Where the value stands.
    pub value_place: Place<'a>,
}

/// A section and its keys, in the file's order.
pub struct DocumentSection<'a> {
    /// As written.
    pub name: Cow<'a, str>,
    /// Whether it is an element of a list.
    pub form: Form,
    /// Where the name stands.
    pub place: Place<'a>,
    /// Its keys.
    pub entries: Vec<Entry<'a>>,
}

/// Which section is meant: by its name, and by its place among those of this name, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SectionAt<'a> {
    /// As in brackets.
    pub name: &'a str,
    /// How many of this name stand before it.
    pub nth: usize,
}

impl<'a> From<&'a str> for SectionAt<'a> {
    fn from(name: &'a str) -> Self {
        Self { name, nth: 0 }
    }
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
                    let (name, form) = (name.into_inner(), Form::Table);
                    let holds = section(self.known, &name).map(|section| &section.holds);
                    let entries = match holds {
                        Some(Holds::Paths(_)) => paths_of(text, entries),
                        _ => entries_of(text, entries),
                    };
                    self.sections.push(DocumentSection { name, form, place, entries });
                }
                DeValue::Array(list) if self.times(name.get_ref()) == Times::Several => {
                    self.read_list(text, name.into_inner(), list, problems);
                }
                value => problems.push(self.outside_sections(&place, name.get_ref(), &value)),
            }
        }
    }

    fn read_list(
        &mut self,
        text: &'a str,
        name: Cow<'a, str>,
        list: DeArray<'a>,
        problems: &mut Vec<Problem>,
    ) {
        for element in list {
            let place = element_place(text, &element);
            match element.into_inner() {
                DeValue::Table(entries) => {
                    let (name, form) = (name.clone(), Form::List);
                    let entries = entries_of(text, entries);
                    self.sections.push(DocumentSection { name, form, place, entries });
                }
                value => {
                    problems.push(place.problem(&name, shown(&value), format!("[[{name}]]")));
                }
            }
        }
    }

    fn times(&self, name: &str) -> Times {
        section(self.known, name).map_or(Times::Once, Section::times)
    }

    fn outside_sections(&self, place: &Place<'_>, name: &str, value: &DeValue) -> Problem {
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
        let above = self.sections.iter().rev().find(|section| match &section.place {
            Place::Text(_, place) => place.start < span.start,
            _ => false,
        });
        let is_section = text[..span.start].trim_end().ends_with('[');
        let prefix = above.filter(|_| !is_section).map(|section| format!("{}.", section.name));
        let at = format!("{}{}", prefix.unwrap_or_default(), &text[span.clone()]);
        Place::Text(text, span).problem(&at, "a second one", "each key once")
    }

    /// A section, where it was written.
    pub fn section<'b>(&self, at: impl Into<SectionAt<'b>>) -> Option<&DocumentSection<'a>> {
        let SectionAt { name, nth } = at.into();
        self.sections.iter().filter(|section| section.name == name).nth(nth)
    }

    /// How many sections are called `name`.
    pub fn count(&self, name: &str) -> usize {
        self.sections.iter().filter(|section| section.name == name).count()
    }

    /// How the sections called `name` are written.
    pub fn form(&self, name: &str) -> Form {
        match self.section(name) {
            Some(section) if self.count(name) == 1 => section.form,
            Some(_) => Form::List,
            None => Form::Table,
        }
    }

    /// How messages name a section: `prefilter` where it is the only one of its name, else
    /// `prefilter[2]`.
    pub fn label<'b>(&self, at: impl Into<SectionAt<'b>>) -> String {
        let SectionAt { name, nth } = at.into();
        if self.count(name) > 1 { format!("{name}[{}]", nth + 1) } else { name.to_owned() }
    }

    /// A problem with a key where its value was written; else at its section.
    pub fn problem<'b>(
        &self,
        (section, key): (impl Into<SectionAt<'b>>, &str),
        found: &str,
        expected: impl Into<String>,
    ) -> Problem {
        let section = section.into();
        let written = self.section(section);
        let entry = written.and_then(|section| section.entry(key));
        let place = match (entry, written) {
            (Some(entry), _) => &entry.value_place,
            (None, Some(section)) => &section.place,
            (None, None) => &Place::Nowhere,
        };
        place.problem(&format!("{}.{key}", self.label(section)), found, expected)
    }

    /// Replaces or adds what `--set SECTION.KEY=VALUE` says; choosing the type that stands for an
    /// absent section drops the keys that the file gives it.
    pub fn set(&mut self, text: &'a str) -> Result<(), Problem> {
        let place = Place::Set(text.into());
        let Some(((section, key), value)) = split(text) else {
            return Err(place.problem("", format!("{text:?}"), "SECTION.KEY=VALUE"));
        };
        let value = value_or_word(value);
        let section = self.section_meant(section, &place)?;
        let leaves_out = value.as_str().is_some_and(|word| self.leaves_out(section.name, word));
        let target = self.section_to_set(section, &place);
        if key == TYPE && leaves_out {
            target.entries.clear();
        }
        target.entries.retain(|entry| entry.name != key);
        let name = Cow::Borrowed(key);
        target.entries.push(Entry { name, place: place.clone(), value, value_place: place });
        Ok(())
    }

    /// The section that `name` or `name[2]` of `--set` means, which is there or is the next one.
    fn section_meant(&self, text: &'a str, place: &Place<'a>) -> Result<SectionAt<'a>, Problem> {
        let Some((name, number)) = text.strip_suffix(']').and_then(|text| text.split_once('['))
        else {
            return Ok(text.into());
        };
        if self.times(name) == Times::Once {
            return Ok(text.into());
        }
        let next = self.count(name) + 1;
        match number.parse() {
            Ok(number @ 1..) if number <= next => Ok(SectionAt { name, nth: number - 1 }),
            _ if next == 1 => Err(place.problem("", text, format!("{name}[1]"))),
            _ => Err(place.problem("", text, format!("{name}[1] to {name}[{next}]"))),
        }
    }

    /// Whether this type stands for a section that is left out.
    fn leaves_out(&self, name: &str, word: &str) -> bool {
        section(self.known, name).is_some_and(|section| section.absent() == Some(word))
    }

    /// Gives a section a type where the file gives it none.
    pub fn default_type(&mut self, section: &'a str, word: &'a str) {
        let target = self.section_to_set(section.into(), &Place::Nowhere);
        if target.entry(TYPE).is_none() {
            let (place, value_place) = (Place::Nowhere, Place::Nowhere);
            let (name, value) = (Cow::Borrowed(TYPE), DeValue::String(word.into()));
            target.entries.push(Entry { name, place, value, value_place });
        }
    }

    fn section_to_set(&mut self, at: SectionAt<'a>, place: &Place<'a>) -> &mut DocumentSection<'a> {
        let all = self.sections.iter().enumerate();
        let mut named = all.filter(|(_, section)| section.name == at.name);
        let found = named.nth(at.nth).map(|(index, _)| index);
        let index = if let Some(index) = found {
            index
        } else {
            let (name, place, form) = (Cow::Borrowed(at.name), place.clone(), Form::Table);
            self.sections.push(DocumentSection { name, form, place, entries: Vec::new() });
            self.sections.len() - 1
        };
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
    fn new(text: &'a str, (name, value): (Spanned<Cow<'a, str>>, Spanned<DeValue<'a>>)) -> Self {
        let (name_place, value_place) = (place(text, &name), place(text, &value));
        let (name, value) = (name.into_inner(), value.into_inner());
        Self { name, place: name_place, value, value_place }
    }
}

fn entries_of<'a>(text: &'a str, entries: DeTable<'a>) -> Vec<Entry<'a>> {
    entries.into_iter().map(|entry| Entry::new(text, entry)).collect()
}

/// Entries called `section.key`, however they are written: `"train.lr" = ...`, or `train.lr = ...`.
fn paths_of<'a>(text: &'a str, entries: DeTable<'a>) -> Vec<Entry<'a>> {
    let mut paths = Vec::new();
    for (name, value) in entries {
        let (is_whole, value_place) = (name.get_ref().contains('.'), place(text, &value));
        match value.into_inner() {
            DeValue::Table(inner) if !is_whole => {
                let inner = entries_of(text, inner).into_iter();
                paths.extend(inner.map(|entry| Entry {
                    name: Cow::Owned(format!("{}.{}", name.get_ref(), entry.name)),
                    ..entry
                }));
            }
            value => {
                let place = place(text, &name);
                paths.push(Entry { name: name.into_inner(), place, value, value_place });
            }
        }
    }
    paths
}

/// What the parser says of a key that stands twice.
const DUPLICATE: &str = "duplicate key";

fn place<'a, T>(text: &'a str, spanned: &Spanned<T>) -> Place<'a> {
    Place::Text(text, spanned.span())
}

/// Where an element of a list stands: at its name where it is written as `[[name]]`.
fn element_place<'a>(text: &'a str, element: &Spanned<DeValue>) -> Place<'a> {
    let mut span = element.span();
    let written = text.get(span.clone()).unwrap_or_default();
    if let Some(name) = written.strip_prefix("[[").and_then(|rest| rest.split(']').next()) {
        span = span.start + 2..span.start + 2 + name.len();
    }
    Place::Text(text, span)
}

/// What the parser could not read, with its words.
fn syntax_problem(text: &str, error: &toml::de::Error) -> Problem {
    let span = error.span().unwrap_or(text.len()..text.len());
    let found = match text[span.clone()].lines().next() {
        None | Some("") => "nothing".into(),
        Some(line) => format!("{line:?}"),
    };
    Place::Text(text, span).problem("syntax", found, "TOML").hint(error.message())
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
