//! Leaky units over rows: `y(t) = g Σ_{k<L} λ^k x(t−k)` with `λ = 1 − 1/τ` and `g = 1/τ` or 1,
//! before the clip its first value.
use super::recursion::{Fading, Length, geometric};
use super::rows::{Layout, Rows};
use super::side_by_side::{BLOCK, SIDE_BY_SIDE, add, bin, gather, scatter};
use super::stage::{BackwardPass, GradientMode, Stage};
use crate::simd::parallel::{each, map};
use crate::simd::real::{Real, vectorized};

/// How leaky units remember.
#[derive(Debug, Clone, Copy)]
pub struct Leak {
    /// How far back.
    pub memory: Length,
    /// Whether the input is scaled by `1/τ`, so that a constant passes unchanged.
    pub scaled: bool,
}

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
        let mut at = 0;
        while at < taus.len() {
            at += match taus.len() - at {
                SIDE_BY_SIDE.. => self.forward_at::<R, SIDE_BY_SIDE>(at, taus, from, to),
                2.. => self.forward_at::<R, 2>(at, taus, from, to),
                _ => self.forward_at::<R, 1>(at, taus, from, to),
            };
        }
    }

    /// Turns the gradients of outputs into those of inputs, and gives those of the time constants.
    pub fn backward<R: Real>(self, taus: &[R], from: &[&[R]], grads: &mut [&mut [R]]) -> Vec<f64> {
        let mut by_tau = Vec::with_capacity(taus.len());
        while by_tau.len() < taus.len() {
            let at = by_tau.len();
            match taus.len() - at {
                SIDE_BY_SIDE.. => {
                    by_tau.extend(self.backward_at::<R, SIDE_BY_SIDE>(at, taus, from, grads));
                }
                2.. => by_tau.extend(self.backward_at::<R, 2>(at, taus, from, grads)),
                _ => by_tau.extend(self.backward_at::<R, 1>(at, taus, from, grads)),
            }
        }
        by_tau
    }

    /// The `N` rows from `at` on; how many that is.
    fn forward_at<R: Real, const N: usize>(
        self,
        at: usize,
        taus: &[R],
        from: &[&[R]],
        to: &mut [&mut [R]],
    ) -> usize {
        let from: [&[R]; N] = std::array::from_fn(|i| from[at + i]);
        let to = &mut to[at..at + N];
        let bins = from[0].len();
        if bins == 0 {
            return N;
        }
        let units = self.units::<N>(std::array::from_fn(|i| taus[at + i].to_f64()), bins);
        vectorized(
            #[inline(always)]
            || units.respond(from, to),
        );
        N
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
        let (by_tau, totals) = vectorized(
            #[inline(always)]
            || units.by_tau(from, grads),
        );
        let sums = vectorized(
            #[inline(always)]
            || units.back(grads),
        );
        // Every bin is measured from the first one, which lies before the clip too.
        for (i, grads) in grads.iter_mut().enumerate() {
            let held = units.gain[i] * totals[i] * units.held[i].0 - sums[i];
            grads[0] = R::from_f64(grads[0].to_f64() + held);
        }
        by_tau
    }
}

impl<const N: usize> Units<N> {
    /// Fills `to`.
    #[inline(always)]
    fn respond<R: Real>(&self, from: [&[R]; N], to: &mut [&mut [R]]) {
        let first = from.map(|row| row[0].to_f64());
        let mut fading = Fading::new(self.decay, self.length);
        let mut block = [[0.0; N]; BLOCK];
        for start in (0..from[0].len()).step_by(BLOCK) {
            let bins = gather(&from, start, first, &mut block);
            for (t, values) in block[..bins].iter_mut().enumerate() {
                let old = fading.leaving(start + t).map(|then| bin(&from, then, first));
                fading.step(*values, old);
                let sum = |i: usize| fading.sum[i] + first[i] * self.held[i].0;
                *values = std::array::from_fn(|i| self.gain[i] * sum(i));
            }
            scatter(&block, to, start);
        }
    }

