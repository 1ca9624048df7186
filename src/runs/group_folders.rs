//! The part of a run folder that only runs have whose neurons are fitted in groups.
use std::fs;
use std::path::PathBuf;

use super::folder::{GROUP_PLAN, GROUPS, RunFolder, make};
use crate::base::error::{Error, Result};
use crate::base::files;

impl RunFolder {
    /// The run folder of a group of neurons.
    ///
    /// # Errors
    /// A link lies on the way.
    pub fn group(&self, nth: usize) -> Result<PathBuf> {
        let folder = files::inside(self.path(), format!("{GROUPS}/{:04}", nth + 1))?;
        files::require_no_link(&folder)?;
        Ok(folder)
    }

    /// The neurons of each group, where they are fitted in groups.
    ///
    /// # Errors
    /// What says so cannot be read.
    pub fn groups(&self) -> Result<Option<Vec<Vec<String>>>> {
        if !self.has(GROUP_PLAN) {
            return Ok(None);
        }
        serde_json::from_str(&self.read(GROUP_PLAN)?).map(Some).map_err(|source| {
            let file = self.path().join(GROUP_PLAN);
            let what = "it is damaged; start the run anew with --force";
            Error::file(format!("{}: {what}", file.display()), source)
        })
    }

    /// Settles which neurons are fitted together.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn write_groups(&self, groups: &[Vec<String>]) -> Result<()> {
        make(&files::folder_inside(self.path(), GROUPS)?)?;
        self.write(GROUP_PLAN, files::pretty_json(&groups)?.as_bytes())
    }

    /// Removes the run folders of all groups.
    pub(super) fn remove_groups(&self) -> Result<()> {
        if !self.has(GROUP_PLAN) {
            return Ok(());
        }
        let groups = self.path().join(GROUPS);
        fs::remove_dir_all(&groups)
            .map_err(|source| Error::file(format!("removing {}", groups.display()), source))
    }
}
