//! Batch normalization of each neuron's drive.
use candle_core::{DType, Result, Tensor, Var};

use super::Mode;
use crate::models::params::{ParamSpec, Role, Scope, Start};

const EPS: f64 = 1e-5;
const MOMENTUM: f64 = 0.1;

/// Normalizes each neuron over the bins of a batch that are no padding, and scales it; parameters
/// `weight (N)` and `bias (N)`, buffers `running_mean (N)` and `running_var (N)`.
///
/// The running variance is the unbiased one. Source: Ioffe & Szegedy (2015),
/// doi:10.48550/arXiv.1502.03167. Differs from deepSTRF 0.1.0: padding enters no statistic.
#[derive(Debug, Clone)]
pub struct BatchNorm {
    weight: Var,
    bias: Var,
    running_mean: Var,
    running_var: Var,
}

impl BatchNorm {
    /// Takes its tensors from `scope`.
    pub fn new(neurons: usize, scope: &Scope) -> Result<Self> {
        let get = |name, role, start| {
            scope.get(name, neurons, ParamSpec::new(role, Start::Constant(start)))
        };
        Ok(Self {
            weight: get("weight", Role::NoWeightDecay, 1.0)?,
            bias: get("bias", Role::NoWeightDecay, 0.0)?,
            running_mean: get("running_mean", Role::Buffer, 0.0)?,
            running_var: get("running_var", Role::Buffer, 1.0)?,
        })
    }

    /// From `(B, N, T)` to the same shape; `mask (B, 1, T)` is 0 at padded bins, 1 elsewhere.
    pub fn forward(&self, x: &Tensor, mask: Option<&Tensor>, mode: Mode) -> Result<Tensor> {
        let (_b, n, _t) = x.dims3()?;
        let column = |t: &Tensor| t.reshape((1, n, 1));
        let (mean, variance) = match mode {
            Mode::Eval => (column(&self.running_mean)?, column(&self.running_var)?),
            Mode::Train => self.batch_statistics(x, mask)?,
        };
        let scale = column(&self.weight)?.div(&(variance + EPS)?.sqrt()?)?;
        x.broadcast_sub(&mean)?.broadcast_mul(&scale)?.broadcast_add(&column(&self.bias)?)
    }

    /// By how much a neuron's drive is multiplied in evaluation mode, `(N)`.
    pub fn gain(&self) -> Result<Tensor> {
        self.weight.div(&(self.running_var.as_tensor() + EPS)?.sqrt()?)
    }

    /// What a neuron's drive is multiplied by in evaluation mode, and what is added then, `(N)` each.
    pub fn gain_and_shift(&self) -> Result<(Tensor, Tensor)> {
        let gain = self.gain()?.detach();
        let shift = (self.bias.detach() - self.running_mean.detach().mul(&gain)?)?;
        Ok((gain, shift))
    }

    /// Multiplies each neuron's drive.
    pub fn rescale(&self, factors: &Tensor) -> Result<()> {
        self.weight.set(&self.weight.detach().mul(factors)?)?;
        self.bias.set(&self.bias.detach().mul(factors)?)
    }

    /// Adds to each neuron's drive.
    pub fn shift(&self, by: &Tensor) -> Result<()> {
        self.bias.set(&self.bias.detach().add(by)?)
    }

    /// Lets drives pass as they are.
    pub fn let_pass(&self) -> Result<()> {
        let like = |value: f64| Tensor::full(value, self.bias.shape(), self.bias.device());
        let set = |var: &Var, value: f64| var.set(&like(value)?.to_dtype(var.dtype())?);
        set(&self.weight, 1.0)?;
        set(&self.bias, 0.0)?;
        set(&self.running_mean, 0.0)?;
        set(&self.running_var, 1.0 - EPS)
    }

