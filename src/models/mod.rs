//! The models: what lies between the prefilter and the response.
use candle_core::{Result, Tensor};
use serde_json::{Map, Value as Json};

use crate::base::error::{self, Error};
use crate::config::keys::Values;
use crate::config::part::{self, Chosen, Part, Row};
use dims::Dims;
use layers::{LeakyUnits, Mode};
use outputs::Output;
use parameterizations::{Kernel, KernelDims, ParameterizationRow};
use params::Scope;
use prefilters::Quantity;

mod architecture;
pub mod batch;
pub mod cores;
pub mod dims;
pub mod fast;
pub mod layers;
pub mod loss;
mod network;
pub mod ops;
pub mod outputs;
pub mod parameterizations;
pub mod params;
pub mod prediction;
pub mod prefilters;

pub use architecture::Architecture;
pub use network::Network;

use cores::{cnn2d, dnet, linear, ln, nrf};
use fast::{Fast, Stages};

/// A model behind its prefilter.
pub trait Model {
    /// What enters the output nonlinearity: from `(B, C, F, T)` to `(B, N, T)`; `mask (B, 1, T)` is
    /// 0 at padded bins, 1 elsewhere.
    fn drive(&self, x: &Tensor, mask: Option<&Tensor>, mode: Mode) -> Result<Tensor>;

    /// The output nonlinearity.
    fn output(&self) -> &dyn Output;

    /// Leaky units behind the output nonlinearity.
    fn output_decay(&self) -> Option<&LeakyUnits> {
        None
    }

    /// The responses, of the same shapes as [`Model::drive`].
    fn forward(&self, x: &Tensor, mask: Option<&Tensor>, mode: Mode) -> Result<Tensor> {
        let response = self.output().forward(&self.drive(x, mask, mode)?)?;
        match self.output_decay() {
            Some(units) => units.forward(&response),
            None => Ok(response),
        }
    }

    /// The same on the fast path, behind the stages of its prefilter.
    fn fast(&self, stages: Stages) -> Result<Fast>;

    /// Whether an output depends on what lies further back than the model's lags.
    fn remembers(&self) -> bool {
        false
    }

    /// Its receptive fields, where weights are such.
    fn strfs(&self) -> Result<Option<Strfs>>;

    /// The weights on sound as they act, on which the L1 penalty lies.
    fn weights_on_sound(&self) -> Result<Vec<Tensor>>;

    /// Changes its parameters such that each neuron's response is multiplied by a factor `(N)`;
    /// nothing changes where the output nonlinearity has no such parameters.
    fn rescale(&self, factors: &Tensor) -> Result<()>;

    /// What an export shows beside the receptive fields.
    fn learnt(&self) -> Result<Vec<Quantity>> {
        Ok(Vec::new())
    }
}

/// Receptive fields that are weights of a model.
#[derive(Debug, Clone)]
pub struct Strfs {
    /// `(N or H, C, F, K)` in lag order: 0 = now.
    pub kernels: Tensor,
    /// By how much each row's drive is multiplied behind the kernel, with the sign of the output
    /// nonlinearity's slope.
    pub gains: Vec<f32>,
    /// Whose they are.
    pub owners: Owners,
}

/// Whose receptive fields a model has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owners {
    /// One for each neuron.
    Neurons,
    /// One for each hidden unit, shared by the neurons.
    Hidden,
}

/// Whether a model's first weights are STRFs that can be parameterized.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernels {
    /// They are.
    Strfs,
    /// They are not, for this reason.
    None(&'static str),
}

/// Whether neurons of one model learn from each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// No weight serves two neurons, so each may keep its own best epoch.
    Nothing,
    /// Neurons share weights.
    Hidden,
}

/// The same model in deepSTRF 0.1.0.
#[derive(Debug, Clone)]
pub struct Reference {
    /// Name of its class.
    pub class: &'static str,
    /// The keyword arguments of its constructor that are numbers.
    pub arguments: Map<String, Json>,
}

/// A row of the table of models.
#[derive(Debug)]
pub struct ModelRow {
    /// What it says of itself.
    pub part: Part,
    /// Whether a parameterization makes sense.
    pub kernels: Kernels,
    /// Whether neurons share weights.
    pub sharing: Sharing,
    /// Builds it.
    pub build: fn(&Blueprint) -> error::Result<Box<dyn Model>>,
    /// Names it in deepSTRF.
    pub reference: fn(&Blueprint) -> error::Result<Reference>,
    /// How far back it looks from a bin, in bins; the prefilter and leaky units aside.
    pub lags: fn(&Values, &Dims) -> error::Result<usize>,
}

impl Row for ModelRow {
    fn part(&self) -> &Part {
        &self.part
    }
}

/// The models: adding one is one file and one row.
pub static TABLE: &[ModelRow] = &[linear::ROW, ln::ROW, nrf::ROW, dnet::ROW, cnn2d::ROW];

/// Their names, in the table's order.
pub fn names() -> Vec<&'static str> {
    part::names(TABLE)
}

/// What a model is built from.
pub struct Blueprint<'a> {
    /// Values of `[model]`.
    pub values: &'a Values,
    /// Bin width, bands, neurons.
    pub dims: &'a Dims,
    /// Channels that the prefilter gives.
    pub channels: usize,
    /// What STRFs are made of.
    pub parameterization: &'a Chosen<ParameterizationRow>,
    /// Where its parameters are made.
    pub scope: Scope,
}

impl Blueprint<'_> {
    /// Lags of an STRF that looks back `window_ms`.
    fn lags(&self) -> error::Result<usize> {
        window_lags(self.values, self.dims)
    }

    /// The weights of STRFs for so many neurons or hidden units.
    fn kernel(&self, outputs: usize, scope: &Scope) -> error::Result<Box<dyn Kernel>> {
        let (channels, bands, lags) = (self.channels, self.dims.bands, self.lags()?);
        let dims = KernelDims { outputs, channels, bands, lags };
        (self.parameterization.row.build)(&self.parameterization.values, dims, scope)
    }

    /// The output nonlinearity that `model.output` names.
    fn output(&self) -> error::Result<Box<dyn Output>> {
        let name = self.values.text("output")?;
        let row = part::find(outputs::TABLE, name).ok_or_else(|| {
            Error::Refused(format!(
                "model.output: found {name:?}, expected one of {:?}",
                outputs::names()
            ))
        })?;
        Ok((row.build)(self.dims.neurons, &self.scope.scope("readout.activation"))?)
    }

    /// The arguments that all of deepSTRF's models take, and others.
    fn reference(&self, class: &'static str, others: &[(&str, Json)]) -> Reference {
        let own = [
            ("n_frequency_bands", Json::from(self.dims.bands)),
            ("out_neurons", Json::from(self.dims.neurons)),
        ];
        let all = own.iter().chain(others);
        let arguments = all.map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Reference { class, arguments }
    }
}

/// Lags of `window_ms`.
fn window_lags(values: &Values, dims: &Dims) -> error::Result<usize> {
    Ok(dims.bins(values.number("window_ms")?))
}
