//! A kernel over time for each unit.
use candle_core::{Result, Tensor, Var};

use super::{Layer, MapShape, Pass, Reach, activated};
use crate::models::ops::activation::Activation;
use crate::models::ops::stage::StageWithParameters;
use crate::models::ops::temporal::Temporal;
use crate::models::params::{ParamSpec, Scope, Start, fan_in};

/// `y(h,t) = act( bias(h) + Σ_k weight(h, K−1−k) · x(h, t−k) )`, zeros before the clip: from
/// `(B, H, 1, T)` to the same shape. `bias` moves the threshold of a rectification.
///
/// Parameters `weight (H, K)`, the last index the present bin, and `bias (H)`. Kernels start as a rise
/// at one lag that a fall at the next takes half away of, with noise around.
pub struct TemporalConv {
    weight: Var,
    bias: Var,
    activation: Activation,
}

impl TemporalConv {
    /// Takes its parameters from `scope`.
    ///
    /// # Errors
    /// The device has no room for them.
    pub fn new(
        (units, lags): (usize, usize),
        activation: Activation,
        scope: &Scope,
    ) -> Result<Self> {
        let start = Start::UniformBlocks((0..units).flat_map(|_| first_kernel(lags)).collect());
        let weight = scope.get("weight", (units, lags), ParamSpec::decayed(start))?;
        let bias = scope.get("bias", units, ParamSpec::decayed(fan_in(lags)))?;
        Ok(Self { weight, bias, activation })
    }

    fn lags(&self) -> usize {
        self.weight.dims()[1]
    }
}

/// Bounds of each weight before training, the present bin last: `2/K` at lag 1 and `−1/K` at lag 2,
/// with a deviation of `1/K`.
fn first_kernel(lags: usize) -> impl Iterator<Item = (f64, f64)> {
    let share = 1.0 / lags as f64;
    let middle = move |lag: usize| match lag {
        1 => 2.0 * share,
        2 => -share,
        // A single lag has nothing but itself.
        0 if lags == 1 => 1.0,
        _ => 0.0,
    };
    let spread = 3.0_f64.sqrt() * share;
    (0..lags).rev().map(move |lag| (middle(lag) - spread, middle(lag) + spread))
}

impl Layer for TemporalConv {
    fn output(&self, input: MapShape) -> MapShape {
        input
    }

    fn forward(&self, input: &Tensor, pass: &Pass) -> Result<Tensor> {
        let (bins, past) = (input.dim(3)?, self.lags() - 1);
        let units = self.bias.elem_count();
        let input = pass.behind_past(input, past, past)?;
        let mut drive = self.bias.reshape((1, units, 1, 1))?.broadcast_as((1, units, 1, bins))?;
        for place in 0..=past {
            let weight = self.weight.narrow(1, place, 1)?.reshape((1, units, 1, 1))?;
            drive = input.narrow(3, place, bins)?.broadcast_mul(&weight)?.broadcast_add(&drive)?;
        }
        activated(&drive, self.activation)
    }

    fn stage(&self, input: MapShape) -> Result<Option<StageWithParameters>> {
        let (units, lags, activation) = (input.channels, self.lags(), self.activation);
        let parameters = vec![self.weight.as_tensor().clone(), self.bias.as_tensor().clone()];
        let stage = Temporal { units, lags, activation };
        Ok((input.bands == 1).then(|| StageWithParameters::new(stage, parameters)))
    }

    fn reach(&self) -> Reach {
        Reach::Bins(self.lags())
    }

    fn goes_on(&self) -> bool {
        true
    }
}
