//! The STRF convolution with kernels that are sums of products of a function of frequency and one
//! of lag: first over bands, then over lags, which costs a fraction of the whole kernel.
//!
//! `y(o,t) = bias(o) + Σ_c Σ_r Σ_j v(o,c,r,j) · z(c,o,r, t+j−(K−1))` with
//! `z(c,o,r,t) = Σ_f u(c,o,r,f) · x(c,f,t)`, zeros before the clip.
use super::blocks::{self, Block};
use super::rows::{Layout, Rows};
use super::stage::{Passing, Stage, Ways, slot};
use crate::simd::parallel::each;
use crate::simd::real::Real;
use crate::simd::sums::total;
use crate::simd::tile::{Products, Sums};

/// Parameters `u (C, O, R, F)`, `v (O, C, R, K)` and `bias (O)`.
#[derive(Debug, Clone, Copy)]
pub struct Separable {
    /// Bands `F` of the sound.
    pub bands: usize,
    /// Channels `C` of the sound.
    pub channels: usize,
    /// Neurons or hidden units `O`.
    pub outputs: usize,
    /// Products `R` of each kernel.
    pub rank: usize,
    /// Lags `K`.
    pub lags: usize,
}

/// Where [`Stage::prepare`] puts what.
const PACKED: usize = 0;
const OVER_BANDS: usize = 1;
const OVER_LAGS: usize = 2;
const BIAS: usize = 3;
const TURNED: usize = 4;

/// What is kept: drives of each band function, and room for their gradient.
const DRIVES: usize = 0;
const DRIVE_GRADS: usize = 1;

impl Separable {
    /// Multiplications for a bin.
    pub fn work(&self) -> usize {
        self.outputs * self.channels * self.rank * (self.bands + self.lags)
    }

    /// `(O · R)` rows of each channel.
    fn rows(&self) -> usize {
        self.outputs * self.rank
    }

    fn drives(&self, bins: usize) -> Layout {
        let (bands, channels, left) = (self.channels, self.rows(), self.lags - 1);
        Layout { bands, channels, bins, left, right: 0 }
    }

    /// Values of `v` for one output.
    fn taps(&self) -> usize {
        self.channels * self.rank * self.lags
    }

    /// Where the bands of a channel lie.
    fn band_offsets<R: Real>(&self, input: &Rows<R>) -> Vec<usize> {
        (0..self.bands).map(|band| band * self.channels * input.stride()).collect()
    }

    /// Where what the lag functions of an output meet lies.
    fn tap_offsets(&self, stride: usize) -> Vec<usize> {
        let rows = (0..self.channels).flat_map(|c| (0..self.rank).map(move |r| (c, r)));
        let starts = rows.map(|(c, r)| (c * self.rows() + r) * stride);
        starts.flat_map(|start| (0..self.lags).map(move |lag| start + lag)).collect()
    }

    /// `z` out of the sound.
    fn over_bands<R: Real>(&self, packed: &[R], input: &Rows<R>, drives: &mut Rows<R>) {
        let layout = drives.layout();
        let offsets = self.band_offsets(input);
        let start = vec![R::constant(0.0); self.rows()];
        let work = self.work() * layout.bins;
        // The drives of a channel lie where those of a band lie elsewhere.
        let tasks = blocks::of_map(drives, self.rows());
        each(tasks, work, |Block { band: c, rows, out }| {
            let from = (c * self.rows() + rows.start) * self.bands;
            Sums {
                weights: &packed[from..from + rows.len() * self.bands],
                start: &start[rows],
                source: input.values(),
                offsets: &offsets,
                base: c * input.stride() + input.layout().left,
                bins: layout.bins,
                out,
                left: layout.left,
            }
            .run();
        });
    }

    /// The gradient of `z` out of that of the output.
    fn back_over_lags<R: Real>(&self, turned: &[R], grad: &Rows<R>, drives: &mut Rows<R>) {
        let (layout, stride) = (drives.layout(), drives.stride());
        let offsets: Vec<usize> = (0..self.lags).collect();
        let start = vec![R::constant(0.0); 1];
        let work = self.work() * layout.bins;
        let tasks = drives.padded_mut().chunks_exact_mut(stride).enumerate().collect();
        each(tasks, work, |(row, out): (usize, &mut [R])| {
            let (c, row) = (row / self.rows(), row % self.rows());
            let (output, r) = (row / self.rank, row % self.rank);
            let from = ((output * self.channels + c) * self.rank + r) * self.lags;
            Sums {
                weights: &turned[from..from + self.lags],
                start: &start,
                source: grad.values(),
                offsets: &offsets,
                base: output * grad.stride() + grad.layout().left,
                bins: layout.bins,
                out,
                left: layout.left,
            }
            .run();
        });
    }

