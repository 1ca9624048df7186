//! Pointwise nonlinearities between layers, over rows.
use super::real::{Real, pick};

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
        let pairs = to.iter_mut().zip(from);
        match self {
            Self::Identity => pairs.for_each(|(y, x)| *y = scale * *x + shift),
            Self::Tanh => pairs.for_each(|(y, x)| *y = (scale * *x + shift).tanh()),
            Self::Sigmoid => pairs.for_each(|(y, x)| *y = (scale * *x + shift).sigmoid()),
            Self::LeakyRelu(slope) => {
                let slope = R::constant(slope);
                pairs.for_each(|(y, x)| *y = leaky(scale * *x + shift, slope));
            }
        }
    }

    /// Multiplies gradients by the slope at which the nonlinearity has these values.
    #[inline(always)]
    pub fn backward<R: Real>(self, values: &[R], grads: &mut [R]) {
        let (zero, one) = (R::constant(0.0), R::constant(1.0));
        let pairs = grads.iter_mut().zip(values);
        match self {
            Self::Identity => {}
            Self::Tanh => pairs.for_each(|(g, y)| *g *= one - *y * *y),
            Self::Sigmoid => pairs.for_each(|(g, y)| *g *= *y * (one - *y)),
            Self::LeakyRelu(slope) => {
                let slope = R::constant(slope);
                pairs.for_each(|(g, y)| *g *= pick(*y > zero, one, slope));
            }
        }
    }
}

#[inline(always)]
fn leaky<R: Real>(drive: R, slope: R) -> R {
    pick(drive > R::constant(0.0), drive, slope * drive)
}
