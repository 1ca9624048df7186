//! Which parts a model is made of.
use super::ModelRow;
use super::parameterizations::ParameterizationRow;
use super::prefilters::PrefilterRow;
use crate::base::error::Result;
use crate::config::part::{Chosen, Row};
use crate::config::render::part;

/// The parts of a model and the values of their keys.
#[derive(Debug, Clone)]
pub struct Architecture {
    /// `[model]`.
    pub model: Chosen<ModelRow>,
    /// `[prefilter]`, where there is one.
    pub prefilter: Option<Chosen<PrefilterRow>>,
    /// `[parameterization]`.
    pub parameterization: Chosen<ParameterizationRow>,
}

impl Architecture {
    /// `ln + adaptrans`: model and prefilter, as pictures name them.
    pub fn title(&self) -> String {
        let prefilter = self.prefilter.as_ref().map(|chosen| chosen.row.part().name);
        let parts = std::iter::once(self.model.row.part().name).chain(prefilter);
        parts.collect::<Vec<_>>().join(" + ")
    }

    /// `[model]`, `[prefilter]` where there is one, and `[parameterization]`.
    ///
    /// # Errors
    /// A value that TOML cannot hold.
    pub fn to_toml(&self) -> Result<String> {
        let model = part("model", &self.model)?;
        let prefilter = self.prefilter.as_ref().map(|chosen| part("prefilter", chosen));
        let parameterization = part("parameterization", &self.parameterization)?;
        let sections = [Some(model), prefilter.transpose()?, Some(parameterization)];
        Ok(sections.into_iter().flatten().collect::<Vec<_>>().join("\n"))
    }
}
