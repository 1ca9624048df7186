//! What an import writes: a dataset, and how it was made.
use std::path::Path;

use super::format::{Format, Imported};
use crate::base::error::Result;
use crate::base::files::Existing;
use crate::dataset::hdf5_io::{write_string, write_strings, write_text};
use crate::dataset::{self, Counts};

/// Group of the file that says where it comes from.
const ORIGIN: &str = "import";

/// Writes the dataset, with `/import`: the format, the sources, the program and the front end.
///
/// # Errors
/// The file exists and may not be replaced, or the system refuses to write.
pub fn write(
    path: &Path,
    imported: &Imported,
    format: &dyn Format,
    existing: Existing,
) -> Result<()> {
    dataset::write(path, &imported.recording, Counts::AsBytes, existing, |file| {
        let group = file.create_group(ORIGIN)?;
        write_text(&group, "format", format.name())?;
        write_text(&group, "program", concat!("strf ", env!("CARGO_PKG_VERSION")))?;
        let sources: Vec<String> =
            format.sources().iter().map(|source| source.display().to_string()).collect();
        write_strings(&group, "sources", &sources)?;
        match &imported.frontend {
            Some(frontend) => write_string(&group, "frontend", frontend),
            None => Ok(()),
        }
    })
}
