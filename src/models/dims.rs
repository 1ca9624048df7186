//! What a recording fixes of every model fitted to it.
use candle_core::Tensor;

use crate::base::units;

/// Bin width, bands and neurons of a recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Dims {
    /// Width of a bin in milliseconds.
    pub dt_ms: f64,
    /// Number of bands `F`.
    pub bands: usize,
    /// Number of neurons `N`.
    pub neurons: usize,
    /// Centres of the bands in Hz, where the dataset gives them.
    pub frequencies_hz: Option<Vec<f64>>,
}

/// What an axis of an exported array counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// `N` neurons.
    Neuron,
    /// `H` hidden units.
    Hidden,
    /// `C` channels.
    Channel,
    /// `F` frequency bands.
    Frequency,
    /// `K` lags, 0 = now.
    Lag,
    /// Rates of temporal modulation.
    TemporalRate,
    /// Rates of spectral modulation.
    SpectralRate,
    /// Principal components, the one that carries most first.
    Component,
}

/// A named array that is part of an export.
#[derive(Debug, Clone)]
pub struct Quantity {
    /// As in `tau_on_ms`.
    pub name: &'static str,
    /// As in `ms`; `1` where it has none.
    pub unit: &'static str,
    /// What its axes count.
    pub axes: &'static [Axis],
    /// The values.
    pub values: Tensor,
}

impl Dims {
    /// Whole bins in a duration, at least one.
    pub fn bins(&self, duration_ms: f64) -> usize {
        units::bins(duration_ms, self.dt_ms, 1)
    }
}
