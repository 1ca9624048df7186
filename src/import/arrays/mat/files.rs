//! MATLAB files side by side, in which names are looked for in order, and places in cells.
use std::io::Read;
use std::path::Path;

use super::by_name::ByName;
use super::levels::MatArrays;
use super::v4::V4;
use super::v5::V5;
use super::{HEADER, MatVersion, v73, version};
use crate::base::error::{Error, Problem, Result};
use crate::base::files;
use crate::dataset::schema::shape;
use crate::import::arrays::axes::LastAxes;
use crate::import::arrays::options::refused;
use crate::import::arrays::value::{ArrayValue, Arrays};
use crate::import::report::ImportReport;

/// The files of one recording.
pub(super) struct MatFiles<'a> {
    files: Vec<MatFile<'a>>,
    /// Names that lead to a place in cells, as options have them.
    indexed: Vec<Indexed>,
}

struct MatFile<'a> {
    path: &'a Path,
    arrays: Box<dyn MatArrays + 'a>,
    contents: Vec<(String, String)>,
}

/// A place in cells: `stim.data[0]`.
struct Indexed {
    name: String,
    /// Name of the cells, and what they are.
    cells: (String, String),
    /// Places from 0, of the outermost cells first.
    places: Vec<usize>,
}

impl<'a> MatFiles<'a> {
    /// Opens files; `wanted` are names that options give.
    ///
    /// # Errors
    /// A file cannot be read or is none of MATLAB.
    pub(super) fn open(paths: Vec<&'a Path>, wanted: &[&str]) -> Result<Self> {
        let mut files = Vec::with_capacity(paths.len());
        for path in paths {
            let arrays = opened(path)?;
            files.push(MatFile { path, contents: arrays.contents(), arrays });
        }
        let mut all = Self { files, indexed: Vec::new() };
        for name in wanted {
            let Some((base, places)) = place(name) else { continue };
            let cells = all.contents().into_iter().find(|(known, _)| known == base);
            let known = all.contents().iter().any(|(known, _)| known == name);
            if let (Some(cells), false) = (cells, known) {
                all.indexed.push(Indexed { name: (*name).to_owned(), cells, places });
            }
        }
        Ok(all)
    }

    /// Says which places in cells are taken.
    pub(super) fn say_places(&self, report: &mut ImportReport) {
        for Indexed { name, cells: (base, holds), .. } in &self.indexed {
            report.inferred(format!("{name} is a place, counted from 0, of {base}: {holds}"));
        }
    }

    /// The file that holds a name, the first if none does; and the name there.
    fn holder(&mut self, name: &str) -> (&mut MatFile<'a>, String) {
        let indexed = self.indexed.iter().find(|indexed| indexed.name == name);
        let name = indexed.map_or(name, |indexed| indexed.cells.0.as_str()).to_owned();
        // Fields of structs in arrays of structs are not listed.
        let begins =
            |known: &str| name.strip_prefix(known).is_some_and(|rest| rest.starts_with('.'));
        let holds =
            |file: &MatFile| file.contents.iter().any(|(known, _)| *known == name || begins(known));
        let place = self.files.iter().position(holds).unwrap_or(0);
        (&mut self.files[place], name)
    }

    /// What stands at the place that a name says, if it says one.
    fn picked<T>(&self, name: &str, path: &Path, value: ArrayValue<T>) -> Result<ArrayValue<T>> {
        let Some(indexed) = self.indexed.iter().find(|indexed| indexed.name == name) else {
            return Ok(value);
        };
        indexed.places.iter().try_fold(value, |value, place| {
            picked(value, *place).map_err(|found| {
                let problem = Problem::new(name, found, "cells with that place, counted from 0");
                refused(path, problem)
            })
        })
    }
}

/// A name without places at its end, and these.
fn place(name: &str) -> Option<(&str, Vec<usize>)> {
    let (mut base, mut places) = (name, Vec::new());
    while let Some((before, inside)) = base.strip_suffix(']').and_then(|rest| rest.rsplit_once('['))
    {
        places.insert(0, inside.parse().ok()?);
        base = before;
    }
    (!places.is_empty()).then_some((base, places))
}

