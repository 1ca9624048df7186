//! One HDF5 file: datasets by name, each with the attributes `axes` and `unit`.
use std::path::Path;
use std::str::FromStr;

use hdf5::types::VarLenUnicode;
use hdf5::{Dataset, File, H5Type, Location};
use ndarray::{ArrayView, Dimension, arr0};

use crate::error::{Cause, Error, Result};
use crate::files::{self, Existing};
use crate::strf::dump::{Dump, Named, Values};
use crate::strf::export::{FORMAT, VERSION};

type Written<T> = std::result::Result<T, Cause>;

pub(super) fn write(dump: &Dump, path: &Path, existing: Existing) -> Result<()> {
    files::file(path, existing, |beside| {
        fill(dump, beside).map_err(|e| Error::file(format!("writing {}", path.display()), e))
    })
}

fn fill(dump: &Dump, path: &Path) -> Written<()> {
    // The oldest layout keeps no times, so that the same STRFs give the same bytes.
    let file = File::with_options().with_fapl(|access| access.libver_earliest()).create(path)?;
    text_attribute(&file, "format", FORMAT)?;
    file.new_attr::<u32>().create("version")?.write_scalar(&VERSION)?;
    for (name, text) in dump.about() {
        text_attribute(&file, name, text)?;
    }
    for array in dump.arrays() {
        let dataset = dataset(&file, &array)?;
        if !array.axes.is_empty() {
            text_attribute(&dataset, "axes", &dump.axis_names(&array.axes))?;
        }
        if !array.unit.is_empty() {
            text_attribute(&dataset, "unit", array.unit)?;
        }
    }
    Ok(file.close()?)
}

fn dataset(file: &File, array: &Named) -> Written<Dataset> {
    let name = array.name;
    match &array.values {
        Values::F32(values) => with_data(file, name, values.view()),
        Values::F64(values) => with_data(file, name, values.view()),
        Values::Text(lines) => {
            let lines: Vec<VarLenUnicode> =
                lines.iter().map(|line| unicode(line)).collect::<Written<_>>()?;
            with_data(file, name, ArrayView::from(&lines))
        }
        Values::OneText(text) => with_data(file, name, arr0(unicode(text)?).view()),
    }
}

fn with_data<T: H5Type + Clone, D: Dimension>(
    file: &File,
    name: &str,
    values: ArrayView<T, D>,
) -> Written<Dataset> {
    // HDF5 takes rows one after the other; a view may have been turned.
    let values = values.as_standard_layout();
    Ok(file.new_dataset_builder().with_data(values.view()).create(name)?)
}

fn text_attribute(at: &Location, name: &str, text: &str) -> Written<()> {
    Ok(at.new_attr::<VarLenUnicode>().create(name)?.write_scalar(&unicode(text)?)?)
}

fn unicode(text: &str) -> Written<VarLenUnicode> {
    VarLenUnicode::from_str(text).map_err(|e| format!("{text:?}: {e}").into())
}
