//! Every family of models with its defaults, cross-validated: a sweep without a file.
use std::path::Path;

use super::sections::{FIT, GRID};
use crate::base::error::{Error, Result};
use crate::base::wording::{did_you_mean, joined};
use crate::config::part::names;
use crate::config::render::quoted;
use crate::models;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Zoo<'a> {
    /// The dataset, absolute or from the folder that the sweep file would lie in.
    pub data: &'a Path,
    /// Models; empty for all.
    pub models: &'a [String],
    /// Folds.
    pub folds: usize,
    /// Seeds.
    pub seeds: usize,
    /// The model that the others are compared with.
    pub against: &'a str,
}

impl Zoo<'_> {
    /// The text of the sweep file.
    ///
    /// # Errors
    /// A model that is unknown or named twice, or one to compare with that is not among them.
    pub fn text(&self) -> Result<String> {
        let known = names(models::TABLE);
        let own: Vec<&str> = match self.models {
            [] => known.clone(),
            named => named.iter().map(String::as_str).collect(),
        };
        if let Some(unknown) = own.iter().find(|name| !known.contains(name)) {
            let hint = did_you_mean(unknown, known.iter().copied());
            let hint = if hint.is_empty() { hint } else { format!(" ({hint})") };
            return Err(Error::Refused(format!(
                "--models: found {unknown:?}, expected {}{hint}",
                joined(&known, "or")
            )));
        }
        if !own.contains(&self.against) {
            return Err(Error::Refused(format!(
                "--against: found {:?}, expected one of the models that are fitted: {}",
                self.against,
                joined(&own, "or")
            )));
        }
        let data = self.data.to_str().ok_or_else(|| {
            Error::Refused(format!("{}: found a path that is not UTF-8", self.data.display()))
        })?;
        let listed: Vec<String> = own.iter().map(|name| quoted(name)).collect();
        Ok(format!(
            "[data]\nfile = {}\n\n[model]\ntype = {}\n\n[{FIT}]\nfolds = {}\nseeds = {}\nagainst = {}\n\n\
             [{GRID}]\nmodel.type = [{}]\n",
            quoted(data),
            quoted(self.against),
            self.folds,
            self.seeds,
            quoted(self.against),
            listed.join(", ")
        ))
    }
}
