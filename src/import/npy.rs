//! Numbers of NumPy arrays, of whatever stored type, one after the other.
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use npyz::{DType, NpyFile, NpyHeader, TypeChar};

use crate::base::error::{Error, Result};
use crate::base::files;

/// Numbers as they are read.
pub type Numbers<'a> = Box<dyn Iterator<Item = io::Result<f64>> + 'a>;

/// Lengths of the axes.
pub fn lengths(header: &NpyHeader) -> Vec<usize> {
    header.shape().iter().map(|length| usize::try_from(*length).unwrap_or(usize::MAX)).collect()
}

/// Whether there is one axis, or more of which only one is longer than 1.
pub fn is_list(header: &NpyHeader) -> bool {
    lengths(header).iter().filter(|length| **length != 1).count() <= 1
}

/// Whether it holds numbers.
pub fn is_number(header: &NpyHeader) -> bool {
    use TypeChar::{Bool, Float, Int, Uint};
    matches!(type_of(header), Some(Bool | Int | Uint | Float))
}

/// What one value is; none of records.
pub fn type_of(header: &NpyHeader) -> Option<TypeChar> {
    match header.dtype() {
        DType::Plain(plain) => Some(plain.type_char()),
        _ => None,
    }
}

/// The numbers of an array, in the order in which they lie there.
///
/// # Errors
/// They are of no type of numbers.
pub fn numbers<'a, R: Read + 'a>(npy: NpyFile<R>) -> io::Result<Numbers<'a>> {
    macro_rules! of {
        ($npy:ident, $($stored:ty),*) => {$(
            let $npy = match $npy.try_data::<$stored>() {
                Ok(values) => {
                    #[expect(clippy::allow_attributes, reason = "some types need no cast")]
                    #[allow(clippy::cast_lossless, trivial_numeric_casts, reason = "all become f64")]
                    return Ok(Box::new(values.map(|value| Ok(value? as f64))));
                }
                Err(npy) => npy,
            };
        )*};
    }
    of!(npy, f64, f32, u8, i8, u16, i16, u32, i32, u64, i64);
    match npy.try_data::<bool>() {
        Ok(values) => Ok(Box::new(values.map(|value| Ok(f64::from(u8::from(value?)))))),
        Err(npy) => Err(io::Error::other(format!("numbers of type {}", npy.dtype().descr()))),
    }
}

/// Bytes that are read at once.
const PIECE: usize = 1 << 18;

/// The list of numbers in a `.npy` file, read while it is asked for: how many there are, and they.
///
/// # Errors
/// There is no such file, it is none of NumPy, or holds something else than a list of numbers.
pub fn list(path: &Path) -> Result<(usize, Numbers<'static>)> {
    let shown = path.display();
    let file = files::open(path, "NumPy file")?;
    let npy = NpyFile::new(BufReader::with_capacity(PIECE, file));
    let npy: NpyFile<BufReader<File>> = npy.map_err(|source| {
        let what = "this is no NumPy file, or it is damaged (write it again with numpy.save)";
        Error::file(format!("reading {shown}: {what}"), source)
    })?;
    let header = npy.header();
    if !is_number(header) || !is_list(header) {
        let found = format!(
            "an array of shape {} and type {}",
            crate::dataset::schema::shape(&lengths(header)),
            header.dtype().descr()
        );
        return Err(Error::Refused(format!(
            "{shown}: found {found}, expected a list of numbers; write it with numpy.save"
        )));
    }
    let count = lengths(header).into_iter().product();
    let failed = |source| damaged(path, source);
    Ok((count, numbers(npy).map_err(failed)?))
}

/// A failure to read the numbers of a file.
pub fn damaged(path: &Path, source: io::Error) -> Error {
    let what = "it is truncated or damaged (write it again with numpy.save)";
    Error::file(format!("reading {}: {what}", path.display()), source)
}
