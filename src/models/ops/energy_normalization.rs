//! Per-channel energy normalization over rows.
//!
//! `M(t) = (1 − s) M(t−1) + s x(t)` with `M(−1) = x(0)`, `y = (x/(ε + M)^α + δ)^r − δ^r`. In f64:
//! powers of small averages are large.
use super::rows::{Layout, Rows};
use super::stage::{BackwardPass, GradientMode, Stage};
use crate::simd::parallel::{each, map};
use crate::simd::real::Real;

/// `ε`.
pub const FLOOR: f64 = 1e-6;

/// One normalization for each row; parameters: `α`, `δ`, `r` and `s` of all rows.
#[derive(Debug, Clone, Copy)]
pub struct EnergyNormalization {
    /// How many rows.
    pub rows: usize,
}

/// Powers of a bin cost as much as so many multiplications.
const STEP: usize = 256;

/// `α`, `δ`, `r` and `s` of a row.
#[derive(Debug, Clone, Copy)]
pub struct Constants {
    alpha: f64,
    delta: f64,
    r: f64,
    s: f64,
}

/// What a bin is on its way: `ln(ε + M)`, `(ε + M)^−α`, `v = x (ε + M)^−α + δ`, and `v^r`.
struct Bin {
    ln: f64,
    gain: f64,
    above: f64,
    root: f64,
}

impl Constants {
    fn next(self, average: f64, x: f64) -> f64 {
        average + self.s * (x - average)
    }

    fn at(self, x: f64, average: f64) -> Bin {
        let ln = (FLOOR + average).ln();
        let gain = (-self.alpha * ln).exp();
        let above = x * gain + self.delta;
        Bin { ln, gain, above, root: above.powf(self.r) }
    }

    /// Fills `to`, and the average at each bin.
    fn respond<R: Real>(self, from: &[R], to: &mut [R], averages: &mut [f64]) {
        let mut average = from.first().map_or(0.0, |first| first.to_f64());
        let bottom = self.delta.powf(self.r);
        for ((x, y), kept) in from.iter().zip(to).zip(averages) {
            average = self.next(average, x.to_f64());
            *kept = average;
            *y = R::from_f64(self.at(x.to_f64(), average).root - bottom);
        }
    }

    /// The gradients of `α`, `δ`, `r` and `s`, and of the input where there is room for it.
    fn back<R: Real>(
        self,
        (from, averages): (&[R], &[f64]),
        grads: &[R],
        mut to: Option<&mut [R]>,
    ) -> [f64; 4] {
        let mut sums = [0.0; 4];
        // The gradient of the average at the next bin.
        let mut by_next = 0.0;
        let bottom = self.delta.powf(self.r);
        for t in (0..from.len()).rev() {
            let (x, average, grad) = (from[t].to_f64(), averages[t], grads[t].to_f64());
            let Bin { ln, gain, above, root } = self.at(x, average);
            let by_above = grad * self.r * root / above;
            sums[0] -= by_above * x * ln * gain;
            sums[1] += by_above - grad * self.r * bottom / self.delta;
            sums[2] += grad * (root * above.ln() - bottom * self.delta.ln());
            let by_average =
                (1.0 - self.s) * by_next - by_above * x * self.alpha * gain / (FLOOR + average);
            let before = if t == 0 { x } else { averages[t - 1] };
            sums[3] += by_average * (x - before);
            let mut by_x = by_above * gain + self.s * by_average;
            if t == 0 {
                by_x += (1.0 - self.s) * by_average;
            }
            if let Some(to) = &mut to {
                to[t] = R::from_f64(by_x);
            }
            by_next = by_average;
        }
        sums
    }
}

impl<R: Real> Stage<R> for EnergyNormalization {
    type Prepared = Vec<Constants>;
    /// The average at each bin of each row.
    type State = Vec<f64>;

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
        state: &mut Vec<f64>,
    ) {
        let bins = input.layout().bins;
        state.resize(self.rows * bins, 0.0);
        let rows = own.iter().zip(input.rows()).zip(output.rows_mut());
        let tasks = rows.zip(state.chunks_mut(bins.max(1))).collect();
        each(tasks, STEP * self.rows * bins, |(((own, from), to), averages)| {
            own.respond(from, to, averages);
        });
    }

    fn backward(&self, own: &Vec<Constants>, state: &mut Vec<f64>, pass: BackwardPass<R>) {
        let BackwardPass { input, grad, input_grad, by_parameters, .. } = pass;
        let bins = input.layout().bins;
        let to: Vec<Option<&mut [R]>> = match input_grad {
            Some(input_grad) => input_grad.rows_mut().map(Some).collect(),
            None => (0..self.rows).map(|_| None).collect(),
        };
        let rows = own.iter().zip(input.rows()).zip(state.chunks(bins.max(1)));
        let tasks = rows.zip(grad.rows()).zip(to).collect();
        let sums = map(tasks, 2 * STEP * self.rows * bins, |task| {
            let ((((own, from), averages), grads), to) = task;
            own.back((from, averages), grads, to)
        });
        let Some(by_parameters) = by_parameters else { return };
        for (row, sums) in sums.into_iter().enumerate() {
            for (kind, sum) in sums.into_iter().enumerate() {
                by_parameters[kind * self.rows + row] += R::from_f64(sum);
            }
        }
    }
}