/// One of cells in a row or column; else all along the first axis.
fn picked<T>(value: ArrayValue<T>, place: usize) -> Result<ArrayValue<T>, String> {
    let (dims, mut cells) = match value {
        ArrayValue::Cells(dims, cells) => (dims, cells),
        ArrayValue::Numbers(array) => {
            return Err(format!("an array of shape {}", shape(array.shape())));
        }
    };
    // The level of a single struct in which the cells lie.
    if cells.len() == 1 && matches!(cells[0], ArrayValue::Cells(..)) {
        return cells.pop().map_or_else(|| Err("nothing".into()), |only| picked(only, place));
    }
    let found = || format!("cells {}", shape(&dims));
    let long: Vec<usize> = dims.iter().copied().filter(|length| *length != 1).collect();
    if long.len() < 2 {
        return cells.into_iter().nth(place).ok_or_else(found);
    }
    let inner: Vec<usize> = dims.iter().skip(1).copied().collect();
    let size: usize = inner.iter().product();
    if place >= dims[0] {
        return Err(found());
    }
    let cells = cells.drain(place * size..(place + 1) * size).collect();
    Ok(ArrayValue::Cells(inner, cells))
}

impl Arrays for MatFiles<'_> {
    fn contents(&self) -> Vec<(String, String)> {
        let mut contents: Vec<(String, String)> = Vec::new();
        for (name, holds) in self.files.iter().flat_map(|file| &file.contents) {
            if !contents.iter().any(|(known, _)| known == name) {
                contents.push((name.clone(), holds.clone()));
            }
        }
        let place = |one: &Indexed| (one.name.clone(), format!("a place of {}", one.cells.1));
        contents.extend(self.indexed.iter().map(place));
        contents
    }

    fn value(&mut self, name: &str) -> Result<ArrayValue> {
        let (file, base) = self.holder(name);
        let (path, value) = (file.path, file.arrays.value(&base)?);
        self.picked(name, path, value)
    }

    fn numbers(&mut self, name: &str) -> Result<Option<Vec<f64>>> {
        if self.indexed.iter().any(|indexed| indexed.name == name) {
            let array = match self.levels(name)? {
                ArrayValue::Numbers(array) => array,
                ArrayValue::Cells(..) => return Ok(None),
            };
            return Ok(Some(array.iter().copied().collect()));
        }
        let (file, base) = self.holder(name);
        file.arrays.numbers(&base)
    }

    fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>> {
        let places = self.indexed.iter().find(|indexed| indexed.name == name);
        let places = places.map(|indexed| indexed.places.clone());
        let (file, base) = self.holder(name);
        let texts = file.arrays.texts(&base)?;
        Ok(match (places.as_deref(), texts) {
            (None, texts) => texts,
            (Some([place]), Some(texts)) => texts.into_iter().nth(*place).map(|text| vec![text]),
            (Some(_), _) => None,
        })
    }

    fn unreadable(&self) -> Vec<String> {
        let of_file = |file: &MatFile| {
            let shown = file.path.display().to_string();
            let sentences = file.arrays.unreadable().into_iter();
            let alone = self.files.len() == 1;
            sentences.map(move |one| if alone { one } else { format!("{shown}: {one}") })
        };
        self.files.iter().flat_map(of_file).collect()
    }

    fn last_axes(&self) -> LastAxes {
        LastAxes::Dropped
    }
}

impl MatArrays for MatFiles<'_> {
    fn levels(&mut self, name: &str) -> Result<ArrayValue<f64>> {
        let (file, base) = self.holder(name);
        let (path, value) = (file.path, file.arrays.levels(&base)?);
        self.picked(name, path, value)
    }
}

fn opened(path: &Path) -> Result<Box<dyn MatArrays + '_>> {
    let mut head = Vec::new();
    let reading = |source| Error::file(format!("reading {}", path.display()), source);
    Read::by_ref(&mut files::open(path, "MATLAB file")?)
        .take(HEADER as u64)
        .read_to_end(&mut head)
        .map_err(reading)?;
    Ok(match version(&head) {
        Some(MatVersion::V4) => Box::new(ByName { path, variables: V4::open(path)? }),
        Some(MatVersion::V5(order)) => Box::new(ByName { path, variables: V5::open(path, order)? }),
        Some(MatVersion::V73) => Box::new(v73::Variables::open(path)?),
        None => {
            return Err(Error::Refused(format!(
                "{}: found no MATLAB file, expected one of version 4, 5, 6, 7 or 7.3; save it in \
                 MATLAB with save -v7 or save -v7.3",
                path.display()
            )));
        }
    })
}
