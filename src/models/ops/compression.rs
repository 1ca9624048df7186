//! Logarithms above an offset, over rows: `y = ln(1 + x/d)`.
use super::rows::{Layout, Rows};
use super::stage::{BackwardPass, GradientMode, Stage};
use crate::simd::parallel::{each, map};
use crate::simd::real::{Real, pick, vectorized};

/// One offset for each row; parameters: the offsets `d`.
#[derive(Debug, Clone, Copy)]
pub struct Compression {
    /// How many.
    pub rows: usize,
}

/// A logarithm costs as much as so many multiplications.
const STEP: usize = 32;

/// `ln(1 + z)`; near 0 as exact as elsewhere.
#[inline(always)]
fn ln_1p<R: Real>(z: R) -> R {
    let one = R::constant(1.0);
    // Of small numbers by a series, of others by the logarithm: both are loops without branches.
    let (small, large) = (z.at_most(one).ln_1p(), (one + z).ln());
    pick(z < one, small, large)
}

/// Fills `to`.
#[inline(always)]
fn respond<R: Real>(offset: R, from: &[R], to: &mut [R]) {
    let inverse = R::constant(1.0) / offset;
    for (y, x) in to.iter_mut().zip(from) {
        *y = ln_1p(*x * inverse);
    }
}

/// Fills the gradient of the input.
fn back<R: Real>(offset: R, x: &[R], grads: &[R], to: &mut [R]) {
    for ((to, x), grad) in to.iter_mut().zip(x).zip(grads) {
        *to = *grad / (*x + offset);
    }
}

impl<R: Real> Stage<R> for Compression {
    /// The offsets.
    type Prepared = Vec<R>;
    type State = ();

    fn parameters(&self) -> usize {
        self.rows
    }

    fn output(&self, input: Layout) -> Layout {
        input.bare()
    }

    fn prepare(&self, parameters: &[R], _mode: GradientMode) -> Vec<R> {
        parameters.to_vec()
    }

    fn forward(&self, offsets: &Vec<R>, input: &Rows<R>, output: &mut Rows<R>, _state: &mut ()) {
        let work = STEP * self.rows * input.layout().bins;
        let tasks = offsets.iter().zip(input.rows()).zip(output.rows_mut()).collect();
        each(tasks, work, |((offset, from), to)| {
            vectorized(
                #[inline(always)]
                || respond(*offset, from, to),
            );
        });
    }

    fn backward(&self, offsets: &Vec<R>, _state: &mut (), pass: BackwardPass<R>) {
        let BackwardPass { input, grad, input_grad, by_parameters, .. } = pass;
        let grad = &*grad;
        let work = STEP * self.rows * input.layout().bins;
        if let Some(by_parameters) = by_parameters {
            let tasks = offsets.iter().zip(input.rows()).zip(grad.rows()).collect();
            let sums = map(tasks, work, |((offset, x), grad): ((&R, &[R]), &[R])| {
                let offset = offset.to_f64();
                let slope = |x: f64| -x / (offset * (x + offset));
                x.iter().zip(grad).map(|(x, grad)| grad.to_f64() * slope(x.to_f64())).sum::<f64>()
            });
            by_parameters.iter_mut().zip(sums).for_each(|(sum, own)| *sum += R::from_f64(own));
        }
        if let Some(input_grad) = input_grad {
            let rows = offsets.iter().zip(input.rows()).zip(grad.rows());
            for (((offset, x), grad), to) in rows.zip(input_grad.rows_mut()) {
                back(*offset, x, grad, to);
            }
        }
    }
}
