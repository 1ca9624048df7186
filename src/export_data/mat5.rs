//! MATLAB files of version 5 to 7 that are being written: arrays, texts, cells and structs, each
//! variable compressed as MATLAB itself does.
use std::io::{self, Write};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use ndarray::ArrayViewD;

/// Bytes before the first variable.
const HEADER: usize = 128;
/// Where the version of the format and the order of bytes stand in it.
const VERSION_AT: usize = 124;
/// The longest that a variable may be before compression.
pub(super) const LONGEST: u64 = i32::MAX as u64;

/// Types of elements.
const INT8: u32 = 1;
const INT32: u32 = 5;
const UINT32: u32 = 6;
const SINGLE: u32 = 7;
const DOUBLE: u32 = 9;
const MATRIX: u32 = 14;
const COMPRESSED: u32 = 15;
const UTF16: u32 = 17;

/// Room for the name of a field; MATLAB's names have 63 letters at most.
const FIELD: usize = 64;

/// What a variable holds.
pub(super) enum MatValue<'a> {
    /// `single`.
    Singles(ArrayViewD<'a, f32>),
    /// A column of `double`; one number is a scalar.
    Doubles(&'a [f64]),
    /// One row of `char`.
    Text(&'a str),
    /// A column of cells.
    Cells(Vec<MatValue<'a>>),
    /// One struct.
    Struct(Vec<(&'a str, MatValue<'a>)>),
}

impl MatValue<'_> {
    fn class(&self) -> u32 {
        match self {
            Self::Cells(_) => 1,
            Self::Struct(_) => 2,
            Self::Text(_) => 4,
            Self::Doubles(_) => 6,
            Self::Singles(_) => 7,
        }
    }

    fn dims(&self) -> Vec<usize> {
        match self {
            Self::Singles(array) => array.shape().to_vec(),
            Self::Doubles(numbers) => vec![numbers.len(), 1],
            Self::Text("") => vec![0, 0],
            Self::Text(text) => vec![1, text.encode_utf16().count()],
            Self::Cells(cells) => vec![cells.len(), 1],
            Self::Struct(_) => vec![1, 1],
        }
    }

    /// Bytes of the content of its element.
    pub(super) fn length(&self, name: &str) -> u64 {
        let inside: u64 = match self {
            Self::Singles(array) => element(4 * array.len() as u64),
            Self::Doubles(numbers) => element(8 * numbers.len() as u64),
            Self::Text(text) => element(2 * text.encode_utf16().count() as u64),
            Self::Cells(cells) => cells.iter().map(|cell| TAG + cell.length("")).sum(),
            Self::Struct(fields) => {
                let names = element((FIELD * fields.len()) as u64);
                let values = fields.iter().map(|(_, value)| TAG + value.length(""));
                element(4) + names + values.sum::<u64>()
            }
        };
        element(8) + element(4 * self.dims().len() as u64) + element(name.len() as u64) + inside
    }

    fn write(&self, to: &mut impl Write, name: &str) -> io::Result<()> {
        tag(to, MATRIX, self.length(name))?;
        values(to, UINT32, [self.class(), 0].map(u32::to_le_bytes))?;
        let dims = self.dims();
        let dims: Vec<[u8; 4]> =
            dims.iter().map(|length| word(*length)).collect::<Result<_, _>>()?;
        values(to, INT32, dims)?;
        values(to, INT8, name.bytes().map(|byte| [byte]))?;
        match self {
            // Reversed axes, in the usual order, are column by column.
            Self::Singles(array) => {
                let columns = array.t();
                stream(to, SINGLE, array.len(), columns.iter().map(|value| value.to_le_bytes()))
            }
            Self::Doubles(numbers) => values(to, DOUBLE, numbers.iter().map(|x| x.to_le_bytes())),
            Self::Text(text) => values(to, UTF16, text.encode_utf16().map(u16::to_le_bytes)),
            Self::Cells(cells) => cells.iter().try_for_each(|cell| cell.write(to, "")),
            Self::Struct(fields) => {
                values(to, INT32, [word(FIELD)?])?;
                let padded = fields.iter().flat_map(|(name, _)| {
                    let mut bytes = name.as_bytes().to_vec();
                    bytes.resize(FIELD, 0);
                    bytes
                });
                values(to, INT8, padded.map(|byte| [byte]))?;
                fields.iter().try_for_each(|(_, value)| value.write(to, ""))
            }
        }
    }
}

/// A file that grows in memory.
pub(super) struct MatFile(Vec<u8>);

impl MatFile {
    pub(super) fn new() -> Self {
        let text = concat!("MATLAB 5.0 MAT-file, written by strf ", env!("CARGO_PKG_VERSION"));
        let mut bytes = text.as_bytes().to_vec();
        bytes.resize(VERSION_AT - 8, b' ');
        bytes.resize(VERSION_AT, 0);
        bytes.extend(b"\x00\x01IM");
        debug_assert_eq!(bytes.len(), HEADER);
        Self(bytes)
    }

    /// Adds a variable.
    ///
    /// # Errors
    /// It is longer than [`LONGEST`].
    pub(super) fn add(&mut self, name: &str, value: &MatValue) -> io::Result<()> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        value.write(&mut encoder, name)?;
        let compressed = encoder.finish()?;
        self.0.extend(COMPRESSED.to_le_bytes());
        self.0.extend(word(compressed.len())?);
        // These alone are not filled up.
        self.0.extend(compressed);
        Ok(())
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// Bytes of the type and length of an element.
const TAG: u64 = 8;

/// Bytes of an element with so many bytes in it, filled up to a multiple of eight.
fn element(bytes: u64) -> u64 {
    TAG + bytes.next_multiple_of(8)
}

fn word(length: usize) -> io::Result<[u8; 4]> {
    let word = i32::try_from(length).map_err(io::Error::other)?;
    Ok(word.to_le_bytes())
}

fn tag(to: &mut impl Write, kind: u32, bytes: u64) -> io::Result<()> {
    let length = u32::try_from(bytes).map_err(io::Error::other)?;
    to.write_all(&kind.to_le_bytes())?;
    to.write_all(&length.to_le_bytes())
}

fn values<const N: usize>(
    to: &mut impl Write,
    kind: u32,
    values: impl IntoIterator<Item = [u8; N]>,
) -> io::Result<()> {
    let values: Vec<[u8; N]> = values.into_iter().collect();
    stream(to, kind, values.len(), values.into_iter())
}

/// An element of so many values, which need not be held.
fn stream<const N: usize>(
    to: &mut impl Write,
    kind: u32,
    count: usize,
    mut values: impl Iterator<Item = [u8; N]>,
) -> io::Result<()> {
    let bytes = (N * count) as u64;
    tag(to, kind, bytes)?;
    values.try_for_each(|value| to.write_all(&value))?;
    let fill = bytes.next_multiple_of(8) - bytes;
    (0..fill).try_for_each(|_| to.write_all(&[0]))
}
