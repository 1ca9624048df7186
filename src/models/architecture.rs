//! Which parts a model is made of.
use super::amplitude::ToAmplitude;
use super::layers::Statistics;
use super::output_gains::OutputGainRow;
use super::parameterizations::ParameterizationRow;
use super::prefilters::PrefilterRow;
use super::{ModelRow, Sharing};
use crate::base::error::Result;
use crate::config::part::{Chosen, Row};
use crate::config::render::{part, parts};
use crate::config::sections::Form;

/// The parts of a model and the values of their keys.
#[derive(Debug, Clone)]
pub struct Architecture {
    /// `[model]`.
    pub model: Chosen<ModelRow>,
    /// Each `[prefilter]`, in the order in which sound passes them.
    pub prefilters: Vec<Chosen<PrefilterRow>>,
    /// How a single prefilter is written; several are always a list.
    pub prefilter_form: Form,
    /// `[parameterization]`.
    pub parameterization: Chosen<ParameterizationRow>,
    /// `[output_gain]`, where there is one.
    pub output_gain: Option<Chosen<OutputGainRow>>,
    /// How the sound that a model sees becomes amplitude, for output gains that need it; known once the
    /// sound of the training stimuli is.
    pub to_amplitude: Option<ToAmplitude>,
    /// How what stages that need a level give is standardized when a fit starts; none: not at all.
    pub standardized: Option<Statistics>,
}

impl Architecture {
    /// `ln + adaptrans`: model, prefilters and output gain, as pictures name them.
    pub fn title(&self) -> String {
        let gain = self.output_gain.iter().map(|chosen| chosen.row.part.name);
        let parts =
            std::iter::once(self.model.row.part().name).chain(self.prefilter_names()).chain(gain);
        parts.collect::<Vec<_>>().join(" + ")
    }

    /// Whether no weight serves two neurons.
    pub fn shares_nothing(&self) -> bool {
        self.model.row.sharing == Sharing::Nothing
            && self.output_gain.is_none()
            && !self.prefilters.iter().any(|chosen| chosen.row.learns(&chosen.values))
    }

    /// How many prefilters come before the first that needs no level; standardization stands behind
    /// these.
    pub fn stages_of_level(&self) -> usize {
        self.prefilters.iter().take_while(|chosen| chosen.row.needs_level()).count()
    }

    /// Whether the model sees the sound divided by one constant, for a stage or an output gain needs
    /// its level, and standardizes it itself.
    pub fn needs_level(&self) -> bool {
        self.output_gain.is_some() || self.stages_of_level() > 0
    }

    /// The names of the prefilters, in their order.
    pub fn prefilter_names(&self) -> impl Iterator<Item = &'static str> {
        self.prefilters.iter().map(|chosen| chosen.row.part().name)
    }

    /// `[model]`, each `[prefilter]`, `[parameterization]` and `[output_gain]`.
    ///
    /// # Errors
    /// A value that TOML cannot hold.
    pub fn to_toml(&self) -> Result<String> {
        let model = part("model", &self.model)?;
        let prefilters = parts("prefilter", self.prefilter_form, &self.prefilters)?;
        let parameterization = part("parameterization", &self.parameterization)?;
        let gain = self.output_gain.iter().map(|chosen| part("output_gain", chosen));
        let gain = gain.collect::<Result<Vec<_>>>()?;
        Ok([vec![model], prefilters, vec![parameterization], gain].concat().join("\n"))
    }
}
