//! Puts a finished file or folder where it was asked for: written beside, then renamed, so that a
//! reader never sees half of it, and a failure leaves what was there.
use std::fs;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Serialize;
use tempfile::Builder;

use super::error::{Error, Result};
use super::memory;

/// How the names of files begin that are not finished yet.
pub const UNFINISHED: &str = ".strf-";

/// What stands behind `writing FILE` where the system has no room for it.
pub const DISK_FULL: &str = ": the disk is full (make room, or choose another folder)";

/// Bytes that are read beyond the length of a file: one may grow meanwhile, and what is no ordinary file has
/// no length.
const BEYOND_LENGTH: u64 = 1 << 26;

/// What to do with a file that lies where another is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Refuse to write.
    Keep,
    /// Replace it, once the new one is complete.
    Replace,
}

impl Existing {
    /// What a `--force` flag asks for.
    pub fn from_force(force: bool) -> Self {
        if force { Self::Replace } else { Self::Keep }
    }
}

/// What tells that a file is still the one that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    bytes: u64,
    modified: SystemTime,
}

impl Version {
    /// Of a file as it is now.
    ///
    /// # Errors
    /// It is not there.
    pub fn of(path: &Path) -> Result<Self> {
        let reading = |source| Error::file(format!("reading {}", path.display()), source);
        let found = fs::metadata(path).map_err(reading)?;
        Ok(Self { bytes: found.len(), modified: found.modified().map_err(reading)? })
    }
}

/// Opens a file for reading that is there, is no folder and is not empty; `what` names such files in
/// messages, as in `HDF5 file`.
///
/// # Errors
/// As said, or the system refuses to.
pub fn open(path: &Path, what: &str) -> Result<fs::File> {
    let opening = |source| Error::file(format!("opening {}", path.display()), source);
    if !path.try_exists().map_err(opening)? {
        return Err(refused(path, "there is no such file; check the path"));
    }
    if path.is_dir() {
        return Err(refused(path, &format!("this is a folder; give the {what} inside it")));
    }
    let file = fs::File::open(path).map_err(opening)?;
    if file.metadata().map_err(opening)?.len() == 0 {
        let empty = "the file is empty; whatever wrote it did not finish, so write it again";
        return Err(refused(path, empty));
    }
    Ok(file)
}

/// All bytes of a file, if there is memory for them.
///
/// # Errors
/// The system cannot read it, it is larger than what may be taken, or it has no end, as devices do.
pub fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let file = fs::File::open(path)?;
    let length = file.metadata()?.len();
    let expected = usize::try_from(length).unwrap_or(usize::MAX);
    memory::take(expected)?;
    let most = length.saturating_add(BEYOND_LENGTH);
    let mut bytes = Vec::new();
    bytes.try_reserve(expected).map_err(io::Error::other)?;
    file.take(most).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == most {
        return Err(io::Error::other("it is no ordinary file: more comes out of it than it holds"));
    }
    Ok(bytes)
}

/// All text of a file, as [`bytes`].
///
/// # Errors
/// As [`bytes`], and where it is not UTF-8.
pub fn text(path: &Path) -> io::Result<String> {
    String::from_utf8(bytes(path)?).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
}

/// The path of what lies in a folder, for writing or removing it. Folders on the way from there must be none
/// that a link leads out of: whoever made the folder may have put it there.
///
/// # Errors
/// A link lies on the way. The last name may be one: renaming and removing do not follow it.
pub fn inside(folder: &Path, name: impl AsRef<Path>) -> Result<PathBuf> {
    let name = name.as_ref();
    let mut inner = folder.to_owned();
    for part in name.parent().into_iter().flat_map(Path::components) {
        inner.push(part);
        require_no_link(&inner)?;
    }
    Ok(folder.join(name))
}

/// Makes a folder in a folder, where it is not there.
///
/// # Errors
/// A link lies there, or it cannot be made.
pub fn folder_inside(folder: &Path, name: impl AsRef<Path>) -> Result<PathBuf> {
    let path = inside(folder, name)?;
    require_no_link(&path)?;
    create_folder(&path)?;
    Ok(path)
}

/// Fails where a link lies at a path.
///
/// # Errors
/// As said.
pub fn require_no_link(path: &Path) -> Result<()> {
    if !path.is_symlink() {
        return Ok(());
    }
    let shown = path.display();
    Err(Error::Refused(format!(
        "{shown}: found a link, expected a file or folder of this program itself, which does not write \
         through links in its folders; put what it leads to in its place, or remove it"
    )))
}

/// Lets `write` make a file and moves it to `path`.
///
/// # Errors
/// Where `path` exists and is to be kept, where its folder does not exist, or where writing fails;
/// nothing is left behind then.
pub fn file(
    path: &Path,
    existing: Existing,
    write: impl FnOnce(&Path) -> Result<()>,
) -> Result<()> {
    let failed = |source| Error::file(format!("writing {}", path.display()), source);
    let parent = check(path, existing)?;
    if path.is_dir() {
        return Err(refused(path, "is a folder, expected a file or nothing; name a file in it"));
    }
    let beside = hidden(0o666).tempfile_in(parent).map_err(failed)?;
    write(beside.path())?;
    match existing {
        Existing::Keep => beside.persist_noclobber(path),
        Existing::Replace => beside.persist(path),
    }
    .map_err(|e| failed(e.error))?;
    Ok(())
}

