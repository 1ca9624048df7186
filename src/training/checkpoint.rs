//! All that the next epoch depends on, in one file.
use std::collections::BTreeMap;
use std::path::Path;

use candle_core::{Device, Tensor};
use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};

use super::adamw::Moments;
use super::best::Best;
use crate::base::error::{Cause, Error, Result};
use crate::base::tensor_file;

/// Counters of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Epochs that are done.
    pub epoch: usize,
    /// Optimizer steps that are done.
    pub steps: u32,
    /// The best epoch so far.
    pub best: Best,
    /// The run file with every default filled in, without what may change between sittings.
    pub run: String,
}

/// A run between two epochs.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    /// Counters.
    pub progress: Progress,
    /// Parameters and buffers after the last epoch.
    pub weights: BTreeMap<String, Tensor>,
    /// Those of the best epoch, or of each neuron's own.
    pub best_weights: BTreeMap<String, Tensor>,
    /// The optimizer's memory.
    pub moments: BTreeMap<String, Moments>,
}

const PROGRESS: &str = "progress";

impl Checkpoint {
    /// The file's bytes; the same for the same state.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        let mut tensors = BTreeMap::new();
        let mut put = |group: &str, name: &str, tensor: &Tensor| {
            tensors.insert(format!("{group}/{name}"), tensor.clone());
        };
        self.weights.iter().for_each(|(name, tensor)| put("weights", name, tensor));
        self.best_weights.iter().for_each(|(name, tensor)| put("best", name, tensor));
        for (name, Moments { first, second }) in &self.moments {
            put("first", name, first);
            put("second", name, second);
        }
        let progress = serde_json::to_string(&self.progress)
            .map_err(|source| Error::failed("writing the state's counters", source))?;
        tensor_file::bytes(&tensors, Some((PROGRESS, &progress)))
    }

    /// Reads what [`Checkpoint::bytes`] wrote.
    pub fn read(path: &Path) -> Result<Self> {
        let shown = path.display();
        let bytes = std::fs::read(path)
            .map_err(|source| Error::file(format!("reading {shown}"), source))?;
        let damaged = |source: Cause| {
            let what = "the state is damaged; start the run anew with --force";
            Error::file(format!("{shown}: {what}"), source)
        };
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|e| damaged(e.into()))?;
        let progress = header.metadata().as_ref().and_then(|entries| entries.get(PROGRESS));
        let progress = progress.ok_or_else(|| damaged("its counters are missing".into()))?;
        let progress = serde_json::from_str(progress).map_err(|e| damaged(e.into()))?;
        let tensors = tensor_file::parse(&bytes).map_err(|e| damaged(e.into()))?;
        let group = |wanted: &str| -> BTreeMap<String, Tensor> {
            let own = tensors.iter().filter_map(|(name, tensor)| {
                name.strip_prefix(wanted)?
                    .strip_prefix('/')
                    .map(|name| (name.to_owned(), tensor.clone()))
            });
            own.collect()
        };
        let mut seconds = group("second");
        let moments = group("first").into_iter().filter_map(|(name, first)| {
            seconds.remove(&name).map(|second| (name, Moments { first, second }))
        });
        let moments = moments.collect();
        Ok(Self { progress, weights: group("weights"), best_weights: group("best"), moments })
    }

    /// The same state on a device.
    pub fn to_device(&self, device: &Device) -> Result<Self> {
        let moved = |(name, Moments { first, second }): (&String, &Moments)| {
            let (first, second) = (first.to_device(device)?, second.to_device(device)?);
            Ok((name.clone(), Moments { first, second }))
        };
        let moments = self.moments.iter().map(moved).collect::<candle_core::Result<_>>()?;
        Ok(Self { moments, ..self.clone() })
    }
}
