//! Leaky units over rows: `y(t) = g Σ_{k<L} λ^k x(t−k)` with `λ = 1 − 1/τ` and `g = 1/τ` or 1,
//! before the clip its first value.
use super::exponential_window::Length;
use super::parallel::{each, map};
use super::real::{Real, vectorized};
use super::recursion::{Fading, geometric, side_by_side};
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

/// Rows that are computed side by side.
pub const SIDE_BY_SIDE: usize = 4;

/// `N` units with their time constants in bins.
struct Units<const N: usize> {
    decay: [f64; N],
    gain: [f64; N],
    tau: [f64; N],
    length: usize,
    /// What a constant 1 amounts to, and its derivative by the decay.
    held: [(f64, f64); N],
    scaled: bool,
}

impl Leak {
    fn units<const N: usize>(self, tau: [f64; N], bins: usize) -> Units<N> {
        let decay = tau.map(|tau| 1.0 - 1.0 / tau);
        let (length, held) = match self.memory {
            Length::Bins(length) => (length, decay.map(|decay| geometric(decay, length))),
            Length::Unlimited => (bins, tau.map(|tau| (tau, tau * tau))),
        };
        let gain = tau.map(|tau| if self.scaled { 1.0 / tau } else { 1.0 });
        Units { decay, gain, tau, length, held, scaled: self.scaled }
    }

    /// Fills the rows of `to` with what units of time constants in bins make of those of `from`.
    pub fn forward<R: Real>(self, taus: &[R], from: &[&[R]], to: &mut [&mut [R]]) {
        let whole = taus.len() / SIDE_BY_SIDE * SIDE_BY_SIDE;
        for at in (0..whole).step_by(SIDE_BY_SIDE) {
            self.forward_at::<R, SIDE_BY_SIDE>(at, taus, from, to);
        }
        for at in whole..taus.len() {
            self.forward_at::<R, 1>(at, taus, from, to);
        }
    }

    /// Turns the gradients of outputs into those of inputs, and gives those of the time constants.
    pub fn backward<R: Real>(self, taus: &[R], from: &[&[R]], grads: &mut [&mut [R]]) -> Vec<f64> {
        let whole = taus.len() / SIDE_BY_SIDE * SIDE_BY_SIDE;
        let mut by_tau = Vec::with_capacity(taus.len());
        for at in (0..whole).step_by(SIDE_BY_SIDE) {
            by_tau.extend(self.backward_at::<R, SIDE_BY_SIDE>(at, taus, from, grads));
        }
        for at in whole..taus.len() {
            by_tau.extend(self.backward_at::<R, 1>(at, taus, from, grads));
        }
        by_tau
    }

    /// The `N` rows from `at` on.
    fn forward_at<R: Real, const N: usize>(
        self,
        at: usize,
        taus: &[R],
        from: &[&[R]],
        to: &mut [&mut [R]],
    ) {
        let from: [&[R]; N] = std::array::from_fn(|i| from[at + i]);
        let to = &mut to[at..at + N];
        let bins = from[0].len();
        if bins == 0 {
            return;
        }
        let units = self.units::<N>(std::array::from_fn(|i| taus[at + i].to_f64()), bins);
        let outputs = vectorized(
            #[inline(always)]
            || units.respond(from),
        );
        apart(&outputs, to);
    }

    /// The `N` rows from `at` on.
    fn backward_at<R: Real, const N: usize>(
        self,
        at: usize,
        taus: &[R],
        from: &[&[R]],
        grads: &mut [&mut [R]],
    ) -> [f64; N] {
        let from: [&[R]; N] = std::array::from_fn(|i| from[at + i]);
        let grads = &mut grads[at..at + N];
        let bins = from[0].len();
        if bins == 0 {
            return [0.0; N];
        }
        let units = self.units::<N>(std::array::from_fn(|i| taus[at + i].to_f64()), bins);
        let before: [&[R]; N] = std::array::from_fn(|i| &*grads[i]);
        let before = vectorized(
            #[inline(always)]
            || side_by_side(before, [0.0; N]),
        );
        let (by_tau, totals) = vectorized(
            #[inline(always)]
            || units.by_tau(from, &before),
        );
        let (mut back, sums) = vectorized(
            #[inline(always)]
            || units.back(&before),
        );
        // Every bin is measured from the first one, which lies before the clip too.
        for i in 0..N {
            back[0][i] += units.gain[i] * totals[i] * units.held[i].0 - sums[i];
        }
        apart(&back, grads);
        by_tau
    }
}

