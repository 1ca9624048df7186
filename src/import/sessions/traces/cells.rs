//! The folders of cells, and the files in them.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::trace::is_trace;
use crate::base::error::{Error, Result};
use crate::base::wording::{counted, joined};
use crate::dataset::Entity;
use crate::import::report::{ImportReport, listed};
use crate::import::sessions::spikes::{LeftOut, paths};

/// Cells, one for each folder that holds files.
pub struct Cells {
    /// Called as their folders.
    pub neurons: Vec<Entity>,
    /// Files of traces with the places of their cells.
    pub files: Vec<(usize, PathBuf)>,
}

impl Cells {
    /// The cells below folders; MATLAB files of something else are counted.
    ///
    /// # Errors
    /// There are none, or a folder cannot be read.
    pub fn of(
        sources: &[PathBuf],
        left_out: &mut LeftOut,
        report: &mut ImportReport,
    ) -> Result<Self> {
        let mut cells = Self { neurons: Vec::new(), files: Vec::new() };
        let mut folders: BTreeMap<PathBuf, usize> = BTreeMap::new();
        let (mut found, mut others) = (Vec::new(), Vec::new());
        for source in sources {
            let paths = mat_files(source, left_out)?;
            found.extend(paths.into_iter().map(|path| (path, source)));
        }
        for (path, source) in found {
            if !is_trace(&path)? {
                others.push(path.display().to_string());
                continue;
            }
            let folder = path.parent().unwrap_or(source).to_path_buf();
            let place = *folders.entry(folder.clone()).or_insert_with(|| {
                cells.neurons.push(Entity { id: id(&folder, source), ..Entity::default() });
                cells.neurons.len() - 1
            });
            cells.files.push((place, path));
        }
        if cells.files.is_empty() {
            let shown: Vec<String> = sources.iter().map(|one| one.display().to_string()).collect();
            return Err(Error::Refused(format!(
                "{}: found no MATLAB file with response and triggers, expected one or more for each \
                 cell; check the path",
                joined(&shown, "and")
            )));
        }
        if !others.is_empty() {
            let files = counted(others.len(), "MATLAB file");
            report.dropped(format!("{files} without response and triggers: {}", listed(&others)));
        }
        for (place, neuron) in cells.neurons.iter().enumerate() {
            if cells.neurons[..place].iter().any(|known| known.id == neuron.id) {
                return Err(Error::Refused(format!(
                    "found two folders of cells called {}, expected names of their own; import them \
                     one by one, and join them with strf import merge --prefix",
                    neuron.id
                )));
            }
        }
        Ok(cells)
    }
}

/// The MATLAB files in a folder and below, in order.
///
/// # Errors
/// It is not there, or cannot be read.
pub fn mat_files(source: &Path, left_out: &mut LeftOut) -> Result<Vec<PathBuf>> {
    let mut found = paths(source, left_out)?;
    found.retain(|path| path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("mat")));
    Ok(found)
}

/// The path of a folder from the source on, or the name of the source itself.
fn id(folder: &Path, source: &Path) -> String {
    let inner = folder.strip_prefix(source).unwrap_or(Path::new(""));
    let inner = if inner.as_os_str().is_empty() {
        folder.file_name().map_or(folder, Path::new)
    } else {
        inner
    };
    inner.display().to_string()
}
