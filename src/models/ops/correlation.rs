//! Causal correlation of a map of frequency and time with kernels: the STRF convolution, the
//! convolutions of the 2D-CNN, and layers in which every bin is on its own.
//!
//! `y(o,f,t) = bias(o) + Σ_c Σ_i Σ_j w(o,c,i,j) · x(c,f+i, t+j−left)`, zeros outside of `x`.
use super::blocks::{self, Block, Summands};
use super::rows::{Layout, Rows};
use crate::simd::parallel::{each, map};
use crate::simd::real::Real;
use crate::simd::tile::{Products, Sums};

/// Sizes of a correlation. Kernels are `(O, I, C, J)`, in the order in which a patch of [`Rows`]
/// lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Correlation {
    /// Bands of the map.
    pub bands: usize,
    /// Channels of the map.
    pub channels: usize,
    /// Outputs at every band and bin.
    pub outputs: usize,
    /// Bands of a kernel.
    pub height: usize,
    /// Bins of a kernel.
    pub width: usize,
    /// Zeros before the first bin.
    pub left: usize,
}

/// Moving a weight costs as much as so many multiplications.
const PACKING: usize = 16;

impl Correlation {
    /// Values under a kernel.
    pub fn patch(&self) -> usize {
        self.height * self.channels * self.width
    }

    /// Values of all kernels.
    pub fn weights(&self) -> usize {
        self.outputs * self.patch()
    }

    /// Bands that it gives.
    pub fn output_bands(&self) -> usize {
        self.bands + 1 - self.height
    }

    /// Bins that it gives for so many.
    pub fn output_bins(&self, bins: usize) -> usize {
        bins + self.left + 1 - self.width
    }

    /// What it gives for `bins`, with the zeros that the way back needs.
    pub fn output(&self, bins: usize) -> Layout {
        let right = self.width - 1;
        Layout {
            bands: self.output_bands(),
            channels: self.outputs,
            bins: self.output_bins(bins),
            left: right - self.left.min(right),
            right,
        }
    }

    /// Multiplications for so many bins.
    pub fn work(&self, bins: usize) -> usize {
        self.weights() * self.output_bands() * bins
    }

    /// Kernels `(O, I, C, J)` in the order of [`Correlation::forward`].
    pub fn pack<R: Real>(&self, weights: &[R]) -> Vec<R> {
        let (blocks, work) = (blocks::of_sums(self.outputs), PACKING * weights.len());
        map(blocks, work, |rows| blocks::pack(weights, &rows, self.patch())).concat()
    }

    /// Kernels `(O, I, C, J)` in the order of [`Correlation::input_gradient`].
    pub fn pack_turned<R: Real>(&self, weights: &[R]) -> Vec<R> {
        let view = self.merged();
        let (per_band, width, patch) = (view.channels, self.width, self.patch());
        let blocks = map(blocks::of_sums(per_band), PACKING * weights.len(), |channels| {
            let mut packed = Vec::with_capacity(channels.len() * weights.len() / per_band);
            for (i, rest) in pairs(view.height, self.outputs * width) {
                let (i, o, j) = (view.height - 1 - i, rest / width, rest % width);
                let at = |c| o * patch + (i * per_band + c) * width + width - 1 - j;
                packed.extend(channels.clone().map(|c| weights[at(c)]));
            }
            packed
        });
        blocks.concat()
    }

    /// The same correlation with bands as channels, where a kernel spans all bands.
    fn merged(self) -> Self {
        if self.height < self.bands {
            return self;
        }
        Self { bands: 1, channels: self.bands * self.channels, height: 1, ..self }
    }

    /// Fills `out`, arranged as [`Correlation::output`] with any zeros, from `input` with
    /// `left` zeros before its rows.
    pub fn forward<R: Real>(&self, packed: &[R], bias: &[R], input: &Rows<R>, out: &mut Rows<R>) {
        let (layout, offsets) = (out.layout(), self.offsets(input.stride()));
        each(blocks::of_map(out, self.outputs), self.work(layout.bins), |block| {
            self.block((packed, bias), (input, &offsets), layout, block);
        });
    }

    /// Fills the rows of one output band, zeros included.
    pub fn forward_band<R: Real>(
        &self,
        kernels: (&[R], &[R]),
        input: (&Rows<R>, &[usize]),
        (layout, band): (Layout, usize),
        rows: &mut [R],
    ) {
        for block in blocks::of_band(band, self.outputs, rows) {
            self.block(kernels, input, layout, block);
        }
    }

    fn block<R: Real>(
        &self,
        (packed, bias): (&[R], &[R]),
        (input, offsets): (&Rows<R>, &[usize]),
        layout: Layout,
        block: Block<R>,
    ) {
        let base = block.band * self.channels * input.stride();
        let (weights, start, source) = (packed, bias, input.values());
        block.fill(layout, Summands { weights, start, source, offsets, base });
    }

    /// Where the values of a patch lie in rows of a stride.
    pub fn offsets(&self, stride: usize) -> Vec<usize> {
        pairs(self.height * self.channels, self.width).map(|(row, j)| row * stride + j).collect()
    }

    /// Adds the gradient of the kernels `(O, I, C, J)` to `out`; `grad` is arranged as
    /// [`Correlation::output`] says.
    pub fn kernel_gradient<R: Real>(&self, input: &Rows<R>, grad: &Rows<R>, out: &mut [R]) {
        let (patch, offsets) = (self.patch(), self.offsets(input.stride()));
        let Layout { bands, bins, left, .. } = grad.layout();
        let tasks = blocks::of_products(self.outputs, patch, out);
        each(tasks, self.work(bins), |(outputs, out)| {
            for band in 0..bands {
                let start = |o| (band * self.outputs + o) * grad.stride() + left;
                let row_offsets: Vec<usize> = outputs.clone().map(start).collect();
                Products {
                    rows: grad.values(),
                    row_offsets: &row_offsets,
                    source: input.values(),
                    offsets: &offsets,
                    base: band * self.channels * input.stride(),
                    bins,
                    out,
                }
                .run();
            }
        });
    }

    /// Fills `out`, arranged as the input, with the gradient by it.
    pub fn input_gradient<R: Real>(&self, turned: &[R], grad: &Rows<R>, out: &mut Rows<R>) {
        let view = self.merged();
        let (layout, from, stride) = (out.layout(), grad.layout(), grad.stride());
        let (last, line) = (view.height - 1, self.outputs * self.width);
        let places = pairs(view.height * self.outputs, self.width);
        let offsets: Vec<usize> = places.map(|(row, j)| row * stride + j).collect();
        let zeros = vec![R::constant(0.0); view.channels];
        let tasks = blocks::of_map(out, view.channels);
        each(tasks, self.work(layout.bins), |Block { band, rows, out }| {
            // Turned kernels reach from output band `band − last` to `band`, where those exist.
            let skipped = last.saturating_sub(band);
            let reached = (band + 1).min(from.bands) + last - band;
            let (whole, size) = (view.height * line, rows.len());
            let weights = &turned[rows.start * whole..rows.end * whole];
            Sums {
                weights: &weights[skipped * line * size..reached * line * size],
                start: &zeros[..size],
                source: grad.values(),
                offsets: &offsets[..(reached - skipped) * line],
                base: (band + skipped - last) * self.outputs * stride
                    + (self.left + from.left + 1 - self.width),
                bins: layout.bins,
                out,
                left: layout.left,
            }
            .run();
        });
    }
}

/// All pairs, the second one changing fastest.
fn pairs(first: usize, second: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..first).flat_map(move |a| (0..second).map(move |b| (a, b)))
}
