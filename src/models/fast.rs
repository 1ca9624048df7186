//! The fast path of a model on the CPU: its stages and parameters as one operation, from the
//! parameters to the loss of a batch or to responses.
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{
    CpuStorage, CustomOp1, DType, Device, Layout, Result, Shape, Storage, Tensor, WithDType, bail,
};

use super::batch::{Batch, Member};
use super::layers::BatchNorm;
use super::ops::chain::{Chain, Clip, Outcome, Pools};
use super::ops::contiguous;
use super::ops::curve::AnyLoss;
use super::ops::leaky::Leak;
use super::ops::number::Number;
use super::ops::stage::{Operation, StageWithParameters};
use super::ops::tail::Tail;
use super::outputs::Output;

/// What a model is made of on the fast path.
pub struct Fast {
    chain: Chain,
    parameters: Vec<Tensor>,
    norm: Option<BatchNorm>,
}

/// The stages of a model, while they are put together.
pub struct Stages {
    bands: usize,
    channels: usize,
    list: Vec<Box<dyn Operation>>,
    parameters: Vec<Tensor>,
}

impl Stages {
    /// None yet, for maps of so many bands and channels.
    pub fn new(bands: usize, channels: usize) -> Self {
        Self { bands, channels, list: Vec::new(), parameters: Vec::new() }
    }

    /// Bands of the map that comes in.
    pub fn bands(&self) -> usize {
        self.bands
    }

    /// One more stage.
    #[must_use]
    pub fn then(mut self, (stage, parameters): StageWithParameters) -> Self {
        self.list.push(stage);
        self.parameters.extend(parameters);
        self
    }

    /// The stages, the last of which gives the drive of each neuron, and what follows.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn end(
        self,
        norm: Option<&BatchNorm>,
        output: &dyn Output,
        leak: Option<(Leak, Tensor)>,
    ) -> Result<Fast> {
        let Self { bands, channels, list, mut parameters } = self;
        parameters.extend(norm.iter().flat_map(|norm| norm.weight_and_bias()));
        parameters.extend(output.parameters()?);
        let tail = Tail {
            normalized: norm.is_some(),
            curve: output.curve(),
            leak: leak.as_ref().map(|(leak, _)| *leak),
        };
        parameters.extend(leak.map(|(_, tau_bins)| tau_bins));
        let chain = Chain { bands, channels, stages: list, tail };
        Ok(Fast { chain, parameters, norm: norm.cloned() })
    }
}

impl Fast {
    /// The loss of a batch in training mode, a scalar; running statistics follow.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn loss(
        self,
        batch: &Batch,
        loss: &'static dyn AnyLoss,
        pools: &Arc<Pools>,
    ) -> Result<Tensor> {
        let packed = self.packed()?;
        let outcome = Arc::default();
        let (batch, pools, outcome_of) = (batch.clone(), pools.clone(), Arc::clone(&outcome));
        let op = LossOfBatch { chain: self.chain, batch, loss, pools, outcome: outcome_of };
        let bins = op.batch.bins();
        let total = packed.apply_op1(op)?;
        if let Some(norm) = &self.norm {
            norm.follow(&lock(&outcome).statistics, bins)?;
        }
        Ok(total)
    }

    /// The responses `(N, T)` to each clip in evaluation mode.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn responses(&self, batch: &Batch, pools: &Pools) -> Result<Vec<Tensor>> {
        let packed = self.packed()?.detach();
        match packed.dtype() {
            DType::F32 => self.respond::<f32>(&packed, batch, pools),
            DType::F64 => self.respond::<f64>(&packed, batch, pools),
            other => bail!("responses: {other:?} is not a float of 32 or 64 bits"),
        }
    }

    fn respond<R: Number>(
        &self,
        packed: &Tensor,
        batch: &Batch,
        pools: &Pools,
    ) -> Result<Vec<Tensor>> {
        let statistics = self.norm.as_ref().map(BatchNorm::statistics).transpose()?;
        let parameters = packed.to_vec1::<R>()?;
        let responses = with_clips(batch, Read::Sound, |clips| {
            let statistics = statistics.unwrap_or_default();
            self.chain.respond(&parameters, &statistics, clips, pools)
        })?;
        let clips = responses.into_iter().zip(batch.clips());
        let tensor = |(values, clip): (Vec<R>, &Member)| {
            let neurons = values.len() / clip.bins.max(1);
            Tensor::from_vec(values, (neurons, clip.bins), &Device::Cpu)
        };
        clips.map(tensor).collect()
    }

    /// All parameters, one after the other.
    fn packed(&self) -> Result<Tensor> {
        let flat = self.parameters.iter().map(Tensor::flatten_all);
        Tensor::cat(&flat.collect::<Result<Vec<_>>>()?, 0)
    }
}

