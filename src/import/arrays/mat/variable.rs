//! What a variable of a MATLAB file holds, as far as recordings are made of it.
use std::path::Path;

use super::{column_major, row_major};
use crate::base::error::{Error, Problem, Result};
use crate::base::wording;
use crate::import::arrays::options::refused;
use crate::import::arrays::value::ArrayValue;

/// What a variable holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Variable<T> {
    /// Numbers of an array of this shape, column by column.
    Numbers(Vec<usize>, Vec<T>),
    /// A text, or each row of an array of letters.
    Text(Vec<String>),
    /// The cells of an array of this shape, column by column.
    Cells(Vec<usize>, Vec<Variable<T>>),
    /// Something else.
    Other(NoNumbers),
}

/// What was found in place of numbers, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NoNumbers {
    /// As in `found a MATLAB table`.
    pub(super) found: String,
    /// What to do, if known.
    pub(super) hint: String,
}

const STRUCT: &str = "a struct";

impl NoNumbers {
    /// Something about which nothing can be done in general.
    pub(super) fn new(found: impl Into<String>) -> Self {
        Self { found: found.into(), hint: String::new() }
    }

    /// An object of a class, which a file holds in a form that only MATLAB knows.
    pub(super) fn object(class: &str) -> Self {
        let (found, save) = match class {
            "table" | "timetable" => {
                ("a MATLAB table", "its columns as arrays, x = table2array(x)")
            }
            "datetime" | "duration" | "calendarDuration" => {
                ("MATLAB times", "them as numbers, x = seconds(x - x(1)) or x = seconds(x)")
            }
            "string" => ("MATLAB strings", "them as cells, x = cellstr(x)"),
            "categorical" => ("MATLAB categories", "them as cells, x = cellstr(x)"),
            _ => ("a MATLAB object", "what it holds as arrays"),
        };
        let found = format!("{found} (an object of class {class})");
        Self { found, hint: format!("in MATLAB, save {save}") }
    }

    /// Numbers whose imaginary parts would be lost.
    pub(super) fn complex() -> Self {
        let hint = "in MATLAB, save x = abs(x) or x = real(x)".into();
        Self { found: "complex numbers".into(), hint }
    }

    /// A function, or a handle of one.
    pub(super) fn function() -> Self {
        Self::new("a function handle")
    }

    /// A struct, whose fields have names of their own.
    pub(super) fn fields(fields: &[String]) -> Self {
        const SHOWN: usize = 5;
        let hint = match fields.first() {
            Some(first) => {
                let all = wording::first(fields, SHOWN);
                format!("its fields are {all}; give one of them, as in NAME.{first}")
            }
            None => String::new(),
        };
        Self { found: STRUCT.into(), hint }
    }

    /// Whether it is a struct, whose fields may be numbers.
    pub(super) fn is_struct(&self) -> bool {
        self.found == STRUCT
    }

    /// The same as a problem of a variable of a file.
    pub(super) fn refused(self, file: &Path, name: &str) -> Error {
        let problem = Problem::new(name, self.found, "numbers, or cells of numbers");
        refused(file, problem.hint(self.hint))
    }

    /// The same of a cell of an array.
    pub(super) fn in_a_cell(self) -> Self {
        Self { found: format!("a cell with {}", self.found), ..self }
    }
}

impl<T> Variable<T> {
    /// Numbers or cells of numbers with their axes in MATLAB's order.
    ///
    /// # Errors
    /// None that a user can cause.
    pub(super) fn value(self) -> Result<Result<ArrayValue<T>, NoNumbers>> {
        Ok(match self {
            Self::Numbers(dims, numbers) => Ok(ArrayValue::Numbers(column_major(&dims, numbers)?)),
            Self::Text(_) => Err(NoNumbers::new("text")),
            Self::Other(other) => Err(other),
            Self::Cells(dims, cells) => {
                let mut values = Vec::with_capacity(cells.len());
                for cell in row_major(&dims, cells) {
                    match cell.value()? {
                        Ok(value) => values.push(value),
                        Err(found) => return Ok(Err(found.in_a_cell())),
                    }
                }
                Ok(ArrayValue::Cells(dims, values))
            }
        })
    }
}

impl Variable<f64> {
    /// A list of numbers, where it is one: an array, or a field of an array of structs.
    pub(super) fn numbers(self) -> Option<Vec<f64>> {
        match self {
            Self::Numbers(dims, numbers) if is_list(&dims) => Some(numbers),
            Self::Cells(dims, cells) if is_list(&dims) => {
                cells.into_iter().map(Self::number).collect()
            }
            _ => None,
        }
    }

    /// A list of texts, or of numbers as text, where it is one.
    pub(super) fn texts(self) -> Option<Vec<String>> {
        match self {
            Self::Text(rows) => Some(rows),
            Self::Cells(_, cells) => cells.into_iter().map(Self::text).collect(),
            other => Some(other.numbers()?.iter().map(ToString::to_string).collect()),
        }
    }

    /// A single number; NaN of `[]`.
    fn number(self) -> Option<f64> {
        match self {
            Self::Numbers(_, numbers) if numbers.len() <= 1 => {
                Some(numbers.first().copied().unwrap_or(f64::NAN))
            }
            _ => None,
        }
    }

    /// A text or number; nothing of `[]`.
    fn text(self) -> Option<String> {
        match self {
            Self::Text(rows) if rows.is_empty() => Some(String::new()),
            Self::Text(rows) => <[String; 1]>::try_from(rows).ok().map(|[text]| text),
            Self::Numbers(_, numbers) if numbers.is_empty() => Some(String::new()),
            other => other.number().map(|number| number.to_string()),
        }
    }
}

/// Whether an array has one row or one column.
pub(super) fn is_list(dims: &[usize]) -> bool {
    dims.iter().filter(|length| **length != 1).count() <= 1
}
