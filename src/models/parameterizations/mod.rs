//! What the weights of an STRF are made of.
use candle_core::{Result, Tensor, Var};

use super::dims::{Axis, Quantity};
use super::ops::convolution::Convolution;
use super::ops::correlation::Correlation;
use super::ops::stage::StageWithParameters;
use super::params::Scope;
use crate::base::error;
use crate::config::keys::Values;
use crate::config::part::{self, Part, Row};
use crate::models::counterpart::Counterpart;

pub mod dcls;
pub mod full;
pub mod gaussian;
pub mod separable;

/// Weights of an STRF convolution and their parameters.
pub trait Kernel {
    /// The weights `(O, C, F, K)` as deepSTRF keeps them: the last index is the present bin.
    fn weight(&self) -> Result<Tensor>;

    /// What is added to each output, `(O)`.
    fn bias(&self) -> &Tensor;

    /// Multiplies weights and bias of each output by a factor `(O)`.
    fn rescale(&self, factors: &Tensor) -> Result<()>;

    /// Adds to each output `(O)`.
    fn shift(&self, by: &Tensor) -> Result<()>;

    /// Takes over weights `(O, C, F, K)` and what is added to each output `(O)`; false where the
    /// weights are not free to.
    fn take(&self, _weights: &Tensor, _bias: &Tensor) -> Result<bool> {
        Ok(false)
    }

    /// What an export shows of it beside the weights.
    fn learnt(&self) -> Result<Vec<Quantity>> {
        Ok(Vec::new())
    }

    /// The STRF convolution on the fused path.
    fn stage(&self) -> Result<StageWithParameters> {
        let weight = self.weight()?;
        let parameters = vec![in_patch_order(&weight)?, self.bias().clone()];
        Ok(StageWithParameters::new(full_height(&weight)?, parameters))
    }
}

/// The causal correlation with kernels `(O, C, F, K)` that span all bands.
pub fn full_height(weight: &Tensor) -> Result<Convolution> {
    let (outputs, channels, bands, width) = weight.dims4()?;
    let (height, left) = (bands, width - 1);
    Ok(Convolution::linear(Correlation { bands, channels, outputs, height, width, left }))
}

/// Kernels `(O, C, I, J)` as `(O, I, C, J)`.
pub fn in_patch_order(weight: &Tensor) -> Result<Tensor> {
    weight.permute((0, 2, 1, 3))
}

/// Multiplies each entry along the first axis by its factor.
fn rescale_rows(var: &Var, factors: &Tensor) -> Result<()> {
    let mut shape = vec![1; var.rank()];
    shape[0] = factors.dims1()?;
    var.set(&var.detach().broadcast_mul(&factors.reshape(shape)?)?)
}

/// Adds to each entry.
pub(super) fn shift_entries(var: &Var, by: &Tensor) -> Result<()> {
    var.set(&var.detach().add(by)?)
}

/// Sizes of a kernel, and what it is moved over.
#[derive(Debug, Clone, Copy)]
pub struct KernelDims<'a> {
    /// Neurons or hidden units.
    pub outputs: usize,
    /// Channels of the prefilter.
    pub channels: usize,
    /// Frequency bands.
    pub bands: usize,
    /// Lags.
    pub lags: usize,
    /// Whether its outputs are neurons or hidden units.
    pub owner: Axis,
    /// Centres of the bands in Hz, where they are known.
    pub frequencies_hz: Option<&'a [f64]>,
}

impl KernelDims<'_> {
    /// Values that one output sees.
    pub fn fan_in(self) -> usize {
        self.channels * self.bands * self.lags
    }
}

/// A row of the table of parameterizations.
#[derive(Debug)]
pub struct ParameterizationRow {
    /// What it says of itself.
    pub part: Part,
    /// Builds a kernel whose parameters lie in a scope.
    pub build: fn(&Values, KernelDims, &Scope) -> error::Result<Box<dyn Kernel>>,
    /// The same in deepSTRF 0.1.0; none where that has no such kernel.
    pub reference: Option<Counterpart>,
}

impl Row for ParameterizationRow {
    fn part(&self) -> &Part {
        &self.part
    }
}

/// The parameterizations: adding one is one file and one row.
pub static TABLE: &[ParameterizationRow] = &[
    ParameterizationRow { part: full::PART, build: full::build, reference: Some(full::REFERENCE) },
    ParameterizationRow {
        part: separable::PART,
        build: separable::build,
        reference: Some(separable::REFERENCE),
    },
    ParameterizationRow { part: dcls::PART, build: dcls::build, reference: Some(dcls::REFERENCE) },
    ParameterizationRow { part: gaussian::PART, build: gaussian::build, reference: None },
];

/// Their names, in the table's order.
pub fn names() -> Vec<&'static str> {
    part::names(TABLE)
}