/// From all parameters of a model to the loss of a batch, its gradient worked out on the way.
struct LossOfBatch {
    chain: Chain,
    batch: Batch,
    loss: &'static dyn AnyLoss,
    pools: Arc<Pools>,
    outcome: Arc<Mutex<Kept>>,
}

/// What is left to say after the loss.
#[derive(Default)]
struct Kept {
    gradient: Option<Tensor>,
    statistics: Vec<(f64, f64)>,
}

fn lock(kept: &Mutex<Kept>) -> std::sync::MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

impl CustomOp1 for LossOfBatch {
    fn name(&self) -> &'static str {
        "loss-of-batch"
    }

    fn cpu_fwd(&self, parameters: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let storage = match parameters {
            CpuStorage::F32(_) => self.run::<f32>(parameters, layout)?,
            CpuStorage::F64(_) => self.run::<f64>(parameters, layout)?,
            _ => bail!("{}: takes floats of 32 or 64 bits", self.name()),
        };
        Ok((storage, Shape::from_dims(&[])))
    }

    fn bwd(&self, _parameters: &Tensor, _loss: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let gradient = lock(&self.outcome).gradient.take();
        gradient.map(|gradient| gradient.broadcast_mul(grad)).transpose()
    }
}

impl LossOfBatch {
    fn run<R: Number>(&self, parameters: &CpuStorage, layout: &Layout) -> Result<CpuStorage> {
        let parameters = contiguous(R::cpu_storage_as_slice(parameters)?, layout)?;
        let weights = self.batch.weights();
        let Outcome { loss, gradient, statistics } =
            with_clips(&self.batch, Read::SoundAndPsth, |clips| {
                self.chain.fit(parameters, (clips, &weights), self.loss, &self.pools)
            })?;
        let count = gradient.len();
        let gradient = Some(Tensor::from_vec(gradient, count, &Device::Cpu)?);
        *lock(&self.outcome) = Kept { gradient, statistics };
        Ok(R::to_cpu_storage_owned(vec![R::from_f64(loss)]))
    }
}

/// What is read of the clips of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Read {
    SoundAndPsth,
    Sound,
}

/// Runs a function on the values of a batch's clips.
fn with_clips<R: Number, T>(
    batch: &Batch,
    read: Read,
    run: impl FnOnce(&[Clip<R>]) -> T,
) -> Result<T> {
    let guards: Vec<_> = batch
        .clips()
        .iter()
        .map(|clip| (clip.sound.storage_and_layout(), clip.psth.storage_and_layout()))
        .collect();
    let clips = guards.iter().zip(batch.clips()).map(|((sound, psth), clip)| {
        let recorded = match read {
            Read::SoundAndPsth => values(&psth.0, psth.1)?,
            Read::Sound => &[],
        };
        Ok(Clip { sound: values(&sound.0, sound.1)?, recorded, bins: clip.bins })
    });
    Ok(run(&clips.collect::<Result<Vec<_>>>()?))
}

fn values<'a, R: WithDType>(storage: &'a Storage, layout: &Layout) -> Result<&'a [R]> {
    match storage {
        Storage::Cpu(storage) => contiguous(R::cpu_storage_as_slice(storage)?, layout),
        _ => bail!("the fast path takes clips on the CPU"),
    }
}
