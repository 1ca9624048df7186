//! Columns of numbers of a CSV file in a run folder.
use std::path::{Path, PathBuf};

use crate::base::error::{Error, Result};
use crate::base::files;

/// A CSV file with a header.
pub(super) struct Table {
    path: PathBuf,
    header: Vec<String>,
    rows: Vec<csv::StringRecord>,
}

impl Table {
    /// Reads a CSV file; nothing where there is none.
    ///
    /// # Errors
    /// It cannot be read, or has rows of different lengths.
    pub(super) fn read(path: &Path) -> Result<Option<Self>> {
        if !path.exists() {
            return Ok(None);
        }
        let failed =
            |source: csv::Error| Error::file(format!("reading {}", path.display()), source);
        let bytes = files::bytes(path).map_err(|source| failed(source.into()))?;
        let mut reader = csv::Reader::from_reader(&bytes[..]);
        let header = reader.headers().map_err(failed)?.iter().map(str::to_owned).collect();
        let rows = reader.records().collect::<Result<Vec<_>, _>>().map_err(failed)?;
        Ok(Some(Self { path: path.to_owned(), header, rows }))
    }

    /// How many rows there are below the header.
    pub(super) fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is such a column.
    pub(super) fn has(&self, name: &str) -> bool {
        self.header.iter().any(|known| known == name)
    }

    /// The texts of a column.
    ///
    /// # Errors
    /// There is no such column.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>> {
        let place = self.place(name)?;
        Ok(self.rows.iter().map(|row| row[place].to_owned()).collect())
    }

    fn place(&self, name: &str) -> Result<usize> {
        let place = self.header.iter().position(|known| known == name);
        place.ok_or_else(|| unreadable(&self.path, &format!("found no column {name}")))
    }

    /// The numbers of a column; what is no number is NaN.
    ///
    /// # Errors
    /// There is no such column.
    pub(super) fn numbers(&self, name: &str) -> Result<Vec<f64>> {
        let place = self.place(name)?;
        let number = |row: &csv::StringRecord| row[place].parse().unwrap_or(f64::NAN);
        Ok(self.rows.iter().map(number).collect())
    }
}

/// A file of the run that does not hold what it should.
fn unreadable(path: &Path, found: &str) -> Error {
    Error::Refused(format!(
        "{}: {found}, expected what `strf train` wrote; train again",
        path.display()
    ))
}
