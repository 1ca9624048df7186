//! The fused path of a model on the CPU: its stages and parameters as one operation, from the
//! parameters to the loss of a batch, to responses, or to gradients by the sound.
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{
    CpuStorage, CustomOp1, DType, Device, Layout, Result, Shape, Storage, Tensor, WithDType, bail,
};

use super::batch::{Batch, Member};
use super::head::{Head, HeadPart};
use super::layers::{BatchNorm, MapShape};
use super::loss::Criterion;
use super::ops::chain::{Chain, ClipValues, Objective, Outcome, ResponseSum};
use super::ops::contiguous;
use super::ops::curve::AnyLoss;
use super::ops::draws::{DrawnClip, Step};
use super::ops::number::Number;
use super::ops::stage::StageWithParameters;
use super::ops::workspace::Pools;

/// A model on the fused path, with its parameters as they are now.
pub struct Fused {
    chain: Chain,
    parameters: Vec<Tensor>,
    norm: Option<BatchNorm>,
    pools: Arc<Pools>,
    drawn: Option<BatchDraws>,
}

/// What random numbers of a batch follow from, beside its clips.
#[derive(Debug, Clone, Copy)]
pub struct BatchDraws {
    /// The step of training.
    pub step: Step,
    /// The place in the model of the first layer of the chain.
    pub first_layer: usize,
}

impl Fused {
    /// Stages for maps of a shape, the last of which gives the drive of each neuron, the head, and what
    /// gives the row by which that changes, where it does; memory comes from `pools`.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn new(
        input: MapShape,
        stages: Vec<StageWithParameters>,
        (head, part): (&Head, HeadPart),
        gain: Option<StageWithParameters>,
        pools: &Arc<Pools>,
    ) -> Result<Self> {
        let MapShape { channels, bands } = input;
        let (mut list, mut parameters) = (Vec::new(), Vec::new());
        for stage in stages {
            list.push(stage.stage);
            parameters.extend(stage.parameters);
        }
        let (end, of_head) = head.fused(part)?;
        let gain = gain.filter(|_| end.changes).map(|own| {
            parameters.extend(own.parameters);
            own.stage
        });
        parameters.extend(of_head);
        let chain = Chain { bands, channels, stages: list, gain, head: end };
        let norm = head.norm().filter(|_| chain.head.normalized).cloned();
        Ok(Self { chain, parameters, norm, pools: Arc::clone(pools), drawn: None })
    }

    /// The same with random numbers in its layers.
    #[must_use]
    pub fn with_draws(self, drawn: BatchDraws) -> Self {
        Self { drawn: Some(drawn), ..self }
    }

    /// The loss of a batch in training mode, a scalar, and the share of each neuron; running
    /// statistics follow.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn loss(self, batch: &Batch, criterion: &Criterion) -> Result<(Tensor, Vec<f64>)> {
        let packed = self.packed()?;
        let outcome = Arc::default();
        let (batch, outcome_of) = (batch.clone(), Arc::clone(&outcome));
        let Self { chain, norm, pools, drawn, .. } = self;
        let (loss, weights) =
            (criterion.loss.pointwise, criterion.weights(batch.weights(criterion.over)));
        let op = LossOfBatch { chain, batch, loss, weights, pools, drawn, outcome: outcome_of };
        let bins = op.batch.bins();
        let total = packed.apply_op1(op)?;
        let remainder = std::mem::take(&mut lock(&outcome).beside);
        if let Some(norm) = &norm {
            norm.follow(&remainder.statistics, bins)?;
        }
        Ok((total, remainder.losses))
    }

    /// The responses `(N, T)` to each clip in evaluation mode.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn responses(&self, batch: &Batch) -> Result<Vec<Tensor>> {
        let packed = self.packed()?.detach();
        match packed.dtype() {
            DType::F32 => self.respond::<f32>(&packed, batch),
            DType::F64 => self.respond::<f64>(&packed, batch),
            other => bail!("responses: {other:?} is not a float of 32 or 64 bits"),
        }
    }

    fn respond<R: Number>(&self, packed: &Tensor, batch: &Batch) -> Result<Vec<Tensor>> {
        let statistics = self.statistics()?;
        let parameters = packed.to_vec1::<R>()?;
        let responses = with_clips(batch.clips(), Read::Sound, None, |clips| {
            self.chain.respond(&parameters, &statistics, clips, &self.pools)
        })??;
        let clips = responses.into_iter().zip(batch.clips());
        let tensor = |(values, clip): (Vec<R>, &Member)| {
            let neurons = values.len() / clip.bins.max(1);
            Tensor::from_vec(values, (neurons, clip.bins), &Device::Cpu)
        };
        clips.map(tensor).collect()
    }

    /// In evaluation mode, the gradients `(C, F, T)` by the sound of a clip, of each of some sums of
    /// responses.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn gradients_by_sound(&self, clip: &Member, sums: &[ResponseSum]) -> Result<Vec<Tensor>> {
        let packed = self.packed()?.detach();
        match packed.dtype() {
            DType::F32 => self.differentiate::<f32>(&packed, clip, sums),
            DType::F64 => self.differentiate::<f64>(&packed, clip, sums),
            other => bail!("gradients by the sound: {other:?} is not a float of 32 or 64 bits"),
        }
    }

    fn differentiate<R: Number>(
        &self,
        packed: &Tensor,
        clip: &Member,
        sums: &[ResponseSum],
    ) -> Result<Vec<Tensor>> {
        let (_one, c, f, t) = clip.sound.dims4()?;
        let statistics = self.statistics()?;
        let parameters = packed.to_vec1::<R>()?;
        let gradients = with_clips(std::slice::from_ref(clip), Read::Sound, None, |clips| {
            let (chain, pools) = (&self.chain, &self.pools);
            chain.gradients_by_sound(&parameters, &statistics, &clips[0], sums, pools)
        })??;
        let tensor = |values| Tensor::from_vec(values, (c, f, t), &Device::Cpu);
        gradients.into_iter().map(tensor).collect()
    }

    /// Mean and variance of each neuron's drive, where drives are normalized.
    fn statistics(&self) -> Result<Vec<(f64, f64)>> {
        let statistics = self.norm.as_ref().map(BatchNorm::statistics).transpose()?;
        Ok(statistics.unwrap_or_default())
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
    weights: Vec<f64>,
    pools: Arc<Pools>,
    drawn: Option<BatchDraws>,
    outcome: Arc<Mutex<Remainder>>,
}

