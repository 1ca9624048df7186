//! Rows multiplied by a factor each, and shifted.
use super::rows::{Layout, Rows};
use super::stage::{BackwardPass, GradientMode, Stage};
use crate::simd::real::{Real, vectorized};
use crate::simd::sums::{dot, total};

/// `y(c,t) = factor(c) · x(c,t) + shift(c)`; parameters: the factors, then the shifts.
pub struct ScaleAndShift {
    /// Channels, of one band.
    pub channels: usize,
}

impl<R: Real> Stage<R> for ScaleAndShift {
    type Prepared = Vec<R>;
    type State = ();

    fn parameters(&self) -> usize {
        2 * self.channels
    }

    fn output(&self, input: Layout) -> Layout {
        input.bare()
    }

    fn prepare(&self, parameters: &[R], _mode: GradientMode) -> Vec<R> {
        parameters.to_vec()
    }

    fn forward(&self, own: &Vec<R>, input: &Rows<R>, output: &mut Rows<R>, _state: &mut ()) {
        let (factors, shifts) = own.split_at(self.channels);
        for (channel, (to, from)) in output.rows_mut().zip(input.rows()).enumerate() {
            let (factor, shift) = (factors[channel], shifts[channel]);
            vectorized(
                #[inline(always)]
                || affine(to, from, factor, shift),
            );
        }
    }

    fn backward(&self, own: &Vec<R>, _state: &mut (), pass: BackwardPass<R>) {
        let BackwardPass { input, grad, input_grad, by_parameters, .. } = pass;
        if let Some(by_parameters) = by_parameters {
            let (by_factors, by_shifts) = by_parameters.split_at_mut(self.channels);
            for (channel, (grad, x)) in grad.rows().zip(input.rows()).enumerate() {
                by_factors[channel] += R::from_f64(dot(grad, x));
                by_shifts[channel] += R::from_f64(total(grad));
            }
        }
        if let Some(input_grad) = input_grad {
            for (channel, (to, grad)) in input_grad.rows_mut().zip(grad.rows()).enumerate() {
                let factor = own[channel];
                vectorized(
                    #[inline(always)]
                    || affine(to, grad, factor, R::constant(0.0)),
                );
            }
        }
    }
}

#[inline(always)]
fn affine<R: Real>(to: &mut [R], from: &[R], factor: R, shift: R) {
    for (y, x) in to.iter_mut().zip(from) {
        *y = factor * *x + shift;
    }
}