    /// The gradients of the time constants, and the sums of the gradients of the outputs.
    #[inline(always)]
    fn by_tau<R: Real>(&self, from: [&[R]; N], grads: &[&mut [R]]) -> ([f64; N], [f64; N]) {
        let (mut by_decay, mut by_gain, mut totals) = ([0.0; N], [0.0; N], [0.0; N]);
        let first = from.map(|row| row[0].to_f64());
        let grads: [&[R]; N] = std::array::from_fn(|i| &*grads[i]);
        let mut fading = Fading::new(self.decay, self.length);
        let (mut block, mut grad_block) = ([[0.0; N]; BLOCK], [[0.0; N]; BLOCK]);
        for start in (0..from[0].len()).step_by(BLOCK) {
            let bins = gather(&from, start, first, &mut block);
            gather(&grads, start, [0.0; N], &mut grad_block);
            for (t, (new, grad)) in block[..bins].iter().zip(&grad_block).enumerate() {
                let old = fading.leaving(start + t).map(|then| bin(&from, then, first));
                fading.step_with_slope(*new, old);
                let sum = |i: usize| grad[i] * (fading.sum[i] + first[i] * self.held[i].0);
                let slope = |i: usize| grad[i] * (fading.slope[i] + first[i] * self.held[i].1);
                add(&mut by_gain, std::array::from_fn(sum));
                add(&mut by_decay, std::array::from_fn(slope));
                add(&mut totals, *grad);
            }
        }
        let by_tau = std::array::from_fn(|i| {
            let by_gain = if self.scaled { by_gain[i] } else { 0.0 };
            (self.gain[i] * by_decay[i] - by_gain) / (self.tau[i] * self.tau[i])
        });
        (by_tau, totals)
    }

    /// The same window over the gradients, from the last bin to the first; the sums of the result.
    #[inline(always)]
    fn back<R: Real>(&self, grads: &mut [&mut [R]]) -> [f64; N] {
        let bins = grads[0].len();
        // What leaves a window has been replaced by then.
        let kept = if self.length < bins { bins } else { 0 };
        let before: [Vec<R>; N] = std::array::from_fn(|i| grads[i][..kept].to_vec());
        let before = before.each_ref().map(Vec::as_slice);
        let (mut fading, mut sums) = (Fading::new(self.decay, self.length), [0.0; N]);
        let mut block = [[0.0; N]; BLOCK];
        for start in (0..bins).step_by(BLOCK).rev() {
            let rows: [&[R]; N] = std::array::from_fn(|i| &*grads[i]);
            let count = gather(&rows, start, [0.0; N], &mut block);
            for (t, values) in block[..count].iter_mut().enumerate().rev() {
                let then = start + t + self.length;
                let old = (then < bins).then(|| bin(&before, then, [0.0; N]));
                fading.step(*values, old);
                *values = std::array::from_fn(|i| self.gain[i] * fading.sum[i]);
                add(&mut sums, *values);
            }
            scatter(&block, grads, start);
        }
        sums
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
    /// Time constants in bins.
    type Prepared = Vec<R>;
    type State = ();

    fn parameters(&self) -> usize {
        self.units
    }

    fn output(&self, input: Layout) -> Layout {
        input.bare()
    }

    fn prepare(&self, parameters: &[R], _mode: GradientMode) -> Vec<R> {
        parameters.to_vec()
    }

    fn forward(&self, taus: &Vec<R>, input: &Rows<R>, output: &mut Rows<R>, _state: &mut ()) {
        let work = STEP * self.units * input.layout().bins;
        let from: Vec<&[R]> = input.rows().collect();
        let mut to: Vec<&mut [R]> = output.rows_mut().collect();
        let groups = taus.chunks(SIDE_BY_SIDE).zip(from.chunks(SIDE_BY_SIDE));
        let tasks = groups.zip(to.chunks_mut(SIDE_BY_SIDE)).collect();
        each(tasks, work, |((taus, from), to)| self.leak.forward(taus, from, to));
    }

    fn backward(&self, taus: &Vec<R>, _state: &mut (), pass: BackwardPass<R>) {
        let BackwardPass { input, grad, input_grad, by_parameters, .. } = pass;
        let work = 2 * STEP * self.units * input.layout().bins;
        let from: Vec<&[R]> = input.rows().collect();
        let mut grads: Vec<&mut [R]> = grad.rows_mut().collect();
        let groups = taus.chunks(SIDE_BY_SIDE).zip(from.chunks(SIDE_BY_SIDE));
        let tasks = groups.zip(grads.chunks_mut(SIDE_BY_SIDE)).collect();
        let by_tau: Vec<Vec<f64>> =
            map(tasks, work, |((taus, from), grads)| self.leak.backward(taus, from, grads));
        let sums = by_parameters.into_iter().flatten();
        for (sum, by_tau) in sums.zip(by_tau.iter().flatten()) {
            *sum += R::from_f64(*by_tau);
        }
        if let Some(input_grad) = input_grad {
            input_grad.rows_mut().zip(grad.rows()).for_each(|(to, from)| to.copy_from_slice(from));
        }
    }
}
