//! What changes the output nonlinearity from bin to bin.
use candle_core::{Result, Tensor};

use super::amplitude::ToAmplitude;
use super::dims::{Dims, Quantity};
use super::layers::Pass;
use super::ops::stage::StageWithParameters;
use super::params::Scope;
use crate::base::error;
use crate::config::keys::Values;
use crate::config::part::{self, Part, Row};

pub mod contrast;

/// A modulation `K(t)` of the parameters of the output nonlinearity: each becomes
/// `p + (p_mod − p) · K(t)`.
pub trait OutputGain {
    /// `K (B, 1, T)` of sounds `(B, 1, F, T)`.
    ///
    /// # Errors
    /// A tensor operation fails.
    fn modulation(&self, sound: &Tensor, pass: &Pass) -> Result<Tensor>;

    /// The same on the fused path: a row of each clip.
    ///
    /// # Errors
    /// A tensor operation fails.
    fn stage(&self) -> Result<StageWithParameters>;

    /// Takes constants from the training clips, `(1, 1, F, T)` each.
    ///
    /// # Errors
    /// A tensor operation fails.
    fn start(&self, sounds: &[Tensor]) -> Result<()>;

    /// How many bins, the present one among them, it looks back.
    fn bins(&self) -> usize;

    /// What an export shows of it.
    ///
    /// # Errors
    /// A tensor operation fails.
    fn learnt(&self) -> Result<Vec<Quantity>>;
}

/// Builds an output gain of the given values, its parameters in a scope.
pub type Build = fn(&Values, &Dims, ToAmplitude, &Scope) -> error::Result<Box<dyn OutputGain>>;

/// A row of the table of output gains.
#[derive(Debug)]
pub struct OutputGainRow {
    /// What it says of itself.
    pub part: Part,
    /// The output nonlinearity whose parameters it changes.
    pub output: &'static str,
    /// Builds it.
    pub build: Build,
}

impl Row for OutputGainRow {
    fn part(&self) -> &Part {
        &self.part
    }
}

/// The output gains: adding one is one file and one row.
pub static TABLE: &[OutputGainRow] = &[contrast::ROW];

/// Their names, in the table's order.
pub fn names() -> Vec<&'static str> {
    part::names(TABLE)
}
