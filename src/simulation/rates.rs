//! What neurons answer on average: set up once, from group to group, then worked out anew for each
//! stimulus that somebody asks for.
use std::collections::BTreeMap;
use std::ops::Range;

use candle_core::{DType, Device, Tensor};
use ndarray::parallel::prelude::*;
use ndarray::{Array2, ArrayViewMut2, Axis};

use super::Noise;
use super::calibration::{Calibration, Setting, column, moments};
use super::drives::{Drives, Spread, few};
use crate::base::error::{Error, Result};
use crate::models::outputs::{OutputNonlinearity, OutputRow};
use crate::models::params::Params;

/// The output nonlinearities of all neurons, from which those of some can be had.
#[derive(Debug, Clone)]
pub(super) struct Outputs {
    row: &'static OutputRow,
    /// Parameters `(N)` by name.
    parameters: BTreeMap<String, Tensor>,
    /// Signs `(N)` of slopes.
    pub(super) slopes: Vec<f32>,
}

impl Outputs {
    /// Draws their parameters.
    pub(super) fn new(row: &'static OutputRow, neurons: usize, seed: u64) -> Result<Self> {
        let params = Params::new(seed, DType::F64, &Device::Cpu);
        let slopes = (row.build)(neurons, &params.scope(""))?.slope(neurons)?;
        Ok(Self { row, parameters: params.values()?, slopes })
    }

    /// Those of some neurons.
    fn of(&self, neurons: &Range<usize>) -> Result<Box<dyn OutputNonlinearity>> {
        let params = Params::new(0, DType::F64, &Device::Cpu);
        let output = (self.row.build)(neurons.len(), &params.scope(""))?;
        let some = |(name, values): (&String, &Tensor)| {
            Ok((name.clone(), values.narrow(0, neurons.start, neurons.len())?))
        };
        let values = self.parameters.iter().map(some).collect::<Result<_>>()?;
        // Nothing can be missing: both have the names of one row of the table.
        params.load(&values)?;
        Ok(output)
    }

    /// Values `(N)` of the parameters by name.
    pub(super) fn values(&self) -> Result<BTreeMap<String, Vec<f64>>> {
        let values = |(name, values): (&String, &Tensor)| Ok((name.clone(), values.to_vec1()?));
        self.parameters.iter().map(values).collect()
    }
}

/// A group of neurons that answer as often as was asked.
#[derive(Debug, Clone)]
pub(super) struct Tuned {
    neurons: Range<usize>,
    spread: Spread,
    settings: Vec<Setting>,
    /// Standard deviations of rates, where noise has them too.
    noise_sd: Option<Vec<f64>>,
}

/// Expected responses, stimulus by stimulus.
#[derive(Debug, Clone)]
pub(super) struct Rates {
    drives: Drives,
    outputs: Outputs,
    groups: Vec<Tuned>,
}

impl Rates {
    /// Sets neurons up such that they answer at a mean `rate` to all stimuli together.
    pub(super) fn new(drives: Drives, outputs: Outputs, noise: Noise, rate: f64) -> Result<Self> {
        let groups: Vec<Range<usize>> = drives.groups().collect();
        let tuned = groups.into_par_iter().enumerate().map(|(group, neurons)| {
            let all = drives.in_all(group)?;
            let spread = Spread::of(&all)?;
            let all = spread.standardized(&all)?;
            let (output, slopes) = (outputs.of(&neurons)?, &outputs.slopes[neurons.clone()]);
            let asked = Calibration { output: output.as_ref(), slopes, drives: &few(&all)?, rate };
            let settings = asked.settings()?;
            let noise_sd = match noise {
                Noise::Gaussian => Some(moments(&rates(&all, output.as_ref(), &settings)?)?.1),
                Noise::Poisson => None,
            };
            Ok(Tuned { neurons, spread, settings, noise_sd })
        });
        let groups = tuned.collect::<Result<_>>()?;
        Ok(Self { drives, outputs, groups })
    }

    /// Expected responses `(N, T)` to a stimulus.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub(super) fn of(&self, clip: usize) -> Result<Array2<f32>> {
        let neurons = self.groups.iter().map(|group| group.neurons.len()).sum();
        let mut all = Array2::zeros((neurons, self.drives.bins(clip)));
        let size = self.groups.first().map_or(1, |group| group.neurons.len());
        let parts = all.axis_chunks_iter_mut(Axis(0), size).into_par_iter();
        let fill = |(group, part)| self.fill(group, clip, part);
        parts.enumerate().try_for_each(fill)?;
        Ok(all)
    }

    fn fill(&self, group: usize, clip: usize, mut part: ArrayViewMut2<f32>) -> Result<()> {
        let Tuned { neurons, spread, settings, .. } = &self.groups[group];
        let drives = spread.standardized(&self.drives.in_one(group, clip)?)?;
        let rates = rates(&drives, self.outputs.of(neurons)?.as_ref(), settings)?;
        let rates = rates.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
        let rates = Array2::from_shape_vec(part.dim(), rates);
        part.assign(&rates.map_err(|source| Error::failed("putting rates together", source))?);
        Ok(())
    }

    /// What each neuron's rate is multiplied by.
    pub(super) fn gains(&self) -> Vec<f64> {
        self.settings().map(|setting| setting.gain).collect()
    }

    /// For each neuron, by how much its receptive field is multiplied, and the bias behind it,
    /// such that the drives come out as the settings want them.
    pub(super) fn of_fields(&self) -> (Vec<f64>, Vec<f64>) {
        let spreads = self.groups.iter().map(|group| &group.spread);
        let spreads = spreads.flat_map(|spread| spread.means.iter().zip(&spread.deviations));
        let rows = self.settings().zip(spreads);
        rows.map(|(setting, (mean, deviation))| {
            let factor = setting.scale / deviation;
            (factor, setting.bias - factor * mean)
        })
        .unzip()
    }

    /// Standard deviations of normal noise.
    pub(super) fn noise_sd(&self) -> Option<Vec<f64>> {
        let groups: Option<Vec<_>> = self.groups.iter().map(|g| g.noise_sd.as_deref()).collect();
        Some(groups?.concat())
    }

    fn settings(&self) -> impl Iterator<Item = &Setting> {
        self.groups.iter().flat_map(|group| &group.settings)
    }
}

/// `gain · output(scale · v + bias)` of drives `(1, N, T)` of mean 0 and variance 1.
fn rates(
    drives: &Tensor,
    output: &dyn OutputNonlinearity,
    settings: &[Setting],
) -> candle_core::Result<Tensor> {
    let of_all =
        |value: fn(&Setting) -> f64| column(&settings.iter().map(value).collect::<Vec<_>>());
    let drives = drives.broadcast_mul(&of_all(|s| s.scale)?)?;
    let rates = output.forward(&drives.broadcast_add(&of_all(|s| s.bias)?)?)?;
    rates.broadcast_mul(&of_all(|s| s.gain)?)
}
