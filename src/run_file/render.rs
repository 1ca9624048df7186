//! The run file as text, from checked values.
use std::path::Path;

use super::{RunConfig, Train, paths, sections};
use crate::base::error::Result;
use crate::config::render::section;

impl RunConfig {
    /// A run file with every key that has a value, which says the same from the folder
    /// `relative_to`.
    ///
    /// # Errors
    /// A path that has no name in UTF-8, or cannot be found from the working directory.
    pub fn to_toml(&self, relative_to: &Path) -> Result<String> {
        let write_path = |path: &Path| paths::relative(path, relative_to);
        let data = section("data", None, sections::DATA, &self.data.values(write_path)?)?;
        let mut architecture = self.architecture.clone();
        if let Some(origin) = &self.origin {
            origin.give(&mut architecture.model.values, write_path)?;
        }
        let parts = architecture.to_toml()?;
        let train = section("train", None, Train::KEYS, &self.train.values())?;
        let output = section("output", None, sections::OUTPUT, &self.output.values(write_path)?)?;
        let heading = "# Run file of strf with every key filled in.\n";
        Ok([heading, &data, &parts, &train, &output].join("\n"))
    }
}
