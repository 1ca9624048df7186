//! MATLAB files of version 7.3: HDF5 with the axes in reverse, cells as references, text as numbers.
use std::path::Path;

use hdf5::types::{Reference, TypeDescriptor};
use hdf5::{Dataset, File, Group, H5Type, Location, ObjectReference1, ReferencedObject};
use ndarray::{ArrayD, IxDyn};

use super::element::DEEPEST;
use super::levels::MatArrays;
use super::sparse::{Columns, index};
use super::variable::NoNumbers;
use super::{column_major, described, inside, row_major};
use crate::base::error::{Error, Result, fault};
use crate::dataset::hdf5_io;
use crate::dataset::hdf5_values::{array, is_list, is_number, members, require_few, texts, values};
use crate::import::arrays::axes::LastAxes;
use crate::import::arrays::value::{ArrayValue, Arrays, FromF64};

/// Structs in structs are listed to this depth: groups may lead back to those that they lie in.
const LISTED: usize = 8;
/// Names of what MATLAB keeps for itself.
const HIDDEN: char = '#';
/// Attribute that says what a variable is.
const CLASS: &str = "MATLAB_class";
/// Attribute of what stands for an object, in a form that only MATLAB knows.
const OBJECT: &str = "MATLAB_object_decode";
/// Attribute of the group of a sparse array: how many rows it has.
const SPARSE: &str = "MATLAB_sparse";
/// Classes of numbers, and of what stands for nothing.
const NUMBERS: [&str; 13] = [
    "double",
    "single",
    "logical",
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "canonical empty",
    "",
];

/// A float as which numbers are read.
trait MatFloat: H5Type + FromF64 {}

impl MatFloat for f32 {}
impl MatFloat for f64 {}

/// The variables of a file.
pub(super) struct Variables<'a> {
    path: &'a Path,
    file: File,
}

/// What a dataset stands for.
enum Held {
    Numbers,
    Text,
    /// Cells, or the field of an array of structs.
    References,
    Other(NoNumbers),
}

/// What a name leads to.
enum Found {
    Dataset(Dataset),
    Sparse(Group),
    Other(NoNumbers),
}

impl<'a> Variables<'a> {
    pub(super) fn open(path: &'a Path) -> Result<Self> {
        Ok(Self { path, file: hdf5_io::open(path)? })
    }

    /// What a name leads to.
    fn member(&self, name: &str) -> Found {
        let path = name.replace('.', "/");
        let outer = path.rsplit_once('/').map(|(outer, _)| outer);
        if let Some(outer) = outer.filter(|outer| self.file.group(outer).is_ok_and(is_sparse)) {
            let whole = outer.replace('/', ".");
            let found = format!("a part of the sparse array {whole}");
            return Found::Other(NoNumbers { found, hint: format!("give {whole}") });
        }
        if let Ok(dataset) = self.file.dataset(&path) {
            return Found::Dataset(dataset);
        }
        match self.file.group(&path) {
            Ok(group) => member(group),
            Err(_nothing) => Found::Other(NoNumbers::new("nothing")),
        }
    }

    fn dataset(&self, name: &str) -> Option<Dataset> {
        match self.member(name) {
            Found::Dataset(dataset) => Some(dataset),
            _ => None,
        }
    }

    fn read<T>(&self, name: &str, value: hdf5::Result<T>) -> Result<T> {
        value.map_err(|source| {
            let what = fault(&source, "it is damaged (save the file again)");
            Error::file(format!("reading {}: {name}: {what}", self.path.display()), source)
        })
    }

