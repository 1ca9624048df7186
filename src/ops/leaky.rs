//! Leaky units over rows: `y(t) = g Σ_{k<L} λ^k x(t−k)` with `λ = 1 − 1/τ` and `g = 1/τ` or 1,
//! before the clip its first value.
use super::exponential_window::Length;
use super::parallel::map;
use super::real::Real;
use super::recursion::{Fading, geometric};
use super::rows::{Layout, Rows};
use super::stage::{Passing, Stage, Ways};

/// How leaky units remember.
#[derive(Debug, Clone, Copy)]
pub struct Leak {
    /// How far back.
    pub memory: Length,
    /// Whether the input is scaled by `1/τ`, so that a constant passes unchanged.
    pub scaled: bool,
}

/// A leak with its time constant in bins.
#[derive(Debug, Clone, Copy)]
struct Unit {
    decay: f64,
    gain: f64,
    tau: f64,
    length: usize,
    /// What a constant 1 amounts to, and its derivative by the decay.
    held: (f64, f64),
    scaled: bool,
}

impl Leak {
    fn unit(self, tau: f64, bins: usize) -> Unit {
        let decay = 1.0 - 1.0 / tau;
        let (length, held) = match self.memory {
            Length::Bins(length) => (length, geometric(decay, length)),
            Length::Unlimited => (bins, (tau, tau * tau)),
        };
        let gain = if self.scaled { 1.0 / tau } else { 1.0 };
        Unit { decay, gain, tau, length, held, scaled: self.scaled }
    }

    /// Fills `to` with what units of a time constant in bins make of `from`.
    pub fn forward<R: Real>(self, tau: R, from: &[R], to: &mut [R]) {
        let Some(first) = from.first().map(|first| first.to_f64()) else { return };
        let unit = self.unit(tau.to_f64(), from.len());
        let mut fading = Fading::new(unit.decay, unit.length);
        for (t, to) in to.iter_mut().enumerate() {
            if unit.length > 0 {
                fading.step(t, |t| from[t].to_f64() - first);
            }
            *to = R::from_f64(unit.gain * (fading.sum + first * unit.held.0));
        }
    }

    /// Turns the gradient of the output into that of the input; returns that of the time constant.
    pub fn backward<R: Real>(self, tau: R, from: &[R], grads: &mut [R]) -> f64 {
        let Some(first) = from.first().map(|first| first.to_f64()) else { return 0.0 };
        let bins = from.len();
        let unit = self.unit(tau.to_f64(), bins);
        let (mut by_decay, mut by_gain, mut total) = (0.0, 0.0, 0.0);
        let mut fading = Fading::new(unit.decay, unit.length);
        for (t, grad) in grads.iter().enumerate() {
            if unit.length > 0 {
                fading.step_with_slope(t, |t| from[t].to_f64() - first);
            }
            let grad = grad.to_f64();
            by_gain += grad * (fading.sum + first * unit.held.0);
            by_decay += grad * (fading.slope + first * unit.held.1);
            total += grad;
        }
        // The same window over the gradient, from the last bin to the first.
        let turned: Vec<R> = grads.iter().rev().copied().collect();
        let (mut back, mut sum) = (Fading::new(unit.decay, unit.length), 0.0);
        for t in 0..bins {
            if unit.length > 0 {
                back.step(t, |t| turned[t].to_f64());
            }
            sum += back.sum;
            grads[bins - 1 - t] = R::from_f64(unit.gain * back.sum);
        }
        // Every bin is measured from the first one, which lies before the clip too.
        let of_first = grads[0].to_f64() + unit.gain * (total * unit.held.0 - sum);
        grads[0] = R::from_f64(of_first);
        let by_gain = if unit.scaled { by_gain } else { 0.0 };
        (unit.gain * by_decay - by_gain) / (unit.tau * unit.tau)
    }
}

/// Leaky units, one for each row; parameters: their time constants in bins.
#[derive(Debug, Clone, Copy)]
pub struct LeakyUnits {
    /// How many.
    pub units: usize,
    /// How they remember.
    pub leak: Leak,
}

/// Steps of a recursion cost as much as so many multiplications.
const STEP: usize = 64;

impl<R: Real> Stage<R> for LeakyUnits {
    fn parameters(&self) -> usize {
        self.units
    }

    fn output(&self, input: Layout) -> Layout {
        input.bare()
    }

    fn prepare(&self, parameters: &[R], _ways: Ways) -> Vec<Vec<R>> {
        vec![parameters.to_vec()]
    }

    fn forward(
        &self,
        prepared: &[Vec<R>],
        input: &Rows<R>,
        output: &mut Rows<R>,
        _kept: &mut Vec<Rows<R>>,
    ) {
        let work = STEP * self.units * input.layout().bins;
        let tasks: Vec<_> = output.rows_mut().zip(&prepared[0]).enumerate().collect();
        map(tasks, work, |(unit, (to, tau))| self.leak.forward(*tau, input.row(unit), to));
    }

    fn backward(&self, prepared: &[Vec<R>], passing: Passing<R>, by_parameters: &mut [R]) {
        let Passing { input, grad, input_grad, .. } = passing;
        let work = 2 * STEP * self.units * input.layout().bins;
        let tasks: Vec<_> = grad.rows_mut().zip(&prepared[0]).enumerate().collect();
        let by_tau = map(tasks, work, |(unit, (grads, tau))| {
            self.leak.backward(*tau, input.row(unit), grads)
        });
        for (sum, by_tau) in by_parameters.iter_mut().zip(by_tau) {
            *sum += R::from_f64(by_tau);
        }
        if let Some(input_grad) = input_grad {
            input_grad.rows_mut().zip(grad.rows()).for_each(|(to, from)| to.copy_from_slice(from));
        }
    }
}
