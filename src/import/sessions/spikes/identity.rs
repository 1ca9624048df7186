//! Which sound files hold the same sound.
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::base::error::{Error, Result};

/// Sounds that were met, each once, with the id that it got: the name of its file without ending.
#[derive(Default)]
pub struct Sounds {
    /// Ids and files, as they were named.
    pub files: Vec<(String, PathBuf)>,
    known: Vec<Known>,
    renamed: Vec<String>,
}

/// A file that was met.
struct Known {
    /// Without links.
    path: PathBuf,
    /// In bytes.
    length: u64,
}

impl Sounds {
    /// Where the sound of a file stands; a new place unless it is the same file as another, or has
    /// the same bytes. A name that another sound has is told apart by the neuron's.
    pub fn place(&mut self, path: &Path, neuron: &str) -> Result<usize> {
        let reading = |source| Error::file(format!("reading {}", path.display()), source);
        let found = path.canonicalize().map_err(reading)?;
        let length = found.metadata().map_err(reading)?.len();
        for (index, known) in self.known.iter().enumerate() {
            let alike = known.length == length;
            if known.path == found || (alike && same_bytes(&known.path, &found)?) {
                return Ok(index);
            }
        }
        let stem = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into());
        let id = self.unused(stem, neuron);
        self.files.push((id, path.to_path_buf()));
        self.known.push(Known { path: found, length });
        Ok(self.files.len() - 1)
    }

    /// Gives ids of a pattern, in which `{}` stands for the number at the end of each id.
    ///
    /// # Errors
    /// A pattern without `{}`, or an id without a number at its end.
    pub fn number(&mut self, pattern: &str) -> Result<()> {
        let (before, after) = pattern.split_once("{}").ok_or_else(|| {
            Error::Refused(format!(
                "--stimulus-ids: found {pattern:?}, expected a name with {{}} for a number, as in \
                 song{{}}"
            ))
        })?;
        let digits = |id: &str| id.len() - id.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        let longest = self.files.iter().map(|(id, _)| digits(id)).max().unwrap_or(0);
        for (id, _) in &mut self.files {
            let number = &id[id.len() - digits(id)..];
            if number.is_empty() {
                return Err(Error::Refused(format!(
                    "--stimulus-ids: found the sound {id}, expected a number at the end of every \
                     name; leave the option out"
                )));
            }
            *id = format!("{before}{number:0>longest$}{after}");
        }
        Ok(())
    }

    /// Ids that are not the names of their files.
    pub fn renamed(&self) -> Vec<String> {
        self.renamed.clone()
    }

    fn unused(&mut self, stem: String, neuron: &str) -> String {
        let used: BTreeSet<&str> = self.files.iter().map(|(id, _)| id.as_str()).collect();
        if !used.contains(stem.as_str()) {
            return stem;
        }
        let numbered = (2..).map(|number| format!("{neuron}_{stem}_{number}"));
        let mut candidates = std::iter::once(format!("{neuron}_{stem}")).chain(numbered);
        let id = candidates.find(|id| !used.contains(id.as_str())).unwrap_or(stem);
        self.renamed.push(id.clone());
        id
    }
}

/// Whether two files have the same content.
///
/// # Errors
/// One cannot be read.
pub fn same_bytes(a: &Path, b: &Path) -> Result<bool> {
    let reading = |path: &Path, source| Error::file(format!("reading {}", path.display()), source);
    let open = |path: &Path| File::open(path).map_err(|source| reading(path, source));
    let (mut file_a, mut file_b) = (open(a)?, open(b)?);
    loop {
        let piece = |file: &mut File, path: &Path| {
            let mut bytes = Vec::new();
            let read = file.by_ref().take(PIECE).read_to_end(&mut bytes);
            read.map(|_length| bytes).map_err(|source| reading(path, source))
        };
        let (bytes_a, bytes_b) = (piece(&mut file_a, a)?, piece(&mut file_b, b)?);
        if bytes_a != bytes_b || bytes_a.is_empty() {
            return Ok(bytes_a == bytes_b);
        }
    }
}

/// Bytes that are compared at once.
const PIECE: u64 = 1 << 20;
