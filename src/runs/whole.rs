//! What runs of groups of neurons come to together.
use candle_core::DType;

use super::experiment::Experiment;
use super::folder::RunFolder;
use crate::base::error::Result;
use crate::dataset::content::UsedContent;
use crate::models::Network;
use crate::models::params::Params;
use crate::run_file::Selection;
use crate::scores::Ceiling;

/// What a run of some neurons is known by beside others.
pub struct PartOfRun {
    /// Their ids.
    pub neurons: Vec<String>,
    /// What the recording holds of what is used.
    pub content: UsedContent,
}

impl PartOfRun {
    /// That of an experiment.
    pub fn of(Experiment { prepared, .. }: &Experiment) -> Self {
        Self { neurons: prepared.neurons.clone(), content: prepared.content.clone() }
    }
}

impl Experiment {
    /// What groups of neurons, of which this is one, come to together in a folder of their own: `neurons` is
    /// the selection of all of them. Its clips are gone.
    ///
    /// # Errors
    /// The model cannot be built.
    pub fn of_all(
        mut self,
        neurons: Selection,
        folder: RunFolder,
        parts: Vec<PartOfRun>,
    ) -> Result<Self> {
        let prepared = &mut self.prepared;
        let clips = [&mut prepared.train, &mut prepared.valid, &mut prepared.test];
        clips.into_iter().for_each(Vec::clear);
        prepared.test_responses.clear();
        prepared.ceiling = Ceiling::gather(0, std::iter::empty())?;
        let (ids, contents): (Vec<_>, Vec<_>) =
            parts.into_iter().map(|PartOfRun { neurons, content }| (neurons, content)).unzip();
        prepared.neurons = ids.concat();
        prepared.dims.neurons = prepared.neurons.len();
        prepared.content.take_responses(contents);
        self.config.data.neurons = neurons;
        folder.path().clone_into(&mut self.config.output.folder);
        let params = Params::new(self.config.train.seed, DType::F32, self.params.device());
        let network = Network::build(&self.config.architecture, &prepared.dims, &params)?;
        Ok(Self { folder, network, params, ..self })
    }
}
