//! Per-channel energy normalization over rows.
//!
//! `M(t) = (1 − s) M(t−1) + s x(t)` with `M(−1) = x(0)`, `y = (x/(ε + M)^α + δ)^r − δ^r`.
use super::rows::{Layout, Rows};
use super::stage::{BackwardPass, GradientMode, Stage};
use crate::simd::parallel::{each, map};
use crate::simd::real::{Real, vectorized};
use crate::simd::sums::{dot, total};

/// `ε`.
pub const FLOOR: f64 = 1e-6;

/// One normalization for each row; parameters: `α`, `δ`, `r` and `s` of all rows.
#[derive(Debug, Clone, Copy)]
pub struct EnergyNormalization {
    /// How many rows.
    pub rows: usize,
}

/// Powers of a bin cost as much as so many multiplications.
const STEP: usize = 128;

/// `α`, `δ`, `r` and `s` of a row.
#[derive(Debug, Clone, Copy)]
pub struct Constants {
    alpha: f64,
    delta: f64,
    r: f64,
    s: f64,
}

/// What each bin of a row is on its way: with the average `M` and `v = x (ε + M)^−α + δ`.
#[derive(Debug, Clone, Default)]
pub struct Way<R> {
    /// `M`.
    average: Vec<R>,
    /// `ln(ε + M)`.
    ln: Vec<R>,
    /// `(ε + M)^−α`.
    gain: Vec<R>,
    /// `ln v`.
    ln_above: Vec<R>,
    /// `v^r`.
    root: Vec<R>,
}

/// Room for gradients of a row on the way back.
struct Back<R> {
    /// Those by `v`.
    above: Vec<R>,
    /// Those by the average at the same bin alone.
    average: Vec<R>,
    /// Those by `v` times `x ln(ε + M) (ε + M)^−α`.
    alpha: Vec<R>,
}

impl<R: Real> Way<R> {
    fn arrange(&mut self, bins: usize) {
        let Self { average, ln, gain, ln_above, root } = self;
        for row in [average, ln, gain, ln_above, root] {
            row.resize(bins, R::constant(0.0));
        }
    }
}

impl Constants {
    /// Fills the averages: each waits for the one before.
    fn average<R: Real>(self, from: &[R], averages: &mut [R]) {
        let mut average = from.first().map_or(0.0, |first| first.to_f64());
        for (x, kept) in from.iter().zip(averages) {
            average += self.s * (x.to_f64() - average);
            *kept = R::from_f64(average);
        }
    }

    /// `δ^r`, which silence comes to before it is subtracted.
    fn bottom(self) -> f64 {
        self.delta.powf(self.r)
    }

    /// Fills `to` and the way there, averages aside.
    #[inline(always)]
    fn respond<R: Real>(self, from: &[R], to: &mut [R], way: &mut Way<R>) {
        let [alpha, delta, r, bottom] =
            [self.alpha, self.delta, self.r, self.bottom()].map(R::from_f64);
        let floor = R::constant(FLOOR);
        let Way { average, ln, gain, ln_above, root } = way;
        for (ln, average) in ln.iter_mut().zip(average.iter()) {
            *ln = (floor + *average).ln();
        }
        for (gain, ln) in gain.iter_mut().zip(ln.iter()) {
            *gain = (-alpha * *ln).exp();
        }
        for ((ln_above, x), gain) in ln_above.iter_mut().zip(from).zip(gain.iter()) {
            *ln_above = (*x * *gain + delta).ln();
        }
        for ((root, ln_above), y) in root.iter_mut().zip(ln_above.iter()).zip(to) {
            *root = (r * *ln_above).exp();
            *y = *root - bottom;
        }
    }

    /// The gradients at each bin alone.
    #[inline(always)]
    fn back_at_bins<R: Real>(self, from: &[R], grads: &[R], way: &Way<R>, back: &mut Back<R>) {
        let [alpha, delta, r] = [self.alpha, self.delta, self.r].map(R::from_f64);
        let floor = R::constant(FLOOR);
        let Back { above: by_above, average: by_average, alpha: by_alpha } = back;
        for (t, x) in from.iter().enumerate() {
            let above = *x * way.gain[t] + delta;
            by_above[t] = grads[t] * r * way.root[t] / above;
            let through = by_above[t] * *x * way.gain[t];
            by_alpha[t] = through * way.ln[t];
            by_average[t] = -alpha * through / (floor + way.average[t]);
        }
    }

