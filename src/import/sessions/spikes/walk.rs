//! Folders and their files in the order in which people count, without what systems hide.
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::names::is_hidden_or_backup;
use super::natural_order;
use crate::base::error::{Error, Result};
use crate::base::files;
use crate::base::wording::counted;
use crate::import::report::{ImportReport, listed};

/// How deep folders are searched.
const DEPTH: usize = 6;

/// Hidden files and copies of editors that were met, each once.
#[derive(Default)]
pub struct LeftOut(BTreeSet<PathBuf>);

impl LeftOut {
    /// Counts them.
    pub fn tell(&self, report: &mut ImportReport) {
        if !self.0.is_empty() {
            let names: Vec<String> = self.0.iter().map(|path| path.display().to_string()).collect();
            let count = counted(names.len(), "hidden or backup file");
            report.dropped(format!("{count}: {}", listed(&names)));
        }
    }
}

/// A file, or the files in a folder and below.
///
/// # Errors
/// It is not there, or cannot be read.
pub fn paths(source: &Path, left_out: &mut LeftOut) -> Result<Vec<PathBuf>> {
    if source.is_file() {
        return Ok(vec![source.to_path_buf()]);
    }
    if !source.is_dir() {
        let what = "there is no such file or folder; check the path";
        return Err(Error::Refused(format!("{}: {what}", source.display())));
    }
    let mut paths = Vec::new();
    for folder in folders(source, left_out)? {
        paths.extend(files(&folder, left_out)?.into_iter().map(|name| folder.join(name)));
    }
    Ok(paths)
}

/// A folder and those below it.
pub fn folders(folder: &Path, left_out: &mut LeftOut) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    below(folder, DEPTH, left_out, &mut found)?;
    Ok(found)
}

fn below(
    folder: &Path,
    depth: usize,
    left_out: &mut LeftOut,
    found: &mut Vec<PathBuf>,
) -> Result<()> {
    found.push(folder.to_path_buf());
    if depth == 0 {
        return Ok(());
    }
    for name in names(folder, left_out)? {
        let inner = folder.join(name);
        if inner.is_dir() {
            below(&inner, depth - 1, left_out, found)?;
        }
    }
    Ok(())
}

/// Names of the files in a folder.
pub fn files(folder: &Path, left_out: &mut LeftOut) -> Result<Vec<String>> {
    let mut names = names(folder, left_out)?;
    names.retain(|name| folder.join(name).is_file());
    Ok(names)
}

fn names(folder: &Path, left_out: &mut LeftOut) -> Result<Vec<String>> {
    let mut names = files::names(folder)?;
    names.sort_by(|a, b| natural_order::compare(a, b));
    names.retain(|name| {
        let hidden = is_hidden_or_backup(name);
        if hidden {
            left_out.0.insert(folder.join(name));
        }
        !hidden
    });
    Ok(names)
}
