//! NumPy archives that are being written: arrays of numbers and of texts, which `numpy.load` reads
//! without pickle.
use std::borrow::Borrow;
use std::io::{self, BufWriter, Cursor, Write};

use npyz::{AutoSerialize, DType, Serialize, WriteOptions, WriterBuilder};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::error::Cause;

/// Bytes from which on a member needs the longer form of an archive.
const LARGE: u64 = u32::MAX as u64;

/// An archive that grows in memory and is written in one go: the library writes its end even where
/// writing has failed, and complains where users read it.
pub struct NpzArchive(ZipWriter<Cursor<Vec<u8>>>);

impl Default for NpzArchive {
    fn default() -> Self {
        Self(ZipWriter::new(Cursor::new(Vec::new())))
    }
}

impl NpzArchive {
    /// Adds an array of numbers of any shape, in the order of its last axis first.
    ///
    /// # Errors
    /// The library refuses it.
    pub fn numbers<T: AutoSerialize>(
        &mut self,
        name: &str,
        shape: &[usize],
        values: impl IntoIterator<Item = impl Borrow<T>>,
    ) -> Result<(), Cause> {
        let mut values = values.into_iter();
        self.array(name, T::default_dtype(), shape, |push| {
            values.try_for_each(|value| push(value.borrow()))
        })
    }

    /// Adds an array of texts of shape `(n,)`.
    ///
    /// # Errors
    /// The library refuses it.
    pub fn list_of_texts(&mut self, name: &str, texts: &[impl AsRef<str>]) -> Result<(), Cause> {
        let texts = || texts.iter().map(AsRef::as_ref);
        self.array(name, unicode(texts())?, &[texts().len()], |push| {
            texts().try_for_each(|text: &str| push(text))
        })
    }

    /// Adds an array of one text, of shape `()`.
    ///
    /// # Errors
    /// The library refuses it.
    pub fn text(&mut self, name: &str, text: &str) -> Result<(), Cause> {
        self.array(name, unicode([text])?, &[], |push| push(text))
    }

    /// The bytes of the finished archive.
    ///
    /// # Errors
    /// The library refuses it.
    pub fn finish(self) -> Result<Vec<u8>, Cause> {
        Ok(self.0.finish()?.into_inner())
    }

    fn array<T: Serialize + ?Sized>(
        &mut self,
        name: &str,
        dtype: DType,
        shape: &[usize],
        fill: impl FnOnce(&mut dyn FnMut(&T) -> io::Result<()>) -> io::Result<()>,
    ) -> Result<(), Cause> {
        let shape =
            shape.iter().map(|length| u64::try_from(*length)).collect::<Result<Vec<_>, _>>()?;
        let bytes = dtype.num_bytes().map_or(0, |bytes| bytes as u64);
        let large = shape.iter().product::<u64>().saturating_mul(bytes) >= LARGE;
        let options = SimpleFileOptions::default().large_file(large);
        self.0.start_file(format!("{name}.npy"), options)?;
        let mut member = BufWriter::with_capacity(1 << 16, &mut self.0);
        let options = WriteOptions::<T>::new().dtype(dtype).shape(&shape).writer(&mut member);
        let mut writer = options.begin_nd()?;
        fill(&mut |value| writer.push(value))?;
        writer.finish()?;
        Ok(member.flush()?)
    }
}

/// `dtype '<U…'` with room for the longest of texts; NumPy has none of length 0.
fn unicode<'t>(texts: impl IntoIterator<Item = &'t str>) -> io::Result<DType> {
    let longest = texts.into_iter().map(|text| text.chars().count()).max();
    DType::parse(&format!("'<U{}'", longest.unwrap_or(0).max(1)))
}
