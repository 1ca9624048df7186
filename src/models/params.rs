//! Trainable tensors and buffers by name. The start of each depends only on `(seed, name)`, so
//! that adding a layer never changes another one, and names come in the same order in every run.
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use candle_core::{DType, Device, Error, Result, Shape, Tensor, Var};
use rand::Rng;
use rand_distr::{Distribution, Exp1, StandardNormal};

use crate::base::error::Problem;
use crate::base::memory;
use crate::base::rng;

/// The state dict of PyTorch's batch normalization counts batches in a tensor of this name; it is
/// written for other programs and ignored when read.
pub const BATCH_COUNTER: &str = "num_batches_tracked";

/// What a tensor starts from.
#[derive(Debug, Clone)]
pub enum Start {
    /// The same value everywhere.
    Constant(f64),
    /// Uniform between two bounds.
    Uniform(f64, f64),
    /// Uniform between bounds of their own in each of so many equal blocks, in row-major order.
    UniformBlocks(Vec<(f64, f64)>),
    /// Exponential with this mean.
    Exponential(f64),
    /// Normal around 0 with this deviation.
    Normal(f64),
    /// What softplus brings to numbers whose logarithm is uniform between those of two bounds.
    SoftplusInverse(f64, f64),
    /// These values in row-major order.
    Values(Vec<f64>),
}

/// Uniform within ±1/√`fan_in`, as convolutions and linear layers start.
pub fn fan_in(fan_in: usize) -> Start {
    let bound = 1.0 / (fan_in.max(1) as f64).sqrt();
    Start::Uniform(-bound, bound)
}

/// What training does with a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Trained, with weight decay.
    Decayed,
    /// Trained without weight decay: positions, widths, time constants, norms.
    NoWeightDecay,
    /// Not trained, but part of the model: running statistics, fixed filters.
    Buffer,
}

/// A tensor of the model.
#[derive(Debug, Clone)]
pub struct Param {
    /// Its values; clones share them.
    pub var: Var,
    /// What training does with it.
    pub role: Role,
    /// What the learning rate is multiplied by for it.
    pub step_scale: f64,
    /// The axis that counts neurons or hidden units.
    pub owner_axis: usize,
    start: Start,
}

/// What a layer declares of a tensor: how it starts, and what training does with it.
#[derive(Debug, Clone)]
pub struct ParamSpec {
    start: Start,
    role: Role,
    step_scale: f64,
    owner_axis: usize,
}

impl ParamSpec {
    /// A tensor with this role; neurons or hidden units lie along axis 0, and steps are those of the
    /// learning rate.
    pub fn new(role: Role, start: Start) -> Self {
        Self { start, role, step_scale: 1.0, owner_axis: 0 }
    }

    /// A trained tensor that decays.
    pub fn decayed(start: Start) -> Self {
        Self::new(Role::Decayed, start)
    }

    /// A trained tensor that does not decay.
    pub fn not_decayed(start: Start) -> Self {
        Self::new(Role::NoWeightDecay, start)
    }

    /// A tensor that is not trained.
    pub fn buffer(start: Start) -> Self {
        Self::new(Role::Buffer, start)
    }

    /// The same with neurons or hidden units along another axis.
    #[must_use]
    pub fn owned_along(self, owner_axis: usize) -> Self {
        Self { owner_axis, ..self }
    }

    /// The same with steps so many times as long.
    #[must_use]
    pub fn with_steps(self, step_scale: f64) -> Self {
        Self { step_scale, ..self }
    }
}

/// The tensors of one model; clones share them.
#[derive(Debug, Clone)]
pub struct Params {
    seed: u64,
    dtype: DType,
    device: Device,
    tensors: Arc<Mutex<BTreeMap<String, Param>>>,
}

impl Params {
    /// No tensors yet; a model draws them as it is built.
    pub fn new(seed: u64, dtype: DType, device: &Device) -> Self {
        Self { seed, dtype, device: device.clone(), tensors: Arc::default() }
    }

    /// Where tensors are made that lie under `prefix`.
    pub fn scope(&self, prefix: &str) -> Scope {
        Scope { params: self.clone(), prefix: prefix.to_owned() }
    }

    /// Type of all tensors.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Device of all tensors.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Every tensor by name, in alphabetical order.
    pub fn all(&self) -> Vec<(String, Param)> {
        self.lock().iter().map(|(name, param)| (name.clone(), param.clone())).collect()
    }

    /// The trained ones by name, in alphabetical order.
    pub fn trained(&self) -> Vec<(String, Param)> {
        self.all().into_iter().filter(|(_, param)| param.role != Role::Buffer).collect()
    }

    /// Number of trained values.
    pub fn count(&self) -> usize {
        self.trained().iter().map(|(_, param)| param.var.elem_count()).sum()
    }

    /// Draws every tensor anew, as if the model were built with another seed.
    ///
    /// # Errors
    /// The device has no room for it.
    pub fn redraw(&self, seed: u64) -> Result<()> {
        for (name, param) in self.all() {
            let shape = param.var.shape().clone();
            param.var.set(&self.drawn(seed, &name, shape, &param.start)?)?;
        }
        Ok(())
    }

    /// Draws every tensor anew as if the model had one neuron, whose values every neuron gets: for models
    /// in which no trained weight serves two of them.
    ///
    /// # Errors
    /// The device has no room for it.
    pub fn redraw_alike(&self, seed: u64) -> Result<()> {
        self.redraw(seed)?;
        for (name, Param { var, owner_axis, start, .. }) in self.trained() {
            if matches!(start, Start::Values(_)) {
                continue;
            }
            let mut one = var.dims().to_vec();
            one[owner_axis] = 1;
            let one = self.drawn(seed, &name, Shape::from_dims(&one), &start)?;
            var.set(&one.broadcast_as(var.shape())?.contiguous()?)?;
        }
        Ok(())
    }

