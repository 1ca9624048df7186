//! One NumPy archive with the names of the HDF5 file; texts are unicode arrays, which
//! `numpy.load` reads without pickle. What HDF5 keeps in attributes is JSON in `about`.
use std::io::{self, BufWriter, Cursor, Write};
use std::path::Path;

use ndarray_npy::{NpzWriter, WriteNpyError, WriteNpyExt, WriteNpzError};
use serde_json::{Map, Value, json};

use crate::base::error::{Error, Result};
use crate::base::files::{self, Existing};
use crate::strf::arrays::ArrayValues;
use crate::strf::export::{Content, FORMAT, VERSION};

pub(super) fn write(content: &Content, path: &Path, existing: Existing) -> Result<()> {
    let failed =
        |e: WriteNpzError| Error::failed(format!("putting together {}", path.display()), e);
    files::write(path, existing, &bytes(content).map_err(failed)?)
}

/// The archive grows in memory and is written in one go: the library writes its end even where
/// writing has failed, and complains where users read it.
fn bytes(content: &Content) -> std::result::Result<Vec<u8>, WriteNpzError> {
    let mut npz = NpzWriter::new_compressed(Cursor::new(Vec::new()));
    for array in content.arrays() {
        match &array.values {
            ArrayValues::F32(values) => npz.add_array(array.name, values)?,
            ArrayValues::F64(values) => npz.add_array(array.name, values)?,
            ArrayValues::U8(values) => npz.add_array(array.name, values)?,
            ArrayValues::Text(lines) => npz.add_array(array.name, &Unicode::List(lines))?,
            ArrayValues::OneText(text) => npz.add_array(array.name, &Unicode::One(text))?,
        }
    }
    npz.add_array("about", &Unicode::One(&about(content).to_string()))?;
    Ok(npz.finish()?.into_inner())
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

/// A NumPy array of texts, `dtype '<U…'`: every text padded with zeros to the longest.
enum Unicode<'a> {
    /// Shape `(n,)`.
    List(&'a [String]),
    /// Shape `()`.
    One(&'a str),
}

impl WriteNpyExt for Unicode<'_> {
    fn write_npy<W: Write>(&self, writer: W) -> std::result::Result<(), WriteNpyError> {
        let (shape, texts): (String, Vec<&str>) = match self {
            Self::List(texts) => {
                (format!("({},)", texts.len()), texts.iter().map(String::as_str).collect())
            }
            Self::One(text) => ("()".into(), vec![text]),
        };
        Ok(write_texts(&shape, &texts, BufWriter::new(writer))?)
    }
}

/// The `.npy` format, version 1.0:
/// <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.
fn write_texts(shape: &str, texts: &[&str], mut writer: impl Write) -> io::Result<()> {
    const BEFORE_HEADER: usize = 10; // magic, version, length of the header
    // NumPy has no texts of length 0.
    let width = texts.iter().map(|text| text.chars().count()).max().unwrap_or(0).max(1);
    let header = format!("{{'descr': '<U{width}', 'fortran_order': False, 'shape': {shape}, }}");
    let length = (BEFORE_HEADER + header.len() + 1).next_multiple_of(64) - BEFORE_HEADER;
    let too_long = |_| io::Error::other("a header of more than 65535 bytes");
    writer.write_all(b"\x93NUMPY\x01\x00")?;
    writer.write_all(&u16::try_from(length).map_err(too_long)?.to_le_bytes())?;
    writer.write_all(format!("{header:<0$}\n", length - 1).as_bytes())?;
    for text in texts {
        let padded = text.chars().map(u32::from).chain(std::iter::repeat(0)).take(width);
        padded.into_iter().try_for_each(|code| writer.write_all(&code.to_le_bytes()))?;
    }
    writer.flush()
}
