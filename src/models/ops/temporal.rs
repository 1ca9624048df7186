//! A kernel over time for each row of its own, then a rectification where it is wanted.
//!
//! `y(h,t) = act( bias(h) + Σ_j w(h,j) · x(h, t+j−(K−1)) )`, zeros before the clip.
use super::activation::Activation;
use super::rows::{Layout, Rows};
use super::stage::{BackwardPass, GradientMode, Stage};
use crate::simd::parallel::each;
use crate::simd::real::{Real, vectorized};
use crate::simd::sums::total;
use crate::simd::tile::{Products, Sums};

/// Parameters `w (H, K)`, the last index the present bin, and `bias (H)`.
#[derive(Debug, Clone, Copy)]
pub struct Temporal {
    /// Rows `H`, channels of one band.
    pub units: usize,
    /// Lags `K`.
    pub lags: usize,
    /// What stands behind it; its slope follows from its value.
    pub activation: Activation,
}

/// The parameters in the order of the loops.
pub struct Prepared<R> {
    kernels: Vec<R>,
    turned: Vec<R>,
    bias: Vec<R>,
}

/// The place of a row, and where the gradients of its kernel and its bias go.
type OfRow<'a, R> = (usize, (&'a mut [R], &'a mut R));

impl Temporal {
    fn work(self, bins: usize) -> usize {
        self.units * self.lags * bins
    }

    /// Values of all kernels.
    pub fn weights(self) -> usize {
        self.units * self.lags
    }
}

impl<R: Real> Stage<R> for Temporal {
    type Prepared = Prepared<R>;
    type State = ();

    fn parameters(&self) -> usize {
        self.units * (self.lags + 1)
    }

    fn zeros_before(&self) -> usize {
        self.lags - 1
    }

    fn output(&self, input: Layout) -> Layout {
        Layout { left: 0, right: self.lags - 1, ..input }
    }

    fn prepare(&self, parameters: &[R], _mode: GradientMode) -> Prepared<R> {
        let (kernels, bias) = parameters.split_at(self.weights());
        let turned = kernels.chunks_exact(self.lags).flat_map(|kernel| kernel.iter().rev());
        let turned = turned.copied().collect();
        Prepared { kernels: kernels.to_vec(), turned, bias: bias.to_vec() }
    }

    fn forward(&self, own: &Prepared<R>, input: &Rows<R>, output: &mut Rows<R>, _state: &mut ()) {
        let offsets: Vec<usize> = (0..self.lags).collect();
        let (Layout { bins, left, .. }, stride) = (output.layout(), output.stride());
        let activation = self.activation;
        let tasks = output.padded_mut().chunks_exact_mut(stride).enumerate().collect();
        each(tasks, self.work(bins), |(row, out): (usize, &mut [R])| {
            let sums = Sums {
                weights: &own.kernels[row * self.lags..][..self.lags],
                start: &own.bias[row..=row],
                source: input.values(),
                offsets: &offsets,
                base: row * input.stride(),
                bins,
                out,
                left,
            };
            sums.run();
            let values = &mut out[left..left + bins];
            vectorized(
                #[inline(always)]
                || activation.change(values),
            );
        });
    }

    fn backward(&self, own: &Prepared<R>, _state: &mut (), pass: BackwardPass<R>) {
        let BackwardPass { input, output, grad, input_grad, by_parameters } = pass;
        let (bins, activation) = (grad.layout().bins, self.activation);
        let offsets: Vec<usize> = (0..self.lags).collect();
        for (grad, values) in grad.rows_mut().zip(output.rows()) {
            vectorized(
                #[inline(always)]
                || activation.backward(values, grad),
            );
        }
        if let Some(by_parameters) = by_parameters {
            let (by_kernels, by_bias) = by_parameters.split_at_mut(self.weights());
            let tasks = by_kernels.chunks_exact_mut(self.lags).zip(by_bias).enumerate().collect();
            each(tasks, self.work(bins), |(row, (out, by_bias)): OfRow<R>| {
                let products = Products {
                    rows: grad.values(),
                    row_offsets: &[row * grad.stride() + grad.layout().left],
                    source: input.values(),
                    offsets: &offsets,
                    base: row * input.stride(),
                    bins,
                    out,
                };
                products.run();
                *by_bias += R::from_f64(total(grad.row(row)));
            });
        }
        let Some(input_grad) = input_grad else { return };
        let (left, stride) = (input_grad.layout().left, input_grad.stride());
        let zero = [R::constant(0.0)];
        let tasks = input_grad.padded_mut().chunks_exact_mut(stride).enumerate().collect();
        each(tasks, self.work(bins), |(row, out): (usize, &mut [R])| {
            let sums = Sums {
                weights: &own.turned[row * self.lags..][..self.lags],
                start: &zero,
                source: grad.values(),
                offsets: &offsets,
                base: row * grad.stride() + grad.layout().left,
                bins,
                out,
                left,
            };
            sums.run();
        });
    }
}
