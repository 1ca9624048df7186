//! Reference values computed with deepSTRF 0.1.0, one folder a case.
use std::collections::BTreeMap;
use std::path::PathBuf;

use candle_core::{DType, Device, Tensor};
use strf::models::Architecture;
use strf::models::Network;
use strf::models::dims::Dims;
use strf::models::params::Params;
use strf::run_file::RunConfig;

/// One case: its tensors, and the architecture that they belong to.
pub struct Golden {
    /// Inputs, outputs, losses, gradients by name.
    pub io: BTreeMap<String, Tensor>,
    /// Parameters and buffers by name.
    pub weights: BTreeMap<String, Tensor>,
    /// The parts of the model.
    pub architecture: Architecture,
    /// Bin width, bands, neurons.
    pub dims: Dims,
}

/// Reads all tensors of a safetensors file.
pub fn tensors(path: &std::path::Path) -> BTreeMap<String, Tensor> {
    candle_core::safetensors::load(path, &Device::Cpu).unwrap().into_iter().collect()
}

/// `tests/golden/CASE`.
pub fn folder(case: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(case)
}

impl Golden {
    /// Opens the case of this name.
    pub fn open(case: &str) -> Self {
        let (folder, file) = (folder(case), folder(case).join("case.toml"));
        let mut table: toml::Table = std::fs::read_to_string(&file).unwrap().parse().unwrap();
        let mut take = |key: &str| table.remove(key).unwrap();
        let dt_ms = take("dt_ms").as_float().unwrap();
        let mut count = |key: &str| usize::try_from(take(key).as_integer().unwrap()).unwrap();
        let (bands, neurons) = (count("bands"), count("neurons"));
        Self {
            io: tensors(&folder.join("io.safetensors")),
            weights: tensors(&folder.join("weights.safetensors")),
            architecture: RunConfig::architecture(&table.to_string(), &file).unwrap(),
            dims: Dims { dt_ms, bands, neurons, frequencies_hz: None },
        }
    }

    /// The model with the reference's weights.
    pub fn build(&self, dtype: DType) -> (Network, Params) {
        let params = Params::new(0, dtype, &Device::Cpu);
        let network = Network::build(&self.architecture, &self.dims, &params).unwrap();
        assert_eq!(params.load(&self.weights).unwrap(), [], "names and shapes");
        (network, params)
    }
}
