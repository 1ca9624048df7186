//! Sums of a prediction and a PSTH over bins, from which correlations follow.
use std::ops::{Add, Mul, Sub};

use crate::stats::moments::ratio;

/// Sums over the bins of one clip or several; all are about the same two levels, so that little is
/// lost in differences.
#[derive(Debug, Clone, Copy, Default)]
pub struct CorrelationSums {
    /// Bins.
    pub n: f64,
    /// Σ p.
    pub p: f64,
    /// Σ y.
    pub y: f64,
    /// Σ p².
    pub pp: f64,
    /// Σ y².
    pub yy: f64,
    /// Σ p y.
    pub py: f64,
    /// Σ of the variance of y about the mean response.
    pub noise: f64,
}

impl CorrelationSums {
    /// The sums of a single bin.
    pub fn bin(p: f64, y: f64) -> Self {
        Self { n: 1.0, p, y, pp: p * p, yy: y * y, py: p * y, noise: 0.0 }
    }

    /// Pearson's correlation; NaN where either side is constant.
    pub fn cc(&self) -> f64 {
        ratio(self.covariance(), (self.of_prediction() * self.of_psth()).max(0.0).sqrt())
    }

    /// The noise-corrected correlation, as [`crate::scores::rows::correlation::cc_norm`] has it.
    pub fn cc_norm(&self) -> f64 {
        let freedom = (self.n - 1.0) / self.n;
        let signal = self.of_psth() - freedom * self.noise;
        ratio(self.covariance(), (self.of_prediction() * signal.max(0.0)).max(0.0).sqrt())
    }

    fn covariance(&self) -> f64 {
        self.py - self.p * self.y / self.n
    }

    fn of_prediction(&self) -> f64 {
        self.pp - self.p * self.p / self.n
    }

    fn of_psth(&self) -> f64 {
        self.yy - self.y * self.y / self.n
    }
}

impl Add for CorrelationSums {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            n: self.n + other.n,
            p: self.p + other.p,
            y: self.y + other.y,
            pp: self.pp + other.pp,
            yy: self.yy + other.yy,
            py: self.py + other.py,
            noise: self.noise + other.noise,
        }
    }
}

impl Mul<f64> for CorrelationSums {
    type Output = Self;

    fn mul(self, times: f64) -> Self {
        Self {
            n: self.n * times,
            p: self.p * times,
            y: self.y * times,
            pp: self.pp * times,
            yy: self.yy * times,
            py: self.py * times,
            noise: self.noise * times,
        }
    }
}

impl Sub for CorrelationSums {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + other * -1.0
    }
}

impl std::iter::Sum for CorrelationSums {
    fn sum<I: Iterator<Item = Self>>(sums: I) -> Self {
        sums.fold(Self::default(), Add::add)
    }
}
