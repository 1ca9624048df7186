//! What lies in an HDF5 file, of any stored type: strings as they are, numbers as text.
use std::collections::BTreeMap;

use hdf5::filters::Filter;
use hdf5::types::{
    FixedAscii, FixedUnicode, FloatSize, TypeDescriptor, VarLenAscii, VarLenUnicode,
};
use hdf5::{Container, Dataset, Group, H5Type, IndexType, IterationOrder, Location, h5check};
use hdf5_sys::LOCK;
use hdf5_sys::h5d::H5Dvlen_get_buf_size;
use hdf5_sys::h5i::H5I_type_t::H5I_DATASET;
use ndarray::ArrayD;

use super::schema::shape;
use crate::base::error::TooLarge;
use crate::base::memory::{self, count};

impl From<TooLarge> for hdf5::Error {
    fn from(cause: TooLarge) -> Self {
        cause.to_string().into()
    }
}

/// Names in a group: as they were written where the file remembers, else sorted.
pub fn members(group: &Group) -> hdf5::Result<Vec<String>> {
    group
        .member_names_by(IndexType::CreationOrder, IterationOrder::Increasing)
        .or_else(|_untracked| group.member_names_by(IndexType::Name, IterationOrder::Increasing))
}

/// Fails where more datasets were found in a file than one has: groups that hold each other hold as many as
/// there are ways through them.
///
/// # Errors
/// As said.
pub fn require_few(datasets: usize) -> hdf5::Result<()> {
    const MOST: usize = 1_000_000;
    if datasets < MOST {
        return Ok(());
    }
    Err(hdf5::Error::from(format!(
        "it has more than {MOST} datasets, or groups that lead back to themselves"
    )))
}

/// `numbers of shape (4, 20, 999)`, as messages name what was found.
pub fn described(dataset: &Dataset) -> String {
    let values = if is_number(dataset) {
        "numbers"
    } else if is_text(dataset) {
        "strings"
    } else {
        "values that are neither numbers nor strings"
    };
    format!("{values} of shape {}", shape(&dataset.shape()))
}

/// Whether there is one axis, or more of which only one is longer than 1, as MATLAB writes its vectors.
pub fn is_list(container: &Container) -> bool {
    container.shape().iter().filter(|dim| **dim != 1).count() <= 1
}

/// Whether it holds integers or floats.
pub fn is_number(container: &Container) -> bool {
    container.dtype().is_ok_and(|dtype| dtype.conv_to::<f64>().is_some())
}

/// Whether it holds strings, or numbers that can be written as text.
pub fn is_text(container: &Container) -> bool {
    is_number(container)
        || container.dtype().and_then(|dtype| dtype.to_descriptor()).is_ok_and(|descriptor| {
            matches!(
                descriptor,
                TypeDescriptor::FixedAscii(_)
                    | TypeDescriptor::FixedUnicode(_)
                    | TypeDescriptor::VarLenAscii
                    | TypeDescriptor::VarLenUnicode
            )
        })
}

/// Bytes that a text takes beside its letters, of which a few take as much.
const OF_TEXT: usize = 64;

/// Fails where values of a dataset, each of so many bytes in memory, or one of its chunks, take more memory
/// than there is; where they lie in another file, which whoever wrote this one may have had no right to
/// read; and where reading them would end the program inside the library.
///
/// # Errors
/// As said.
pub fn require_readable(dataset: &Dataset, bytes: usize) -> hdf5::Result<()> {
    require_room(dataset, bytes)?;
    if let Some(outside) = dataset.create_plist()?.external().first() {
        return Err(hdf5::Error::from(format!(
            "its values lie in another file, {}, expected them in this one (h5repack brings them in)",
            outside.name
        )));
    }
    require_checksums(dataset)
}

/// A dataset as such; none of an attribute.
fn dataset(container: &Container) -> hdf5::Result<Option<Dataset>> {
    let is_dataset = container.id_type() == H5I_DATASET;
    is_dataset.then(|| container.as_dataset()).transpose()
}

/// Fails where values, each of so many bytes in memory, or a chunk of them, take more memory than there is.
fn require_room(container: &Container, bytes: usize) -> hdf5::Result<()> {
    memory::take(count(&container.get_shape()?).saturating_mul(bytes))?;
    let Some(chunk) = dataset(container)?.and_then(|dataset| dataset.chunk()) else {
        return Ok(());
    };
    // As it lies in the file, and inflated.
    let bytes = count(&chunk).saturating_mul(2 * container.dtype()?.size());
    Ok(memory::take(bytes)?)
}

