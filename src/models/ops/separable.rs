//! The STRF convolution with kernels that are sums of products of a function of frequency and one
//! of lag: first over bands, then over lags, which costs a fraction of the whole kernel.
//!
//! `y(o,t) = bias(o) + Σ_c Σ_r Σ_j v(o,c,r,j) · z(c,o,r, t+j−(K−1))` with
//! `z(c,o,r,t) = Σ_f u(c,o,r,f) · x(c,f,t)`, zeros before the clip.
use super::blocks::{self, Block};
use super::rows::{Layout, Rows};
use super::stage::{BackwardPass, GradientMode, Stage};
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

/// The parameters of a separable convolution in the order of its loops.
pub struct Prepared<R> {
    packed: Vec<R>,
    over_bands: Vec<R>,
    over_lags: Vec<R>,
    bias: Vec<R>,
    /// Functions of lag, turned.
    turned: Vec<R>,
}

/// What a separable convolution keeps.
#[derive(Default)]
pub struct State<R> {
    /// Drives of each band function.
    drives: Rows<R>,
    /// Room for their gradient.
    drive_grads: Rows<R>,
}

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
    type Prepared = Prepared<R>;
    type State = State<R>;

    fn parameters(&self) -> usize {
        self.outputs * (self.channels * self.rank * (self.bands + self.lags) + 1)
    }

    fn output(&self, input: Layout) -> Layout {
        let (bands, channels, right) = (1, self.outputs, self.lags - 1);
        Layout { bands, channels, bins: input.bins, left: 0, right }
    }

    fn prepare(&self, parameters: &[R], _mode: GradientMode) -> Prepared<R> {
        let (u, rest) = parameters.split_at(self.channels * self.rows() * self.bands);
        let (v, bias) = rest.split_at(self.outputs * self.taps());
        let packed = u.chunks_exact(self.rows() * self.bands).flat_map(|channel| {
            let blocks = blocks::of_sums(self.rows()).into_iter();
            blocks.flat_map(|rows| blocks::pack(channel, &rows, self.bands))
        });
        let packed = packed.collect();
        let turned = v.chunks_exact(self.lags).flat_map(|taps| taps.iter().rev().copied());
        let turned = turned.collect();
        let (over_bands, over_lags, bias) = (u.to_vec(), v.to_vec(), bias.to_vec());
        Prepared { packed, over_bands, over_lags, bias, turned }
    }

    fn forward(
        &self,
        prepared: &Prepared<R>,
        input: &Rows<R>,
        output: &mut Rows<R>,
        state: &mut State<R>,
    ) {
        let (layout, drives) = (output.layout(), &mut state.drives);
        drives.arrange(self.drives(layout.bins));
        self.over_bands(&prepared.packed, input, drives);
        let (taps, offsets) = (self.taps(), self.tap_offsets(drives.stride()));
        let stride = output.stride();
        let tasks = output.padded_mut().chunks_exact_mut(stride).enumerate().collect();
        each(tasks, self.work() * layout.bins, |(o, out): (usize, &mut [R])| {
            Sums {
                weights: &prepared.over_lags[o * taps..(o + 1) * taps],
                start: &prepared.bias[o..=o],
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

    fn backward(&self, prepared: &Prepared<R>, state: &mut State<R>, pass: BackwardPass<R>) {
        let BackwardPass { input, grad, input_grad, by_parameters, .. } = pass;
        let State { drives, drive_grads } = state;
        drive_grads.arrange(self.drives(grad.layout().bins).bare());
        self.back_over_lags(&prepared.turned, grad, drive_grads);
        if let Some(by_parameters) = by_parameters {
            let over_bands = self.channels * self.rows() * self.bands;
            let (by_u, rest) = by_parameters.split_at_mut(over_bands);
            let (by_v, by_bias) = rest.split_at_mut(self.outputs * self.taps());
            self.kernel_gradients(input, (drives, drive_grads), grad, [by_u, by_v]);
            for (by_bias, row) in by_bias.iter_mut().zip(grad.rows()) {
                *by_bias += R::from_f64(total(row));
            }
        }
        if let Some(input_grad) = input_grad {
            self.back_over_bands(&prepared.over_bands, drive_grads, input_grad);
        }
    }
}