    /// What something holds that lies in so many cells.
    fn value_of<T: MatFloat>(
        &self,
        member: Found,
        depth: usize,
    ) -> hdf5::Result<Result<ArrayValue<T>, NoNumbers>> {
        let dataset = match member {
            Found::Dataset(dataset) => dataset,
            Found::Sparse(group) => return sparse(&group).map(Ok),
            Found::Other(found) => return Ok(Err(found)),
        };
        let dims: Vec<usize> = dataset.shape().into_iter().rev().collect();
        Ok(match held(&dataset) {
            Held::Numbers if is_empty(&dataset) => {
                Ok(ArrayValue::Numbers(ArrayD::from_elem(IxDyn(&[0, 0]), T::from_f64(0.0))))
            }
            Held::Numbers => Ok(ArrayValue::Numbers(array::<T>(&dataset)?.reversed_axes())),
            Held::References if is_empty(&dataset) => Ok(ArrayValue::Cells(vec![0, 0], vec![])),
            Held::References if depth == DEEPEST => {
                // Cells may lead back to those that they lie in.
                let what = format!("cells in cells, more than {DEEPEST} deep");
                return Err(hdf5::Error::from(what));
            }
            Held::References => {
                // The file's row-major order of reversed axes is MATLAB's column-major one.
                let mut cells = Vec::new();
                for cell in self.cells(&dataset)? {
                    match self.value_of(cell, depth + 1)? {
                        Ok(value) => cells.push(value),
                        Err(found) => return Ok(Err(found.in_a_cell())),
                    }
                }
                Ok(ArrayValue::Cells(dims.clone(), row_major(&dims, cells)))
            }
            Held::Text => Err(NoNumbers::new("text")),
            Held::Other(found) => Err(found),
        })
    }

    fn cells(&self, dataset: &Dataset) -> hdf5::Result<Vec<Found>> {
        let references = values::<ObjectReference1>(dataset)?;
        let members = references.iter().map(|reference| {
            Ok(match self.file.dereference(reference)? {
                ReferencedObject::Dataset(dataset) => Found::Dataset(dataset),
                ReferencedObject::Group(group) => member(group),
                ReferencedObject::Datatype(_) => Found::Other(NoNumbers::new("something else")),
            })
        });
        members.collect()
    }
}

/// What a group stands for.
fn member(group: Group) -> Found {
    if is_sparse(&group) {
        return Found::Sparse(group);
    }
    Found::Other(
        object(&group).unwrap_or_else(|| NoNumbers::fields(&members(&group).unwrap_or_default())),
    )
}

fn is_sparse(group: impl std::borrow::Borrow<Group>) -> bool {
    group.borrow().attr(SPARSE).is_ok()
}

/// A sparse array, filled up. Where all of it is 0, there are no values.
fn sparse<T: MatFloat>(group: &Group) -> hdf5::Result<ArrayValue<T>> {
    let list = |name: &str| match group.dataset(name) {
        Ok(dataset) => values::<f64>(&dataset),
        Err(_all_zeros) => Ok(Vec::new()),
    };
    let values = match group.dataset("data") {
        Ok(dataset) if !is_number(&dataset) => {
            return Err(hdf5::Error::from("sparse values that are no numbers, or complex ones"));
        }
        Ok(dataset) => values::<T>(&dataset)?,
        Err(_all_zeros) => Vec::new(),
    };
    let rows = index(group.attr(SPARSE)?.read_scalar::<f64>()?);
    let rows = rows.ok_or_else(|| hdf5::Error::from("a sparse array without a size"))?;
    let starts = list("jc")?;
    let dims = [rows, starts.len().saturating_sub(1)];
    let full = Columns { dims, rows: list("ir")?, starts, values }.full();
    let array = column_major(&dims, full?).map_err(|error| hdf5::Error::from(error.to_string()))?;
    Ok(ArrayValue::Numbers(array))
}

