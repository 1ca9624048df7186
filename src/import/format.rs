//! What every format gives.
use std::path::Path;

use super::report::ImportReport;
use crate::base::error::Result;
use crate::dataset::Recording;

/// Files of one kind, with the options that say how they are read.
pub trait Format {
    /// Name of the format on the command line.
    fn name(&self) -> &'static str;

    /// The files that are read.
    fn sources(&self) -> Vec<&Path>;

    /// The recording in the files; what was inferred or left out goes into the report.
    ///
    /// # Errors
    /// Files are missing, damaged or not what they should be, or do not fit each other.
    fn read(&self, report: &mut ImportReport) -> Result<Imported>;
}

/// A recording, and how its sound became cochleagrams.
#[derive(Debug)]
pub struct Imported {
    /// The recording as it will be written.
    pub recording: Recording,
    /// The `[frontend]` section, where the source held sound.
    pub frontend: Option<String>,
}

impl Imported {
    /// A recording whose source held cochleagrams.
    pub fn without_sound(recording: Recording) -> Self {
        Self { recording, frontend: None }
    }
}
