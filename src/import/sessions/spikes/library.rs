//! Folders of sound files, searched by name.
use std::path::{Path, PathBuf};

use super::identity::same_bytes;
use super::names::{called, is_sound, path_parts, stem};
use super::walk::{self, LeftOut};
use crate::base::error::{Error, Result};
use crate::import::report::listed;

/// The files in the folders of sounds, by name.
pub struct Library(Vec<(String, PathBuf)>);

impl Library {
    /// All files in these folders and below, but hidden ones and copies that editors left.
    ///
    /// # Errors
    /// A folder that is not there or cannot be read.
    pub fn of(folders: &[PathBuf], left_out: &mut LeftOut) -> Result<Self> {
        let mut all = Vec::new();
        for folder in folders {
            if !folder.is_dir() {
                let found = "there is no such folder, expected the folder of the sounds";
                return Err(Error::Refused(format!("{}: {found}", folder.display())));
            }
            for inner in walk::folders(folder, left_out)? {
                let names = walk::files(&inner, left_out)?;
                all.extend(names.into_iter().map(|name| (name.clone(), inner.join(name))));
            }
        }
        Ok(Self(all))
    }

    /// The sound files.
    pub fn sounds(&self) -> impl Iterator<Item = &Path> {
        self.0.iter().filter(|(name, _)| is_sound(name)).map(|(_, path)| path.as_path())
    }

    /// The file that a text names, with or without an ending and with or without folders, as Unix
    /// or Windows writes them. Of several of that name it is the one whose folders fit best.
    ///
    /// # Errors
    /// Several fit equally well and hold different sounds.
    pub fn find(&self, text: &str) -> Result<Option<&Path>> {
        let parts = path_parts(text);
        let Some((name, folders)) = parts.split_last() else { return Ok(None) };
        let called = |fits: &dyn Fn(&str) -> bool| -> Vec<&Path> {
            self.0.iter().filter(|(known, _)| fits(known)).map(|(_, path)| path.as_path()).collect()
        };
        let mut found = called(&|known| known == *name);
        if found.is_empty() {
            found = called(&|known| is_sound(known) && stem(known) == *name);
        }
        let most = found.iter().map(|path| common(path, folders)).max();
        found.retain(|path| Some(common(path, folders)) == most);
        let Some((first, others)) = found.split_first() else { return Ok(None) };
        for other in others {
            if !same_bytes(first, other)? {
                let names: Vec<String> =
                    found.iter().map(|path| path.display().to_string()).collect();
                return Err(Error::Refused(format!(
                    "{text}: found several sounds that may be it, {}, expected one; rename or \
                     remove the others, or give the folder of the right ones alone with --sounds",
                    listed(&names)
                )));
            }
        }
        Ok(Some(first))
    }

    /// `; Song.wav differs from song in small and capital letters`, where a sound differs so from one
    /// of the names that none is found for; else nothing.
    pub fn in_other_case(&self, names: &[impl AsRef<str>]) -> String {
        let is_it = |known: &str, name: &str| {
            let [_, last, plain] = called(name);
            let last = last.to_lowercase();
            let stem = stem(known).to_lowercase();
            is_sound(known) && (known.to_lowercase() == last || stem == plain.to_lowercase())
        };
        let found = names.iter().find_map(|name| {
            let known = self.0.iter().find(|(known, _)| is_it(known, name.as_ref()))?;
            Some((&known.1, name.as_ref()))
        });
        found.map_or_else(String::new, |(file, name)| {
            format!("; {} differs from {name} in small and capital letters", file.display())
        })
    }
}

/// How many folders above a file are called as these, the last first.
fn common(path: &Path, folders: &[&str]) -> usize {
    let above = path.ancestors().skip(1).filter_map(Path::file_name);
    above.zip(folders.iter().rev()).take_while(|(is, named)| **is == ***named).count()
}
