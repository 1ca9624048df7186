//! Tables of an NWB file: a group with one dataset for each column.
use hdf5::{Dataset, Group};

use super::Nwbfile;
use crate::base::error::{Error, Result};
use crate::dataset::hdf5_values::{is_list, is_number, is_text, members, numbers, texts};

/// What the name of a column ends in that divides another one by rows.
const INDEX: &str = "_index";

/// A group of columns.
pub struct Table<'a> {
    file: &'a Nwbfile,
    group: Group,
    at: String,
}

impl<'a> Table<'a> {
    /// The table at a path, where there is one.
    pub fn open(file: &'a Nwbfile, at: &str) -> Option<Self> {
        let group = file.file.group(at).ok()?;
        Some(Self { file, group, at: at.to_owned() })
    }

    /// Path of a column in the file.
    pub fn path(&self, column: &str) -> String {
        format!("{}/{column}", self.at)
    }

    /// Names of its columns.
    pub fn columns(&self) -> Result<Vec<String>> {
        members(&self.group).map_err(|source| self.file.damaged(&self.at, source))
    }

    fn column(&self, name: &str) -> Option<Dataset> {
        self.group.dataset(name).ok()
    }

    /// The columns with one value for each row, which are texts or numbers.
    pub fn plain_columns(&self, rows: usize) -> Result<Vec<String>> {
        let columns = self.columns()?;
        let plain = |name: &&String| {
            let divided = columns.iter().any(|other| *other == format!("{name}{INDEX}"));
            let fits = |column: Dataset| column.shape() == [rows] && is_text(&column);
            !divided && !name.ends_with(INDEX) && self.column(name).is_some_and(fits)
        };
        Ok(columns.iter().filter(plain).cloned().collect())
    }

    /// Whether a column holds texts.
    pub fn is_text(&self, name: &str) -> bool {
        self.column(name).is_some_and(|column| is_text(&column) && !is_number(&column))
    }

    /// The numbers of a column.
    ///
    /// # Errors
    /// There is none, or it holds something else.
    pub fn numbers(&self, name: &str) -> Result<Vec<f64>> {
        let at = self.path(name);
        let column = self.column(name).ok_or_else(|| self.missing(name))?;
        if !is_number(&column) {
            return Err(self.file.refused(&at, "found no numbers, expected numbers"));
        }
        numbers(&column).map_err(|source| self.file.damaged(&at, source))
    }

    /// The values of a column as text.
    ///
    /// # Errors
    /// As [`Table::numbers`].
    pub fn texts(&self, name: &str) -> Result<Vec<String>> {
        let at = self.path(name);
        let column = self.column(name).ok_or_else(|| self.missing(name))?;
        let list = if is_list(&column) { texts(&column) } else { Ok(None) };
        let list = list.map_err(|source| self.file.damaged(&at, source))?;
        list.ok_or_else(|| {
            self.file.refused(&at, "found no list of texts or numbers, expected one")
        })
    }

    /// The numbers of each row of a divided column; `width` numbers make a value.
    ///
    /// # Errors
    /// As [`Table::numbers`], or where the division does not fit.
    pub fn ragged(&self, name: &str, width: usize) -> Result<Vec<Vec<f64>>> {
        let values = self.numbers(name)?;
        let index = format!("{name}{INDEX}");
        let mut rows = Vec::new();
        let mut from = 0;
        for end in self.numbers(&index)? {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "saturates"
            )]
            let end = end as usize * width;
            let row = values.get(from..end).ok_or_else(|| {
                let found = format!("found the end {} of a row", end / width);
                let expected = format!("ascending ends of at most {}", values.len() / width);
                let what =
                    format!("{found}, expected {expected}; the file is damaged: write it again");
                self.file.refused(&self.path(&index), &what)
            })?;
            rows.push(row.to_vec());
            from = end;
        }
        Ok(rows)
    }

    /// Whether there is such a column.
    pub fn has(&self, name: &str) -> bool {
        self.column(name).is_some()
    }

    /// There is no such column.
    pub fn missing(&self, name: &str) -> Error {
        let columns = self.columns().unwrap_or_default().join(", ");
        let found = format!("found no column {name}, expected one of {columns}");
        self.file.refused(&self.at, &found)
    }
}
