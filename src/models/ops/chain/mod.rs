//! A whole model on the fused path: stages up to the drive of each neuron, and the head.
//!
//! Without batch normalization a clip goes all the way to the loss and back before the next one
//! begins, so that what it needs stays in the cache. With it, all clips wait at the drives until
//! their statistics are known.
use std::ops::Range;

use candle_core::{Result, bail};

use super::curve::AnyLoss;
use super::draws::DrawnClip;
use super::number::Number;
use super::output_head::{NeuronGradient, NeuronRows, OutputHead};
use super::stage::{GradientMode, Operation, Prepared};
use super::workspace::{Pools, Workspace};
use crate::simd::parallel::map;
use crate::simd::real::Real;

mod passes;

/// Groups of clips whose gradients are summed by themselves and then together: fixed, so that sums
/// do not depend on the number of threads.
const GROUPS: usize = 16;

/// Stages and head of a model for maps of so many bands and channels.
pub struct Chain {
    /// Bands of the sound.
    pub bands: usize,
    /// Channels of the sound.
    pub channels: usize,
    /// From the sound to the drive of every neuron.
    pub stages: Vec<Box<dyn Operation>>,
    /// From the sound to a row that says how far the output nonlinearity changes, where it does.
    pub gain: Option<Box<dyn Operation>>,
    /// From the drive to the response.
    pub head: OutputHead,
}

/// One clip.
#[derive(Debug, Clone, Copy)]
pub struct ClipValues<'a, R> {
    /// `(C, F, T)`.
    pub sound: &'a [R],
    /// `(N, T)`, NaN where nothing was recorded; not read where only responses are asked for.
    pub recorded: &'a [R],
    /// `T`.
    pub bins: usize,
    /// What random numbers follow from; none outside of training.
    pub drawn: Option<DrawnClip<'a>>,
}

/// What a batch is fitted to.
#[derive(Clone, Copy)]
pub struct Objective<'a, R> {
    /// The clips with what was recorded.
    pub clips: &'a [ClipValues<'a, R>],
    /// The weight of a recorded bin of each neuron.
    pub weights: &'a [f64],
    /// What a prediction costs at such a bin.
    pub loss: &'a dyn AnyLoss,
}

/// The sum of a neuron's responses at some bins.
#[derive(Debug, Clone, Copy)]
pub struct ResponseSum<'a> {
    /// The place of the neuron.
    pub neuron: usize,
    /// The bins.
    pub bins: &'a [usize],
}

/// What a batch came to.
#[derive(Debug, Clone)]
pub struct Outcome<R> {
    /// The share of each neuron in the loss, which is their sum.
    pub losses: Vec<f64>,
    /// The gradient of the loss by all parameters: those of the stages, then those of the head.
    pub gradient: Vec<R>,
    /// Mean and biased variance of each neuron's drive, where drives are normalized.
    pub statistics: Vec<(f64, f64)>,
}

/// The parameters of a chain in the order in which they are used.
struct Ready<'a, R> {
    stages: Vec<Prepared>,
    gain: Option<Prepared>,
    head: &'a [R],
}

/// Mean and biased variance of each neuron's drive.
type Moments = Vec<(f64, f64)>;

/// What some clips came to.
struct PartialGradient<R> {
    losses: Vec<f64>,
    by_stages: Vec<R>,
    by_head: Vec<Vec<f64>>,
}

impl Chain {
    /// Number of parameters of the stages, that of the gain behind them.
    fn stage_parameters(&self) -> usize {
        let gain = self.gain.as_ref().map_or(0, |gain| f64::stage(gain.as_ref()).parameters());
        self.parameters_up_to_drives() + gain
    }

    fn parameters_up_to_drives(&self) -> usize {
        self.stages.iter().map(|stage| f64::stage(stage.as_ref()).parameters()).sum()
    }

    /// The loss of a batch and its gradient.
    ///
    /// # Errors
    /// Stages do not fit each other.
    pub fn fit<R: Number>(
        &self,
        parameters: &[R],
        objective: Objective<R>,
        pools: &Pools,
    ) -> Result<Outcome<R>> {
        let ready = self.prepare(parameters, GradientMode::Both);
        let (parts, statistics) = if self.head.normalized {
            self.fit_together(&ready, objective, pools)?
        } else {
            let parts = map(groups(objective.clips.len()), usize::MAX, |group| {
                let own = Objective { clips: &objective.clips[group], ..objective };
                self.fit_group(&ready, own, pools)
            });
            (parts.into_iter().collect::<Result<Vec<_>>>()?, Vec::new())
        };
        let mut gradient = vec![R::constant(0.0); parameters.len()];
        let (by_stages, by_head) = gradient.split_at_mut(self.stage_parameters());
        let mut sums = vec![0.0; by_head.len()];
        let mut losses = vec![0.0; objective.weights.len()];
        for part in &parts {
            losses.iter_mut().zip(&part.losses).for_each(|(sum, own)| *sum += own);
            by_stages.iter_mut().zip(&part.by_stages).for_each(|(sum, own)| *sum += *own);
            for (neuron, by_parameters) in part.by_head.iter().enumerate() {
                let places = sums.iter_mut().skip(neuron).step_by(objective.weights.len());
                places.zip(by_parameters).for_each(|(sum, own)| *sum += own);
            }
        }
        by_head.iter_mut().zip(sums).for_each(|(to, sum)| *to = R::from_f64(sum));
        Ok(Outcome { losses, gradient, statistics })
    }