/// What is left to say after the loss.
#[derive(Default)]
struct Remainder {
    gradient: Option<Tensor>,
    beside: Beside,
}

/// What comes out beside the loss and its gradient.
#[derive(Default)]
struct Beside {
    losses: Vec<f64>,
    statistics: Vec<(f64, f64)>,
}

fn lock(remainder: &Mutex<Remainder>) -> std::sync::MutexGuard<'_, Remainder> {
    remainder.lock().unwrap_or_else(PoisonError::into_inner)
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
        let Some(gradient) = lock(&self.outcome).gradient.take() else {
            bail!("the gradient of this loss was asked for before; it is kept for one pass back")
        };
        gradient.broadcast_mul(grad).map(Some)
    }
}

impl LossOfBatch {
    fn run<R: Number>(&self, parameters: &CpuStorage, layout: &Layout) -> Result<CpuStorage> {
        let parameters = contiguous(R::cpu_storage_as_slice(parameters)?, layout)?;
        let outcome = with_clips(self.batch.clips(), Read::SoundAndPsth, self.drawn, |clips| {
            let objective = Objective { clips, weights: &self.weights, loss: self.loss };
            self.chain.fit(parameters, objective, &self.pools)
        })??;
        let Outcome { losses, gradient, statistics } = outcome;
        let loss: f64 = losses.iter().sum();
        let count = gradient.len();
        let gradient = Some(Tensor::from_vec(gradient, count, &Device::Cpu)?);
        *lock(&self.outcome) = Remainder { gradient, beside: Beside { losses, statistics } };
        Ok(R::to_cpu_storage_owned(vec![R::from_f64(loss)]))
    }
}

/// What is read of clips.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Read {
    SoundAndPsth,
    Sound,
}

/// Runs a function on the values of clips.
fn with_clips<R: Number, T>(
    members: &[Member],
    read: Read,
    drawn: Option<BatchDraws>,
    run: impl FnOnce(&[ClipValues<R>]) -> T,
) -> Result<T> {
    let guards: Vec<_> = members
        .iter()
        .map(|clip| (clip.sound.storage_and_layout(), clip.psth.storage_and_layout()))
        .collect();
    let clips = guards.iter().zip(members).map(|((sound, psth), clip)| {
        let recorded = match read {
            Read::SoundAndPsth => values(&psth.0, psth.1)?,
            Read::Sound => &[],
        };
        let of_clip =
            |BatchDraws { step, first_layer }| DrawnClip { step, id: clip.id(), first_layer };
        let drawn = drawn.map(of_clip);
        Ok(ClipValues { sound: values(&sound.0, sound.1)?, recorded, bins: clip.bins, drawn })
    });
    Ok(run(&clips.collect::<Result<Vec<_>>>()?))
}

fn values<'a, R: WithDType>(storage: &'a Storage, layout: &Layout) -> Result<&'a [R]> {
    match storage {
        Storage::Cpu(storage) => contiguous(R::cpu_storage_as_slice(storage)?, layout),
        _ => bail!("the fused path takes clips on the CPU"),
    }
}
