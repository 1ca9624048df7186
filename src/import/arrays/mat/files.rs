//! MATLAB files side by side, in which names are looked for in order, and places in cells.
use std::io::Read;
use std::path::Path;

use super::array::Singles;
use super::by_name::ByName;
use super::levels::MatArrays;
use super::v4::V4;
use super::v5::V5;
use super::{HEADER, MatVersion, levels, v73, version};
use crate::base::error::{Error, Problem, Result};
use crate::base::files;
use crate::dataset::schema::shape;
use crate::import::arrays::axes::LastAxes;
use crate::import::arrays::options::refused;
use crate::import::arrays::spike_times;
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

/// Places in cells or structs: `stim.data[0]`, `data.set[0].times`.
struct Indexed {
    name: String,
    /// The name without places, and what it is, where the file lists it.
    base: (String, String),
    /// Places from 0 at each part of the name, of the outermost cells first.
    places: Vec<Vec<usize>>,
}

impl Indexed {
    /// Whether places are those of structs on the way.
    fn leads_through_structs(&self) -> bool {
        self.places.iter().rev().skip(1).any(|places| !places.is_empty())
    }

    /// The places at the end.
    fn last(&self) -> &[usize] {
        self.places.last().map_or(&[], Vec::as_slice)
    }
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
            let Some((base, places)) = places(name) else { continue };
            let holds = all.contents().into_iter().find(|(known, _)| *known == base);
            let holds = holds.map_or_else(|| "structs".into(), |(_, holds)| holds);
            if all.has(&base) && !all.contents().iter().any(|(known, _)| known == name) {
                let base = (base, holds);
                all.indexed.push(Indexed { name: (*name).to_owned(), base, places });
            }
        }
        Ok(all)
    }

    /// Says which places in cells are taken.
    pub(super) fn say_places(&self, report: &mut ImportReport) {
        for Indexed { name, base: (base, holds), .. } in &self.indexed {
            report.inferred(format!("{name} is a place, counted from 0, of {base}: {holds}"));
        }
    }

    /// Whether a file holds something under a name.
    pub(super) fn has(&self, name: &str) -> bool {
        let indexed = self.indexed.iter().any(|indexed| indexed.name == name);
        indexed || self.files.iter().any(|file| file.has(name))
    }

    /// The file that holds a name, the first if none does; and the name there.
    fn holder(&mut self, name: &str) -> Result<(&mut MatFile<'a>, String)> {
        let base = self.indexed(name).map_or(name, |indexed| &indexed.base.0).to_owned();
        let place = self.files.iter().position(|file| file.has(&base)).unwrap_or(0);
        let no_file = || Error::Refused(format!("{name}: found no MATLAB file to look for it in"));
        Ok((self.files.get_mut(place).ok_or_else(no_file)?, base))
    }

    fn indexed(&self, name: &str) -> Option<&Indexed> {
        self.indexed.iter().find(|indexed| indexed.name == name)
    }

    /// What stands at the places at the end of a name, if it has any.
    fn picked<T>(&self, name: &str, path: &Path, value: ArrayValue<T>) -> Result<ArrayValue<T>> {
        let places = self.indexed(name).map_or(&[][..], Indexed::last);
        places
            .iter()
            .try_fold(value, |value, place| picked(value, *place))
            .map_err(|found| no_place(name, path, found))
    }

    /// What stands at the places of a name that leads through structs; none of other names.
    fn through_structs(&mut self, name: &str, singles: Singles) -> Result<Option<ArrayValue<f64>>> {
        let Some(indexed) = self.indexed(name).filter(|one| one.leads_through_structs()) else {
            return Ok(None);
        };
        let places = indexed.places.clone();
        let (file, base) = self.holder(name)?;
        let (path, value) = (file.path, file.arrays.levels(&base)?);
        let value = at_places(value, &places, singles);
        value.map(Some).map_err(|found| no_place(name, path, found))
    }
}

impl MatFile<'_> {
    /// Whether it holds something under a name; fields of arrays of structs are not all listed.
    fn has(&self, name: &str) -> bool {
        let begins =
            |known: &str| name.strip_prefix(known).is_some_and(|rest| rest.starts_with('.'));
        self.contents.iter().any(|(known, _)| known == name || begins(known))
    }
}

fn no_place(name: &str, path: &Path, found: String) -> Error {
    refused(path, Problem::new(name, found, "cells with that place, counted from 0"))
}

/// A name without places, and the places at each of its parts; none of a name without any.
fn places(name: &str) -> Option<(String, Vec<Vec<usize>>)> {
    let (mut base, mut all) = (Vec::new(), Vec::new());
    for part in name.split('.') {
        let (mut rest, mut places) = (part, Vec::new());
        while let Some((before, inside)) =
            rest.strip_suffix(']').and_then(|rest| rest.rsplit_once('['))
        {
            places.insert(0, inside.parse().ok()?);
            rest = before;
        }
        base.push(rest);
        all.push(places);
    }
    all.iter().any(|places| !places.is_empty()).then(|| (base.join("."), all))
}

