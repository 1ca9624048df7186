//! MATLAB files of version 7.3: HDF5 with the axes in reverse, cells as references, text as numbers.
use std::path::Path;

use hdf5::types::{Reference, TypeDescriptor};
use hdf5::{Dataset, File, Group, ObjectReference1, ReferencedObject};

use super::{described, inside, row_major};
use crate::base::error::{Error, Problem, Result};
use crate::dataset::hdf5_io;
use crate::dataset::hdf5_values::{is_list, is_number, members, texts};
use crate::import::arrays::axes::LastAxes;
use crate::import::arrays::options::refused;
use crate::import::arrays::value::{ArrayValue, Arrays};

/// Names of what MATLAB keeps for itself.
const HIDDEN: char = '#';
/// Attribute that says what a variable is.
const CLASS: &str = "MATLAB_class";

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
    Other,
}

impl<'a> Variables<'a> {
    pub(super) fn open(path: &'a Path) -> Result<Self> {
        Ok(Self { path, file: hdf5_io::open(path)? })
    }

    fn dataset(&self, name: &str) -> Option<Dataset> {
        self.file.dataset(&name.replace('.', "/")).ok()
    }

    fn read<T>(&self, name: &str, value: hdf5::Result<T>) -> Result<T> {
        value.map_err(|source| {
            let what = "it is damaged (save the file again)";
            Error::file(format!("reading {}: {name}: {what}", self.path.display()), source)
        })
    }

    fn value_of(&self, dataset: &Dataset) -> hdf5::Result<Result<ArrayValue, String>> {
        let dims: Vec<usize> = dataset.shape().into_iter().rev().collect();
        Ok(match held(dataset) {
            Held::Numbers if is_empty(dataset) => Err("an empty array".into()),
            Held::Numbers => Ok(ArrayValue::Numbers(dataset.read_dyn::<f32>()?.reversed_axes())),
            Held::References => {
                // The file's row-major order of reversed axes is MATLAB's column-major one.
                let mut cells = Vec::new();
                for cell in self.cells(dataset)? {
                    match self.value_of(&cell)? {
                        Ok(value) => cells.push(value),
                        Err(found) => return Ok(Err(format!("a cell with {found}"))),
                    }
                }
                Ok(ArrayValue::Cells(dims.clone(), row_major(&dims, cells)))
            }
            Held::Text => Err("text".into()),
            Held::Other => Err("something else".into()),
        })
    }

    fn cells(&self, dataset: &Dataset) -> hdf5::Result<Vec<Dataset>> {
        let references = dataset.read_raw::<ObjectReference1>()?;
        let datasets =
            references.iter().map(|reference| match self.file.dereference(reference)? {
                ReferencedObject::Dataset(dataset) => Ok(dataset),
                _ => Err(hdf5::Error::from("a cell that holds a struct")),
            });
        datasets.collect()
    }
}

impl Arrays for Variables<'_> {
    fn contents(&self) -> Vec<(String, String)> {
        let mut contents = Vec::new();
        list(&self.file, "", &mut contents);
        contents
    }

    fn value(&mut self, name: &str) -> Result<ArrayValue> {
        let expected = "numbers, or cells of numbers";
        let Some(dataset) = self.dataset(name) else {
            return Err(refused(self.path, Problem::new(name, "nothing", expected)));
        };
        let value = self.read(name, self.value_of(&dataset))?;
        value.map_err(|found| refused(self.path, Problem::new(name, found, expected)))
    }

    fn numbers(&mut self, name: &str) -> Result<Option<Vec<f64>>> {
        match self.dataset(name) {
            Some(dataset) if is_list(&dataset) && matches!(held(&dataset), Held::Numbers) => {
                self.read(name, dataset.read_raw::<f64>()).map(Some)
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
                let all_text = cells.iter().all(|cell| matches!(held(cell), Held::Text));
                let texts = cells.iter().map(text).collect::<hdf5::Result<Vec<String>>>()?;
                Ok(all_text.then_some(texts))
            }),
            Held::Other => Ok(None),
        };
        self.read(name, found)
    }

    fn last_axes(&self) -> LastAxes {
        LastAxes::Dropped
    }
}

fn held(dataset: &Dataset) -> Held {
    let class = dataset.attr(CLASS).and_then(|class| texts(&class));
    let class = class.ok().flatten().and_then(|class| class.into_iter().next());
    let descriptor = dataset.dtype().and_then(|dtype| dtype.to_descriptor());
    match (class.as_deref(), descriptor) {
        (Some("char"), _) => Held::Text,
        (_, Ok(TypeDescriptor::Reference(Reference::Object))) => Held::References,
        _ if is_number(dataset) => Held::Numbers,
        _ => Held::Other,
    }
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
    Ok(String::from_utf16_lossy(&dataset.read_raw::<u16>()?))
}

fn list(group: &Group, at: &str, contents: &mut Vec<(String, String)>) {
    for name in members(group).unwrap_or_default() {
        let path = inside(at, &name);
        if name.starts_with(HIDDEN) {
            continue;
        }
        if let Ok(inner) = group.group(&name) {
            list(&inner, &path, contents);
        } else if let Ok(dataset) = group.dataset(&name) {
            let dims: Vec<usize> = dataset.shape().into_iter().rev().collect();
            let holds = match held(&dataset) {
                Held::Numbers => described("numbers", &dims),
                Held::References => described("cells", &dims),
                Held::Text => "text".into(),
                Held::Other => "something else".into(),
            };
            contents.push((path, holds));
        }
    }
}