    /// Lets tensors start from values, by name, whatever the seed; those that are `frozen` are not
    /// trained.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn start_from(
        &self,
        values: &BTreeMap<String, Tensor>,
        frozen: bool,
    ) -> Result<Vec<Problem>> {
        let mut problems = Vec::new();
        for (name, param) in self.lock().iter_mut() {
            let Some(value) = values.get(name) else { continue };
            if value.dims() != param.var.dims() {
                let (found, expected) = (value.dims(), param.var.dims());
                problems.push(Problem::new(
                    name,
                    format!("shape {found:?}"),
                    format!("{expected:?}"),
                ));
                continue;
            }
            let numbers = value.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>()?;
            param.start = Start::Values(numbers);
            param.role = if frozen { Role::Buffer } else { param.role };
            param.var.set(&value.to_dtype(self.dtype)?.to_device(&self.device)?)?;
        }
        Ok(problems)
    }

    /// What the tensor `name` starts from.
    fn drawn(&self, seed: u64, name: &str, shape: Shape, start: &Start) -> Result<Tensor> {
        // As it is drawn, and as it is kept.
        memory::take_values::<[f64; 2]>(memory::count(shape.dims()))
            .map_err(|cause| Error::Msg(format!("{name} {:?}: {cause}", shape.dims())))?;
        let values = draw(seed, name, shape.elem_count(), start.clone());
        Tensor::from_vec(values, shape, &Device::Cpu)?.to_dtype(self.dtype)?.to_device(&self.device)
    }

    /// Copies of the values on the CPU.
    pub fn values(&self) -> Result<BTreeMap<String, Tensor>> {
        let copy = |(name, param): (String, Param)| {
            Ok((name, param.var.as_tensor().detach().to_device(&Device::Cpu)?.copy()?))
        };
        self.all().into_iter().map(copy).collect()
    }

    /// Takes over values by name; the names and shapes must be the model's own.
    pub fn load(&self, values: &BTreeMap<String, Tensor>) -> Result<Vec<Problem>> {
        let mut problems = Vec::new();
        for (name, param) in self.all() {
            match values.get(&name) {
                Some(value) if value.dims() == param.var.dims() => {
                    param.var.set(&value.to_dtype(self.dtype)?.to_device(&self.device)?)?;
                }
                Some(value) => problems.push(Problem::new(
                    name,
                    format!("shape {:?}", value.dims()),
                    format!("{:?}", param.var.dims()),
                )),
                None => problems.push(Problem::new(name, "nothing", "a tensor of this name")),
            }
        }
        let own = self.lock();
        let strangers = values.keys().filter(|name| {
            !own.contains_key(*name) && name.rsplit('.').next() != Some(BATCH_COUNTER)
        });
        problems.extend(
            strangers.map(|name| Problem::new(name, "a tensor", "none of this name in this model")),
        );
        Ok(problems)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Param>> {
        self.tensors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes tensors whose names begin with a prefix.
#[derive(Debug, Clone)]
pub struct Scope {
    params: Params,
    prefix: String,
}

impl Scope {
    /// The scope `name` inside this one.
    #[must_use]
    pub fn scope(&self, name: &str) -> Self {
        Self { params: self.params.clone(), prefix: self.full_name(name) }
    }

    /// Makes the tensor `name`, or hands out the one that is there.
    ///
    /// # Errors
    /// The device has no room for it.
    pub fn get(&self, name: &str, shape: impl Into<Shape>, spec: ParamSpec) -> Result<Var> {
        let (name, shape) = (self.full_name(name), shape.into());
        if let Some(param) = self.params.lock().get(&name) {
            return Ok(param.var.clone());
        }
        let tensor = self.params.drawn(self.params.seed, &name, shape, &spec.start)?;
        let var = Var::from_tensor(&tensor)?;
        let ParamSpec { role, step_scale, owner_axis, start } = spec;
        let param = Param { var: var.clone(), role, step_scale, owner_axis, start };
        self.params.lock().insert(name, param);
        Ok(var)
    }

    fn full_name(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.to_owned() } else { format!("{}.{name}", self.prefix) }
    }
}

/// `n` values for the tensor `name`.
fn draw(seed: u64, name: &str, n: usize, start: Start) -> Vec<f64> {
    let mut rng = rng::generator(seed, name);
    match start {
        Start::Constant(value) => vec![value; n],
        Start::Values(values) => values,
        Start::Uniform(low, high) => uniform(&mut rng, (low, high), n),
        Start::UniformBlocks(bounds) => {
            let block = n / bounds.len().max(1);
            bounds.into_iter().flat_map(|bounds| uniform(&mut rng, bounds, block)).collect()
        }
        Start::Normal(sd) => StandardNormal.sample_iter(rng).map(|x: f64| sd * x).take(n).collect(),
        Start::SoftplusInverse(low, high) => {
            let drawn = uniform(&mut rng, (low.ln(), high.ln()), n);
            drawn.into_iter().map(|log| log.exp().exp_m1().ln()).collect()
        }
        Start::Exponential(mean) => Exp1.sample_iter(rng).map(|x: f64| mean * x).take(n).collect(),
    }
}

fn uniform(rng: &mut impl Rng, (low, high): (f64, f64), n: usize) -> Vec<f64> {
    (0..n).map(|_| low + (high - low) * rng.random::<f64>()).collect()
}