    /// Takes over the mean and biased variance of each neuron's drive, and leaves what drives become
    /// as it was.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn settle(&self, statistics: &[(f64, f64)]) -> Result<()> {
        let values = |var: &Var| var.detach().to_dtype(DType::F64)?.to_vec1::<f64>();
        let set = |var: &Var, values: Vec<f64>| {
            var.set(&Tensor::from_vec(values, var.shape(), var.device())?.to_dtype(var.dtype())?)
        };
        let old = values(&self.running_mean)?.into_iter().zip(values(&self.running_var)?);
        let affine = values(&self.weight)?.into_iter().zip(values(&self.bias)?);
        let (mut weights, mut biases) = (Vec::new(), Vec::new());
        for (((mean, variance), (old_mean, old_variance)), (weight, bias)) in
            statistics.iter().zip(old).zip(affine)
        {
            let gain = weight / (old_variance + EPS).sqrt();
            weights.push(gain * (variance + EPS).sqrt());
            biases.push(bias + gain * (mean - old_mean));
        }
        let (means, variances) = statistics.iter().copied().unzip();
        set(&self.weight, weights)?;
        set(&self.bias, biases)?;
        set(&self.running_mean, means)?;
        set(&self.running_var, variances)
    }

    /// What drives are multiplied with, and what is added then, `(N)` each.
    pub fn weight_and_bias(&self) -> [Tensor; 2] {
        [self.weight.as_tensor().clone(), self.bias.as_tensor().clone()]
    }

    /// The running mean and variance of each neuron's drive.
    pub fn statistics(&self) -> Result<Vec<(f64, f64)>> {
        let values = |var: &Var| var.detach().to_dtype(DType::F64)?.to_vec1::<f64>();
        Ok(values(&self.running_mean)?.into_iter().zip(values(&self.running_var)?).collect())
    }

    /// Moves the running statistics towards the mean and biased variance of each neuron's drive
    /// over a batch of so many bins.
    pub fn follow(&self, statistics: &[(f64, f64)], bins: usize) -> Result<()> {
        let unbiased = bins as f64 / (bins as f64 - 1.0).max(1.0);
        let (mean, variance): (Vec<f64>, Vec<f64>) =
            statistics.iter().map(|(mean, variance)| (*mean, variance * unbiased)).unzip();
        let tensor = |values: Vec<f64>| {
            let like = &self.running_mean;
            Tensor::from_vec(values, like.shape(), like.device())?.to_dtype(like.dtype())
        };
        follow(&self.running_mean, &tensor(mean)?)?;
        follow(&self.running_var, &tensor(variance)?)
    }

    /// Mean and biased variance, `(1, N, 1)` each; the running statistics move towards them.
    fn batch_statistics(&self, x: &Tensor, mask: Option<&Tensor>) -> Result<(Tensor, Tensor)> {
        let (b, n, t) = x.dims3()?;
        let whole = Tensor::ones((b, 1, t), x.dtype(), x.device())?;
        let mask = mask.unwrap_or(&whole);
        let count = mask.sum_all()?.reshape((1, 1, 1))?;
        let mean_over_bins = |x: &Tensor| x.sum_keepdim(2)?.sum_keepdim(0)?.broadcast_div(&count);
        let mean = mean_over_bins(&x.broadcast_mul(mask)?)?;
        let centred = x.broadcast_sub(&mean)?.broadcast_mul(mask)?;
        let variance = mean_over_bins(&centred.sqr()?)?;
        let unbiased = count.broadcast_div(&(&count - 1.0)?.clamp(1.0, f64::MAX)?)?;
        follow(&self.running_mean, &mean.reshape(n)?)?;
        follow(&self.running_var, &variance.broadcast_mul(&unbiased)?.reshape(n)?)?;
        Ok((mean, variance))
    }
}

fn follow(running: &Var, batch: &Tensor) -> Result<()> {
    let kept = (running.as_tensor().detach() * (1.0 - MOMENTUM))?;
    running.set(&(kept + (batch.detach() * MOMENTUM)?)?)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::models::params::Params;

    #[test]
    fn padding_enters_no_statistic() -> Result<()> {
        let clip = Tensor::arange(0.0, 15.0, &Device::Cpu)?.reshape((1, 3, 5))?.sqr()?;
        let padded = clip.pad_with_zeros(2, 0, 2)?;
        let mask = Tensor::ones((1, 1, 5), DType::F64, &Device::Cpu)?.pad_with_zeros(2, 0, 2)?;
        let run = |x: &Tensor, mask: Option<&Tensor>| {
            let params = Params::new(0, DType::F64, &Device::Cpu);
            let norm = BatchNorm::new(3, &params.scope(""))?;
            let y = norm.forward(x, mask, Mode::Train)?.narrow(2, 0, 5)?;
            Ok::<_, candle_core::Error>((
                y.flatten_all()?.to_vec1::<f64>()?,
                norm.gain()?.to_vec1::<f64>()?,
            ))
        };
        assert_eq!(run(&clip, None)?, run(&padded, Some(&mask))?);
        Ok(())
    }
}
