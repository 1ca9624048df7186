//! From operations for both types of numbers to those for one of them.
use std::sync::Mutex;

use super::chain::{Pools, Workspace};
use super::curve::{AnyCurve, AnyLoss, Curve, Loss};
use super::stage::{Operation, Stage};
use crate::simd::real::Real;

/// A float that a whole chain can be computed in.
pub trait Number: Real {
    /// The stage in this type.
    fn stage(operation: &dyn Operation) -> &dyn Stage<Self>;
    /// The nonlinearity in this type.
    fn curve(curve: &dyn AnyCurve) -> &dyn Curve<Self>;
    /// The loss in this type.
    fn loss(loss: &dyn AnyLoss) -> &dyn Loss<Self>;
    /// Room to work in.
    fn pool(pools: &Pools) -> &Mutex<Vec<Workspace<Self>>>;
}

macro_rules! number {
    ($real:ty, $pool:ident) => {
        impl Number for $real {
            fn stage(operation: &dyn Operation) -> &dyn Stage<Self> {
                operation
            }

            fn curve(curve: &dyn AnyCurve) -> &dyn Curve<Self> {
                curve
            }

            fn loss(loss: &dyn AnyLoss) -> &dyn Loss<Self> {
                loss
            }

            fn pool(pools: &Pools) -> &Mutex<Vec<Workspace<Self>>> {
                &pools.$pool
            }
        }
    };
}

number!(f32, single);
number!(f64, double);