    /// The responses `(N, T)` to each clip; `statistics` are mean and variance of each neuron's
    /// drive, where drives are normalized.
    ///
    /// # Errors
    /// Stages do not fit each other.
    pub fn respond<R: Number>(
        &self,
        parameters: &[R],
        statistics: &[(f64, f64)],
        clips: &[ClipValues<R>],
        pools: &Pools,
    ) -> Result<Vec<Vec<R>>> {
        let ready = self.prepare(parameters, GradientMode::None);
        let responses = map(clips.iter().collect(), usize::MAX, |clip| {
            let mut workspace = pools.take::<R>();
            self.forward(&ready, clip, &mut workspace)?;
            let mut responses = Vec::new();
            if let Some(drives) = workspace.outputs.last_mut() {
                let modulation = workspace.modulation.rows().next();
                let modulation = modulation.filter(|_| self.head.changes);
                let rows = drives.rows_mut().collect();
                self.head.respond(ready.head, statistics, rows, modulation);
                drives.rows().for_each(|row| responses.extend_from_slice(row));
            }
            pools.give(workspace);
            Ok(responses)
        });
        responses.into_iter().collect()
    }

    /// The gradient by the sound `(C, F, T)` of one clip of each of some sums of responses;
    /// `statistics` as [`Chain::respond`] takes them.
    ///
    /// # Errors
    /// Stages do not fit each other.
    pub fn gradients_by_sound<R: Number>(
        &self,
        parameters: &[R],
        statistics: &[(f64, f64)],
        clip: &ClipValues<R>,
        sums: &[ResponseSum],
        pools: &Pools,
    ) -> Result<Vec<Vec<R>>> {
        if self.gain.is_some() {
            bail!("gradients by the sound of an output that changes with it have no fused path")
        }
        let ready = self.prepare(parameters, GradientMode::Input);
        let gradients = map(sums.iter().collect(), usize::MAX, |sum| {
            let mut workspace = pools.take::<R>();
            self.forward(&ready, clip, &mut workspace)?;
            if let Some(drives) = workspace.outputs.last_mut() {
                let ResponseSum { neuron, bins } = *sum;
                self.head.gradients(ready.head, statistics, drives.rows_mut(), (neuron, bins));
            }
            let gradient = self.backward(&ready, &mut workspace, None)?;
            pools.give(workspace);
            Ok(gradient.unwrap_or_default())
        });
        gradients.into_iter().collect()
    }

