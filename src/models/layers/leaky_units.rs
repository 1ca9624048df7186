//! Leaky units: each output is an exponentially fading sum of its past inputs.
use candle_core::{Result, Tensor, Var};

use super::{Layer, MapShape, Pass, Reach, exponential_window};
use crate::models::dims::{Axis, Quantity};
use crate::models::ops::Length;
use crate::models::ops::leaky::{self as ops, Leak};
use crate::models::ops::stage::StageWithParameters;
use crate::models::params::{ParamSpec, Scope, Start};

/// How leaky units are built.
#[derive(Debug, Clone, Copy)]
pub struct LeakyConfig {
    /// Mean time constant before training, in bins; above 1.
    pub init_tau_bins: f64,
    /// How far back they remember.
    pub memory: Length,
    /// Whether the input is scaled by `1/(1+d²)`, so that a constant passes unchanged.
    pub decay_input: bool,
    /// Width of a bin in milliseconds.
    pub dt_ms: f64,
}

/// `y(t) = g Σ_{k<L} λ^k x(t−k)` with `λ = 1 − 1/(1+d²)` and `g = 1/(1+d²)` or 1, one `d` per unit.
/// Before the clip lies its first value. The time constant is `1 + d²` bins.
///
/// Source: Rahman, Willmore, King & Harper (2019), PLoS Comput. Biol. 15(5):e1006618,
/// doi:10.1371/journal.pcbi.1006618. Differs from deepSTRF 0.1.0, which cuts the memory after
/// seven initial time constants: here it is unlimited unless [`LeakyConfig::memory`] says so.
#[derive(Debug)]
pub struct LeakyUnits {
    d: Var,
    config: LeakyConfig,
}

impl LeakyUnits {
    /// Takes `d (units)` from `scope`.
    ///
    /// # Errors
    /// The device has no room for it.
    pub fn new(units: usize, config: LeakyConfig, scope: &Scope) -> Result<Self> {
        let start = Start::Exponential((config.init_tau_bins - 1.0).max(0.0).sqrt());
        Ok(Self { d: scope.get("d", units, ParamSpec::not_decayed(start))?, config })
    }

    /// From `(B, units, T)` to the same shape.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn respond(&self, x: &Tensor) -> Result<Tensor> {
        let (_b, units, _t) = x.dims3()?;
        let tau = self.tau_bins()?;
        let decay = (1.0 - tau.recip()?)?;
        let first = x.narrow(2, 0, 1)?;
        // A window over the difference from the first value meets zeros before the clip.
        let moving = exponential_window(&x.broadcast_sub(&first)?, &decay, self.config.memory)?;
        let held = match self.config.memory {
            Length::Bins(length) => geometric_sum(&decay, length)?,
            Length::Unlimited => tau.clone(),
        };
        let y = moving.broadcast_add(&first.broadcast_mul(&held.reshape((1, units, 1))?)?)?;
        if self.config.decay_input { y.broadcast_div(&tau.reshape((1, units, 1))?) } else { Ok(y) }
    }

    /// [`LeakyUnits::respond`], to the next piece of a clip where pieces are given one after the other.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn go_on(&self, x: &Tensor, pass: &Pass) -> Result<Tensor> {
        if !pass.carries() {
            return self.respond(x);
        }
        let (b, units, t) = x.dims3()?;
        let first = x.narrow(2, 0, 1)?;
        match self.config.memory {
            Length::Bins(..=1) => self.respond(x),
            Length::Bins(length) => {
                let before = match pass.carried() {
                    Some(before) => before,
                    None => first.broadcast_as((b, units, length - 1))?.contiguous()?,
                };
                let all = Tensor::cat(&[&before, x], 2)?;
                pass.carry(&all.narrow(2, t, length - 1)?);
                self.respond(&all)?.narrow(2, length - 1, t)
            }
            Length::Unlimited => {
                let tau = self.tau_bins()?.reshape((1, units, 1))?;
                let decay = (1.0 - tau.recip()?)?.flatten_all()?;
                // All bins before the clip hold its first value, and sum to τ of it.
                let before = match pass.carried() {
                    Some(before) => before,
                    None => first.broadcast_mul(&tau)?,
                };
                let all = Tensor::cat(&[&before, x], 2)?;
                let sums = exponential_window(&all, &decay, self.config.memory)?.narrow(2, 1, t)?;
                pass.carry(&sums.narrow(2, t - 1, 1)?);
                if self.config.decay_input { sums.broadcast_div(&tau) } else { Ok(sums) }
            }
        }
    }

    /// How they remember on the fused path.
    pub fn leak(&self) -> Leak {
        Leak { memory: self.config.memory, scaled: self.config.decay_input }
    }

    /// Time constants in bins, `(units)`.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn tau_bins(&self) -> Result<Tensor> {
        self.d.sqr()? + 1.0
    }

    /// Time constants in milliseconds under a name, of units that lie along an axis.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn tau_ms(&self, name: &'static str, axes: &'static [Axis]) -> Result<Quantity> {
        let values = (self.tau_bins()? * self.config.dt_ms)?;
        Ok(Quantity { name, unit: "ms", axes, values })
    }
}

/// As hidden units: the channels of a map of one band.
impl Layer for LeakyUnits {
    fn output(&self, input: MapShape) -> MapShape {
        input
    }

    fn forward(&self, input: &Tensor, pass: &Pass) -> Result<Tensor> {
        self.go_on(&input.squeeze(2)?, pass)?.unsqueeze(2)
    }

    fn goes_on(&self) -> bool {
        true
    }

    fn stage(&self, _input: MapShape) -> Result<Option<StageWithParameters>> {
        let units = ops::LeakyUnits { units: self.d.dims1()?, leak: self.leak() };
        Ok(Some(StageWithParameters::new(units, vec![self.tau_bins()?])))
    }

    fn reach(&self) -> Reach {
        Reach::Fading
    }

    fn learnt(&self) -> Result<Vec<Quantity>> {
        Ok(vec![self.tau_ms("hidden_tau_ms", &[Axis::Hidden])?])
    }
}

/// `Σ_{k<length} a^k` for each element of `a`, by doubling: no difference of nearly equal numbers.
pub fn geometric_sum(a: &Tensor, length: usize) -> Result<Tensor> {
    let (mut sum, mut power) = (a.zeros_like()?, a.ones_like()?);
    // From the highest bit down: S(2n) = S(n) (1 + a^n), S(n+1) = 1 + a S(n).
    for bit in (0..usize::BITS - length.leading_zeros()).rev() {
        sum = (&sum * (&power + 1.0)?)?;
        power = power.sqr()?;
        if (length >> bit) & 1 == 1 {
            sum = ((sum * a)? + 1.0)?;
            power = (power * a)?;
        }
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn geometric_sums_are_those_of_the_series() -> Result<()> {
        let a = Tensor::new(&[0.0, 0.3, 0.97, 1.0], &Device::Cpu)?;
        for length in [0, 1, 2, 3, 7, 131, 650] {
            let series = |a: f64| (0..length).map(|k| a.powi(k)).sum::<f64>();
            let sums = geometric_sum(&a, usize::try_from(length).unwrap())?.to_vec1::<f64>()?;
            for (a, sum) in [0.0, 0.3, 0.97, 1.0].into_iter().zip(sums) {
                assert!((sum - series(a)).abs() <= 1e-12 * series(a), "{a}, {length}: {sum}");
            }
        }
        Ok(())
    }
}
