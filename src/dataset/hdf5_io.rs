//! HDF5 files as this program opens and writes them: messages that say what to do, files that are
//! written beside and renamed, strings and arrays in one call.
use std::ffi::CString;
use std::fmt;
use std::io::Read;
use std::path::Path;
use std::sync::Once;

use hdf5::types::{TypeDescriptor, VarLenUnicode};
use hdf5::{Attribute, Dataspace, Datatype, Group, H5Type, Location, MinorErrorCode, h5check};
use hdf5_sys::LOCK;
use hdf5_sys::h5a::{H5Acreate2, H5Awrite};
use hdf5_sys::h5p::H5P_DEFAULT;
use hdf5_sys::h5pl::{H5PLremove, H5PLsize};
use hdf5_sys::h5t::H5T_str_t::H5T_STR_NULLTERM;
use hdf5_sys::h5t::H5Tset_strpad;
use ndarray::{ArrayView, ArrayView1, Dimension, arr0};

use super::{heaps, room};
use crate::base::error::{Error, Result, fault};
use crate::base::files::{self, Existing};

/// What the first bytes of an HDF5 file are; a user block of 512, 1024, ... bytes may lie before.
const SIGNATURE: [u8; 8] = *b"\x89HDF\r\n\x1a\n";
/// Arrays of fewer bytes are stored as they are: compression would make them larger.
const COMPRESSED_FROM_BYTES: usize = 4096;
/// Small enough that all cores have some of a clip to inflate.
const CHUNK_KB: usize = 128;
/// A file that is being written grows in memory by this much.
const GROWTH_BYTES: usize = 1 << 16;
/// zlib's level: higher ones take several times as long for a few percent.
const DEFLATE_LEVEL: u8 = 4;

/// A failure to read what lies at a place of a file that could be opened.
pub fn damaged(file: &dyn fmt::Display, at: &str, source: hdf5::Error) -> Error {
    let what = fault(&source, "it is damaged (copy or write the file again)");
    Error::file(format!("reading {file}: {at}: {what}"), source)
}

/// Opens a file for reading.
///
/// Fails with a message of its own where the file is missing, a folder, unreadable, empty, not
/// HDF5, truncated, or locked by a program that writes it.
pub fn open(path: &Path) -> Result<hdf5::File> {
    const DAMAGED: &str = "it is truncated or damaged (copy or write it again)";
    let doing = |what| format!("opening {}: {what}", path.display());
    let superblock = require_signature(path)?;
    match heaps::endless(path, superblock) {
        Ok(None) => (),
        Ok(Some(at)) => {
            let cause = format!("the list of texts at byte {at} has no end");
            return Err(Error::file(doing(DAMAGED), cause));
        }
        Err(source) => return Err(Error::file(doing("it cannot be read"), source)),
    }
    forget_plugins();
    hdf5::File::open(path).map_err(|source| {
        let locked = source.contains_minor(MinorErrorCode::CantLockFile);
        let what = if locked {
            "another program has it open for writing (close it there)"
        } else {
            DAMAGED
        };
        Error::file(doing(what), source)
    })
}

/// Keeps the library from looking for filters that it lacks, which are programs, where it was built or where
/// they are usually installed: a file must not choose what is run. `HDF5_PLUGIN_PATH` is the user's word.
#[expect(unsafe_code, reason = "numbers go in and out")]
fn forget_plugins() {
    static DONE: Once = Once::new();
    if std::env::var_os("HDF5_PLUGIN_PATH").is_some() {
        return;
    }
    DONE.call_once(|| {
        let _alone = LOCK.lock();
        let mut paths = 0;
        // SAFETY: the number is written once, and the lock keeps other threads out of the library.
        unsafe {
            if h5check(H5PLsize(&raw mut paths)).is_ok() {
                (0..paths).for_each(|_path| drop(h5check(H5PLremove(0))));
            }
        }
    });
}

