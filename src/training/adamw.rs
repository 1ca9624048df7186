//! Adam with decoupled weight decay, its moments open to checkpoints.
//!
//! Source: Loshchilov & Hutter (2019), ICLR, doi:10.48550/arXiv.1711.05101; constants and order of
//! steps as in PyTorch.
use std::collections::BTreeMap;

use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Result, Tensor};

use super::checkpoint::Tensors;
use crate::models::ops::adam::{AdamMoment, AdamStep, Of};
use crate::models::params::{Param, Params, Role};

const BETA1: f64 = 0.9;
const BETA2: f64 = 0.999;
const EPS: f64 = 1e-8;

/// The optimizer's memory of one tensor.
#[derive(Debug, Clone)]
struct Moments {
    /// Fading mean of the gradient.
    first: Tensor,
    /// Fading mean of its square.
    second: Tensor,
}

/// The optimizer of one model.
pub struct AdamW {
    params: Params,
    weight_decay: f64,
    clip_norm: f64,
    /// Since the memory was empty.
    steps: u32,
    moments: BTreeMap<String, Moments>,
}

impl AdamW {
    /// For all trained tensors of `params`; `clip_norm` 0 leaves gradients as they are.
    pub fn new(params: &Params, weight_decay: f64, clip_norm: f64) -> Result<Self> {
        let zero = |(name, param): (String, Param)| {
            let zeros = || param.var.detach().zeros_like();
            Ok((name, Moments { first: zeros()?, second: zeros()? }))
        };
        let moments = params.trained().into_iter().map(zero).collect::<Result<_>>()?;
        Ok(Self { params: params.clone(), weight_decay, clip_norm, steps: 0, moments })
    }

    /// Steps taken so far.
    pub fn steps(&self) -> u32 {
        self.steps
    }

    /// What it remembers, on the CPU.
    pub fn memory(&self) -> Result<Tensors> {
        let mut memory = Tensors::new();
        let copy = |tensor: &Tensor| tensor.to_device(&Device::Cpu)?.copy();
        for (name, Moments { first, second }) in &self.moments {
            memory.insert(format!("first/{name}"), copy(first)?);
            memory.insert(format!("second/{name}"), copy(second)?);
        }
        Ok(memory)
    }

    /// Goes on from a checkpoint.
    pub fn restore(&mut self, steps: u32, memory: &Tensors) -> Result<()> {
        self.steps = steps;
        let device = self.params.device();
        for (name, Moments { first, second }) in &mut self.moments {
            let own = |group: &str, own: &Tensor| match memory.get(&format!("{group}/{name}")) {
                Some(found) => found.to_device(device)?.copy(),
                None => Ok(own.clone()),
            };
            (*first, *second) = (own("first", first)?, own("second", second)?);
        }
        Ok(())
    }

    /// One step against the gradients.
    pub fn step(&mut self, grads: &GradStore, lr: f64) -> Result<()> {
        self.steps += 1;
        let scale = self.scale(grads)?;
        let steps = f64::from(self.steps);
        let (correct1, correct2) = (1.0 - BETA1.powf(steps), 1.0 - BETA2.powf(steps));
        for (name, param) in self.params.trained() {
            let (Some(moments), Some(grad)) = (self.moments.get_mut(&name), grads.get(&param.var))
            else {
                continue; // nothing that was computed depends on it
            };
            let grad = match &scale {
                Some(scale) => grad.broadcast_mul(scale)?,
                None => grad.clone(),
            };
            AdamMoment { keep: BETA1, of: Of::Gradient }.apply(&mut moments.first, &grad)?;
            AdamMoment { keep: BETA2, of: Of::Square }.apply(&mut moments.second, &grad)?;
            let lr = lr * param.step_scale;
            let decay = if param.role == Role::Decayed { lr * self.weight_decay } else { 0.0 };
            let (rate, correction) = (lr / correct1, correct2);
            let step = AdamStep { decay, rate, correction, eps: EPS };
            step.apply(&param.var, &moments.first, &moments.second)?;
        }
        Ok(())
    }

