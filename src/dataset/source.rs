//! An HDF5 file that is being read: values of any stored type, and a list of what does not fit.
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use hdf5::Dataset;
use ndarray::{Array3, ArrayD};

use super::chunks::Chunked;
use super::hdf5_values::{
    attributes, described, is_list, is_number, is_text, members, texts, values,
};
use super::location::ResponseLocation;
use super::{hdf5_io, numbers};
use crate::base::error::{Error, Problem, Problems, Result, TooLarge, fault};
use crate::base::memory;

/// Asks an open file for values; what is missing or does not fit is noted and read as `None`.
pub(super) struct Source<'a> {
    pub(super) path: &'a Path,
    pub(super) problems: Problems,
    pub(super) notes: Vec<String>,
    file: hdf5::File,
    /// The same file as bytes.
    bytes: fs::File,
    /// The dataset that responses were read from last: the dense layout has all in one.
    chunked: Option<(String, Option<Chunked>)>,
}

impl<'a> Source<'a> {
    pub(super) fn open(path: &'a Path) -> Result<Self> {
        let file = hdf5_io::open(path)?;
        let bytes = fs::File::open(path)
            .map_err(|source| Error::file(format!("opening {}", path.display()), source))?;
        let (problems, notes) = (Problems::default(), Vec::new());
        Ok(Self { path, problems, notes, file, bytes, chunked: None })
    }

    /// The value, unless something did not fit.
    pub(super) fn finish<T>(self, value: impl FnOnce(Vec<String>) -> T) -> Result<T> {
        self.problems.into_result(self.path, ())?;
        Ok(value(self.notes))
    }

    pub(super) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    pub(super) fn has(&self, at: &str) -> bool {
        self.file.link_exists(at)
    }

    pub(super) fn is_group(&self, at: &str) -> bool {
        self.file.group(at).is_ok()
    }

    /// Names in a group: as they were written where the file remembers, else sorted.
    pub(super) fn members(&mut self, at: &str) -> Vec<String> {
        let names = self.file.group(at).and_then(|group| members(&group));
        self.readable(at, names).unwrap_or_default()
    }

    /// Lengths of the axes of a dataset; none where it is none, which reading it then says.
    pub(super) fn dims(&self, at: &str) -> Vec<usize> {
        self.file.dataset(at).map_or_else(|_unread| Vec::new(), |dataset| dataset.shape())
    }

    /// Whether there is memory for so many numbers with a copy, before the first of them is read.
    pub(super) fn has_room_for(&mut self, at: &str, what: &str, numbers: usize) -> bool {
        let planned = memory::take(numbers.saturating_mul(2 * size_of::<f32>()));
        let Err(TooLarge { takes, most }) = planned else { return true };
        let found = format!("{what} that takes about {takes} of memory");
        let problem = Problem::new(at, found, format!("at most {most}"));
        self.problems.push(problem.hint("take a part of it, or a machine with more memory"));
        false
    }

    /// Numbers of any rank and of any integer or float type.
    pub(super) fn numbers(&mut self, at: &str, expected: &str) -> Option<ArrayD<f32>> {
        let dataset = self.dataset_of_numbers(at, expected)?;
        let values = numbers::all(&dataset, &self.bytes);
        self.readable(at, values)
    }

    /// The shape of numbers of any integer or float type.
    pub(super) fn shape_of_numbers(&mut self, at: &str, expected: &str) -> Option<Vec<usize>> {
        let shape = self.dataset_of_numbers(at, expected)?.get_shape();
        self.readable(at, shape)
    }

    /// Responses `(N, R, T)` from where they lie.
    pub(super) fn responses(&mut self, location: &ResponseLocation) -> Option<Array3<f32>> {
        if location.repeats == 0 {
            return Some(Array3::zeros(location.dim()));
        }
        let dataset = self.dataset(&location.at, "numbers")?;
        if self.chunked.as_ref().is_none_or(|(at, _)| *at != location.at) {
            self.chunked = Some((location.at.clone(), Chunked::of(&dataset)));
        }
        let chunked = self.chunked.as_ref().and_then(|(_, chunked)| chunked.as_ref());
        let values = numbers::rows(&dataset, chunked, &self.bytes, location);
        self.readable(&location.at, values)
    }

    fn dataset_of_numbers(&mut self, at: &str, expected: &str) -> Option<Dataset> {
        let dataset = self.dataset(at, expected)?;
        if !is_number(&dataset) {
            return self.unfit(at, &described(&dataset), expected);
        }
        if dataset.attr("MATLAB_class").is_ok() {
            let problem = Problem::new(at, "a variable saved by MATLAB, axes reversed", expected);
            self.problems.push(problem.hint("make a dataset of the file with strf import mat"));
            return None;
        }
        Some(dataset)
    }

    /// A list of numbers.
    pub(super) fn list_of_numbers(&mut self, at: &str, expected: &str) -> Option<Vec<f64>> {
        let dataset = self.dataset(at, expected)?;
        if !is_list(&dataset) || !is_number(&dataset) {
            return self.unfit(at, &described(&dataset), expected);
        }
        self.readable(at, values(&dataset))
    }

    /// A list of strings, or of numbers written as text.
    pub(super) fn list_of_texts(&mut self, at: &str, expected: &str) -> Option<Vec<String>> {
        let dataset = self.dataset(at, expected)?;
        if is_list(&dataset) {
            let texts = texts(&dataset);
            if let Some(list) = self.readable(at, texts)? {
                return Some(list);
            }
        }
        self.unfit(at, &described(&dataset), expected)
    }

    /// Whether a dataset is a list of strings or numbers.
    pub(super) fn is_list(&self, at: &str) -> bool {
        self.file.dataset(at).is_ok_and(|dataset| is_list(&dataset) && is_text(&dataset))
    }

    /// An attribute of the file as text.
    pub(super) fn attribute(&mut self, name: &str) -> Option<String> {
        let attributes = attributes(&self.file, &[name.to_owned()]);
        self.readable(name, attributes).and_then(|mut found| found.remove(name))
    }

    pub(super) fn has_attribute(&self, name: &str) -> bool {
        self.file.attr(name).is_ok()
    }

    /// The attributes of a group that are text or numbers.
    pub(super) fn attributes(&mut self, at: &str) -> BTreeMap<String, String> {
        let found = self.file.group(at).and_then(|group| attributes(&group, &group.attr_names()?));
        self.readable(at, found).unwrap_or_default()
    }

    /// What lies at the top of the file.
    pub(super) fn contents(&mut self) -> String {
        let names = self.members("/");
        if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
    }

    fn dataset(&mut self, at: &str, expected: &str) -> Option<Dataset> {
        if !self.has(at) {
            return self.unfit(at, "nothing", expected);
        }
        if self.is_group(at) {
            return self.unfit(at, "a group", expected);
        }
        let dataset = self.file.dataset(at);
        self.readable(at, dataset)
    }

    fn unfit<T>(&mut self, at: &str, found: &str, expected: &str) -> Option<T> {
        self.problems.push(Problem::new(at, found, expected));
        None
    }

    fn readable<T>(&mut self, at: &str, value: hdf5::Result<T>) -> Option<T> {
        match value {
            Ok(value) => Some(value),
            Err(cause) => {
                let found = format!("something that cannot be read: {cause}");
                let problem = Problem::new(at, found, "data that can be read");
                let damaged = "the file is damaged: copy or write it again";
                self.problems.push(problem.hint(fault(&cause, damaged)));
                None
            }
        }
    }
}
