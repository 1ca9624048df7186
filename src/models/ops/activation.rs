//! Pointwise nonlinearities between layers, over rows.
use crate::simd::real::{Real, pick};

/// A nonlinearity whose slope follows from its value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Activation {
    /// None.
    Identity,
    /// The hyperbolic tangent.
    Tanh,
    /// `1 / (1 + e⁻ˣ)`.
    Sigmoid,
    /// `x` where positive, else this much of it; not negative.
    LeakyRelu(f64),
}

impl Activation {
    /// Replaces each value by that of the nonlinearity at `scale · value + shift`.
    #[inline(always)]
    pub fn apply<R: Real>(self, (scale, shift): (R, R), from: &[R], to: &mut [R]) {
        for (y, x) in to.iter_mut().zip(from) {
            *y = scale * *x + shift;
        }
        self.change(to);
    }

    /// Replaces each value by that of the nonlinearity.
    #[inline(always)]
    pub fn change<R: Real>(self, values: &mut [R]) {
        match self {
            Self::Identity => {}
            Self::Tanh => change(values, R::tanh),
            Self::Sigmoid => change(values, R::sigmoid),
            Self::LeakyRelu(slope) => {
                let slope = R::constant(slope);
                change(
                    values,
                    #[inline(always)]
                    |drive| pick(drive > R::constant(0.0), drive, slope * drive),
                );
            }
        }
    }

    /// Multiplies gradients by the slope at which the nonlinearity has these values.
    #[inline(always)]
    pub fn backward<R: Real>(self, values: &[R], grads: &mut [R]) {
        let (zero, one) = (R::constant(0.0), R::constant(1.0));
        match self {
            Self::Identity => {}
            Self::Tanh => multiply(
                grads,
                values,
                #[inline(always)]
                |y| one - y * y,
            ),
            Self::Sigmoid => multiply(
                grads,
                values,
                #[inline(always)]
                |y| y * (one - y),
            ),
            Self::LeakyRelu(slope) => {
                let slope = R::constant(slope);
                multiply(
                    grads,
                    values,
                    #[inline(always)]
                    |y| pick(y > zero, one, slope),
                );
            }
        }
    }
}

/// Replaces each value by what a function makes of it.
#[inline(always)]
fn change<R: Real>(values: &mut [R], function: impl Fn(R) -> R) {
    for value in values {
        *value = function(*value);
    }
}

/// Multiplies each gradient by a slope that follows from the value.
#[inline(always)]
fn multiply<R: Real>(grads: &mut [R], values: &[R], slope: impl Fn(R) -> R) {
    for (grad, value) in grads.iter_mut().zip(values) {
        *grad *= slope(*value);
    }
}