/// Tells a file that is no HDF5 file from one that is damaged, before the library sees it: the 16
/// bytes from the signature on, as far as they are there.
fn require_signature(path: &Path) -> Result<Vec<u8>> {
    let shown = path.display();
    let mut head = Vec::new();
    let mut file = files::open(path, "HDF5 file")?;
    let read = file.by_ref().take(1 << 16).read_to_end(&mut head);
    read.map_err(|source| Error::file(format!("opening {shown}"), source))?;
    let offsets = std::iter::once(0).chain((9..16).map(|power| 1 << power));
    let mut starts = offsets.filter_map(|at| head.get(at..));
    if let Some(superblock) = starts.find(|from| from.starts_with(&SIGNATURE)) {
        return Ok(superblock.iter().copied().take(16).collect());
    }
    Err(Error::Refused(format!("{shown}: {}", foreign(&head))))
}

/// What a file without HDF5's signature is, and how to get an HDF5 file out of it.
fn foreign(head: &[u8]) -> &'static str {
    if head.starts_with(b"MATLAB 5.0") {
        return "this is a MATLAB file of version 7 or older, not HDF5; make a dataset of it with \
                strf import mat";
    }
    if head.starts_with(b"PK") {
        return "this is a ZIP or NumPy (.npz) archive, not HDF5; make a dataset of it with \
                strf import npz";
    }
    if SIGNATURE.starts_with(head) {
        return "the file ends after a few bytes; copy or write it again";
    }
    "this is not an HDF5 file; data/README.md shows how to write one"
}

/// Writes a file beside `path` with `fill` and renames it, so that nobody reads half of it.
pub fn create(
    path: &Path,
    existing: Existing,
    fill: impl FnOnce(&hdf5::File) -> hdf5::Result<()>,
) -> Result<()> {
    files::file(path, existing, |beside| {
        fill_file(beside, fill).map_err(|source| {
            let full = source.to_string().contains("No space left");
            let what = if full { files::DISK_FULL } else { "" };
            Error::file(format!("writing {}{what}", path.display()), source)
        })
    })
}

/// Where a file is while it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Growth {
    /// On the disk, where room is taken ahead of the library.
    OnDisk,
    /// In memory, from where it is written in one go.
    InMemory,
}

/// The library does not survive a full disk in the middle of a file, so that its room is taken before it
/// writes; where a disk cannot promise room, the file grows in memory.
fn fill_file(path: &Path, fill: impl FnOnce(&hdf5::File) -> hdf5::Result<()>) -> hdf5::Result<()> {
    if room::take(path, room::SPARE_BYTES)? {
        fill_grown(path, Growth::OnDisk, fill)?;
        room::give_back(path)
    } else {
        fill_grown(path, Growth::InMemory, fill)
    }
}

/// The oldest layout keeps no times, so that the same content gives the same bytes. Nobody else knows the
/// file's name yet, and not every disk of a cluster can lock files.
fn fill_grown(
    path: &Path,
    growth: Growth,
    fill: impl FnOnce(&hdf5::File) -> hdf5::Result<()>,
) -> hdf5::Result<()> {
    let file = hdf5::File::with_options()
        .with_access_plist(|plist| {
            let plist = match growth {
                Growth::OnDisk => plist.sec2(),
                Growth::InMemory => plist.core_options(GROWTH_BYTES, true),
            };
            plist.libver_earliest().file_locking(false)
        })
        .create(path)?;
    fill(&file)?;
    file.flush()?;
    file.close()
}

/// Writes strings as variable-length UTF-8, shape `(values)`.
pub fn write_strings(group: &Group, name: &str, values: &[impl AsRef<str>]) -> hdf5::Result<()> {
    let values =
        values.iter().map(|value| utf8(value.as_ref())).collect::<hdf5::Result<Vec<_>>>()?;
    write_array(group, name, ArrayView1::from(&values))
}

/// Writes one text as a scalar dataset; attributes end at 64 kB.
pub fn write_string(group: &Group, name: &str, value: &str) -> hdf5::Result<()> {
    write_array(group, name, arr0(utf8(value)?).view())
}

