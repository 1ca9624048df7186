//! Room on the disk, taken before the HDF5 library writes: it does not survive a full disk in the middle
//! of a file.
use std::fs::File;
use std::io;
use std::path::Path;

use hdf5::Group;

/// Taken beyond what an array needs: for groups, attributes and lists of chunks until the next array.
pub(super) const SPARE_BYTES: u64 = 1 << 21;

/// Takes the room that a file needs for one more array of so many bytes, whatever comes of their
/// compression.
pub(super) fn take_for(group: &Group, bytes: usize) -> hdf5::Result<()> {
    let file = group.file()?;
    let bytes = bytes as u64;
    // Chunks that reach beyond an array, and their list.
    let end = file.size() + bytes + bytes / 8 + SPARE_BYTES;
    take(Path::new(&file.filename()), end).map(|_can_be_taken| ())
}

/// Takes the room of a file up to `end`. False where its disk cannot promise room.
pub(super) fn take(path: &Path, end: u64) -> hdf5::Result<bool> {
    try_taking(path, end).map_err(|error| hdf5::Error::from(error.to_string()))
}

/// Gives back what was taken behind the end of a file.
pub(super) fn give_back(path: &Path) -> hdf5::Result<()> {
    let shrink = || {
        let file = File::options().write(true).open(path)?;
        file.set_len(file.metadata()?.len())
    };
    shrink().map_err(|error: io::Error| hdf5::Error::from(error.to_string()))
}

#[cfg(target_os = "linux")]
fn try_taking(path: &Path, end: u64) -> io::Result<bool> {
    use rustix::fs::{FallocateFlags, fallocate};
    use rustix::io::{Errno, retry_on_intr};
    use rustix::process::{Resource, getrlimit};

    let most = getrlimit(Resource::Fsize).current;
    if most.is_some_and(|most| most < end) {
        return Err(Errno::FBIG.into());
    }
    let file = File::options().write(true).open(path)?;
    match retry_on_intr(|| fallocate(&file, FallocateFlags::KEEP_SIZE, 0, end)) {
        Ok(()) => Ok(true),
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(target_os = "linux"))]
fn try_taking(_path: &Path, _end: u64) -> io::Result<bool> {
    Ok(false)
}
