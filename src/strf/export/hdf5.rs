//! One HDF5 file: datasets by name, each with the attributes `axes` and `unit`.
use std::path::Path;

use hdf5::File;

use crate::base::error::Result;
use crate::base::files::Existing;
use crate::dataset::hdf5_io::{
    create, write_array, write_number, write_string, write_strings, write_text,
};
use crate::strf::arrays::ArrayValues;
use crate::strf::export::{Content, FORMAT, VERSION};

pub(super) fn write(content: &Content, path: &Path, existing: Existing) -> Result<()> {
    let exported = content.exported;
    create(path, existing, |file| {
        write_about(file, content)?;
        for array in content.arrays() {
            write_values(file, array.name, &array.values)?;
            let dataset = file.dataset(array.name)?;
            if !array.axes.is_empty() {
                write_text(&dataset, "axes", &exported.axis_names(&array.axes))?;
            }
            if !array.unit.is_empty() {
                write_text(&dataset, "unit", array.unit)?;
            }
        }
        Ok(())
    })
}

/// Writes what a file says of itself.
pub(super) fn write_about(file: &File, content: &Content) -> hdf5::Result<()> {
    write_text(file, "format", FORMAT)?;
    write_number(file, "version", VERSION)?;
    content.exported.about().iter().try_for_each(|(name, text)| write_text(file, name, text))
}

/// Writes values under a name in their own type.
pub(super) fn write_values(file: &File, name: &str, values: &ArrayValues) -> hdf5::Result<()> {
    match values {
        ArrayValues::F32(values) => write_array(file, name, values.view()),
        ArrayValues::F64(values) => write_array(file, name, values.view()),
        ArrayValues::U8(values) => write_array(file, name, values.view()),
        ArrayValues::Text(lines) => write_strings(file, name, lines),
        ArrayValues::OneText(text) => write_string(file, name, text),
    }
}
