//! Causal correlation of a map of frequency and time with kernels: the STRF convolution, and the
//! convolutions of the 2D-CNN.
//!
//! `y(b,o,f,t) = Σ_c Σ_i Σ_j w(o,c,i,j) · x(b,c,f+i, t+j−left)`, zeros outside of `x`.
use candle_core::{CpuStorage, CustomOp2, Device, Layout, Result, Shape, Tensor, WithDType, bail};
use rayon::prelude::*;

use super::contiguous;
use super::matrix::{View, add_product};

/// Columns of a tile: with the STRFs in use, its patches stay in the second-level cache.
const TILE: usize = 256;

/// Correlates `x` `(B, C, F, T)` with `w` `(O, C, I, J)`, `left` zeros before the first bin:
/// `(B, O, F−I+1, T+left−J+1)`.
pub fn correlate(x: &Tensor, w: &Tensor, left: usize) -> Result<Tensor> {
    if matches!(x.device(), Device::Cpu) {
        let padding = Padding { bands: 0, left, right: 0 };
        x.contiguous()?.apply_op2(&w.contiguous()?, Correlation { padding })
    } else {
        correlate_plain(x, w, left)
    }
}

/// [`correlate`] out of candle's operations.
pub fn correlate_plain(x: &Tensor, w: &Tensor, left: usize) -> Result<Tensor> {
    x.pad_with_zeros(3, left, 0)?.conv2d(w, 0, 1, 1, 1)
}

/// Zeros around a map: `bands` below and above, `left` before and `right` after.
#[derive(Debug, Clone, Copy)]
struct Padding {
    bands: usize,
    left: usize,
    right: usize,
}

struct Correlation {
    padding: Padding,
}

impl CustomOp2 for Correlation {
    fn name(&self) -> &'static str {
        "correlation"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        w: &CpuStorage,
        w_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let sizes = Sizes::new(x_layout.shape(), w_layout.shape(), self.padding)?;
        let storage =
            on_floats!("correlation", (x, x_layout), (w, w_layout), |x, w| sizes.forward(x, w));
        Ok((storage, Shape::from_dims(&sizes.output())))
    }

    fn bwd(
        &self,
        x: &Tensor,
        w: &Tensor,
        _y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let grad = grad.contiguous()?;
        let dx = x.track_op().then(|| self.gradient_of_input(x, w, &grad)).transpose()?;
        let dw = w.track_op().then(|| self.gradient_of_kernels(x, w, &grad)).transpose()?;
        Ok((dx, dw))
    }
}

impl Correlation {
    /// The gradient of the output, correlated with the kernels turned round.
    fn gradient_of_input(&self, x: &Tensor, w: &Tensor, grad: &Tensor) -> Result<Tensor> {
        let (_o, _c, height, width) = w.dims4()?;
        let Padding { left, right, .. } = self.padding;
        let turned = w.transpose(0, 1)?.contiguous()?.flip(&[2, 3])?.contiguous()?;
        let padding = Padding {
            bands: height - 1,
            left: width - 1 - left.min(width - 1),
            right: width - 1 - right,
        };
        let excess = left - left.min(width - 1);
        let dx = grad.narrow(3, excess, grad.dim(3)? - excess)?.contiguous()?;
        let dx = dx.apply_op2_no_bwd(&turned, &Correlation { padding })?;
        debug_assert_eq!(dx.dims(), x.dims());
        Ok(dx)
    }

    fn gradient_of_kernels(&self, x: &Tensor, w: &Tensor, grad: &Tensor) -> Result<Tensor> {
        let op = KernelGradient { kernels: w.shape().clone(), padding: self.padding };
        x.apply_op2_no_bwd(grad, &op)
    }
}

/// From `x` and the gradient of the output, the gradient of the kernels.
struct KernelGradient {
    kernels: Shape,
    padding: Padding,
}

impl CustomOp2 for KernelGradient {
    fn name(&self) -> &'static str {
        "correlation-kernel-gradient"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        grad: &CpuStorage,
        grad_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let sizes = Sizes::new(x_layout.shape(), &self.kernels, self.padding)?;
        let storage =
            on_floats!("correlation", (x, x_layout), (grad, grad_layout), |x, grad| sizes
                .kernel_gradient(x, grad));
        Ok((storage, self.kernels.clone()))
    }
}

/// Input, kernels and padding of a correlation.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    batch: usize,
    channels: usize,
    bands: usize,
    bins: usize,
    outputs: usize,
    height: usize,
    width: usize,
    padding: Padding,
}

/// One output band of one clip, from one bin to another.
#[derive(Debug, Clone, Copy)]
struct Tile {
    clip: usize,
    band: usize,
    from: usize,
    len: usize,
}

