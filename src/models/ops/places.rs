//! Bins each on their own, through kernels over frequency that stand at several places of the bands,
//! each place with weights of its own; then the end of a layer.
//!
//! `drive(l,o,t) = bias(l,o) + Σ_i Σ_c w(l,o,i,c) · x(c, l·stride + i, t)`.
use super::blocks::{self, Summands};
use super::convolution::add_kinds;
use super::finish::{Finish, FinishState, NormParameters};
use super::mixing::{RowSet, add_products, pack};
use super::rows::{Layout, Rows};
use super::stage::{BackwardPass, GradientMode, Stage};
use crate::simd::parallel::each;
use crate::simd::real::Real;

/// Parameters: weights `(L, O, I, C)`, biases `(L, O)`, those of the end.
#[derive(Debug, Clone, Copy)]
pub struct Places {
    /// Places.
    pub places: usize,
    /// Bands from one place to the next.
    pub stride: usize,
    /// Bands under a kernel.
    pub height: usize,
    /// Channels of the input.
    pub channels: usize,
    /// Bands of the input.
    pub bands: usize,
    /// Outputs at every place.
    pub outputs: usize,
    /// What stands behind the drives.
    pub finish: Finish,
}

/// The parameters in the order of the loops.
pub struct Prepared<R> {
    /// Of each place.
    packed: Vec<Vec<R>>,
    bias: Vec<R>,
    end: NormParameters<R>,
    /// Of each band of the input: rows of the output that see it, and their weights.
    turned: Vec<(Vec<usize>, Vec<R>)>,
}

impl Places {
    /// Values under a kernel.
    fn patch(&self) -> usize {
        self.height * self.channels
    }

    /// First row of the input under the kernel at a place.
    fn first(&self, place: usize) -> usize {
        place * self.stride * self.channels
    }

    fn weights(&self) -> usize {
        self.places * self.outputs * self.patch()
    }

    fn work(&self, bins: usize) -> usize {
        self.weights() * bins
    }

    /// Which rows of the output see a band, and by which weights `(C, rows)`.
    fn turned<R: Real>(&self, weights: &[R], band: usize) -> (Vec<usize>, Vec<R>) {
        let seen = |l: &usize| (l * self.stride..l * self.stride + self.height).contains(&band);
        let own = |l: usize| l * self.outputs..(l + 1) * self.outputs;
        let rows: Vec<usize> = (0..self.places).filter(seen).flat_map(own).collect();
        let weight = |channel: usize, at: usize| {
            let (row, patch) = (rows[at], self.patch());
            let i = band - row / self.outputs * self.stride;
            weights[row * patch + i * self.channels + channel]
        };
        let packed = pack(self.channels, rows.len(), weight);
        (rows, packed)
    }

    fn input_gradient<R: Real>(&self, prepared: &Prepared<R>, grad: &Rows<R>, out: &mut Rows<R>) {
        let (layout, stride, left) = (out.layout(), grad.stride(), grad.layout().left);
        let zeros = vec![R::constant(0.0); self.channels];
        let tasks = blocks::of_map(out, self.channels);
        each(tasks, self.work(layout.bins), |block| {
            let (sources, weights) = &prepared.turned[block.band];
            let offsets: Vec<usize> = sources.iter().map(|row| row * stride + left).collect();
            let (start, source, base) = (&zeros, grad.values(), 0);
            block.fill(layout, Summands { weights, start, source, offsets: &offsets, base });
        });
    }
}

impl<R: Real> Stage<R> for Places {
    type Prepared = Prepared<R>;
    type State = FinishState<R>;

    fn parameters(&self) -> usize {
        self.weights() + self.places * self.outputs + self.finish.parameters(self.outputs)
    }

    fn output(&self, input: Layout) -> Layout {
        Layout { bands: self.places, channels: self.outputs, ..input.bare() }
    }

    fn prepare(&self, parameters: &[R], mode: GradientMode) -> Prepared<R> {
        let (weights, rest) = parameters.split_at(self.weights());
        let (bias, end) = rest.split_at(self.places * self.outputs);
        let patch = self.patch();
        let of_place = |own: &[R]| pack(self.outputs, patch, |o, p| own[o * patch + p]);
        let turned = |band| self.turned(weights, band);
        Prepared {
            packed: weights.chunks_exact(self.outputs * patch).map(of_place).collect(),
            bias: bias.to_vec(),
            end: self.finish.prepare(end, self.outputs),
            turned: if mode.of_input() {
                (0..self.bands).map(turned).collect()
            } else {
                Vec::new()
            },
        }
    }

    fn forward(
        &self,
        prepared: &Prepared<R>,
        input: &Rows<R>,
        output: &mut Rows<R>,
        state: &mut FinishState<R>,
    ) {
        let (layout, stride, patch) = (output.layout(), input.stride(), self.patch());
        let left = input.layout().left;
        let offsets: Vec<usize> = (0..patch).map(|row| row * stride + left).collect();
        self.finish.arrange(state, layout);
        let work = self.work(layout.bins);
        self.finish.bands(&prepared.end, state, (output, work), |place, bare, drive| {
            let (weights, source) = (&prepared.packed[place], input.values());
            let start = &prepared.bias[place * self.outputs..(place + 1) * self.outputs];
            let (offsets, base) = (&offsets[..], self.first(place) * stride);
            for block in blocks::of_band(place, self.outputs, drive) {
                block.fill(bare, Summands { weights, start, source, offsets, base });
            }
        });
    }

    fn backward(&self, prepared: &Prepared<R>, state: &mut FinishState<R>, pass: BackwardPass<R>) {
        let BackwardPass { input, output, grad, input_grad, by_parameters } = pass;
        let sums = self.finish.through_bands(&prepared.end, state, output, grad);
        if let Some(by_parameters) = by_parameters {
            let (by_weights, rest) = by_parameters.split_at_mut(self.weights());
            let (by_bias, by_end) = rest.split_at_mut(self.places * self.outputs);
            let parts = by_weights.chunks_exact_mut(self.outputs * self.patch());
            for (place, out) in parts.enumerate() {
                let (own, first) = (place * self.outputs, self.first(place));
                let rows = RowSet::range(&*grad, own..own + self.outputs);
                add_products(&rows, &RowSet::range(input, first..first + self.patch()), out);
            }
            let offsets = sums.iter().flatten().map(|sums| R::from_f64(sums[0]));
            by_bias.iter_mut().zip(offsets).for_each(|(by_bias, sum)| *by_bias += sum);
            for (i, sums) in sums.iter().flat_map(|band| band.iter().enumerate()) {
                add_kinds(by_end.iter_mut().skip(i).step_by(self.outputs), &sums[1..]);
            }
        }
        if let Some(input_grad) = input_grad {
            self.input_gradient(prepared, grad, input_grad);
        }
    }
}