impl Variables<'_> {
    /// What a path leads to from a group on: of the file, or a struct, which is a level.
    fn levels_of(
        &self,
        group: &Group,
        path: &[&str],
        is_struct: bool,
    ) -> hdf5::Result<Result<ArrayValue<f64>, NoNumbers>> {
        // A group holds one struct, unless its fields lead to those of an array.
        let single = |value: ArrayValue<f64>| {
            if is_struct { ArrayValue::Cells(vec![1, 1], vec![value]) } else { value }
        };
        let Some((field, rest)) = path.split_first() else {
            return Ok(Err(NoNumbers::fields(&members(group).unwrap_or_default())));
        };
        if let Ok(inner) = group.group(field) {
            let value = if rest.is_empty() {
                self.value_of(member(inner), 0)?
            } else {
                self.levels_of(&inner, rest, true)?
            };
            return Ok(value.map(single));
        }
        let Ok(dataset) = group.dataset(field) else { return Ok(Err(NoNumbers::new("nothing"))) };
        // Cells have a class, the fields of an array of structs have none.
        let is_cell = class(&dataset).is_some();
        let is_level = matches!(held(&dataset), Held::References) && !is_cell;
        if rest.is_empty() && !is_level {
            return Ok(self.value_of(Found::Dataset(dataset), 0)?.map(single));
        }
        if is_empty(&dataset) {
            return Ok(Ok(ArrayValue::Cells(vec![0, 0], Vec::new())));
        }
        if !is_level {
            return Ok(Err(NoNumbers::new("nothing")));
        }
        let dims: Vec<usize> = dataset.shape().into_iter().rev().collect();
        let mut cells = Vec::new();
        for reference in values::<ObjectReference1>(&dataset)? {
            let cell = match self.file.dereference(&reference)? {
                ReferencedObject::Dataset(dataset) if rest.is_empty() => {
                    self.value_of(Found::Dataset(dataset), 0)?
                }
                ReferencedObject::Dataset(dataset) if is_empty(&dataset) => {
                    Ok(ArrayValue::Cells(vec![0, 0], Vec::new()))
                }
                ReferencedObject::Group(group) if rest.is_empty() => {
                    self.value_of(member(group), 0)?
                }
                ReferencedObject::Group(group) => self.levels_of(&group, rest, true)?,
                _ => Err(NoNumbers::new("nothing")),
            };
            match cell {
                Ok(cell) => cells.push(cell),
                Err(found) => return Ok(Err(found.in_a_cell())),
            }
        }
        Ok(Ok(ArrayValue::Cells(dims.clone(), row_major(&dims, cells))))
    }
}

impl MatArrays for Variables<'_> {
    fn levels(&mut self, name: &str) -> Result<ArrayValue<f64>> {
        let path: Vec<&str> = name.split('.').collect();
        let root = self.file.group("/");
        let value = self.read(name, root.and_then(|root| self.levels_of(&root, &path, false)))?;
        value.map_err(|found| found.refused(self.path, name))
    }
}

impl Arrays for Variables<'_> {
    fn contents(&self) -> Vec<(String, String)> {
        let mut contents = Vec::new();
        list(&self.file, "", LISTED, &mut contents);
        contents
    }

    fn value(&mut self, name: &str) -> Result<ArrayValue> {
        let value = self.read(name, self.value_of(self.member(name), 0))?;
        value.map_err(|found| found.refused(self.path, name))
    }

    fn numbers(&mut self, name: &str) -> Result<Option<Vec<f64>>> {
        match self.dataset(name) {
            Some(dataset) if is_list(&dataset) && matches!(held(&dataset), Held::Numbers) => {
                self.read(name, values::<f64>(&dataset)).map(Some)
            }
            // A field of an array of structs.
            Some(dataset) if is_list(&dataset) && matches!(held(&dataset), Held::References) => {
                let numbers = self.cells(&dataset).and_then(|cells| {
                    cells.iter().map(single).collect::<hdf5::Result<Option<Vec<f64>>>>()
                });
                self.read(name, numbers)
            }
            _ => Ok(None),
        }
    }

    fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>> {
        let Some(dataset) = self.dataset(name).filter(|dataset| is_list(dataset)) else {
            return Ok(None);
        };
        let found = match held(&dataset) {
            Held::Text => text(&dataset).map(|text| Some(vec![text])),
            Held::Numbers => texts(&dataset),
            Held::References => self.cells(&dataset).and_then(|cells| {
                let texts = cells.iter().map(|cell| match cell {
                    Found::Dataset(cell) if matches!(held(cell), Held::Text) => {
                        text(cell).map(Some)
                    }
                    Found::Dataset(cell) if is_empty(cell) => Ok(Some(String::new())),
                    _ => Ok(single(cell)?.map(|number| number.to_string())),
                });
                texts.collect()
            }),
            Held::Other(_) => Ok(None),
        };
        self.read(name, found)
    }

    fn last_axes(&self) -> LastAxes {
        LastAxes::Dropped
    }
}