    fn prepare<'a, R: Number>(&self, parameters: &'a [R], mode: GradientMode) -> Ready<'a, R> {
        let (mut own, head) = parameters.split_at(self.stage_parameters());
        let mut stages = Vec::with_capacity(self.stages.len());
        for (place, stage) in self.stages.iter().enumerate() {
            let stage = R::stage(stage.as_ref());
            let (first, rest) = own.split_at(stage.parameters());
            own = rest;
            let mode = match mode {
                GradientMode::Both if place == 0 => GradientMode::Parameters,
                mode => mode,
            };
            stages.push(stage.prepare(first, mode));
        }
        let gain = self.gain.as_ref();
        let gain = gain.map(|gain| R::stage(gain.as_ref()).prepare(own, GradientMode::Parameters));
        Ready { stages, gain, head }
    }

    /// Every clip on its own, one after the other.
    fn fit_group<R: Number>(
        &self,
        ready: &Ready<R>,
        objective: Objective<R>,
        pools: &Pools,
    ) -> Result<PartialGradient<R>> {
        let Objective { clips, weights, loss } = objective;
        let mut workspace = pools.take::<R>();
        let mut part = PartialGradient {
            losses: vec![0.0; weights.len()],
            by_stages: vec![R::constant(0.0); self.stage_parameters()],
            by_head: vec![vec![0.0; self.head.parameters()]; weights.len()],
        };
        for clip in clips {
            self.forward(ready, clip, &mut workspace)?;
            let mut own = [&mut workspace];
            let (rows, mut by_modulation) = self.neuron_rows(&mut own, &[*clip], weights);
            part.take(&self.head.fit(ready.head, rows, loss, &mut by_modulation));
            self.backward(ready, &mut workspace, Some(&mut part.by_stages))?;
        }
        pools.give(workspace);
        Ok(part)
    }

    /// All clips up to their drives, then all neurons, then all clips back.
    fn fit_together<R: Number>(
        &self,
        ready: &Ready<R>,
        objective: Objective<R>,
        pools: &Pools,
    ) -> Result<(Vec<PartialGradient<R>>, Moments)> {
        let Objective { clips, weights, loss } = objective;
        let mut workspaces: Vec<Workspace<R>> = clips.iter().map(|_| pools.take()).collect();
        let tasks = clips.iter().zip(workspaces.iter_mut()).collect();
        let forward =
            map(tasks, usize::MAX, |(clip, workspace)| self.forward(ready, clip, workspace));
        forward.into_iter().collect::<Result<()>>()?;
        let mut all: Vec<&mut Workspace<R>> = workspaces.iter_mut().collect();
        let (rows, mut by_modulation) = self.neuron_rows(&mut all, clips, weights);
        let fitted = self.head.fit(ready.head, rows, loss, &mut by_modulation);
        let mut rest = workspaces.as_mut_slice();
        let mut tasks = Vec::new();
        for group in groups(clips.len()) {
            let (own, others) = rest.split_at_mut(group.len());
            tasks.push(own);
            rest = others;
        }
        let parts = map(tasks, usize::MAX, |workspaces| {
            let by_stages = vec![R::constant(0.0); self.stage_parameters()];
            let mut part = PartialGradient { losses: Vec::new(), by_stages, by_head: Vec::new() };
            for workspace in workspaces {
                self.backward(ready, workspace, Some(&mut part.by_stages))?;
            }
            Ok(part)
        });
        let mut parts = parts.into_iter().collect::<Result<Vec<_>>>()?;
        for workspace in workspaces {
            pools.give(workspace);
        }
        if let Some(first) = parts.first_mut() {
            first.by_head = vec![vec![0.0; self.head.parameters()]; weights.len()];
            first.losses = vec![0.0; weights.len()];
            first.take(&fitted);
        }
        Ok((parts, fitted.iter().map(|neuron| neuron.statistics).collect()))
    }

    /// The rows of every neuron out of the drives of clips, and where the gradients of what changes the
    /// nonlinearity go, clip by clip.
    fn neuron_rows<'a, R: Number>(
        &self,
        workspaces: &'a mut [&mut Workspace<R>],
        clips: &[ClipValues<'a, R>],
        weights: &[f64],
    ) -> (Vec<NeuronRows<'a, R>>, Vec<&'a mut [R]>) {
        let empty = |scale: &f64| {
            let (drives, recorded, modulation) = (Vec::new(), Vec::new(), Vec::new());
            NeuronRows { drives, recorded, modulation, scale: *scale }
        };
        let mut neurons: Vec<NeuronRows<R>> = weights.iter().map(empty).collect();
        let mut by_modulation = Vec::new();
        for (workspace, clip) in workspaces.iter_mut().zip(clips) {
            let Workspace { outputs, modulation, by_modulation: by, .. } = &mut **workspace;
            let Some(drives) = outputs.last_mut() else { continue };
            let modulation = modulation.rows().next().filter(|_| self.head.changes);
            by_modulation.extend(by.rows_mut().next());
            let recorded = clip.recorded.chunks_exact(clip.bins.max(1));
            for ((neuron, drive), recorded) in
                neurons.iter_mut().zip(drives.rows_mut()).zip(recorded)
            {
                neuron.drives.push(drive);
                neuron.recorded.push(recorded);
                neuron.modulation.extend(modulation);
            }
        }
        (neurons, by_modulation)
    }
}

impl<R: Real> PartialGradient<R> {
    fn take(&mut self, fitted: &[NeuronGradient]) {
        let sums = self.by_head.iter_mut().zip(&mut self.losses);
        for ((sums, loss), neuron) in sums.zip(fitted) {
            *loss += neuron.loss;
            sums.iter_mut().zip(&neuron.by_parameters).for_each(|(sum, own)| *sum += own);
        }
    }
}

/// Ranges of clips, as equal as can be.
fn groups(clips: usize) -> Vec<Range<usize>> {
    let count = clips.min(GROUPS);
    (0..count).map(|i| clips * i / count..clips * (i + 1) / count).collect()
}
