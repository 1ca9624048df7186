//! Files that are written beside their place and renamed: a reader never sees half of one, and a
//! failure leaves what was there.
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::error::{Cause, Error, Result};

/// What happens to a file that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// It stays, and writing fails.
    Refuse,
    /// The new file takes its place once it is complete.
    Replace,
}

impl Overwrite {
    /// What a `--force` flag asks for.
    pub fn from_force(force: bool) -> Self {
        if force { Self::Replace } else { Self::Refuse }
    }
}

/// Fails if there is something at `path` that may not be replaced.
pub fn require_free(path: &Path, overwrite: Overwrite) -> Result<()> {
    if overwrite == Overwrite::Refuse && path.exists() {
        return Err(Error::Refused(format!(
            "{} exists; choose another name, or replace it with --force",
            path.display()
        )));
    }
    Ok(())
}

/// Writes `bytes` to `path`.
pub fn write(path: &Path, overwrite: Overwrite, bytes: &[u8]) -> Result<()> {
    place(path, overwrite, |beside| {
        File::options().write(true).open(beside)?.write_all(bytes).map_err(Cause::from)
    })
}

/// Has `fill` write a file at the path it is given, which then becomes `path`.
pub fn place(
    path: &Path,
    overwrite: Overwrite,
    fill: impl FnOnce(&Path) -> Result<(), Cause>,
) -> Result<()> {
    require_free(path, overwrite)?;
    let doing = || format!("writing {}", path.display());
    let beside = beside(path).map_err(|source| Error::file(doing(), source))?;
    fill(beside.path()).map_err(|source| Error::file(doing(), source))?;
    let renamed = match overwrite {
        Overwrite::Replace => beside.persist(path),
        Overwrite::Refuse => beside.persist_noclobber(path),
    };
    renamed.map(drop).map_err(|failed| Error::file(doing(), failed.error))
}

/// A temporary file in the folder of `path`, with the permissions of an ordinary one.
fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.prefix(".strf-").tempfile_in(folder.unwrap_or(Path::new(".")))
}
