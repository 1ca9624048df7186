//! From a drive of any size to a rate: how much, around which level, so that a neuron answers as
//! often as asked and still tells sounds apart.
use candle_core::{Device, Result, Tensor};

use crate::outputs::Output;

/// Least standard deviation of a neuron's rate over its mean; where an output nonlinearity leaves
/// less, the drive is doubled.
const LEAST_DEPTH: f64 = 0.25;
/// Scales that are tried, each twice the one before.
const DOUBLINGS: i32 = 6;
/// How far a mean rate may be from the one that was asked for, as a share of it.
const TOLERANCE: f64 = 1e-3;
/// Halvings of the interval in which a bias is sought.
const HALVINGS: usize = 50;
/// The bias is sought within so many standard deviations of the drive.
const FARTHEST: f64 = 50.0;

/// `rate = gain · output(scale · v + bias)` of a neuron, `v` its drive with mean 0 and variance 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Setting {
    pub(super) scale: f64,
    pub(super) bias: f64,
    /// 1, unless no bias gives the mean rate: an output with a floor or ceiling of its own.
    pub(super) gain: f64,
}

/// A setting with what comes of it.
struct Trial {
    setting: Setting,
    /// Standard deviation of the rate over its mean.
    depth: f64,
    /// Whether the mean is as asked for.
    fits: bool,
}

/// What is asked for of `N` neurons.
pub(super) struct Calibration<'a> {
    pub(super) output: &'a dyn Output,
    /// Signs `(N)` of the slopes of the output nonlinearity.
    pub(super) slopes: &'a [f32],
    /// `(1, N, T)`, each neuron's of mean 0 and variance 1.
    pub(super) drives: &'a Tensor,
    /// Mean rate, above 0.
    pub(super) rate: f64,
}

impl Calibration<'_> {
    /// For each neuron the smallest scale whose modulation is worth the name, else the largest.
    pub(super) fn settings(&self) -> Result<Vec<Setting>> {
        let mut settled: Vec<Option<Setting>> = vec![None; self.slopes.len()];
        let mut latest = Vec::new();
        for doubling in 0..2 * DOUBLINGS {
            let factor = 2f64.powi(doubling % DOUBLINGS);
            latest = if doubling < DOUBLINGS {
                // Many counts a bin swing by as many, or their noise would drown the swing.
                self.by_bias(factor * self.rate.max(1.0))?
            } else {
                self.by_gain(factor)?
            };
            for (settled, trial) in settled.iter_mut().zip(&latest) {
                if settled.is_none() && trial.fits && trial.depth >= LEAST_DEPTH {
                    *settled = Some(trial.setting);
                }
            }
            if settled.iter().all(Option::is_some) {
                break;
            }
        }
        let either =
            |(settled, latest): (Option<Setting>, Trial)| settled.unwrap_or(latest.setting);
        Ok(settled.into_iter().zip(latest).map(either).collect())
    }

    /// The bias that gives the mean rate, by bisection.
    fn by_bias(&self, scale: f64) -> Result<Vec<Trial>> {
        let mut low = vec![-FARTHEST * scale; self.slopes.len()];
        let mut high = vec![FARTHEST * scale; self.slopes.len()];
        let middle = |low: &[f64], high: &[f64]| -> Vec<f64> {
            low.iter().zip(high).map(|(low, high)| f64::midpoint(*low, *high)).collect()
        };
        for _ in 0..HALVINGS {
            let biases = middle(&low, &high);
            for (n, (mean, _deviation)) in self.rates(scale, &biases)?.into_iter().enumerate() {
                let rising = self.slopes[n] > 0.0;
                let end = if (mean < self.rate) == rising { &mut low } else { &mut high };
                end[n] = biases[n];
            }
        }
        let biases = middle(&low, &high);
        let rates = self.rates(scale, &biases)?;
        let trial = |((mean, deviation), bias): ((f64, f64), f64)| Trial {
            setting: Setting { scale, bias, gain: 1.0 },
            depth: deviation / mean,
            fits: (mean - self.rate).abs() <= TOLERANCE * self.rate,
        };
        Ok(rates.into_iter().zip(biases).map(trial).collect())
    }

    /// The gain that gives the mean rate where the bias is 0.
    fn by_gain(&self, scale: f64) -> Result<Vec<Trial>> {
        let rates = self.rates(scale, &vec![0.0; self.slopes.len()])?;
        let trial = |(mean, deviation): (f64, f64)| Trial {
            setting: Setting { scale, bias: 0.0, gain: self.rate / mean },
            depth: deviation / mean,
            fits: mean > 0.0,
        };
        Ok(rates.into_iter().map(trial).collect())
    }

    /// Mean and standard deviation of each neuron's output.
    fn rates(&self, scale: f64, biases: &[f64]) -> Result<Vec<(f64, f64)>> {
        let biases = column(biases)?;
        let rates = self.output.forward(&(self.drives * scale)?.broadcast_add(&biases)?)?;
        let (means, deviations) = moments(&rates)?;
        Ok(means.into_iter().zip(deviations).collect())
    }
}

/// `N` values, ready to meet `(1, N, T)`.
pub(super) fn column(values: &[f64]) -> Result<Tensor> {
    Tensor::new(values, &Device::Cpu)?.reshape((1, (), 1))
}

/// Means and standard deviations `(N)` of `(1, N, T)`.
pub(super) fn moments(x: &Tensor) -> Result<(Vec<f64>, Vec<f64>)> {
    let (_one, n, _t) = x.dims3()?;
    let means = x.mean_keepdim(2)?;
    let deviations = x.broadcast_sub(&means)?.sqr()?.mean(2)?.sqrt()?;
    Ok((means.reshape(n)?.to_vec1()?, deviations.reshape(n)?.to_vec1()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outputs;
    use crate::params::Params;
    use candle_core::DType;

    /// Nearly normal drives of mean 0 and variance 1.
    fn drives(neurons: usize) -> Tensor {
        let bins = 600;
        let quantile = |t: usize| {
            let p = (t as f64 + 0.5) / f64::from(bins as u32);
            (p / (1.0 - p)).ln() * 0.5513 // logistic, of variance 1
        };
        let row: Vec<f64> = (0..bins).map(quantile).collect();
        Tensor::from_vec(row.repeat(neurons), (1, neurons, bins), &Device::Cpu).unwrap()
    }

    #[test]
    fn every_output_reaches_the_mean_rate_with_a_modulation() {
        let neurons = 4;
        for row in outputs::TABLE {
            let params = Params::new(1, DType::F64, &Device::Cpu);
            let output = (row.build)(neurons, &params.scope("")).unwrap();
            let slopes = output.slope(neurons).unwrap();
            for rate in [0.01, 0.2, 3.0] {
                let drives = &drives(neurons);
                let asked = Calibration { output: output.as_ref(), slopes: &slopes, drives, rate };
                for (n, setting) in asked.settings().unwrap().into_iter().enumerate() {
                    let Setting { scale, bias, gain } = setting;
                    let (mean, deviation) = asked.rates(scale, &[bias; 4]).unwrap()[n];
                    let name = row.part.name;
                    let off = (gain * mean / rate - 1.0).abs();
                    assert!(off < 2e-3, "{name} {n}: {mean} at {setting:?}, not {rate}");
                    assert!(deviation >= 0.25 * mean, "{name} {n}: flat at {setting:?}");
                }
            }
        }
    }
}
