//! What lies in an HDF5 file, of any stored type: strings as they are, numbers as text.
use std::collections::BTreeMap;

use hdf5::filters::Filter;
use hdf5::types::{
    FixedAscii, FixedUnicode, FloatSize, TypeDescriptor, VarLenAscii, VarLenUnicode,
};
use hdf5::{Container, Dataset, Group, H5Type, IndexType, IterationOrder, Location};

use super::schema::shape;

/// Names in a group: as they were written where the file remembers, else sorted.
pub fn members(group: &Group) -> hdf5::Result<Vec<String>> {
    group
        .member_names_by(IndexType::CreationOrder, IterationOrder::Increasing)
        .or_else(|_untracked| group.member_names_by(IndexType::Name, IterationOrder::Increasing))
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

/// Fails where a chunk that should end in a checksum is shorter than one, which ends the program
/// inside the library.
///
/// # Errors
/// As said.
pub fn require_checksums(dataset: &Dataset) -> hdf5::Result<()> {
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
    if dataset.size() == 0 {
        return Ok(Vec::new());
    }
    require_checksums(dataset)?;
    dataset.read_raw()
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
    Ok(container.read_raw::<T>()?.iter().map(ToString::to_string).collect())
}

/// Goes through bytes: the library takes for UTF-8 what a file only says is.
fn strings<T: H5Type + AsRef<[u8]>>(container: &Container) -> hdf5::Result<Vec<String>> {
    let texts = container.read_raw::<T>()?;
    Ok(texts.iter().map(|text| String::from_utf8_lossy(text.as_ref()).into_owned()).collect())
}