    /// The gradients of `α`, `δ`, `r` and `s`; fills that of the input where there is room for it.
    fn back<R: Real>(
        self,
        (from, way): (&[R], &Way<R>),
        grads: &[R],
        to: Option<&mut [R]>,
    ) -> [f64; 4] {
        let zeros = || vec![R::constant(0.0); from.len()];
        let mut back = Back { above: zeros(), average: zeros(), alpha: zeros() };
        vectorized(
            #[inline(always)]
            || self.back_at_bins(from, grads, way, &mut back),
        );
        let all = total(grads);
        let weighted: Vec<R> = grads.iter().zip(&way.root).map(|(g, root)| *g * *root).collect();
        let by_alpha = -total(&back.alpha);
        let by_delta = total(&back.above) - self.r * self.bottom() / self.delta * all;
        let by_r = dot(&weighted, &way.ln_above) - self.bottom() * self.delta.ln() * all;
        let by_s = self.back_through_averages((from, way), &back, to);
        [by_alpha, by_delta, by_r, by_s]
    }

    /// From the last bin to the first: the gradient of `s`, and that of the input.
    fn back_through_averages<R: Real>(
        self,
        (from, way): (&[R], &Way<R>),
        back: &Back<R>,
        mut to: Option<&mut [R]>,
    ) -> f64 {
        // The gradients of the average at the next bin, and of `s`.
        let (mut by_next, mut by_s) = (0.0, 0.0);
        for t in (0..from.len()).rev() {
            let x = from[t].to_f64();
            by_next = (1.0 - self.s) * by_next + back.average[t].to_f64();
            // The first bin is the average before it too.
            let (before, share) = match t.checked_sub(1) {
                Some(before) => (way.average[before].to_f64(), self.s),
                None => (x, 1.0),
            };
            by_s += by_next * (x - before);
            if let Some(to) = &mut to {
                let direct = back.above[t].to_f64() * way.gain[t].to_f64();
                to[t] = R::from_f64(direct + share * by_next);
            }
        }
        by_s
    }
}

impl<R: Real> Stage<R> for EnergyNormalization {
    type Prepared = Vec<Constants>;
    /// The way of each row.
    type State = Vec<Way<R>>;

    fn parameters(&self) -> usize {
        4 * self.rows
    }

    fn output(&self, input: Layout) -> Layout {
        input.bare()
    }

    fn prepare(&self, parameters: &[R], _mode: GradientMode) -> Vec<Constants> {
        let of = |kind: usize, row: usize| parameters[kind * self.rows + row].to_f64();
        let constants =
            |row| Constants { alpha: of(0, row), delta: of(1, row), r: of(2, row), s: of(3, row) };
        (0..self.rows).map(constants).collect()
    }

    fn forward(
        &self,
        own: &Vec<Constants>,
        input: &Rows<R>,
        output: &mut Rows<R>,
        state: &mut Vec<Way<R>>,
    ) {
        let bins = input.layout().bins;
        state.resize_with(self.rows, Way::default);
        let rows = own.iter().zip(input.rows()).zip(output.rows_mut());
        let tasks = rows.zip(state).collect();
        each(tasks, STEP * self.rows * bins, |(((own, from), to), way)| {
            way.arrange(bins);
            own.average(from, &mut way.average);
            vectorized(
                #[inline(always)]
                || own.respond(from, to, way),
            );
        });
    }

    fn backward(&self, own: &Vec<Constants>, state: &mut Vec<Way<R>>, pass: BackwardPass<R>) {
        let BackwardPass { input, grad, input_grad, by_parameters, .. } = pass;
        let bins = input.layout().bins;
        let to: Vec<Option<&mut [R]>> = match input_grad {
            Some(input_grad) => input_grad.rows_mut().map(Some).collect(),
            None => (0..self.rows).map(|_| None).collect(),
        };
        let rows = own.iter().zip(input.rows()).zip(&*state);
        let tasks = rows.zip(grad.rows()).zip(to).collect();
        let sums = map(tasks, 2 * STEP * self.rows * bins, |task| {
            let ((((own, from), way), grads), to) = task;
            own.back((from, way), grads, to)
        });
        let Some(by_parameters) = by_parameters else { return };
        for (row, sums) in sums.into_iter().enumerate() {
            for (kind, sum) in sums.into_iter().enumerate() {
                by_parameters[kind * self.rows + row] += R::from_f64(sum);
            }
        }
    }
}
