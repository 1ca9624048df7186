//! The run file: as written → checked against the tables of keys → values in range.
pub mod keys;
pub mod part;

use crate::models::ModelRow;
use crate::parameterizations::ParameterizationRow;
use crate::prefilters::PrefilterRow;
use part::Chosen;

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
