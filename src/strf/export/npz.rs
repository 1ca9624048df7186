//! One NumPy archive with the names of the HDF5 file; texts are unicode arrays, which
//! `numpy.load` reads without pickle. What HDF5 keeps in attributes is JSON in `about`.
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::base::error::{Cause, Error, Result};
use crate::base::files::{self, Existing};
use crate::base::npz::NpzArchive;
use crate::strf::arrays::ArrayValues;
use crate::strf::export::{Content, FORMAT, VERSION};

pub(super) fn write(content: &Content, path: &Path, existing: Existing) -> Result<()> {
    let failed = |e: Cause| Error::failed(format!("putting together {}", path.display()), e);
    files::write(path, existing, &bytes(content).map_err(failed)?)
}

fn bytes(content: &Content) -> Result<Vec<u8>, Cause> {
    let mut npz = NpzArchive::default();
    for array in content.arrays() {
        match &array.values {
            ArrayValues::F32(values) => npz.numbers::<f32>(array.name, values.shape(), values)?,
            ArrayValues::F64(values) => npz.numbers::<f64>(array.name, values.shape(), values)?,
            ArrayValues::U8(values) => npz.numbers::<u8>(array.name, values.shape(), values)?,
            ArrayValues::Text(lines) => npz.list_of_texts(array.name, lines)?,
            ArrayValues::OneText(text) => npz.text(array.name, text)?,
        }
    }
    npz.text("about", &about(content).to_string())?;
    npz.finish()
}

/// What the HDF5 file keeps in attributes: of the file, then the axes and unit of each array.
pub(super) fn about(content: &Content) -> Value {
    let mut about = Map::new();
    about.insert("format".into(), FORMAT.into());
    about.insert("version".into(), VERSION.into());
    about.extend(
        content.exported.about().into_iter().map(|(name, text)| (name.into(), text.into())),
    );
    let arrays = content.arrays();
    let arrays = arrays.iter().filter(|array| !array.axes.is_empty()).map(|array| {
        let axes = content.exported.axis_names(&array.axes);
        (array.name.to_owned(), json!({ "axes": axes, "unit": array.unit }))
    });
    about.insert("arrays".into(), Value::Object(arrays.collect()));
    Value::Object(about)
}
