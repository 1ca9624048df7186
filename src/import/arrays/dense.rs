//! HDF5 files of anybody's layout.
use std::path::Path;

use clap::Args;
use hdf5::{Dataset, File, Group, Hyperslab, SliceOrIndex};
use ndarray::IxDyn;

use super::axes::LastAxes;
use super::options::{ArrayOptions, refused};
use super::recording;
use super::value::{ArrayValue, Arrays};
use crate::base::error::{Error, Problem, Result};
use crate::dataset::hdf5_io;
use crate::dataset::hdf5_values::{
    array, attributes, described, is_list, is_number, is_text, members, numbers, require_few,
    require_readable, texts,
};
use crate::import::format::{Format, Imported};
use crate::import::report::ImportReport;

/// Attribute of what stands for an object, in a form that only MATLAB knows.
const MATLAB_OBJECT: &str = "MATLAB_object_decode";
/// Attribute that says of which class it is.
const MATLAB_CLASS: &str = "MATLAB_class";
/// What lies beside the values of a sparse array of MATLAB, and of `SciPy`: places and starts.
const SPARSE: [[&str; 2]; 2] = [["ir", "jc"], ["indices", "indptr"]];
/// How deep groups are looked into.
const DEPTH: usize = 6;

/// `strf import hdf5`.
#[derive(Debug, Clone, Args)]
pub struct Hdf5 {
    /// Which arrays hold what.
    #[command(flatten)]
    pub arrays: ArrayOptions,
}

impl Format for Hdf5 {
    fn name(&self) -> &'static str {
        "hdf5"
    }

    fn sources(&self) -> Vec<&Path> {
        vec![&self.arrays.source]
    }

    fn read(&self, report: &mut ImportReport) -> Result<Imported> {
        let mut file = Datasets::open(&self.arrays.source)?;
        recording(&mut file, &self.arrays, report).map(Imported::without_sound)
    }
}

/// An open file, and the datasets in it.
struct Datasets<'a> {
    path: &'a Path,
    file: File,
    /// Paths without the first slash, and what they hold.
    contents: Vec<(String, String)>,
}

impl<'a> Datasets<'a> {
    fn open(path: &'a Path) -> Result<Self> {
        let file = hdf5_io::open(path)?;
        let mut contents = Vec::new();
        let reading = |source| Error::file(format!("reading {}", path.display()), source);
        list(&file, "", DEPTH, &mut contents).map_err(reading)?;
        for name in attributes(&file, &file.attr_names().map_err(reading)?).map_err(reading)?.keys()
        {
            contents.push((name.clone(), "an attribute".into()));
        }
        Ok(Self { path, file, contents })
    }

    fn read<T>(&self, name: &str, value: hdf5::Result<T>) -> Result<T> {
        value.map_err(|source| hdf5_io::damaged(&self.path.display(), name, source))
    }

    fn dataset(&self, name: &str) -> Option<Dataset> {
        self.file.dataset(name).ok()
    }

    /// What is wrong with numbers that stand for something else.
    fn encoded(&self, name: &str, dataset: &Dataset) -> Option<Problem> {
        const EXPECTED: &str = "a dataset of numbers";
        let (outer, _) = name.rsplit_once('/').unwrap_or_default();
        let beside = |other: &str| self.file.link_exists(&format!("{outer}/{other}"));
        if !outer.is_empty() && SPARSE.iter().any(|[rows, starts]| beside(rows) && beside(starts)) {
            let hint = "strf import mat reads sparse arrays of MATLAB; otherwise save a full array";
            let found = format!("a part of the sparse array {outer}");
            return Some(Problem::new(name, found, EXPECTED).hint(hint));
        }
        dataset.attr(MATLAB_OBJECT).ok()?;
        let class = attributes(dataset, &[MATLAB_CLASS.to_owned()]).unwrap_or_default();
        let class = class.get(MATLAB_CLASS).map_or("unknown", String::as_str);
        let found = format!("an object of MATLAB's class {class}");
        Some(Problem::new(name, found, EXPECTED).hint("in MATLAB, save what it holds as arrays"))
    }

    /// An attribute of the file as text.
    fn attribute(&self, name: &str) -> Result<Option<String>> {
        if self.file.attr(name).is_err() {
            return Ok(None);
        }
        let found = attributes(&self.file, &[name.to_owned()]);
        Ok(self.read(name, found)?.remove(name))
    }
}

/// An array as cells along its first axis.
fn along_first_axis(dataset: &Dataset) -> hdf5::Result<ArrayValue> {
    require_readable(dataset, 2 * size_of::<f32>())?;
    let dims = dataset.shape();
    let cell = |index: usize| {
        let mut places = vec![SliceOrIndex::from(..); dims.len()];
        places[0] = SliceOrIndex::Index(index);
        dataset.read_slice::<f32, _, IxDyn>(Hyperslab::from(places)).map(ArrayValue::Numbers)
    };
    let cells = (0..dims[0]).map(cell).collect::<hdf5::Result<Vec<ArrayValue>>>()?;
    Ok(ArrayValue::Cells(vec![dims[0]], cells))
}

fn list(
    group: &Group,
    at: &str,
    depth: usize,
    contents: &mut Vec<(String, String)>,
) -> hdf5::Result<()> {
    for name in members(group)? {
        let path = if at.is_empty() { name.clone() } else { format!("{at}/{name}") };
        if let Ok(dataset) = group.dataset(&name) {
            contents.push((path, described(&dataset)));
            require_few(contents.len())?;
        } else if let (Ok(inner), true) = (group.group(&name), depth > 0) {
            list(&inner, &path, depth - 1, contents)?;
        }
    }
    Ok(())
}

impl Arrays for Datasets<'_> {
    fn contents(&self) -> Vec<(String, String)> {
        self.contents.clone()
    }

    fn value(&mut self, name: &str) -> Result<ArrayValue> {
        let dataset = self.dataset(name);
        if let Some(problem) = dataset.as_ref().and_then(|dataset| self.encoded(name, dataset)) {
            return Err(refused(self.path, problem));
        }
        match dataset {
            Some(dataset) if is_number(&dataset) && ArrayValue::is_large(&dataset.shape()) => {
                self.read(name, along_first_axis(&dataset))
            }
            Some(dataset) if is_number(&dataset) => {
                self.read(name, array(&dataset)).map(ArrayValue::Numbers)
            }
            other => {
                let found = other.map_or("no dataset".into(), |dataset| described(&dataset));
                Err(refused(self.path, Problem::new(name, found, "a dataset of numbers")))
            }
        }
    }

    fn numbers(&mut self, name: &str) -> Result<Option<Vec<f64>>> {
        match self.dataset(name) {
            Some(dataset) if is_number(&dataset) && is_list(&dataset) => {
                self.read(name, numbers(&dataset)).map(Some)
            }
            Some(_) => Ok(None),
            None => {
                let number = self.attribute(name)?.and_then(|text| text.parse().ok());
                Ok(number.map(|number| vec![number]))
            }
        }
    }

    fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>> {
        match self.dataset(name) {
            Some(dataset) if is_text(&dataset) && is_list(&dataset) => {
                self.read(name, texts(&dataset))
            }
            Some(_) => Ok(None),
            None => Ok(self.attribute(name)?.map(|text| vec![text])),
        }
    }

    fn last_axes(&self) -> LastAxes {
        LastAxes::Kept
    }
}
