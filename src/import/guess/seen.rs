//! A file or folder as far as it is looked at before anything is read.
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::base::error::{Error, Result};
use crate::import::sessions::spikes::{LeftOut, files_in, folders_in, is_sound};

/// Bytes of a file that are looked at.
const HEAD: u64 = 1 << 10;

/// What lies at a path.
pub struct Seen {
    /// The path.
    pub path: PathBuf,
    /// The first bytes; none of a folder.
    head: Vec<u8>,
    /// The files of a folder and of those below it.
    pub files: Vec<PathBuf>,
}

impl Seen {
    /// Looks at a path.
    ///
    /// # Errors
    /// There is nothing, or it cannot be read.
    pub fn at(path: &Path) -> Result<Self> {
        let reading = |source| Error::file(format!("reading {}", path.display()), source);
        let mut seen = Self { path: path.into(), head: Vec::new(), files: Vec::new() };
        if !path.is_dir() {
            if !path.exists() {
                let what = "there is no such file or folder; check the path";
                return Err(Error::Refused(format!("{}: {what}", path.display())));
            }
            let file = File::open(path).map_err(reading)?;
            file.take(HEAD).read_to_end(&mut seen.head).map_err(reading)?;
            return Ok(seen);
        }
        let mut hidden = LeftOut::default();
        for folder in folders_in(path, &mut hidden)? {
            let names = files_in(&folder, &mut hidden)?;
            seen.files.extend(names.into_iter().map(|name| folder.join(name)));
        }
        Ok(seen)
    }

    /// Whether it is a folder.
    pub fn is_folder(&self) -> bool {
        self.head.is_empty() && self.path.is_dir()
    }

    /// Whether the file begins with these bytes, from a place on.
    pub fn has(&self, from: usize, bytes: &[u8]) -> bool {
        self.head.get(from..).is_some_and(|rest| rest.starts_with(bytes))
    }

    /// Whether it is an HDF5 file.
    pub fn is_hdf5(&self) -> bool {
        [0, 512].iter().any(|from| self.has(*from, b"\x89HDF\r\n\x1a\n"))
    }

    /// The files of a folder that lie in no folder of it.
    pub fn files_at_the_top(&self) -> impl Iterator<Item = &PathBuf> {
        self.files.iter().filter(|file| file.parent() == Some(self.path.as_path()))
    }

    /// Names of the files in a folder, without folders and in small letters.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.files
            .iter()
            .filter_map(|path| Some(path.file_name()?.to_string_lossy().to_lowercase()))
    }

    /// Whether a file of the folder ends so.
    pub fn has_ending(&self, ending: &str) -> bool {
        self.names().any(|name| name.ends_with(ending))
    }

    /// The files beside a file, or those in a folder.
    pub fn around(&self) -> Vec<PathBuf> {
        if self.is_folder() {
            return self.files.clone();
        }
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let names = files_in(folder, &mut LeftOut::default()).unwrap_or_default();
        names.into_iter().map(|name| folder.join(name)).filter(|path| *path != self.path).collect()
    }

    /// What lies in the folder that it lies in; nothing where that cannot be read.
    pub fn beside(&self) -> Option<Self> {
        let parent = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        Self::at(parent.unwrap_or(Path::new("."))).ok()
    }

    /// The folders that hold sound files, of those here or, where there is none, of those beside.
    pub fn sounds_near(&self) -> Vec<PathBuf> {
        let own = self.sound_folders();
        if !own.is_empty() {
            return own;
        }
        self.beside().map(|seen| seen.sound_folders()).unwrap_or_default()
    }

    /// The folders that hold sound files, of those here or beside.
    pub fn sound_folders(&self) -> Vec<PathBuf> {
        let mut files = self.around();
        if !self.is_folder() {
            let folder = self.path.parent().unwrap_or(Path::new(""));
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            let below = folders_in(folder, &mut LeftOut::default()).unwrap_or_default();
            for inner in below.iter().skip(1) {
                let names = files_in(inner, &mut LeftOut::default()).unwrap_or_default();
                files.extend(names.into_iter().map(|name| inner.join(name)));
            }
        }
        let sounds = files
            .iter()
            .filter(|path| path.file_name().is_some_and(|name| is_sound(&name.to_string_lossy())));
        let folders: BTreeSet<&Path> = sounds.filter_map(|path| path.parent()).collect();
        folders.into_iter().map(Path::to_path_buf).collect()
    }
}

/// A command that may read what was seen.
pub struct Candidate {
    /// Words behind `strf import`.
    pub words: Vec<String>,
    /// What speaks for it.
    pub why: String,
    /// Whether it tells best what is missing where none of a format runs.
    pub is_telling: bool,
}

impl Candidate {
    /// A format with its source, and nothing else.
    pub fn new(format: &str, source: &Path, why: impl Into<String>) -> Self {
        let words = vec![format.to_owned(), source.display().to_string()];
        Self { words, why: why.into(), is_telling: false }
    }

    /// With sounds out of folders.
    #[must_use]
    pub fn with_sounds(self, folders: &[PathBuf]) -> Self {
        let with = |all: Self, folder: &PathBuf| all.with("--sounds", &folder.to_string_lossy());
        folders.iter().fold(self, with)
    }

    /// With another source.
    #[must_use]
    pub fn and(mut self, source: &Path) -> Self {
        self.words.push(source.display().to_string());
        self
    }

    /// With a word that has no value.
    #[must_use]
    pub fn with_flag(mut self, option: &str) -> Self {
        self.words.push(option.to_owned());
        self
    }

    /// With an option, where it has a value.
    #[must_use]
    pub fn with_some(self, option: &str, value: Option<&str>) -> Self {
        value.into_iter().fold(self, |all, value| all.with(option, value))
    }

    /// With several options.
    #[must_use]
    pub fn with_all(self, options: &[(&str, String)]) -> Self {
        options.iter().fold(self, |all, (option, value)| all.with(option, value))
    }

    /// With more words.
    #[must_use]
    pub fn with(mut self, option: &str, value: &str) -> Self {
        self.words.extend([option.to_owned(), value.to_owned()]);
        self
    }
}