/// Writes an array of any rank in its own type, compressed where that pays.
pub fn write_array<T: H5Type + Clone, D: Dimension>(
    group: &Group,
    name: &str,
    array: ArrayView<'_, T, D>,
) -> hdf5::Result<()> {
    let array = array.as_standard_layout();
    room::take_for(group, array.len() * size_of::<T>())?;
    let mut builder = group.new_dataset_builder().obj_track_times(false);
    if array.len() * size_of::<T>() >= COMPRESSED_FROM_BYTES {
        // Single bytes have nothing to shuffle.
        builder = if size_of::<T>() > 1 { builder.shuffle() } else { builder };
        builder = builder.chunk_min_kb(CHUNK_KB).deflate(DEFLATE_LEVEL);
    }
    builder.with_data(array.view()).create(name).map(|_dataset| ())
}

/// Writes a number as an attribute.
pub fn write_number<T: H5Type>(place: &Location, name: &str, value: T) -> hdf5::Result<()> {
    place.new_attr::<T>().create(name)?.write_scalar(&value)
}

/// Writes a text as an attribute.
pub fn write_text(place: &Location, name: &str, value: &str) -> hdf5::Result<()> {
    place.new_attr::<VarLenUnicode>().create(name)?.write_scalar(&utf8(value)?)
}

/// Writes a text as an attribute of fixed length that ends in a zero. The library's dimension scales are
/// known by such texts alone; all others are padded.
#[expect(unsafe_code, reason = "identifiers are owned, and the text is as long as its type")]
pub fn write_terminated(place: &Location, name: &str, value: &str) -> hdf5::Result<()> {
    let text = |text: &str| {
        CString::new(text).map_err(|source| hdf5::Error::from(format!("{text:?}: {source}")))
    };
    let (name, value) = (text(name)?, text(value)?);
    let bytes = value.as_bytes_with_nul();
    let of_text = Datatype::from_descriptor(&TypeDescriptor::FixedAscii(bytes.len()))?;
    let scalar = Dataspace::try_new(())?;
    let _alone = LOCK.lock();
    // SAFETY: all identifiers are of things that live to the end of the function, and the lock keeps other
    // threads out of the library.
    unsafe {
        h5check(H5Tset_strpad(of_text.id(), H5T_STR_NULLTERM))?;
        let (at, space) = (place.id(), scalar.id());
        let created = H5Acreate2(at, name.as_ptr(), of_text.id(), space, H5P_DEFAULT, H5P_DEFAULT);
        let attribute: Attribute = hdf5::from_id(h5check(created)?)?;
        h5check(H5Awrite(attribute.id(), of_text.id(), bytes.as_ptr().cast())).map(|_status| ())
    }
}

fn utf8(text: &str) -> hdf5::Result<VarLenUnicode> {
    text.parse().map_err(|source| hdf5::Error::from(format!("{text:?}: {source}")))
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;

    use super::*;

    #[test]
    fn a_file_has_the_same_bytes_whether_it_grows_on_the_disk_or_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let fill = |file: &hdf5::File| {
            write_strings(file, "texts", &["one", "another"])?;
            let numbers = Array3::from_shape_fn((40, 50, 60), |(i, j, k)| (i * j % (k + 1)) as f32);
            for name in ["a", "b", "c"] {
                let group = file.create_group(name)?;
                write_text(&group, "said", name)?;
                write_array(&group, "numbers", numbers.view())?;
            }
            Ok(())
        };
        let bytes = |name: &str, growth| {
            let path = folder.path().join(name);
            std::fs::write(&path, "").unwrap();
            fill_grown(&path, growth, fill).unwrap();
            std::fs::read(path).unwrap()
        };
        let (on_disk, in_memory) =
            (bytes("disk", Growth::OnDisk), bytes("memory", Growth::InMemory));
        assert!(on_disk.len() > 10_000 && on_disk == in_memory);
        let path = folder.path().join("filled");
        std::fs::write(&path, "").unwrap();
        fill_file(&path, fill).unwrap();
        assert!(std::fs::read(&path).unwrap() == in_memory);
    }
}