/// The only number of a cell; NaN of `[]`.
fn single(cell: &Found) -> hdf5::Result<Option<f64>> {
    match cell {
        Found::Dataset(cell) if matches!(held(cell), Held::Numbers) && is_empty(cell) => {
            Ok(Some(f64::NAN))
        }
        Found::Dataset(cell) if matches!(held(cell), Held::Numbers) && cell.size() == 1 => {
            Ok(values::<f64>(cell)?.first().copied())
        }
        _ => Ok(None),
    }
}

/// The class that MATLAB gives to something; none where another program wrote it.
fn class(place: &Location) -> Option<String> {
    let class = place.attr(CLASS).and_then(|class| texts(&class));
    class.ok().flatten().and_then(|class| class.into_iter().next())
}

/// What kind of object something stands for, if it does.
fn object(place: &Location) -> Option<NoNumbers> {
    match class(place).as_deref() {
        Some("function_handle") => Some(NoNumbers::function()),
        Some("struct") | None if place.attr(OBJECT).is_err() => None,
        class => Some(NoNumbers::object(class.unwrap_or("unknown"))),
    }
}

fn held(dataset: &Dataset) -> Held {
    let class = class(dataset);
    let descriptor = dataset.dtype().and_then(|dtype| dtype.to_descriptor());
    let is_object = dataset.attr(OBJECT).is_ok();
    match (class.as_deref(), descriptor) {
        (Some("char"), _) if !is_object => Held::Text,
        (_, Ok(TypeDescriptor::Reference(Reference::Object))) if !is_object => Held::References,
        (_, Ok(TypeDescriptor::Compound(_))) => Held::Other(NoNumbers::complex()),
        (class, _) if is_number(dataset) && !is_object && class.is_none_or(is_class_of_numbers) => {
            Held::Numbers
        }
        (Some("cell" | "struct"), _) if is_empty(dataset) => Held::References,
        _ => Held::Other(object(dataset).unwrap_or_else(|| NoNumbers::new("something else"))),
    }
}

fn is_class_of_numbers(class: &str) -> bool {
    NUMBERS.contains(&class)
}

/// MATLAB writes the shape of an empty array in place of its numbers.
fn is_empty(dataset: &Dataset) -> bool {
    dataset.attr("MATLAB_empty").is_ok()
}

/// Letters as UTF-16 numbers.
fn text(dataset: &Dataset) -> hdf5::Result<String> {
    if is_empty(dataset) {
        return Ok(String::new());
    }
    Ok(String::from_utf16_lossy(&values::<u16>(dataset)?))
}

/// What lies in a group and so many below it.
fn list(group: &Group, at: &str, depth: usize, contents: &mut Vec<(String, String)>) {
    for name in members(group).unwrap_or_default() {
        let path = inside(at, &name);
        if name.starts_with(HIDDEN) || require_few(contents.len()).is_err() {
            continue;
        }
        if let Ok(inner) = group.group(&name) {
            match member(inner) {
                Found::Sparse(inner) => contents.push((path, described_sparse(&inner))),
                Found::Other(found) if !found.is_struct() => contents.push((path, found.found)),
                _ if depth == 0 => {}
                _ => group
                    .group(&name)
                    .iter()
                    .for_each(|inner| list(inner, &path, depth - 1, contents)),
            }
        } else if let Ok(dataset) = group.dataset(&name) {
            contents.push((path, described_dataset(&dataset)));
        }
    }
}

fn described_sparse(group: &Group) -> String {
    let rows = group.attr(SPARSE).and_then(|rows| rows.read_scalar::<f64>()).ok();
    let columns = group.dataset("jc").map_or(0, |starts| starts.size().saturating_sub(1));
    described("sparse numbers", &[rows.and_then(index).unwrap_or(0), columns])
}

fn described_dataset(dataset: &Dataset) -> String {
    let dims: Vec<usize> = dataset.shape().into_iter().rev().collect();
    match held(dataset) {
        Held::Numbers | Held::References if is_empty(dataset) => "nothing".into(),
        Held::Numbers => described("numbers", &dims),
        Held::References => described("cells", &dims),
        Held::Text => "text".into(),
        Held::Other(found) => found.found,
    }
}
