//! Fields of structs in a MATLAB file of version 5 to 7: one value for each struct of an array, of
//! which some may lack it.
use std::path::{Path, PathBuf};

use super::MatVersion;
use super::array::Singles;
use super::by_name::Variables;
use super::files::version_of;
use super::v5::V5;
use super::variable::{Variable, is_list};
use crate::base::error::{Error, Result};
use crate::base::wording::counted;
use crate::import::arrays::value::FromF64;

/// A file whose structs are asked for fields.
pub struct StructFile {
    path: PathBuf,
    file: V5,
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldValue<T> {
    /// A text.
    Text(String),
    /// A list of numbers.
    Numbers(Vec<T>),
    /// Nothing: `[]`, or a struct that does not have the field.
    Nothing,
    /// Something else.
    Other,
}

impl StructFile {
    /// Opens a file.
    ///
    /// # Errors
    /// It cannot be read, or is none of these versions.
    pub fn open(path: &Path) -> Result<Self> {
        match version_of(path)? {
            MatVersion::V5(order) => {
                Ok(Self { path: path.to_path_buf(), file: V5::open(path, order)? })
            }
            MatVersion::V4 | MatVersion::V73 => Err(Error::Refused(format!(
                "{}: found a MATLAB file of version 4 or 7.3, expected one of version 5 to 7; save it \
                 in MATLAB with save -v7",
                path.display()
            ))),
        }
    }

    /// Whether the file has a variable of this name.
    pub fn has(&self, variable: &str) -> bool {
        let begins =
            |known: &str| known.strip_prefix(variable).is_some_and(|rest| rest.starts_with('.'));
        self.file.contents().iter().any(|(known, _)| known == variable || begins(known))
    }

    /// What a field holds in each struct of an array, or in the only one, one after the other.
    ///
    /// # Errors
    /// The file is damaged.
    pub fn each<T: FromF64>(&mut self, name: &str) -> Result<Vec<FieldValue<T>>> {
        let found = self.file.variable::<T>(name, Singles::Loose).map_err(|source| {
            let what = "it is damaged (copy or save the file again)";
            Error::file(format!("reading {}: {name}: {what}", self.path.display()), source)
        })?;
        let mut values = Vec::new();
        if let Some(variable) = found {
            flat(variable, name.matches('.').count(), &mut values);
        }
        Ok(values)
    }

    /// The numbers that a name leads to.
    ///
    /// # Errors
    /// There are none, or something else.
    pub fn numbers<T: FromF64>(&mut self, name: &str) -> Result<Vec<T>> {
        match <[FieldValue<T>; 1]>::try_from(self.each(name)?) {
            Ok([FieldValue::Numbers(numbers)]) => Ok(numbers),
            Ok([FieldValue::Nothing]) => Err(self.refused(name, "nothing", "numbers")),
            Err(none) if none.is_empty() => Err(self.refused(name, "nothing", "numbers")),
            Ok(_) => Err(self.refused(name, "something else", "a list of numbers")),
            Err(_several) => Err(self.refused(name, "an array of structs", "a single one")),
        }
    }

    /// The only number that a name leads to.
    ///
    /// # Errors
    /// There is none, several, or it is not finite.
    pub fn number(&mut self, name: &str) -> Result<f64> {
        match self.numbers::<f64>(name)?[..] {
            [number] if number.is_finite() => Ok(number),
            [number] => Err(self.refused(name, &number.to_string(), "a finite number")),
            ref several => {
                let found = counted(several.len(), "number");
                Err(self.refused(name, &found, "one"))
            }
        }
    }

    /// What is wrong with what a name leads to.
    pub fn refused(&self, name: &str, found: &str, expected: &str) -> Error {
        let shown = self.path.display();
        Error::Refused(format!("{shown}: {name}: found {found}, expected {expected}"))
    }
}

/// The values below so many levels of structs.
fn flat<T>(variable: Variable<T>, levels: usize, values: &mut Vec<FieldValue<T>>) {
    values.push(match variable {
        Variable::Cells(_, cells) if cells.is_empty() => FieldValue::Nothing,
        Variable::Cells(_, cells) if levels > 0 => {
            for cell in cells {
                flat(cell, levels - 1, values);
            }
            return;
        }
        Variable::Numbers(_, numbers) if numbers.is_empty() => FieldValue::Nothing,
        Variable::Numbers(dims, numbers) if levels == 0 && is_list(&dims) => {
            FieldValue::Numbers(numbers)
        }
        Variable::Text(rows) if levels == 0 && rows.len() <= 1 => {
            rows.into_iter().next().map_or(FieldValue::Nothing, FieldValue::Text)
        }
        _ => FieldValue::Other,
    });
}
