//! The arithmetic of an optimizer's step, in place and in one pass over each tensor on the CPU, and
//! out of candle's operations elsewhere.
use candle_core::{CpuStorage, Device, InplaceOp2, InplaceOp3, Layout, Result, Tensor, Var, bail};

use super::contiguous;
use crate::simd::real::{Real, vectorized};

/// `mean ← keep · mean + (1 − keep) · x` with `x` the gradient, or its square.
#[derive(Debug, Clone, Copy)]
pub struct AdamMoment {
    /// How much of the mean is kept.
    pub keep: f64,
    /// Of what the mean is.
    pub of: Of,
}

/// What a fading mean is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// The gradient.
    Gradient,
    /// Its square.
    Square,
}

impl AdamMoment {
    /// Moves `mean` on.
    pub fn apply(self, mean: &mut Tensor, grad: &Tensor) -> Result<()> {
        if matches!(grad.device(), Device::Cpu) {
            return mean.inplace_op2(&grad.contiguous()?, &self);
        }
        let x = if self.of == Of::Square { grad.sqr()? } else { grad.clone() };
        *mean = ((&*mean * self.keep)? + (x * (1.0 - self.keep))?)?;
        Ok(())
    }

    fn values<R: Real>(self, means: &mut [R], grads: &[R]) {
        let (keep, take) = (R::from_f64(self.keep), R::from_f64(1.0 - self.keep));
        vectorized(
            #[inline(always)]
            || match self.of {
                Of::Gradient => fade(means, grads, keep, take),
                Of::Square => fade_squares(means, grads, keep, take),
            },
        );
    }
}

#[inline(always)]
fn fade<R: Real>(means: &mut [R], grads: &[R], keep: R, take: R) {
    for (mean, grad) in means.iter_mut().zip(grads) {
        *mean = keep * *mean + take * *grad;
    }
}

#[inline(always)]
fn fade_squares<R: Real>(means: &mut [R], grads: &[R], keep: R, take: R) {
    for (mean, grad) in means.iter_mut().zip(grads) {
        *mean = keep * *mean + take * (*grad * *grad);
    }
}

impl InplaceOp2 for AdamMoment {
    fn name(&self) -> &'static str {
        "fade"
    }

    fn cpu_fwd(
        &self,
        mean: &mut CpuStorage,
        mean_layout: &Layout,
        grad: &CpuStorage,
        grad_layout: &Layout,
    ) -> Result<()> {
        match (mean, grad) {
            (CpuStorage::F32(mean), CpuStorage::F32(grad)) => {
                self.values(whole(mean, mean_layout)?, contiguous(grad, grad_layout)?);
            }
            (CpuStorage::F64(mean), CpuStorage::F64(grad)) => {
                self.values(whole(mean, mean_layout)?, contiguous(grad, grad_layout)?);
            }
            _ => bail!("fade: takes two tensors of f32 or two of f64"),
        }
        Ok(())
    }
}

/// `x ← (1 − decay) · x − rate · first / (sqrt(second / correction) + eps)`.
#[derive(Debug, Clone, Copy)]
pub struct AdamStep {
    /// How much of a value is lost.
    pub decay: f64,
    /// How far a step goes.
    pub rate: f64,
    /// What the mean of squares still lacks.
    pub correction: f64,
    /// Keeps steps small where gradients are.
    pub eps: f64,
}

impl AdamStep {
    /// Moves `var` on.
    pub fn apply(self, var: &Var, first: &Tensor, second: &Tensor) -> Result<()> {
        if matches!(var.device(), Device::Cpu) {
            return var.inplace_op3(first, second, &self);
        }
        let spread = ((second / self.correction)?.sqrt()? + self.eps)?;
        let change = ((first / spread)? * self.rate)?;
        var.set(&((var.detach() * (1.0 - self.decay))? - change)?)
    }

    fn values<R: Real>(self, values: &mut [R], firsts: &[R], seconds: &[R]) {
        let [kept, rate] = [1.0 - self.decay, self.rate].map(R::from_f64);
        let [correction, eps] = [self.correction, self.eps].map(R::from_f64);
        vectorized(
            #[inline(always)]
            || descend(values, (firsts, seconds), [kept, rate, correction, eps]),
        );
    }
}

#[inline(always)]
fn descend<R: Real>(
    values: &mut [R],
    (firsts, seconds): (&[R], &[R]),
    [kept, rate, correction, eps]: [R; 4],
) {
    for ((x, first), second) in values.iter_mut().zip(firsts).zip(seconds) {
        let spread = (*second / correction).sqrt() + eps;
        *x = *x * kept - *first / spread * rate;
    }
}

impl InplaceOp3 for AdamStep {
    fn name(&self) -> &'static str {
        "descent"
    }

    fn cpu_fwd(
        &self,
        var: &mut CpuStorage,
        layout: &Layout,
        first: &CpuStorage,
        first_layout: &Layout,
        second: &CpuStorage,
        second_layout: &Layout,
    ) -> Result<()> {
        match (var, first, second) {
            (CpuStorage::F32(x), CpuStorage::F32(first), CpuStorage::F32(second)) => {
                let (first, second) =
                    (contiguous(first, first_layout)?, contiguous(second, second_layout)?);
                self.values(whole(x, layout)?, first, second);
            }
            (CpuStorage::F64(x), CpuStorage::F64(first), CpuStorage::F64(second)) => {
                let (first, second) =
                    (contiguous(first, first_layout)?, contiguous(second, second_layout)?);
                self.values(whole(x, layout)?, first, second);
            }
            _ => bail!("descent: takes three tensors of f32 or three of f64"),
        }
        Ok(())
    }
}

/// The values of a contiguous tensor that is changed in place.
fn whole<'a, R>(values: &'a mut [R], layout: &Layout) -> Result<&'a mut [R]> {
    match layout.contiguous_offsets() {
        Some((from, to)) => Ok(&mut values[from..to]),
        None => bail!("an operation in place takes contiguous tensors"),
    }
}
