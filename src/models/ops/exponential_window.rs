//! A moving sum over the past with exponentially falling weights: the memory of leaky units and of
//! adaptation filters.
//!
//! `y(b,c,t) = Σ_{k<L} a(c)^k · x(b,c,t−k)`, zeros before the first bin. As a recursion its cost
//! does not depend on `L`.
use candle_core::{
    CpuStorage, CustomOp2, DType, Device, Layout, Result, Shape, Tensor, WithDType, bail,
};
use rayon::prelude::*;

use super::contiguous;
use super::recursion::Fading;

/// How far back a window reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// This many bins, the present one included.
    Bins(usize),
    /// To the first bin of the clip.
    Unlimited,
}

impl Length {
    /// The length within a clip of `bins` bins; there a window cannot reach further.
    fn within(self, bins: usize) -> usize {
        match self {
            Self::Bins(length) => length.min(bins),
            Self::Unlimited => bins,
        }
    }
}

/// The moving sum of `x` `(B, C, T)` with decays `a` `(C)` in [0, 1], in the shape of `x`.
pub fn exponential_window(x: &Tensor, a: &Tensor, length: Length) -> Result<Tensor> {
    if matches!(x.device(), Device::Cpu) {
        x.contiguous()?.apply_op2(&a.contiguous()?, ExponentialWindow { length })
    } else {
        exponential_window_plain(x, a, length)
    }
}

/// [`exponential_window`] out of candle's operations: windows of 1, 2, 4, … bins, each the sum of
/// two of half its length, put together to `L`.
pub fn exponential_window_plain(x: &Tensor, a: &Tensor, length: Length) -> Result<Tensor> {
    let (_b, c, t) = x.dims3()?;
    let length = length.within(t);
    let mut power = a.reshape((1, c, 1))?; // a to the length of `window`
    let mut window = x.clone();
    let (mut sum, mut done) = (None::<Tensor>, 0);
    let mut power_done = power.ones_like()?;
    for bit in 0..usize::BITS {
        if length >> bit == 0 {
            break;
        }
        if (length >> bit) & 1 == 1 {
            let term = later(&window, done)?.broadcast_mul(&power_done)?;
            sum = Some(match sum {
                Some(sum) => (sum + term)?,
                None => term,
            });
            done += 1 << bit;
            power_done = (power_done * &power)?;
        }
        window = (&window + later(&window, 1 << bit)?.broadcast_mul(&power)?)?;
        power = power.sqr()?;
    }
    sum.map_or_else(|| x.zeros_like(), Ok)
}

/// `x(t − bins)`, zeros before the first bin.
fn later(x: &Tensor, bins: usize) -> Result<Tensor> {
    let t = x.dim(2)?;
    if bins >= t {
        return x.zeros_like();
    }
    x.narrow(2, 0, t - bins)?.pad_with_zeros(2, bins, 0)
}

struct ExponentialWindow {
    length: Length,
}

impl CustomOp2 for ExponentialWindow {
    fn name(&self) -> &'static str {
        "exponential-window"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        a: &CpuStorage,
        a_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let window = Window::new(x_layout.shape(), a_layout.shape(), self.length)?;
        let storage = on_floats!("exponential window", (x, x_layout), (a, a_layout), |x, a| window
            .forward(x, a));
        Ok((storage, x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        a: &Tensor,
        _y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let window = Window::new(x.shape(), a.shape(), self.length)?;
        let (dx, da) = match x.dtype() {
            DType::F32 => window.gradients::<f32>(x, a, grad)?,
            DType::F64 => window.gradients::<f64>(x, a, grad)?,
            other => bail!("exponential window: {other:?} is not a float of 32 or 64 bits"),
        };
        Ok((x.track_op().then_some(dx), a.track_op().then_some(da)))
    }
}

/// Sizes of a window over a batch; sums run in f64.
#[derive(Debug, Clone, Copy)]
struct Window {
    channels: usize,
    bins: usize,
    length: usize,
}

impl Window {
    fn new(x: &Shape, a: &Shape, length: Length) -> Result<Self> {
        let (_b, channels, bins) = x.dims3()?;
        if a.dims1()? != channels {
            bail!("exponential window: {channels} channels, {} decays", a.dims1()?)
        }
        Ok(Self { channels, bins, length: length.within(bins) })
    }

    fn forward<T: WithDType>(&self, x: &[T], a: &[T]) -> Vec<T> {
        let mut y = vec![T::from_f64(0.0); x.len()];
        let rows = y.par_chunks_mut(self.bins).zip(x.par_chunks(self.bins)).enumerate();
        rows.for_each(|(row, (y, x))| self.row(a[row % self.channels].to_f64(), x, y));
        y
    }

    fn row<T: WithDType>(&self, a: f64, x: &[T], y: &mut [T]) {
        let mut fading = Fading::new([a], self.length);
        for (t, y) in y.iter_mut().enumerate() {
            fading.step([x[t].to_f64()], fading.leaving(t).map(|then| [x[then].to_f64()]));
            *y = T::from_f64(fading.sum[0]);
        }
    }

    fn gradients<T: WithDType>(
        &self,
        x: &Tensor,
        a: &Tensor,
        grad: &Tensor,
    ) -> Result<(Tensor, Tensor)> {
        let values = |t: &Tensor| t.flatten_all()?.to_vec1::<T>();
        let (xs, decays, grads) = (values(x)?, values(a)?, values(grad)?);
        let rows: Vec<(Vec<T>, f64)> = (0..xs.len() / self.bins)
            .into_par_iter()
            .map(|row| {
                let at = row * self.bins..(row + 1) * self.bins;
                let decay = decays[row % self.channels].to_f64();
                let dx = self.gradient_of_input(decay, &grads[at.clone()]);
                (dx, self.gradient_of_decay(decay, &xs[at.clone()], &grads[at]))
            })
            .collect();
        let mut da = vec![0.0; self.channels];
        rows.iter().enumerate().for_each(|(row, (_, d))| da[row % self.channels] += d);
        let dx: Vec<T> = rows.into_iter().flat_map(|(dx, _)| dx).collect();
        let da: Vec<T> = da.into_iter().map(T::from_f64).collect();
        let dx = Tensor::from_vec(dx, x.shape(), x.device())?;
        Ok((dx, Tensor::from_vec(da, a.shape(), a.device())?))
    }

    /// The same window over the gradient, from the last bin to the first.
    fn gradient_of_input<T: WithDType>(&self, a: f64, grad: &[T]) -> Vec<T> {
        let turned: Vec<T> = grad.iter().rev().copied().collect();
        let mut dx = vec![T::from_f64(0.0); grad.len()];
        self.row(a, &turned, &mut dx);
        dx.reverse();
        dx
    }

    /// `Σ_t grad(t) ∂y(t)/∂a`.
    fn gradient_of_decay<T: WithDType>(&self, a: f64, x: &[T], grad: &[T]) -> f64 {
        let (mut fading, mut sum) = (Fading::new([a], self.length), 0.0);
        for (t, grad) in grad.iter().enumerate() {
            let old = fading.leaving(t).map(|then| [x[then].to_f64()]);
            fading.step_with_slope([x[t].to_f64()], old);
            sum += grad.to_f64() * fading.slope[0];
        }
        sum
    }
}