/// Fails where texts of variable length, of which many may be one and the same in the file, take more memory
/// than there is. Attributes are left out: there the library does not say it.
#[expect(unsafe_code, reason = "identifiers are owned, and the number is written once")]
fn require_room_of_letters(container: &Container) -> hdf5::Result<()> {
    let Some(dataset) = dataset(container)? else { return Ok(()) };
    let (of, space) = (dataset.dtype()?, dataset.space()?);
    let mut bytes = 0;
    let _alone = LOCK.lock();
    // SAFETY: the identifiers are of things that live to the end of the function, and the lock keeps other
    // threads out of the library.
    unsafe {
        h5check(H5Dvlen_get_buf_size(dataset.id(), of.id(), space.id(), &raw mut bytes))?;
    }
    let bytes = usize::try_from(bytes).unwrap_or(usize::MAX).saturating_mul(2);
    Ok(memory::take(bytes)?)
}

/// Fails where a chunk that should end in a checksum is shorter than one, which ends the program
/// inside the library.
fn require_checksums(dataset: &Dataset) -> hdf5::Result<()> {
    const CHECKSUM_BYTES: u64 = 4;
    if !dataset.filters().contains(&Filter::Fletcher32) {
        return Ok(());
    }
    let mut short = false;
    dataset.chunks_visit(|chunk| {
        short |= chunk.size < CHECKSUM_BYTES;
        0
    })?;
    if short { Err(hdf5::Error::from("a chunk is shorter than its checksum")) } else { Ok(()) }
}

/// All numbers of a dataset, in their order; none where it is empty.
///
/// # Errors
/// It cannot be read.
pub fn numbers(dataset: &Dataset) -> hdf5::Result<Vec<f64>> {
    values(dataset)
}

/// All values of a dataset, in their order; none where it is empty.
///
/// # Errors
/// It cannot be read.
pub fn values<T: H5Type>(dataset: &Dataset) -> hdf5::Result<Vec<T>> {
    if dataset.size() == 0 {
        return Ok(Vec::new());
    }
    require_readable(dataset, size_of::<T>())?;
    dataset.read_raw()
}

/// All values of a dataset in its shape, if there is memory for them and a copy in another order.
///
/// # Errors
/// It cannot be read.
pub fn array<T: H5Type>(dataset: &Dataset) -> hdf5::Result<ArrayD<T>> {
    require_readable(dataset, 2 * size_of::<T>())?;
    dataset.read_dyn()
}

/// Attributes that are text or numbers, as text.
pub fn attributes(place: &Location, names: &[String]) -> hdf5::Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for name in names {
        if let Some(values) = texts(&*place.attr(name)?)? {
            found.insert(name.clone(), values.join(", "));
        }
    }
    Ok(found)
}

/// Strings as they are, numbers as text; `None` for other types.
pub fn texts(container: &Container) -> hdf5::Result<Option<Vec<String>>> {
    if container.size() == 0 {
        return Ok(Some(Vec::new()));
    }
    let descriptor = match container.dtype()?.to_descriptor() {
        Ok(descriptor) => descriptor,
        Err(_unknown) if is_number(container) => TypeDescriptor::Float(FloatSize::U8),
        Err(_unknown) => return Ok(None),
    };
    let texts = match descriptor {
        TypeDescriptor::Integer(_) => written::<i64>(container)?,
        TypeDescriptor::Unsigned(_) => written::<u64>(container)?,
        TypeDescriptor::Float(FloatSize::U4) => written::<f32>(container)?,
        TypeDescriptor::Float(_) => written::<f64>(container)?,
        TypeDescriptor::Boolean => written::<bool>(container)?,
        TypeDescriptor::VarLenAscii => strings::<VarLenAscii>(container)?,
        TypeDescriptor::VarLenUnicode => strings::<VarLenUnicode>(container)?,
        // The library pads strings to a length known when this program is compiled.
        TypeDescriptor::FixedAscii(..=64) => strings::<FixedAscii<64>>(container)?,
        TypeDescriptor::FixedAscii(..=4096) => strings::<FixedAscii<4096>>(container)?,
        TypeDescriptor::FixedUnicode(..=64) => strings::<FixedUnicode<64>>(container)?,
        TypeDescriptor::FixedUnicode(..=4096) => strings::<FixedUnicode<4096>>(container)?,
        _ => return Ok(None),
    };
    Ok(Some(texts))
}

fn written<T: H5Type + ToString>(container: &Container) -> hdf5::Result<Vec<String>> {
    require_room(container, size_of::<T>() + OF_TEXT)?;
    Ok(container.read_raw::<T>()?.iter().map(ToString::to_string).collect())
}

/// Goes through bytes: the library takes for UTF-8 what a file only says is.
fn strings<T: H5Type + AsRef<[u8]>>(container: &Container) -> hdf5::Result<Vec<String>> {
    require_room(container, size_of::<T>() + OF_TEXT)?;
    if size_of::<T>() == size_of::<VarLenUnicode>() {
        require_room_of_letters(container)?;
    }
    let texts = container.read_raw::<T>()?;
    Ok(texts.iter().map(|text| String::from_utf8_lossy(text.as_ref()).into_owned()).collect())
}