/// What stands at the places of each part of a name, whose structs are levels of cells.
fn at_places<T>(
    value: ArrayValue<T>,
    places: &[Vec<usize>],
    singles: Singles,
) -> Result<ArrayValue<T>, String> {
    let (own, rest) = match places {
        [] => return Ok(value),
        [last] => return last.iter().try_fold(value, |value, place| picked(value, *place)),
        [own, rest @ ..] => (own, rest),
    };
    if !own.is_empty() {
        let value = own.iter().try_fold(value, |value, place| picked_here(value, *place))?;
        return at_places(value, rest, singles);
    }
    let (dims, mut cells) = match value {
        ArrayValue::Cells(dims, cells) => (dims, cells),
        numbers @ ArrayValue::Numbers(_) => return Ok(numbers),
    };
    match cells.pop() {
        Some(only) if cells.is_empty() && singles == Singles::Opened => {
            return at_places(only, rest, singles);
        }
        last => cells.extend(last),
    }
    let cells = cells.into_iter().map(|cell| at_places(cell, rest, singles));
    Ok(ArrayValue::Cells(dims, cells.collect::<Result<_, _>>()?))
}

/// One of cells in a row or column; else all along the first axis. A level of a single struct in
/// which the cells lie is none.
fn picked<T>(value: ArrayValue<T>, place: usize) -> Result<ArrayValue<T>, String> {
    match value {
        ArrayValue::Cells(_, mut cells)
            if cells.len() == 1 && matches!(cells[0], ArrayValue::Cells(..)) =>
        {
            cells.pop().map_or_else(|| Err("nothing".into()), |only| picked(only, place))
        }
        value => picked_here(value, place),
    }
}

fn picked_here<T>(value: ArrayValue<T>, place: usize) -> Result<ArrayValue<T>, String> {
    let (dims, mut cells) = match value {
        ArrayValue::Cells(dims, cells) => (dims, cells),
        ArrayValue::Numbers(array) => {
            return Err(format!("an array of shape {}", shape(array.shape())));
        }
    };
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
        let place = |one: &Indexed| (one.name.clone(), format!("a place of {}", one.base.1));
        contents.extend(self.indexed.iter().map(place));
        contents
    }

    fn value(&mut self, name: &str) -> Result<ArrayValue> {
        if let Some(value) = self.through_structs(name, Singles::Opened)? {
            return Ok(value.of_singles());
        }
        let (file, base) = self.holder(name)?;
        let (path, value) = (file.path, file.arrays.value(&base)?);
        self.picked(name, path, value)
    }

    fn numbers(&mut self, name: &str) -> Result<Option<Vec<f64>>> {
        if self.indexed(name).is_some() {
            let value = match self.through_structs(name, Singles::Opened)? {
                Some(value) => value,
                None => self.levels(name)?,
            };
            return Ok(match value {
                ArrayValue::Numbers(array) => Some(array.iter().copied().collect()),
                ArrayValue::Cells(..) => None,
            });
        }
        let (file, base) = self.holder(name)?;
        file.arrays.numbers(&base)
    }

    fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>> {
        let places = self.indexed(name).map(|one| (one.leads_through_structs(), one.last()));
        let places = places.map(|(through, last)| (through, last.to_vec()));
        let (file, base) = self.holder(name)?;
        let texts = file.arrays.texts(&base)?;
        Ok(match (places, texts) {
            (None, texts) => texts,
            (Some((false, places)), Some(texts)) if places.len() == 1 => {
                texts.into_iter().nth(places[0]).map(|text| vec![text])
            }
            (Some(_), _) => None,
        })
    }

    fn spike_times(&mut self) -> Option<String> {
        let cells = self.contents().into_iter().filter(|(_, holds)| holds.starts_with("cells"));
        let mut names = cells.map(|(name, _)| name);
        names.find(|name| self.value(name).is_ok_and(|value| spike_times::rises(&value)))
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
        if let Some(value) = self.through_structs(name, Singles::Cells)? {
            return Ok(value);
        }
        let (file, base) = self.holder(name)?;
        let (path, value) = (file.path, file.arrays.levels(&base)?);
        self.picked(name, path, value)
    }
}

fn opened(path: &Path) -> Result<Box<dyn MatArrays + '_>> {
    Ok(match version_of(path)? {
        MatVersion::V4 => Box::new(ByName { path, variables: V4::open(path)? }),
        MatVersion::V5(order) => Box::new(ByName { path, variables: V5::open(path, order)? }),
        MatVersion::V73 => Box::new(v73::Variables::open(path)?),
    })
}

/// All names of a file, those in arrays of structs too, and what each holds in words: `cells (2, 5)`,
/// `numbers (1, 1)`, `structs (1, 20)`, `text`.
///
/// # Errors
/// It cannot be read, or is no MATLAB file.
pub fn names_inside(path: &Path) -> Result<Vec<(String, String)>> {
    match version_of(path)? {
        MatVersion::V5(order) => Ok(V5::open(path, order)?.deep_contents()),
        MatVersion::V4 | MatVersion::V73 => Ok(opened(path)?.contents()),
    }
}

/// Along how many axes the cells and structs under a name lie, of which single ones are none.
///
/// # Errors
/// They cannot be read, or hold something else than numbers.
pub fn depth_inside(path: &Path, name: &str) -> Result<usize> {
    opened(path)?.levels(name).map(|value| levels::depth(&value))
}

/// The version of a file.
///
/// # Errors
/// It cannot be read, or is no MATLAB file.
pub(super) fn version_of(path: &Path) -> Result<MatVersion> {
    let mut head = Vec::new();
    let reading = |source| Error::file(format!("reading {}", path.display()), source);
    Read::by_ref(&mut files::open(path, "MATLAB file")?)
        .take(HEADER as u64)
        .read_to_end(&mut head)
        .map_err(reading)?;
    version(&head).ok_or_else(|| {
        Error::Refused(format!(
            "{}: found no MATLAB file, expected one of version 4, 5, 6, 7 or 7.3; save it in \
             MATLAB with save -v7 or save -v7.3",
            path.display()
        ))
    })
}
