//! The reading of responses that still lie in their file, clip by clip.
use std::path::Path;

use ndarray::Array3;

use super::check;
use super::location::ResponseLocation;
use super::read::read;
use super::recording::Recording;
use super::source::Source;
use crate::base::error::{Error, Result};
use crate::base::files::Version;

/// A dataset file that single repeats are read from, clip by clip.
pub struct ResponseFile<'a> {
    source: Source<'a>,
}

impl<'a> ResponseFile<'a> {
    /// Opens the file that the places come from.
    ///
    /// # Errors
    /// As [`read()`].
    pub fn open(path: &'a Path) -> Result<Self> {
        Ok(Self { source: Source::open(path)? })
    }

    /// Opens the file again, if it is still as it was.
    ///
    /// # Errors
    /// As [`read()`], and where the file has changed.
    pub fn reopen(path: &'a Path, version: Version) -> Result<Self> {
        let file = Self::open(path)?;
        if Version::of(path)? == version {
            return Ok(file);
        }
        Err(Error::Refused(format!("{}: the file has changed since it was read", path.display())))
    }

    /// The responses `(N, R, T)` to a clip, NaN where nothing was recorded.
    ///
    /// # Errors
    /// Every problem of the file, where these cannot be read or are infinite.
    pub fn read(&mut self, location: &ResponseLocation) -> Result<Array3<f32>> {
        if let Some(kept) = location.kept() {
            return Ok(kept);
        }
        let path = self.source.path;
        let responses = self.source.responses(location);
        match responses {
            Some(responses) if check::has_no_infinity(&responses) => Ok(responses),
            _ => Err(all_problems(path, &location.at)),
        }
    }
}

/// Reads the responses to all clips of a recording to stay in memory, from where later readings take them.
///
/// # Errors
/// As [`ResponseFile::read`].
pub fn keep_responses(recording: &mut Recording<ResponseLocation>) -> Result<()> {
    let path = recording.file.clone();
    let mut file = ResponseFile::open(&path)?;
    for clip in &mut recording.clips {
        let responses = file.read(&clip.responses)?;
        clip.responses.keep(responses);
    }
    Ok(())
}

/// A file with a problem is read as a whole, so that all of its problems are told at once.
fn all_problems(path: &Path, at: &str) -> Error {
    let shown = path.display();
    let unsteady = || Error::Refused(format!("{shown}: {at} changed while it was read; try again"));
    read(path).err().unwrap_or_else(unsteady)
}
