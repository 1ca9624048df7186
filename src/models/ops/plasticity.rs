//! Short-term plasticity over rows: what each bin passes on uses up what later bins have left.
//!
//! `d(0) = 1`, `d(t+1) = d(t) + r (1 − d(t)) − u x(t) d(t)`, held between 0 and [`MOST`]; out comes
//! `x(t) d(t)`. `r`, the recovery of a bin, is one over the time constant in bins.
use super::rows::{Layout, Rows};
use super::side_by_side::{BLOCK, SIDE_BY_SIDE, gather, scatter};
use super::stage::{BackwardPass, GradientMode, Stage};
use crate::simd::parallel::{each, map};
use crate::simd::real::{Real, pick, vectorized};

/// What facilitation cannot exceed.
pub const MOST: f64 = 5.0;

/// Synapses, one for each row; parameters: the recoveries, then what is used up per unit of input.
#[derive(Debug, Clone, Copy)]
pub struct Plasticity {
    /// How many.
    pub rows: usize,
}

/// Steps of the recursion cost as much as so many multiplications.
const STEP: usize = 64;

/// `N` synapses side by side.
#[derive(Clone, Copy)]
struct Synapses<const N: usize> {
    recovery: [f64; N],
    usage: [f64; N],
}

/// Gradients on the way back, from the last bin to the first.
struct PlasticityGradients<const N: usize> {
    recovery: [f64; N],
    usage: [f64; N],
    /// Of what is left at the next bin.
    next: [f64; N],
}

/// Recoveries and usages of all rows.
pub struct Constants {
    recovery: Vec<f64>,
    usage: Vec<f64>,
}

/// The gradients of the recoveries and of the usages of some rows.
type ByConstants = (Vec<f64>, Vec<f64>);

impl<const N: usize> Synapses<N> {
    fn at(constants: &Constants, row: usize) -> Self {
        let of = |values: &[f64]| std::array::from_fn(|i| values[row + i]);
        Self { recovery: of(&constants.recovery), usage: of(&constants.usage) }
    }

    /// What is left for the next bin, before it is held between its bounds.
    #[inline(always)]
    fn next(&self, left: [f64; N], x: [f64; N]) -> [f64; N] {
        std::array::from_fn(|i| {
            left[i] + self.recovery[i] * (1.0 - left[i]) - self.usage[i] * x[i] * left[i]
        })
    }

    /// Fills `to`, and what was left at each bin.
    #[inline(always)]
    fn respond<R: Real>(&self, from: [&[R]; N], to: &mut [&mut [R]], left: &mut [[f64; N]]) {
        let mut now = [1.0; N];
        let mut block = [[0.0; N]; BLOCK];
        for (place, left) in left.chunks_mut(BLOCK).enumerate() {
            gather(&from, place * BLOCK, [0.0; N], &mut block);
            for (x, left) in block.iter_mut().zip(left) {
                *left = now;
                now = self.next(now, *x).map(|value| value.clamp(0.0, MOST));
                *x = std::array::from_fn(|i| x[i] * left[i]);
            }
            scatter(&block, to, place * BLOCK);
        }
    }

    /// Turns the gradients of outputs into those of inputs, and gives those of the recoveries and of
    /// the usages.
    #[inline(always)]
    fn back<R: Real>(
        &self,
        from: [&[R]; N],
        grads: &mut [&mut [R]],
        left: &[[f64; N]],
    ) -> [[f64; N]; 2] {
        let mut sums = PlasticityGradients { recovery: [0.0; N], usage: [0.0; N], next: [0.0; N] };
        let (mut block, mut grad_block) = ([[0.0; N]; BLOCK], [[0.0; N]; BLOCK]);
        for (place, left) in left.chunks(BLOCK).enumerate().rev() {
            gather(&from, place * BLOCK, [0.0; N], &mut block);
            let rows: [&[R]; N] = std::array::from_fn(|i| &*grads[i]);
            gather(&rows, place * BLOCK, [0.0; N], &mut grad_block);
            let bins = left.iter().zip(&block).zip(&mut grad_block);
            for ((left, x), grad) in bins.rev() {
                self.step_back(*left, *x, grad, &mut sums);
            }
            scatter(&grad_block, grads, place * BLOCK);
        }
        [sums.recovery, sums.usage]
    }

    /// Turns the gradient of a bin's output into that of its input.
    #[inline(always)]
    fn step_back(
        &self,
        left: [f64; N],
        x: [f64; N],
        grad: &mut [f64; N],
        sums: &mut PlasticityGradients<N>,
    ) {
        let free = self.next(left, x);
        for i in 0..N {
            let inside = free[i] > 0.0 && free[i] < MOST;
            let through = pick(inside, sums.next[i], 0.0);
            sums.recovery[i] += through * (1.0 - left[i]);
            sums.usage[i] -= through * x[i] * left[i];
            let kept = 1.0 - self.recovery[i] - self.usage[i] * x[i];
            sums.next[i] = grad[i] * x[i] + through * kept;
            grad[i] = (grad[i] - through * self.usage[i]) * left[i];
        }
    }
}

impl Constants {
    /// The `N` rows from `row` on, the first of which is `at` in `from`; how many that is.
    fn forward_at<R: Real, const N: usize>(
        &self,
        (row, at): (usize, usize),
        from: &[&[R]],
        to: &mut [&mut [R]],
        left: &mut [f64],
    ) -> usize {
        let synapses = Synapses::<N>::at(self, row + at);
        let rows: [&[R]; N] = std::array::from_fn(|i| from[at + i]);
        let bins = rows[0].len();
        let (left, _) = left[at * bins..(at + N) * bins].as_chunks_mut::<N>();
        let to = &mut to[at..at + N];
        vectorized(
            #[inline(always)]
            || synapses.respond(rows, to, left),
        );
        N
    }

