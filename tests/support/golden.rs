//! Reference values computed with deepSTRF 0.1.0, one folder a case.
use std::collections::BTreeMap;
use std::path::PathBuf;

use candle_core::{DType, Device, Tensor};
use strf::config::Architecture;
use strf::config::keys::{Default, Key, Value, Values};
use strf::config::part::{Chosen, Row, find};
use strf::dims::Dims;
use strf::models::Network;
use strf::params::Params;
use strf::{models, parameterizations, prefilters};

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
        let folder = folder(case);
        let text = std::fs::read_to_string(folder.join("case.toml")).unwrap();
        let table: toml::Table = text.parse().unwrap();
        let count = |key: &str| usize::try_from(table[key].as_integer().unwrap()).unwrap();
        let dims = Dims {
            dt_ms: table["dt_ms"].as_float().unwrap(),
            bands: count("bands"),
            neurons: count("neurons"),
            frequencies_hz: None,
        };
        Self {
            io: tensors(&folder.join("io.safetensors")),
            weights: tensors(&folder.join("weights.safetensors")),
            architecture: architecture(&table),
            dims,
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

fn architecture(table: &toml::Table) -> Architecture {
    Architecture {
        model: chosen(models::TABLE, table.get("model")).unwrap(),
        prefilter: chosen(prefilters::TABLE, table.get("prefilter")),
        parameterization: chosen(parameterizations::TABLE, table.get("parameterization"))
            .unwrap_or_else(|| Chosen {
                row: &parameterizations::TABLE[0],
                values: Values::default(),
            }),
    }
}

fn chosen<R: Row>(rows: &'static [R], section: Option<&toml::Value>) -> Option<Chosen<R>> {
    let section = section?.as_table().unwrap();
    let row = find(rows, section["type"].as_str().unwrap()).unwrap();
    let mut values = Values::default();
    for key in row.part().keys {
        if let Some(value) = section.get(key.name).cloned().or_else(|| default(key)) {
            values.set(key.name, convert(key, &value));
        }
    }
    Some(Chosen { row, values })
}

fn default(key: &Key) -> Option<toml::Value> {
    match key.default {
        Default::Is(text) => {
            Some(format!("v = {text}").parse::<toml::Table>().unwrap()["v"].clone())
        }
        _ => None,
    }
}

fn convert(_key: &Key, value: &toml::Value) -> Value {
    match value {
        toml::Value::Float(x) => Value::Number(*x),
        toml::Value::Integer(x) => Value::Integer(u64::try_from(*x).unwrap()),
        toml::Value::Boolean(x) => Value::Flag(*x),
        other => Value::Text(other.as_str().unwrap().to_owned()),
    }
}
