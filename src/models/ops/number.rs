//! From operations for both types of numbers to those for one of them.
use super::curve::{AnyCurve, AnyLoss, ChangingCurve, Curve, Loss};
use super::stage::{AnyStage, Operation};
use super::workspace::Pooled;

/// A float that a whole chain can be computed in.
pub trait Number: Pooled {
    /// The stage in this type.
    fn stage(operation: &dyn Operation) -> &dyn AnyStage<Self>;
    /// The nonlinearity in this type.
    fn curve(curve: &dyn AnyCurve) -> &dyn Curve<Self>;
    /// The nonlinearity in this type, with parameters that change from bin to bin.
    fn changing(curve: &dyn AnyCurve) -> &dyn ChangingCurve<Self>;
    /// The loss in this type.
    fn loss(loss: &dyn AnyLoss) -> &dyn Loss<Self>;
}

macro_rules! number {
    ($real:ty) => {
        impl Number for $real {
            fn stage(operation: &dyn Operation) -> &dyn AnyStage<Self> {
                operation
            }

            fn curve(curve: &dyn AnyCurve) -> &dyn Curve<Self> {
                curve
            }

            fn changing(curve: &dyn AnyCurve) -> &dyn ChangingCurve<Self> {
                curve
            }

            fn loss(loss: &dyn AnyLoss) -> &dyn Loss<Self> {
                loss
            }
        }
    };
}

number!(f32);
number!(f64);