/// Writes `bytes` to `path`.
///
/// # Errors
/// As [`file()`].
pub fn write(path: &Path, existing: Existing, bytes: &[u8]) -> Result<()> {
    file(path, existing, |beside| {
        fs::write(beside, bytes).map_err(|source| {
            let full = source.kind() == ErrorKind::StorageFull;
            let what = if full { DISK_FULL } else { "" };
            Error::file(format!("writing {}{what}", path.display()), source)
        })
    })
}

/// Lets `write` fill a folder and moves it to `path`. An older folder is replaced only if
/// `is_ours` says of every file name in it that it comes from this program.
///
/// # Errors
/// As [`file()`], and where the older folder holds something else.
pub fn folder(
    path: &Path,
    existing: Existing,
    is_ours: impl Fn(&str) -> bool,
    write: impl FnOnce(&Path) -> Result<()>,
) -> Result<()> {
    let failed = |source| Error::file(format!("writing {}", path.display()), source);
    let parent = check(path, existing)?;
    let beside = hidden(0o777).tempdir_in(parent).map_err(failed)?;
    if path.exists() {
        only_ours(path, is_ours)?;
    }
    let (new, old) = (beside.path().join("new"), beside.path().join("old"));
    fs::create_dir(&new).map_err(failed)?;
    write(&new)?;
    if path.exists() {
        fs::rename(path, &old).map_err(failed)?;
    }
    let moved = fs::rename(&new, path);
    if moved.is_err() && old.exists() {
        fs::rename(&old, path).map_err(failed)?;
    }
    moved.map_err(failed)
}

fn hidden(mode: u32) -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    // The mode of a file that a program creates anew; the user's umask narrows it.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
    builder.prefix(UNFINISHED);
    builder
}

/// The folder that `path` lies in, if something may be written there; asked before long work.
///
/// # Errors
/// As [`file()`], before anything is written.
pub fn check(path: &Path, existing: Existing) -> Result<&Path> {
    if existing == Existing::Keep && path.exists() {
        return Err(refused(
            path,
            "exists already, expected nothing there; give another name, or replace it with --force",
        ));
    }
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !parent.is_dir() {
        return Err(refused(parent, "is not a folder, expected one to write into; create it"));
    }
    Ok(parent)
}

/// The names of what lies in a folder, in alphabetical order.
///
/// # Errors
/// It cannot be read.
pub fn names(folder: &Path) -> Result<Vec<String>> {
    let failed = |source| Error::file(format!("reading {}", folder.display()), source);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        names.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// Makes a folder, and those that it lies in, where it is not there.
///
/// # Errors
/// It cannot be made.
pub fn create_folder(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)
        .map_err(|source| Error::file(format!("creating the folder {}", folder.display()), source))
}

/// Removes a file, or a folder with all that lies in it, where it is there; a link is removed, not
/// followed.
///
/// # Errors
/// It cannot be removed.
pub fn remove_if_there(path: &Path) -> Result<()> {
    let is_folder = path.is_dir() && !path.is_symlink();
    let removed = if is_folder { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(Error::file(format!("removing {}", path.display()), error))
        }
        _ => Ok(()),
    }
}

/// A value as JSON for people to read, with a newline behind it.
///
/// # Errors
/// It cannot be written as JSON.
pub fn pretty_json(value: &impl Serialize) -> Result<String> {
    let text = serde_json::to_string_pretty(value);
    text.map(|text| text + "\n").map_err(|source| Error::failed("writing JSON", source))
}

/// Removes a file.
///
/// # Errors
/// The system refuses to.
pub fn remove(path: &Path) -> Result<()> {
    fs::remove_file(path)
        .map_err(|source| Error::file(format!("removing {}", path.display()), source))
}

/// Removes the files in a folder that a kill has left half written.
///
/// # Errors
/// The system refuses to.
pub fn remove_unfinished(folder: &Path) -> Result<()> {
    let names = names(folder)?;
    let unfinished = names.iter().filter(|name| name.starts_with(UNFINISHED));
    let paths = unfinished.map(|name| folder.join(name));
    paths.filter(|path| path.is_file()).try_for_each(|path| remove(&path))
}

fn only_ours(path: &Path, is_ours: impl Fn(&str) -> bool) -> Result<()> {
    match names(path)?.iter().find(|name| !is_ours(name)) {
        None => Ok(()),
        Some(name) => {
            let found = format!("holds {name}, expected only exported tables");
            Err(refused(path, &format!("{found}; choose another folder with --out")))
        }
    }
}

fn refused(path: &Path, why: &str) -> Error {
    Error::Refused(format!("{}: {why}", path.display()))
}