    /// By how much gradients shrink so that their norm is at most `clip_norm`, a scalar.
    fn scale(&self, grads: &GradStore) -> Result<Option<Tensor>> {
        if self.clip_norm <= 0.0 {
            return Ok(None);
        }
        let trained = self.params.trained();
        let squares = trained.iter().filter_map(|(_, param)| grads.get(&param.var));
        let squares = squares.map(|grad| grad.to_dtype(DType::F64)?.sqr()?.sum_all());
        let norm = Tensor::stack(&squares.collect::<Result<Vec<_>>>()?, 0)?.sum_all()?.sqrt()?;
        let scale = (norm.maximum(self.clip_norm)?.recip()? * self.clip_norm)?;
        Ok(Some(scale.to_dtype(self.params.dtype())?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::params::{ParamSpec, Start};

    /// A pure-number transcription of the published algorithm.
    fn by_hand(grads: &[f64], lr: f64, decay: f64) -> f64 {
        let (mut x, mut m, mut v) = (0.7, 0.0, 0.0);
        for (i, g) in grads.iter().enumerate() {
            let t = i32::try_from(i + 1).unwrap();
            x -= lr * decay * x;
            m = BETA1 * m + (1.0 - BETA1) * g;
            v = BETA2 * v + (1.0 - BETA2) * g * g;
            let (m_hat, v_hat) = (m / (1.0 - BETA1.powi(t)), v / (1.0 - BETA2.powi(t)));
            x -= lr * m_hat / (v_hat.sqrt() + EPS);
        }
        x
    }

    fn train(role: Role, steps: f64, clip_norm: f64, grads: &[f64]) -> Result<f64> {
        let params = Params::new(0, DType::F64, &Device::Cpu);
        let spec = ParamSpec::new(role, Start::Constant(0.7)).with_steps(steps);
        let x = params.scope("").get("x", 1, spec)?;
        let mut optimizer = AdamW::new(&params, 0.1, clip_norm)?;
        for grad in grads {
            let loss = (x.as_tensor() * *grad)?.sum_all()?;
            optimizer.step(&loss.backward()?, 0.01)?;
        }
        Ok(x.to_vec1::<f64>()?[0])
    }

    #[test]
    fn steps_are_those_of_the_published_algorithm() -> Result<()> {
        let grads = [0.3, -2.0, 0.01, 5.0];
        assert!(
            (train(Role::Decayed, 1.0, 0.0, &grads)? - by_hand(&grads, 0.01, 0.1)).abs() < 1e-14
        );
        assert!(
            (train(Role::NoWeightDecay, 1.0, 0.0, &grads)? - by_hand(&grads, 0.01, 0.0)).abs()
                < 1e-14
        );
        Ok(())
    }

    #[test]
    fn a_parameter_goes_by_steps_of_its_own_scale() -> Result<()> {
        let grads = [0.3, -2.0, 0.01, 5.0];
        for role in [Role::Decayed, Role::NoWeightDecay] {
            let decay = if role == Role::Decayed { 0.1 } else { 0.0 };
            let got = train(role, 3.0, 0.0, &grads)?;
            assert!((got - by_hand(&grads, 0.03, decay)).abs() < 1e-14, "{role:?}: {got}");
        }
        Ok(())
    }

    #[test]
    fn gradients_above_the_limit_are_shortened_to_it() -> Result<()> {
        let (grads, clipped) = ([0.3, -2.0, 5.0], [0.3, -1.0, 1.0]);
        let got = train(Role::NoWeightDecay, 1.0, 1.0, &grads)?;
        assert!((got - by_hand(&clipped, 0.01, 0.0)).abs() < 1e-14);
        assert!((got - by_hand(&grads, 0.01, 0.0)).abs() > 1e-6);
        Ok(())
    }
}