    /// Some rows, of which `row` is the first.
    fn forward<R: Real>(&self, row: usize, from: &[&[R]], to: &mut [&mut [R]], left: &mut [f64]) {
        let mut at = 0;
        while at < from.len() {
            let place = (row, at);
            at += match from.len() - at {
                SIDE_BY_SIDE.. => self.forward_at::<R, SIDE_BY_SIDE>(place, from, to, left),
                2.. => self.forward_at::<R, 2>(place, from, to, left),
                _ => self.forward_at::<R, 1>(place, from, to, left),
            };
        }
    }

    /// The `N` rows from `row` on, the first of which is `at` in `from`; how many that is.
    fn backward_at<R: Real, const N: usize>(
        &self,
        (row, at): (usize, usize),
        (from, left): (&[&[R]], &[f64]),
        grads: &mut [&mut [R]],
        sums: &mut ByConstants,
    ) -> usize {
        let synapses = Synapses::<N>::at(self, row + at);
        let rows: [&[R]; N] = std::array::from_fn(|i| from[at + i]);
        let bins = rows[0].len();
        let (left, _) = left[at * bins..(at + N) * bins].as_chunks::<N>();
        let grads = &mut grads[at..at + N];
        let [by_recovery, by_usage] = vectorized(
            #[inline(always)]
            || synapses.back(rows, grads, left),
        );
        sums.0.extend(by_recovery);
        sums.1.extend(by_usage);
        N
    }

    /// Some rows, of which `row` is the first.
    fn backward<R: Real>(
        &self,
        row: usize,
        from: (&[&[R]], &[f64]),
        grads: &mut [&mut [R]],
    ) -> ByConstants {
        let (mut at, mut sums) = (0, ByConstants::default());
        let rows = grads.len();
        while at < rows {
            let place = (row, at);
            at += match rows - at {
                SIDE_BY_SIDE.. => {
                    self.backward_at::<R, SIDE_BY_SIDE>(place, from, grads, &mut sums)
                }
                2.. => self.backward_at::<R, 2>(place, from, grads, &mut sums),
                _ => self.backward_at::<R, 1>(place, from, grads, &mut sums),
            };
        }
        sums
    }
}

impl<R: Real> Stage<R> for Plasticity {
    type Prepared = Constants;
    /// What was left at each bin of each row; of rows that are computed side by side, bin by bin.
    type State = Vec<f64>;

    fn parameters(&self) -> usize {
        2 * self.rows
    }

    fn output(&self, input: Layout) -> Layout {
        input.bare()
    }

    fn prepare(&self, parameters: &[R], _mode: GradientMode) -> Constants {
        let (recovery, usage) = parameters.split_at(self.rows);
        let of = |values: &[R]| values.iter().map(|value| value.to_f64()).collect();
        Constants { recovery: of(recovery), usage: of(usage) }
    }

    fn forward(
        &self,
        own: &Constants,
        input: &Rows<R>,
        output: &mut Rows<R>,
        state: &mut Vec<f64>,
    ) {
        let bins = input.layout().bins;
        state.resize(self.rows * bins, 0.0);
        let from: Vec<&[R]> = input.rows().collect();
        let mut to: Vec<&mut [R]> = output.rows_mut().collect();
        let groups = from.chunks(SIDE_BY_SIDE).zip(to.chunks_mut(SIDE_BY_SIDE));
        let tasks = groups.zip(state.chunks_mut((SIDE_BY_SIDE * bins).max(1))).enumerate();
        each(tasks.collect(), STEP * self.rows * bins, |(group, ((from, to), left))| {
            own.forward(group * SIDE_BY_SIDE, from, to, left);
        });
    }

    fn backward(&self, own: &Constants, state: &mut Vec<f64>, pass: BackwardPass<R>) {
        let BackwardPass { input, grad, input_grad, by_parameters, .. } = pass;
        let bins = input.layout().bins;
        let from: Vec<&[R]> = input.rows().collect();
        let mut grads: Vec<&mut [R]> = grad.rows_mut().collect();
        let groups = from.chunks(SIDE_BY_SIDE).zip(grads.chunks_mut(SIDE_BY_SIDE));
        let tasks = groups.zip(state.chunks((SIDE_BY_SIDE * bins).max(1))).enumerate();
        let sums = map(tasks.collect(), 2 * STEP * self.rows * bins, |task| {
            let (group, ((from, grads), left)) = task;
            own.backward(group * SIDE_BY_SIDE, (from, left), grads)
        });
        if let Some(by_parameters) = by_parameters {
            let (by_recovery, by_usage) = by_parameters.split_at_mut(self.rows);
            let recovery = sums.iter().flat_map(|sums| &sums.0);
            let usage = sums.iter().flat_map(|sums| &sums.1);
            by_recovery.iter_mut().zip(recovery).for_each(|(sum, own)| *sum += R::from_f64(*own));
            by_usage.iter_mut().zip(usage).for_each(|(sum, own)| *sum += R::from_f64(*own));
        }
        if let Some(input_grad) = input_grad {
            input_grad.rows_mut().zip(grad.rows()).for_each(|(to, from)| to.copy_from_slice(from));
        }
    }
}