/// Writes each of several series into its row.
fn apart<R: Real, const N: usize>(series: &[[f64; N]], rows: &mut [&mut [R]]) {
    for (i, row) in rows.iter_mut().enumerate().take(N) {
        for (value, all) in row.iter_mut().zip(series) {
            *value = R::from_f64(all[i]);
        }
    }
}

impl<const N: usize> Units<N> {
    /// The outputs.
    #[inline(always)]
    fn respond<R: Real>(&self, from: [&[R]; N]) -> Vec<[f64; N]> {
        let first = from.map(|row| row[0].to_f64());
        let series = side_by_side(from, first);
        let mut fading = Fading::new(self.decay, self.length);
        let mut outputs = vec![[0.0; N]; series.len()];
        for (t, output) in outputs.iter_mut().enumerate() {
            fading.step(&series, t);
            for i in 0..N {
                output[i] = self.gain[i] * (fading.sum[i] + first[i] * self.held[i].0);
            }
        }
        outputs
    }

    /// The gradients of the time constants, and the sums of the gradients of the outputs.
    #[inline(always)]
    fn by_tau<R: Real>(&self, from: [&[R]; N], grads: &[[f64; N]]) -> ([f64; N], [f64; N]) {
        let (mut by_decay, mut by_gain, mut totals) = ([0.0; N], [0.0; N], [0.0; N]);
        let first = from.map(|row| row[0].to_f64());
        let series = side_by_side(from, first);
        let mut fading = Fading::new(self.decay, self.length);
        for (t, grad) in grads.iter().enumerate() {
            fading.step_with_slope(&series, t);
            for i in 0..N {
                by_gain[i] += grad[i] * (fading.sum[i] + first[i] * self.held[i].0);
                by_decay[i] += grad[i] * (fading.slope[i] + first[i] * self.held[i].1);
                totals[i] += grad[i];
            }
        }
        let by_tau = std::array::from_fn(|i| {
            let by_gain = if self.scaled { by_gain[i] } else { 0.0 };
            (self.gain[i] * by_decay[i] - by_gain) / (self.tau[i] * self.tau[i])
        });
        (by_tau, totals)
    }

    /// The same window over the gradients, from the last bin to the first; its sum.
    #[inline(always)]
    fn back(&self, grads: &[[f64; N]]) -> (Vec<[f64; N]>, [f64; N]) {
        let turned: Vec<[f64; N]> = grads.iter().rev().copied().collect();
        let mut fading = Fading::new(self.decay, self.length);
        let (mut back, mut sums) = (vec![[0.0; N]; turned.len()], [0.0; N]);
        for (t, back) in back.iter_mut().rev().enumerate() {
            fading.step(&turned, t);
            for i in 0..N {
                back[i] = self.gain[i] * fading.sum[i];
                sums[i] += back[i];
            }
        }
        (back, sums)
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
        let from: Vec<&[R]> = input.rows().collect();
        let mut to: Vec<&mut [R]> = output.rows_mut().collect();
        let groups = prepared[0].chunks(SIDE_BY_SIDE).zip(from.chunks(SIDE_BY_SIDE));
        let tasks = groups.zip(to.chunks_mut(SIDE_BY_SIDE)).collect();
        each(tasks, work, |((taus, from), to)| self.leak.forward(taus, from, to));
    }

    fn backward(&self, prepared: &[Vec<R>], passing: Passing<R>, by_parameters: &mut [R]) {
        let Passing { input, grad, input_grad, .. } = passing;
        let work = 2 * STEP * self.units * input.layout().bins;
        let from: Vec<&[R]> = input.rows().collect();
        let mut grads: Vec<&mut [R]> = grad.rows_mut().collect();
        let groups = prepared[0].chunks(SIDE_BY_SIDE).zip(from.chunks(SIDE_BY_SIDE));
        let tasks = groups.zip(grads.chunks_mut(SIDE_BY_SIDE)).collect();
        let by_tau: Vec<Vec<f64>> =
            map(tasks, work, |((taus, from), grads)| self.leak.backward(taus, from, grads));
        for (sum, by_tau) in by_parameters.iter_mut().zip(by_tau.iter().flatten()) {
            *sum += R::from_f64(*by_tau);
        }
        if let Some(input_grad) = input_grad {
            input_grad.rows_mut().zip(grad.rows()).for_each(|(to, from)| to.copy_from_slice(from));
        }
    }
}