impl Sizes {
    fn new(x: &Shape, w: &Shape, padding: Padding) -> Result<Self> {
        let (batch, channels, bands, bins) = x.dims4()?;
        let (outputs, w_channels, height, width) = w.dims4()?;
        if channels != w_channels {
            bail!("correlation: the map has {channels} channels, the kernels have {w_channels}")
        }
        let sizes = Self { batch, channels, bands, bins, outputs, height, width, padding };
        if bands + 2 * padding.bands < height || bins + padding.left + padding.right < width {
            bail!("correlation: kernels of {height} × {width} on a map of {bands} × {bins}")
        }
        Ok(sizes)
    }

    fn output(&self) -> [usize; 4] {
        let bands = self.bands + 2 * self.padding.bands + 1 - self.height;
        let bins = self.bins + self.padding.left + self.padding.right + 1 - self.width;
        [self.batch, self.outputs, bands, bins]
    }

    /// Values under a kernel.
    fn patch(&self) -> usize {
        self.channels * self.height * self.width
    }

    fn tiles(&self) -> Vec<Tile> {
        let [batch, _, bands, bins] = self.output();
        let tile = move |clip, band, from| Tile { clip, band, from, len: TILE.min(bins - from) };
        (0..batch)
            .flat_map(|clip| (0..bands).map(move |band| (clip, band)))
            .flat_map(|(clip, band)| (0..bins).step_by(TILE).map(move |at| tile(clip, band, at)))
            .collect()
    }

    /// Under each column of a tile, the values that the kernel meets: `(patch, tile.len)`.
    fn patches<T: WithDType>(&self, x: &[T], tile: Tile, patches: &mut Vec<T>) {
        patches.clear();
        patches.resize(self.patch() * tile.len, T::from_f64(0.0));
        let rows = patches.chunks_exact_mut(tile.len);
        let places = (0..self.channels)
            .flat_map(|channel| (0..self.height).map(move |row| (channel, row)))
            .flat_map(|(channel, row)| (0..self.width).map(move |shift| (channel, row, shift)));
        for ((channel, row, shift), patch) in places.zip(rows) {
            if let Some(band) = self.band(tile.band + row) {
                let at = ((tile.clip * self.channels + channel) * self.bands + band) * self.bins;
                self.shifted(&x[at..at + self.bins], tile.from + shift, patch);
            }
        }
    }

    /// The band of the map at a band of the padded map.
    fn band(&self, padded: usize) -> Option<usize> {
        padded.checked_sub(self.padding.bands).filter(|band| *band < self.bands)
    }

    /// `row[t] = source[from + t − left]` where that exists.
    fn shifted<T: WithDType>(&self, source: &[T], from: usize, row: &mut [T]) {
        let before = self.padding.left.saturating_sub(from).min(row.len());
        let start = (from + before).saturating_sub(self.padding.left).min(source.len());
        let len = (row.len() - before).min(source.len() - start);
        row[before..before + len].copy_from_slice(&source[start..start + len]);
    }

    fn forward<T: WithDType>(&self, x: &[T], w: &[T]) -> Vec<T> {
        let [batch, outputs, bands, bins] = self.output();
        let tiles = self.tiles();
        let parts: Vec<Vec<T>> = tiles
            .par_iter()
            .map_init(Vec::new, |patches, &tile| {
                self.patches(x, tile, patches);
                let mut part = vec![T::from_f64(0.0); outputs * tile.len];
                let kernels = View::row_major(outputs, self.patch());
                let columns = View::row_major(self.patch(), tile.len);
                add_product(&mut part, (w, kernels), (patches, columns));
                part
            })
            .collect();
        let mut y = vec![T::from_f64(0.0); batch * outputs * bands * bins];
        for (tile, part) in tiles.iter().zip(&parts) {
            for (output, row) in part.chunks_exact(tile.len).enumerate() {
                let at = ((tile.clip * outputs + output) * bands + tile.band) * bins + tile.from;
                y[at..at + tile.len].copy_from_slice(row);
            }
        }
        y
    }

    /// Summed tile by tile in their order, so that it does not depend on the number of threads.
    fn kernel_gradient<T: WithDType>(&self, x: &[T], grad: &[T]) -> Vec<T> {
        let [_, outputs, bands, bins] = self.output();
        let one = |patches: &mut Vec<T>, tile: Tile| {
            self.patches(x, tile, patches);
            let start = (tile.clip * outputs * bands + tile.band) * bins + tile.from;
            let rows = View {
                rows: outputs,
                columns: tile.len,
                row_stride: bands * bins,
                column_stride: 1,
            };
            let columns = View::row_major(self.patch(), tile.len).transposed();
            let mut part = vec![T::from_f64(0.0); outputs * self.patch()];
            add_product(&mut part, (&grad[start..], rows), (patches, columns));
            part
        };
        let parts: Vec<Vec<T>> =
            self.tiles().par_iter().map_init(Vec::new, |buffer, &tile| one(buffer, tile)).collect();
        let mut sum = vec![T::from_f64(0.0); outputs * self.patch()];
        for part in &parts {
            sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += *part);
        }
        sum
    }
}
