//! From the numbers of a cochleagram back to amplitude.
use candle_core::{Result, Tensor};

use crate::simd::real::Real;

/// How the numbers that a model sees of a sound become amplitudes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ToAmplitude {
    /// From numbers to magnitudes.
    pub law: AmplitudeLaw,
    /// Whether magnitudes are power, not amplitude.
    pub of_power: bool,
}

/// From the number `x` that a model sees to a magnitude.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum AmplitudeLaw {
    /// `factor · x`.
    Linear {
        /// `factor`.
        factor: f64,
    },
    /// `scale · (e^(rate x) − offset)`.
    Exponential {
        /// `rate`.
        rate: f64,
        /// `offset`.
        offset: f64,
        /// `scale`.
        scale: f64,
    },
    /// `(factor · x)³`.
    Cube {
        /// `factor`.
        factor: f64,
    },
}

/// Power below it is taken for it, where its root would have no slope.
const LEAST_POWER: f64 = 1e-30;

impl ToAmplitude {
    /// Amplitudes, none below 0.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn apply(&self, x: &Tensor) -> Result<Tensor> {
        let magnitude = match self.law {
            AmplitudeLaw::Linear { factor } => (x * factor)?,
            AmplitudeLaw::Exponential { rate, offset, scale } => {
                (((x * rate)?.exp()? - offset)? * scale)?
            }
            AmplitudeLaw::Cube { factor } => (x * factor)?.powf(3.0)?,
        };
        if self.of_power {
            return magnitude.maximum(LEAST_POWER)?.sqrt();
        }
        magnitude.maximum(0.0)
    }

    /// The same of a row.
    #[inline(always)]
    pub fn of_row<R: Real>(&self, row: &[R], amplitudes: &mut [R]) {
        match self.law {
            AmplitudeLaw::Linear { factor } => {
                let factor = R::constant(factor);
                each(row, amplitudes, |x| x * factor);
            }
            AmplitudeLaw::Exponential { rate, offset, scale } => {
                let [rate, offset, scale] = [rate, offset, scale].map(R::constant);
                each(row, amplitudes, |x| ((x * rate).exp() - offset) * scale);
            }
            AmplitudeLaw::Cube { factor } => {
                let factor = R::constant(factor);
                each(row, amplitudes, |x| (x * factor) * (x * factor) * (x * factor));
            }
        }
        let (zero, least) = (R::constant(0.0), R::constant(LEAST_POWER));
        for amplitude in amplitudes {
            *amplitude = if self.of_power {
                amplitude.at_least(least).sqrt()
            } else {
                amplitude.at_least(zero)
            };
        }
    }
}

#[inline(always)]
fn each<R: Real>(row: &[R], magnitudes: &mut [R], of: impl Fn(R) -> R) {
    for (magnitude, x) in magnitudes.iter_mut().zip(row) {
        *magnitude = of(*x);
    }
}
