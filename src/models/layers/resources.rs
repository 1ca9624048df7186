//! What synapses have left at each bin: a recursion that is no sum over the past, bin after bin, as
//! one operation on tensors.
use candle_core::{
    CpuStorage, CustomOp3, DType, Device, Layout, Result, Shape, Tensor, WithDType, bail,
};

use crate::models::ops::contiguous;
use crate::models::ops::plasticity::MOST;

/// `d(t+1) = d(t) + r (1 − d(t)) − u x(t) d(t)` held between 0 and [`MOST`], of inputs `(B, F, T)`
/// with recoveries `r (F)` and usages `u (F)`, in the shape of the inputs; `first (B, F)` is `d(0)`,
/// 1 where there is none.
///
/// Sequential, and computed on the CPU, from whichever device its inputs come.
///
/// # Errors
/// A tensor operation fails.
pub fn resources(
    x: &Tensor,
    recovery: &Tensor,
    usage: &Tensor,
    first: Option<&Tensor>,
) -> Result<Tensor> {
    let (b, f, _t) = x.dims3()?;
    let first = match first {
        Some(first) => first.to_device(&Device::Cpu)?.to_dtype(DType::F64)?.flatten_all()?,
        None => Tensor::ones(b * f, DType::F64, &Device::Cpu)?,
    };
    let on_cpu = |tensor: &Tensor| tensor.to_device(&Device::Cpu)?.contiguous();
    let op = Resources { first: first.to_vec1()? };
    on_cpu(x)?.apply_op3(&on_cpu(recovery)?, &on_cpu(usage)?, op)?.to_device(x.device())
}

/// What is left after the last bin `(B, F)`, where `left` was left at each.
///
/// # Errors
/// A tensor operation fails.
pub fn left_after(x: &Tensor, left: &Tensor, recovery: &Tensor, usage: &Tensor) -> Result<Tensor> {
    let last = x.dim(2)? - 1;
    let (x, left) = (x.narrow(2, last, 1)?.squeeze(2)?, left.narrow(2, last, 1)?.squeeze(2)?);
    let gained = left.affine(-1.0, 1.0)?.broadcast_mul(recovery)?;
    let used = (x * &left)?.broadcast_mul(usage)?;
    ((left + gained)? - used)?.clamp(0.0, MOST)
}

struct Resources {
    /// `d(0)` of each row.
    first: Vec<f64>,
}

/// A row of the recursion.
#[derive(Clone, Copy)]
struct Synapse {
    recovery: f64,
    usage: f64,
}

impl Synapse {
    fn next(self, left: f64, x: f64) -> f64 {
        left + self.recovery * (1.0 - left) - self.usage * x * left
    }

    fn respond(self, first: f64, x: &[f64]) -> Vec<f64> {
        let mut left = first;
        let step = |x: &f64| {
            let now = left;
            left = self.next(now, *x).clamp(0.0, MOST);
            now
        };
        x.iter().map(step).collect()
    }

    /// Gradients by the inputs, by the recovery and by the usage.
    fn back(self, x: &[f64], left: &[f64], grads: &[f64]) -> (Vec<f64>, f64, f64) {
        let mut by_x = vec![0.0; x.len()];
        let (mut by_recovery, mut by_usage, mut by_next) = (0.0, 0.0, 0.0);
        for t in (0..x.len()).rev() {
            let free = self.next(left[t], x[t]);
            let through = if free > 0.0 && free < MOST { by_next } else { 0.0 };
            by_x[t] = -through * self.usage * left[t];
            by_recovery += through * (1.0 - left[t]);
            by_usage -= through * x[t] * left[t];
            by_next = grads[t] + through * (1.0 - self.recovery - self.usage * x[t]);
        }
        (by_x, by_recovery, by_usage)
    }
}

/// Synapses of `F` bands.
fn synapses(recovery: &[f64], usage: &[f64]) -> Vec<Synapse> {
    let pairs = recovery.iter().zip(usage);
    pairs.map(|(&recovery, &usage)| Synapse { recovery, usage }).collect()
}

impl Resources {
    fn run<R: WithDType>(&self, of: [(&CpuStorage, &Layout); 3]) -> Result<CpuStorage> {
        let bins = of[0].1.dims()[2];
        let mut values = Vec::with_capacity(3);
        for (storage, layout) in of {
            let own = contiguous(R::cpu_storage_as_slice(storage)?, layout)?;
            values.push(own.iter().map(|value| value.to_f64()).collect::<Vec<f64>>());
        }
        let bands = synapses(&values[1], &values[2]);
        let rows = values[0].chunks_exact(bins.max(1)).zip(&self.first).zip(bands.iter().cycle());
        let left = rows.flat_map(|((x, first), band)| band.respond(*first, x));
        Ok(R::to_cpu_storage_owned(left.map(R::from_f64).collect()))
    }
}

impl CustomOp3 for Resources {
    fn name(&self) -> &'static str {
        "synaptic-resources"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        recovery: &CpuStorage,
        recovery_layout: &Layout,
        usage: &CpuStorage,
        usage_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let of = [(x, x_layout), (recovery, recovery_layout), (usage, usage_layout)];
        let storage = match x {
            CpuStorage::F32(_) => self.run::<f32>(of)?,
            CpuStorage::F64(_) => self.run::<f64>(of)?,
            _ => bail!("{}: takes floats of 32 or 64 bits", self.name()),
        };
        Ok((storage, x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        recovery: &Tensor,
        usage: &Tensor,
        left: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (_b, f, t) = x.dims3()?;
        let flat = |tensor: &Tensor| tensor.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>();
        let bands = synapses(&flat(recovery)?, &flat(usage)?);
        let [inputs, left, grads] = [flat(x)?, flat(left)?, flat(grad)?];
        let mut by_x = Vec::with_capacity(inputs.len());
        let (mut by_recovery, mut by_usage) = (vec![0.0; f], vec![0.0; f]);
        let rows = inputs.chunks_exact(t.max(1)).zip(left.chunks_exact(t.max(1)));
        for (row, ((inputs, left), grads)) in rows.zip(grads.chunks_exact(t.max(1))).enumerate() {
            let (own, recovery, usage) = bands[row % f].back(inputs, left, grads);
            by_x.extend(own);
            by_recovery[row % f] += recovery;
            by_usage[row % f] += usage;
        }
        let tensor = |values: Vec<f64>, like: &Tensor| {
            Tensor::from_vec(values, like.shape(), &Device::Cpu)?.to_dtype(like.dtype())
        };
        Ok((
            Some(tensor(by_x, x)?),
            Some(tensor(by_recovery, recovery)?),
            Some(tensor(by_usage, usage)?),
        ))
    }
}