    /// Adds the gradients of `u` and `v`.
    fn kernel_gradients<R: Real>(
        &self,
        input: &Rows<R>,
        (drives, drive_grads): (&Rows<R>, &Rows<R>),
        grad: &Rows<R>,
        [by_u, by_v]: [&mut [R]; 2],
    ) {
        let bins = grad.layout().bins;
        let work = self.work() * bins;
        let offsets = self.band_offsets(input);
        let channels = by_u.chunks_exact_mut(self.rows() * self.bands).enumerate();
        let tasks = channels.flat_map(|(c, by_u)| {
            let blocks = blocks::of_products(self.rows(), self.bands, by_u).into_iter();
            blocks.map(move |(rows, out)| (c, rows, out))
        });
        each(tasks.collect(), work, |(c, rows, out)| {
            let start =
                |row| (c * self.rows() + row) * drive_grads.stride() + drive_grads.layout().left;
            let row_offsets: Vec<usize> = rows.map(start).collect();
            let base = c * input.stride() + input.layout().left;
            let (rows, source) = (drive_grads.values(), input.values());
            let (row_offsets, offsets) = (&row_offsets, &offsets);
            Products { rows, row_offsets, source, offsets, base, bins, out }.run();
        });
        let offsets = self.tap_offsets(drives.stride());
        let tasks = by_v.chunks_exact_mut(self.taps()).enumerate().collect();
        each(tasks, work, |(output, out): (usize, &mut [R])| {
            let row_offsets = [output * grad.stride() + grad.layout().left];
            let base = output * self.rank * drives.stride();
            let (rows, source) = (grad.values(), drives.values());
            let (row_offsets, offsets) = (&row_offsets, &offsets);
            Products { rows, row_offsets, source, offsets, base, bins, out }.run();
        });
    }

    /// The gradient of the sound out of that of `z`.
    fn back_over_bands<R: Real>(&self, u: &[R], drive_grads: &Rows<R>, input_grad: &mut Rows<R>) {
        let (layout, stride) = (input_grad.layout(), input_grad.stride());
        let offsets: Vec<usize> = (0..self.rows()).map(|row| row * drive_grads.stride()).collect();
        let start = vec![R::constant(0.0); 1];
        let work = self.work() * layout.bins;
        let tasks = input_grad.padded_mut().chunks_exact_mut(stride).enumerate().collect();
        each(tasks, work, |(row, out): (usize, &mut [R])| {
            let (band, c) = (row / self.channels, row % self.channels);
            let of_channel = &u[c * self.rows() * self.bands..][..self.rows() * self.bands];
            let weights: Vec<R> = of_channel[band..].iter().step_by(self.bands).copied().collect();
            Sums {
                weights: &weights,
                start: &start,
                source: drive_grads.values(),
                offsets: &offsets,
                base: c * self.rows() * drive_grads.stride() + drive_grads.layout().left,
                bins: layout.bins,
                out,
                left: layout.left,
            }
            .run();
        });
    }
}

impl<R: Real> Stage<R> for Separable {
    fn parameters(&self) -> usize {
        self.outputs * (self.channels * self.rank * (self.bands + self.lags) + 1)
    }

    fn output(&self, input: Layout) -> Layout {
        let (bands, channels, right) = (1, self.outputs, self.lags - 1);
        Layout { bands, channels, bins: input.bins, left: 0, right }
    }

    fn prepare(&self, parameters: &[R], _ways: Ways) -> Vec<Vec<R>> {
        let (u, rest) = parameters.split_at(self.channels * self.rows() * self.bands);
        let (v, bias) = rest.split_at(self.outputs * self.taps());
        let packed = u.chunks_exact(self.rows() * self.bands).flat_map(|channel| {
            let blocks = blocks::of_sums(self.rows()).into_iter();
            blocks.flat_map(|rows| blocks::pack(channel, &rows, self.bands))
        });
        let packed = packed.collect();
        let turned = v.chunks_exact(self.lags).flat_map(|taps| taps.iter().rev().copied());
        let turned = turned.collect();
        vec![packed, u.to_vec(), v.to_vec(), bias.to_vec(), turned]
    }

    fn forward(
        &self,
        prepared: &[Vec<R>],
        input: &Rows<R>,
        output: &mut Rows<R>,
        kept: &mut Vec<Rows<R>>,
    ) {
        let layout = output.layout();
        let drives = slot(kept, DRIVES, self.drives(layout.bins));
        self.over_bands(&prepared[PACKED], input, drives);
        let (taps, offsets) = (self.taps(), self.tap_offsets(drives.stride()));
        let stride = output.stride();
        let tasks = output.padded_mut().chunks_exact_mut(stride).enumerate().collect();
        each(tasks, self.work() * layout.bins, |(o, out): (usize, &mut [R])| {
            Sums {
                weights: &prepared[OVER_LAGS][o * taps..(o + 1) * taps],
                start: &prepared[BIAS][o..=o],
                source: drives.values(),
                offsets: &offsets,
                base: o * self.rank * drives.stride(),
                bins: layout.bins,
                out,
                left: layout.left,
            }
            .run();
        });
    }

    fn backward(&self, prepared: &[Vec<R>], passing: Passing<R>, by_parameters: &mut [R]) {
        let Passing { input, kept, grad, input_grad, .. } = passing;
        let (by_u, rest) = by_parameters.split_at_mut(self.channels * self.rows() * self.bands);
        let (by_v, by_bias) = rest.split_at_mut(self.outputs * self.taps());
        slot(kept, DRIVE_GRADS, self.drives(grad.layout().bins).bare());
        let (drives, drive_grads) = kept.split_at_mut(DRIVE_GRADS);
        let (drives, drive_grads) = (&drives[DRIVES], &mut drive_grads[0]);
        self.back_over_lags(&prepared[TURNED], grad, drive_grads);
        self.kernel_gradients(input, (drives, drive_grads), grad, [by_u, by_v]);
        for (by_bias, row) in by_bias.iter_mut().zip(grad.rows()) {
            *by_bias += R::from_f64(total(row));
        }
        if let Some(input_grad) = input_grad {
            self.back_over_bands(&prepared[OVER_BANDS], drive_grads, input_grad);
        }
    }
}
