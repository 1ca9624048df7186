//! One NumPy archive with the names of the HDF5 file; texts are unicode arrays, which
//! `numpy.load` reads without pickle. What HDF5 keeps in attributes is JSON in `about`.
use std::io::{self, Cursor, Write};
use std::path::Path;

use ndarray::ArrayViewD;
use npyz::{AutoSerialize, DType, Serialize, WriteOptions, WriterBuilder};
use serde_json::{Map, Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::base::error::{Cause, Error, Result};
use crate::base::files::{self, Existing};
use crate::strf::arrays::ArrayValues;
use crate::strf::export::{Content, FORMAT, VERSION};

pub(super) fn write(content: &Content, path: &Path, existing: Existing) -> Result<()> {
    let failed = |e: Cause| Error::failed(format!("putting together {}", path.display()), e);
    files::write(path, existing, &bytes(content).map_err(failed)?)
}

/// The archive grows in memory and is written in one go: the library writes its end even where
/// writing has failed, and complains where users read it.
fn bytes(content: &Content) -> Result<Vec<u8>, Cause> {
    let mut npz = Archive(ZipWriter::new(Cursor::new(Vec::new())));
    for array in content.arrays() {
        match &array.values {
            ArrayValues::F32(values) => npz.numbers(array.name, values)?,
            ArrayValues::F64(values) => npz.numbers(array.name, values)?,
            ArrayValues::U8(values) => npz.numbers(array.name, values)?,
            ArrayValues::Text(lines) => npz.list_of_texts(array.name, lines)?,
            ArrayValues::OneText(text) => npz.text(array.name, text)?,
        }
    }
    npz.text("about", &about(content).to_string())?;
    Ok(npz.0.finish()?.into_inner())
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

/// An archive that is being put together.
struct Archive(ZipWriter<Cursor<Vec<u8>>>);

impl Archive {
    fn numbers<T: AutoSerialize>(
        &mut self,
        name: &str,
        array: &ArrayViewD<T>,
    ) -> Result<(), Cause> {
        self.array(name, T::default_dtype(), array.shape(), array)
    }

    /// An array of shape `(n,)`.
    fn list_of_texts(&mut self, name: &str, texts: &[String]) -> Result<(), Cause> {
        let texts = || texts.iter().map(String::as_str);
        self.array(name, unicode(texts())?, &[texts().len()], texts())
    }

    /// An array of shape `()`.
    fn text(&mut self, name: &str, text: &str) -> Result<(), Cause> {
        self.array(name, unicode([text])?, &[], [text])
    }

    fn array<'v, T: Serialize + ?Sized + 'v>(
        &mut self,
        name: &str,
        dtype: DType,
        shape: &[usize],
        values: impl IntoIterator<Item = &'v T>,
    ) -> Result<(), Cause> {
        let shape =
            shape.iter().map(|length| u64::try_from(*length)).collect::<Result<Vec<_>, _>>()?;
        let mut npy = Vec::new();
        let options = WriteOptions::<T>::new().dtype(dtype).shape(&shape).writer(&mut npy);
        let mut writer = options.begin_nd()?;
        values.into_iter().try_for_each(|value| writer.push(value))?;
        writer.finish()?;
        self.0.start_file(format!("{name}.npy"), SimpleFileOptions::default())?;
        Ok(self.0.write_all(&npy)?)
    }
}

/// `dtype '<U…'` with room for the longest of texts; NumPy has none of length 0.
fn unicode<'t>(texts: impl IntoIterator<Item = &'t str>) -> io::Result<DType> {
    let longest = texts.into_iter().map(|text| text.chars().count()).max();
    DType::parse(&format!("'<U{}'", longest.unwrap_or(0).max(1)))
}
