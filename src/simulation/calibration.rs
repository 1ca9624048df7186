//! From a drive of any size to a rate: how much, around which level, so that a neuron answers as
//! often as asked and still tells sounds apart.
use candle_core::{Device, Result, Tensor};

use crate::models::outputs::OutputNonlinearity;

/// Least standard deviation of a neuron's rate over its mean; where an output nonlinearity leaves
/// less, the drive is doubled.
const LEAST_DEPTH: f64 = 0.25;
/// Scales that are tried, each twice the one before.
const DOUBLINGS: i32 = 6;
/// How far a mean rate may be from the one that was asked for, as a share of it.
const TOLERANCE: f64 = 1e-3;
/// Steps in which a bias is sought, each half of the one before.
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

/// A setting, and whether the neuron then answers as often as asked and swings enough.
struct Trial {
    setting: Setting,
    good: bool,
}

/// What is asked for of `N` neurons.
pub(super) struct Calibration<'a> {
    pub(super) output: &'a dyn OutputNonlinearity,
    /// Signs `(N)` of the slopes of the output nonlinearity.
    pub(super) slopes: &'a [f32],
    /// `(1, N, T)`, each neuron's of mean 0 and variance 1.
    pub(super) drives: &'a Tensor,
    /// Mean rate, above 0.
    pub(super) rate: f64,
}

impl Calibration<'_> {
    /// For each neuron the first of some settings that is good, else the last.
    pub(super) fn settings(&self) -> Result<Vec<Setting>> {
        let mut best = self.trials(0)?;
        for number in 1..2 * DOUBLINGS {
            if best.iter().all(|trial| trial.good) {
                break;
            }
            let next = self.trials(number)?;
            let pairs = best.iter_mut().zip(next);
            pairs.filter(|(best, _)| !best.good).for_each(|(best, next)| *best = next);
        }
        Ok(best.into_iter().map(|trial| trial.setting).collect())
    }

    /// Larger and larger scales with a bias; then the same with a gain.
    fn trials(&self, number: i32) -> Result<Vec<Trial>> {
        let scale = 2f64.powi(number % DOUBLINGS);
        if number < DOUBLINGS {
            // Many counts a bin swing by as many, or their noise would drown the swing.
            self.by_bias(scale * self.rate.max(1.0))
        } else {
            self.by_gain(scale)
        }
    }

    /// The bias that gives the mean rate, by bisection.
    fn by_bias(&self, scale: f64) -> Result<Vec<Trial>> {
        let mut biases = vec![0.0; self.slopes.len()];
        let mut step = FARTHEST * scale;
        let drives = (self.drives * scale)?;
        for _ in 0..HALVINGS {
            step /= 2.0;
            let means = means(&self.output.forward(&drives.broadcast_add(&column(&biases)?)?)?)?;
            let means = flat(&means)?;
            for (n, bias) in biases.iter_mut().enumerate() {
                *bias += step * ((self.rate - means[n]) * f64::from(self.slopes[n])).signum();
            }
        }
        let (means, deviations) = self.rates(scale, &biases)?;
        let trial = |(n, &bias): (usize, &f64)| Trial {
            setting: Setting { scale, bias, gain: 1.0 },
            good: (means[n] / self.rate - 1.0).abs() <= TOLERANCE
                && deviations[n] >= LEAST_DEPTH * means[n],
        };
        Ok(biases.iter().enumerate().map(trial).collect())
    }

    /// The gain that gives the mean rate where the bias is 0.
    fn by_gain(&self, scale: f64) -> Result<Vec<Trial>> {
        let (means, deviations) = self.rates(scale, &vec![0.0; self.slopes.len()])?;
        let trial = |(mean, deviation): (f64, f64)| Trial {
            setting: Setting { scale, bias: 0.0, gain: self.rate / mean },
            good: deviation >= LEAST_DEPTH * mean,
        };
        Ok(means.into_iter().zip(deviations).map(trial).collect())
    }

    /// Means and standard deviations of the output.
    fn rates(&self, scale: f64, biases: &[f64]) -> Result<(Vec<f64>, Vec<f64>)> {
        let biases = column(biases)?;
        let rates = self.output.forward(&(self.drives * scale)?.broadcast_add(&biases)?)?;
        moments(&rates)
    }
}

/// `N` values, ready to meet `(1, N, T)`.
pub(super) fn column(values: &[f64]) -> Result<Tensor> {
    Tensor::new(values, &Device::Cpu)?.reshape((1, (), 1))
}

/// Means and standard deviations `(N)` of `(1, N, T)`.
pub(super) fn moments(x: &Tensor) -> Result<(Vec<f64>, Vec<f64>)> {
    let means = means(x)?;
    let deviations = x.broadcast_sub(&means)?.sqr()?.mean(2)?.sqrt()?;
    Ok((flat(&means)?, flat(&deviations)?))
}

/// Means `(1, N, 1)` of `(1, N, T)`.
fn means(x: &Tensor) -> Result<Tensor> {
    x.mean_keepdim(2)
}

fn flat(values: &Tensor) -> Result<Vec<f64>> {
    values.flatten_all()?.to_vec1()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::outputs;
    use crate::models::params::Params;
    use candle_core::DType;

    const NEURONS: usize = 4;

    /// The quantiles of a logistic distribution of mean 0 and variance 1.
    fn drives() -> Tensor {
        let logit = |i: u32| (f64::from(i) / (600.0 - f64::from(i))).ln();
        let row: Vec<f64> = (1..600).map(|i| logit(i) / 1.806).collect();
        Tensor::from_vec(row.repeat(NEURONS), (1, NEURONS, 599), &Device::Cpu).unwrap()
    }

    fn check(row: &outputs::OutputRow, rate: f64) {
        let params = Params::new(1, DType::F64, &Device::Cpu);
        let output = (row.build)(NEURONS, &params.scope("")).unwrap();
        let (slopes, drives) = (output.slope(NEURONS).unwrap(), &drives());
        let asked = Calibration { output: output.as_ref(), slopes: &slopes, drives, rate };
        for (n, setting) in asked.settings().unwrap().into_iter().enumerate() {
            let Setting { scale, bias, gain } = setting;
            let (means, deviations) = asked.rates(scale, &[bias; NEURONS]).unwrap();
            let (name, mean) = (row.part.name, gain * means[n]);
            assert!(
                (mean / rate - 1.0).abs() < 2e-3,
                "{name} {n}: {mean}, not {rate}: {setting:?}"
            );
            assert!(deviations[n] >= 0.25 * means[n], "{name} {n} is flat: {setting:?}");
        }
    }

    #[test]
    fn with_every_output_neurons_reach_the_mean_rate_and_swing_around_it() {
        for row in outputs::TABLE {
            for rate in [0.01, 0.2, 3.0] {
                check(row, rate);
            }
        }
    }
}
