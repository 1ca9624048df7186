//! What the two layouts of a dataset file have in common.
use ndarray::Array3;

use super::check;
use super::location::ResponseLocation;
use super::recording::{Clip, Entity};
use super::schema::{ID, unescape};
use super::source::Source;
use crate::base::error::{Problem, Problems};
use crate::base::memory::count;

/// Whether a file must hold responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    Responses,
    Sound,
}

/// What the two layouts give.
#[derive(Debug)]
pub(super) struct Content<R> {
    pub(super) neurons: Vec<Entity>,
    /// All of the file, those of clips that could not be read among them.
    pub(super) stimulus_ids: Vec<String>,
    pub(super) clips: Vec<Clip<R>>,
}

/// What is made of responses while their file is read.
pub(super) trait Take: Sized {
    /// Reads as much as is wanted.
    fn take(source: &mut Source, location: ResponseLocation) -> Option<Self>;

    /// How many numbers of responses of these lengths are kept in memory.
    fn numbers_kept(lengths: impl FnOnce() -> Vec<usize>) -> usize;

    /// Checks what was read; `at` stands in messages.
    fn check(&self, problems: &mut Problems, at: &str);
}

impl Take for ResponseLocation {
    fn take(_source: &mut Source, location: Self) -> Option<Self> {
        Some(location)
    }

    fn numbers_kept(_lengths: impl FnOnce() -> Vec<usize>) -> usize {
        0
    }

    fn check(&self, _problems: &mut Problems, _at: &str) {}
}

impl Take for Array3<f32> {
    fn take(source: &mut Source, location: ResponseLocation) -> Option<Self> {
        source.responses(&location)
    }

    fn numbers_kept(lengths: impl FnOnce() -> Vec<usize>) -> usize {
        count(&lengths())
    }

    fn check(&self, problems: &mut Problems, at: &str) {
        check::finite_or_missing(problems, at, self.view());
    }
}

/// The rows of a group that holds one list for each attribute, all as long as the list of ids.
pub(super) fn table(source: &mut Source, group: &str, ids: Vec<String>) -> Vec<Entity> {
    let new = |id| Entity { id, ..Entity::default() };
    let mut rows: Vec<Entity> = ids.into_iter().map(new).collect();
    let names = if source.has(group) { source.members(group) } else { Vec::new() };
    for name in names {
        let at = format!("/{group}/{name}");
        if name == ID {
            continue;
        }
        if !source.is_list(&at) {
            source.note(format!("{at} is left out: not a list of numbers or strings"));
            continue;
        }
        let Some(values) = source.list_of_texts(&at, "a list") else { continue };
        source.problems.require(values.len() == rows.len(), || {
            let expected = format!("{}, as many as /{group}/{ID}", rows.len());
            Problem::new(at, format!("{} values", values.len()), expected)
        });
        for (row, value) in rows.iter_mut().zip(values).filter(|(_, value)| !value.is_empty()) {
            row.attributes.insert(unescape(&name), value);
        }
    }
    rows
}
