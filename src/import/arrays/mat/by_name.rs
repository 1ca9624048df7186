//! Variables of MATLAB files of version 4 to 7 as named arrays.
use std::io;
use std::path::Path;

use super::array::Singles;
use super::levels::MatArrays;
use super::variable::{NoNumbers, Variable};
use crate::base::error::{Error, Result};
use crate::import::arrays::axes::LastAxes;
use crate::import::arrays::value::{ArrayValue, Arrays, FromF64};

/// An open file of variables, which are read when they are asked for.
pub(super) trait Variables {
    /// Names, and what each holds in words.
    fn contents(&self) -> &[(String, String)];

    /// What of the file cannot be read at all, in sentences.
    fn unreadable(&self) -> Vec<String>;

    /// What a variable holds, or a field of it; nothing where there is none of that name.
    fn variable<T: FromF64>(
        &mut self,
        name: &str,
        singles: Singles,
    ) -> io::Result<Option<Variable<T>>>;
}

/// The variables of the file at a path.
pub(super) struct ByName<'a, V> {
    pub(super) path: &'a Path,
    pub(super) variables: V,
}

impl<V: Variables> ByName<'_, V> {
    fn read<T: FromF64>(&mut self, name: &str, singles: Singles) -> Result<Option<Variable<T>>> {
        self.variables.variable(name, singles).map_err(|source| {
            let what = "it is damaged (copy or save the file again)";
            Error::file(format!("reading {}: {name}: {what}", self.path.display()), source)
        })
    }
}

impl<V: Variables> ByName<'_, V> {
    fn value_of<T: FromF64>(&mut self, name: &str, singles: Singles) -> Result<ArrayValue<T>> {
        let value = match self.read(name, singles)? {
            Some(variable) => variable.value()?,
            None => Err(NoNumbers::new("nothing")),
        };
        value.map_err(|found| found.refused(self.path, name))
    }
}

impl<V: Variables> MatArrays for ByName<'_, V> {
    fn levels(&mut self, name: &str) -> Result<ArrayValue<f64>> {
        self.value_of(name, Singles::Cells)
    }
}

impl<V: Variables> Arrays for ByName<'_, V> {
    fn contents(&self) -> Vec<(String, String)> {
        self.variables.contents().to_vec()
    }

    fn value(&mut self, name: &str) -> Result<ArrayValue> {
        self.value_of(name, Singles::Opened)
    }

    fn numbers(&mut self, name: &str) -> Result<Option<Vec<f64>>> {
        Ok(self.read(name, Singles::Opened)?.and_then(Variable::numbers))
    }

    fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>> {
        Ok(self.read(name, Singles::Opened)?.and_then(Variable::texts))
    }

    fn unreadable(&self) -> Vec<String> {
        self.variables.unreadable()
    }

    fn last_axes(&self) -> LastAxes {
        LastAxes::Dropped
    }
}
