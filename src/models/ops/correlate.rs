//! The correlation of tensors, for models as a graph of candle's operations.
use candle_core::{
    CpuStorage, CustomOp2, DType, Device, Layout as TensorLayout, Result, Shape, Tensor, bail,
};

use super::contiguous;
use super::correlation::Correlation;
use super::rows::{Layout, Rows};
use crate::simd::real::Real;

/// Correlates `x` `(B, C, F, T)` with `w` `(O, C, I, J)`, `left` zeros before the first bin:
/// `(B, O, F−I+1, T+left−J+1)`.
pub fn correlate(x: &Tensor, w: &Tensor, left: usize) -> Result<Tensor> {
    if !matches!(x.device(), Device::Cpu) {
        return correlate_plain(x, w, left);
    }
    let w = w.permute((0, 2, 1, 3))?.contiguous()?; // (O, I, C, J)
    x.contiguous()?.apply_op2(&w, Correlate { left })
}

/// [`correlate`] out of candle's operations.
pub fn correlate_plain(x: &Tensor, w: &Tensor, left: usize) -> Result<Tensor> {
    x.pad_with_zeros(3, left, 0)?.conv2d(w, 0, 1, 1, 1)
}

struct Correlate {
    left: usize,
}

impl Correlate {
    fn sizes(&self, x: &Shape, w: &Shape) -> Result<Sizes> {
        let (batch, channels, bands, bins) = x.dims4()?;
        let (outputs, height, w_channels, width) = w.dims4()?;
        let left = self.left;
        if channels != w_channels {
            bail!("correlation: the map has {channels} channels, the kernels have {w_channels}")
        }
        if bands < height || bins + left < width {
            bail!("correlation: kernels of {height} × {width} on a map of {bands} × {bins}")
        }
        let correlation = Correlation { bands, channels, outputs, height, width, left };
        Ok(Sizes { batch, bins, correlation })
    }
}

impl CustomOp2 for Correlate {
    fn name(&self) -> &'static str {
        "correlation"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &TensorLayout,
        w: &CpuStorage,
        w_layout: &TensorLayout,
    ) -> Result<(CpuStorage, Shape)> {
        let sizes = self.sizes(x_layout.shape(), w_layout.shape())?;
        let storage =
            on_floats!("correlation", (x, x_layout), (w, w_layout), |x, w| sizes.forward(x, w));
        Ok((storage, sizes.output_shape()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        w: &Tensor,
        _y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let sizes = self.sizes(x.shape(), w.shape())?;
        match x.dtype() {
            DType::F32 => sizes.gradients::<f32>(x, w, grad),
            DType::F64 => sizes.gradients::<f64>(x, w, grad),
            other => bail!("correlation: {other:?} is not a float of 32 or 64 bits"),
        }
    }
}

/// A correlation of a whole batch.
struct Sizes {
    batch: usize,
    bins: usize,
    correlation: Correlation,
}

impl Sizes {
    fn input(&self) -> Layout {
        let Correlation { bands, channels, left, .. } = self.correlation;
        Layout { bands, channels, bins: self.bins, left, right: 0 }
    }

    fn output_shape(&self) -> Shape {
        let Layout { bands, channels, bins, .. } = self.correlation.output(self.bins);
        Shape::from_dims(&[self.batch, channels, bands, bins])
    }

    fn forward<R: Real>(&self, x: &[R], w: &[R]) -> Vec<R> {
        let (packed, bias) = (self.correlation.pack(w), self.no_bias());
        let (mut input, mut output) = (Rows::default(), Rows::default());
        let mut y = Vec::with_capacity(self.output_shape().elem_count());
        for clip in x.chunks_exact((x.len() / self.batch).max(1)) {
            input.arrange(self.input());
            input.copy_channels(clip);
            output.arrange(self.correlation.output(self.bins));
            self.correlation.forward(&packed, &bias, &input, &mut output);
            output.append_channels(&mut y);
        }
        y
    }

    fn no_bias<R: Real>(&self) -> Vec<R> {
        vec![R::constant(0.0); self.correlation.outputs]
    }

    fn gradients<R: Real>(
        &self,
        x: &Tensor,
        w: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let values = |t: &Tensor| t.flatten_all()?.to_vec1::<R>();
        let (xs, ws, grads) = (values(x)?, values(w)?, values(grad)?);
        let turned = if x.track_op() { self.correlation.pack_turned(&ws) } else { Vec::new() };
        let (mut input, mut output) = (Rows::default(), Rows::default());
        let (mut dx, mut dw) = (Vec::new(), vec![R::constant(0.0); ws.len()]);
        let per_clip = |whole: usize| (whole / self.batch).max(1);
        let clips =
            xs.chunks_exact(per_clip(xs.len())).zip(grads.chunks_exact(per_clip(grads.len())));
        for (clip, grad) in clips {
            output.arrange(self.correlation.output(self.bins));
            output.copy_channels(grad);
            input.arrange(self.input());
            if w.track_op() {
                input.copy_channels(clip);
                self.correlation.kernel_gradient(&input, &output, &mut dw);
            }
            if x.track_op() {
                self.correlation.input_gradient(&turned, &output, &mut input);
                input.append_channels(&mut dx);
            }
        }
        let tensor = |values, like: &Tensor| Tensor::from_vec(values, like.shape(), x.device());
        let dx = x.track_op().then(|| tensor(dx, x)).transpose()?;
        Ok((dx, w.track_op().then(|| tensor(dw, w)).transpose()?))
    }
}
