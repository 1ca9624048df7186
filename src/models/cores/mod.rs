//! The models: what lies between the prefilters and the response. Each is a row of the table and a
//! list of layers with a head; adding one is one file and one row.
use super::dims::{Axis, Dims};
use super::head::Head;
use super::layers::{Layer, LayerNorm, Linear, StrfConv};
use super::model::Model;
use super::ops::activation::Activation;
use super::outputs::{self, OutputNonlinearity};
use super::parameterizations::{KernelDims, ParameterizationRow};
use super::params::Scope;
use crate::base::error::{self, Error};
use crate::config::keys::{Default, Key, Kind, Values};
use crate::config::part::{self, Chosen, KeyProblem, Part, Row};

pub mod cnn1d;
pub mod cnn2d;
pub mod dnet;
pub mod linear;
pub mod ln;
pub mod nrf;
pub mod reference;
pub mod statenet;
pub mod transformer;

pub use reference::{Argument, Meaning, Reference, ReferenceClass};

/// Whether a model's first weights are STRFs that can be parameterized.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HasStrfs {
    /// They are.
    Yes,
    /// They are not, for this reason.
    No(&'static str),
}

/// Whether neurons of one model learn from each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// No weight serves two neurons, so each may keep its own best epoch.
    Nothing,
    /// Neurons share weights.
    Hidden,
}

/// A row of the table of models.
#[derive(Debug)]
pub struct ModelRow {
    /// What it says of itself.
    pub part: Part,
    /// Whether a parameterization makes sense.
    pub strfs: HasStrfs,
    /// Whether neurons share weights.
    pub sharing: Sharing,
    /// The learning rate of adamw where the run file gives none.
    pub lr: f64,
    /// Builds it.
    pub build: fn(&Blueprint) -> error::Result<Model>,
    /// The same model in deepSTRF 0.1.0; none where that has no such model.
    pub reference: Option<&'static ReferenceClass>,
}

impl Row for ModelRow {
    fn part(&self) -> &Part {
        &self.part
    }

    fn check(&self, values: &Values) -> Vec<KeyProblem> {
        transformer::window_given_once(values)
    }
}

/// The models: adding one is one file and one row.
pub static TABLE: &[ModelRow] = &[
    linear::ROW,
    ln::ROW,
    nrf::ROW,
    dnet::ROW,
    cnn2d::ROW,
    statenet::ROW,
    transformer::ROW,
    cnn1d::ROW,
];

/// Their names, in the table's order.
pub fn names() -> Vec<&'static str> {
    part::names(TABLE)
}

/// `hidden_readout`, for every model whose neurons read out hidden units.
pub const HIDDEN_READOUT: Key = Key {
    name: "hidden_readout",
    kind: Kind::Integer(0, 65_536),
    default: Default::Is("0"),
    doc: "units of a layer between hidden units and neurons; 0 = neurons read out hidden units themselves",
};

/// `init`, for every model that has a core.
pub const INIT: Key = Key {
    name: "init",
    kind: Kind::Path,
    default: Default::Follows("none: prefilters and core are fitted from the start"),
    doc: "run folder whose prefilters and core this model starts from; bands, bins, smoothing and standardization are those of that run",
};

/// `freeze`, beside [`INIT`].
pub const FREEZE: Key = Key {
    name: "freeze",
    kind: Kind::Choice(&["core", "none"]),
    default: Default::Follows("\"core\" with init"),
    doc: "what of the run that init names is left as it is: prefilters and core, so that readouts alone are fitted, or nothing",
};

/// Keys by which models differ that have the same core.
pub const READOUT_KEYS: [&str; 3] = ["output", "hidden_readout", "output_decay"];

/// The learning rate that most models take.
const LR: f64 = 0.01;

/// Slope of the layer between hidden units and neurons below 0.
const SLOPE: f64 = 0.1;

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
        Ok(self.dims.bins(self.values.number("window_ms")?))
    }

    /// An STRF convolution for so many neurons or hidden units, its parameters under a name.
    fn strf_conv(&self, owner: Axis, outputs: usize, name: &str) -> error::Result<StrfConv> {
        let (channels, bands, lags) = (self.channels, self.dims.bands, self.lags()?);
        let frequencies_hz = self.dims.frequencies_hz.as_deref();
        let dims = KernelDims { outputs, channels, bands, lags, owner, frequencies_hz };
        let scope = self.scope.scope(name);
        let kernel =
            (self.parameterization.row.build)(&self.parameterization.values, dims, &scope)?;
        Ok(StrfConv::new(kernel, lags))
    }

    /// The STRFs of so many hidden units, normalized over the units at each bin, behind a
    /// nonlinearity: `core.0.kernel.*`, `core.1.ln.*`.
    fn hidden(&self, units: usize, activation: Activation) -> error::Result<StrfConv> {
        let norm = LayerNorm::new(units, &self.scope.scope("core.1"))?;
        Ok(self.strf_conv(Axis::Hidden, units, "core.0.kernel")?.activated(norm, activation))
    }

    /// What each neuron makes of so many hidden units: `readout.fc`, or what `hidden_readout` asks for.
    fn readout(&self, inputs: usize) -> error::Result<Vec<Box<dyn Layer>>> {
        match self.values.count("hidden_readout")? {
            0 => {
                let neurons = self.dims.neurons;
                let all = Linear::new(inputs, neurons, &self.scope.scope("readout.fc"))?;
                Ok(vec![Box::new(all.shown())])
            }
            hidden => self.readout_through(hidden, inputs),
        }
    }

    /// What each neuron makes of `inputs` units through `hidden` others, linear → leaky ReLU 0.1 →
    /// linear: `readout.fc.0`, `readout.fc.2`.
    fn readout_through(&self, hidden: usize, inputs: usize) -> error::Result<Vec<Box<dyn Layer>>> {
        let first = Linear::new(inputs, hidden, &self.scope.scope("readout.fc.0"))?;
        let second = Linear::new(hidden, self.dims.neurons, &self.scope.scope("readout.fc.2"))?;
        let first = first.activated(Activation::LeakyRelu(SLOPE));
        Ok(vec![Box::new(first), Box::new(second)])
    }

    /// The head with the output nonlinearity that `model.output` names.
    fn head(&self) -> error::Result<Head> {
        Ok(Head::new(self.dims.neurons, self.output()?))
    }

    /// The output nonlinearity that `model.output` names.
    fn output(&self) -> error::Result<Box<dyn OutputNonlinearity>> {
        let name = self.values.text("output")?;
        let row = part::find(outputs::TABLE, name).ok_or_else(|| {
            Error::Refused(format!(
                "model.output: found {name:?}, expected one of {:?}",
                outputs::names()
            ))
        })?;
        Ok((row.build)(self.dims.neurons, &self.scope.scope("readout.activation"))?)
    }
}
