//! A whole model on the fast path: stages up to the drive of each neuron, and the tail.
//!
//! Without batch normalization a clip goes all the way to the loss and back before the next one
//! begins, so that what it needs stays in the cache. With it, all clips wait at the drives until
//! their statistics are known.
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use super::curve::AnyLoss;
use super::number::Number;
use super::rows::{Layout, Rows};
use super::stage::{Operation, Passing, Ways};
use super::tail::{Fitted, NeuronRows, Tail};
use crate::simd::parallel::map;
use crate::simd::real::Real;

/// Groups of clips whose gradients are summed by themselves and then together: fixed, so that sums
/// do not depend on the number of threads.
const GROUPS: usize = 16;

/// Stages and tail of a model for maps of so many bands and channels.
pub struct Chain {
    /// Bands of the sound.
    pub bands: usize,
    /// Channels of the sound.
    pub channels: usize,
    /// From the sound to the drive of every neuron.
    pub stages: Vec<Box<dyn Operation>>,
    /// From the drive to the response.
    pub tail: Tail,
}

/// One clip.
#[derive(Debug, Clone, Copy)]
pub struct Clip<'a, R> {
    /// `(C, F, T)`.
    pub sound: &'a [R],
    /// `(N, T)`, NaN where nothing was recorded; not read where only responses are asked for.
    pub recorded: &'a [R],
    /// `T`.
    pub bins: usize,
}

/// What a batch came to.
#[derive(Debug, Clone)]
pub struct Outcome<R> {
    /// The loss.
    pub loss: f64,
    /// Its gradient by all parameters: those of the stages, then those of the tail.
    pub gradient: Vec<R>,
    /// Mean and biased variance of each neuron's drive, where drives are normalized.
    pub statistics: Vec<(f64, f64)>,
}

/// What a clip needs on its way, kept for the next one.
#[derive(Debug, Default)]
pub struct Workspace<R> {
    input: Rows<R>,
    outputs: Vec<Rows<R>>,
    grads: Vec<Rows<R>>,
    kept: Vec<Vec<Rows<R>>>,
}

/// Workspaces that nobody uses at the moment.
#[derive(Debug, Default)]
pub struct Pools {
    pub(super) single: Mutex<Vec<Workspace<f32>>>,
    pub(super) double: Mutex<Vec<Workspace<f64>>>,
}

impl Pools {
    fn take<R: Number>(&self) -> Workspace<R> {
        let mut pool = R::pool(self).lock().unwrap_or_else(PoisonError::into_inner);
        pool.pop().unwrap_or_default()
    }

    fn give<R: Number>(&self, workspace: Workspace<R>) {
        R::pool(self).lock().unwrap_or_else(PoisonError::into_inner).push(workspace);
    }
}

/// Parameters of every stage in the order in which they are used.
type Prepared<R> = Vec<Vec<Vec<R>>>;

/// What some clips came to.
struct Part<R> {
    loss: f64,
    by_stages: Vec<R>,
    by_tail: Vec<Vec<f64>>,
}

impl Chain {
    /// Number of parameters of the stages.
    fn stage_parameters(&self) -> usize {
        self.stages.iter().map(|stage| f64::stage(stage.as_ref()).parameters()).sum()
    }

    /// The loss of a batch and its gradient; `weights` are those of a recorded bin of each neuron.
    pub fn fit<R: Number>(
        &self,
        parameters: &[R],
        (clips, weights): (&[Clip<R>], &[f64]),
        loss: &dyn AnyLoss,
        pools: &Pools,
    ) -> Outcome<R> {
        let (own, tail) = parameters.split_at(self.stage_parameters());
        let prepared = self.prepare(own, Ways::Both);
        let groups = groups(clips.len());
        let (parts, statistics) = if self.tail.normalized {
            self.fit_together((&prepared, tail), (clips, weights), loss, pools)
        } else {
            let parts = map(groups, usize::MAX, |group| {
                self.fit_group((&prepared, tail), (&clips[group], weights), loss, pools)
            });
            (parts, Vec::new())
        };
        let mut gradient = vec![R::constant(0.0); parameters.len()];
        let (by_stages, by_tail) = gradient.split_at_mut(own.len());
        let mut sums = vec![0.0; by_tail.len()];
        for part in &parts {
            by_stages.iter_mut().zip(&part.by_stages).for_each(|(sum, own)| *sum += *own);
            for (neuron, by_parameters) in part.by_tail.iter().enumerate() {
                let places = sums.iter_mut().skip(neuron).step_by(weights.len());
                places.zip(by_parameters).for_each(|(sum, own)| *sum += own);
            }
        }
        by_tail.iter_mut().zip(sums).for_each(|(to, sum)| *to = R::from_f64(sum));
        Outcome { loss: parts.iter().map(|part| part.loss).sum(), gradient, statistics }
    }

    /// The responses `(N, T)` to each clip; `statistics` are mean and variance of each neuron's
    /// drive, where drives are normalized.
    pub fn respond<R: Number>(
        &self,
        parameters: &[R],
        statistics: &[(f64, f64)],
        clips: &[Clip<R>],
        pools: &Pools,
    ) -> Vec<Vec<R>> {
        let (own, tail) = parameters.split_at(self.stage_parameters());
        let prepared = self.prepare(own, Ways::Forward);
        map(clips.iter().collect(), usize::MAX, |clip| {
            let mut workspace = pools.take::<R>();
            self.forward(&prepared, clip, &mut workspace);
            let mut responses = Vec::new();
            if let Some(drives) = workspace.outputs.last_mut() {
                self.tail.respond(tail, statistics, drives.rows_mut().collect());
                drives.rows().for_each(|row| responses.extend_from_slice(row));
            }
            pools.give(workspace);
            responses
        })
    }

    fn prepare<R: Number>(&self, mut parameters: &[R], ways: Ways) -> Prepared<R> {
        let mut prepared = Vec::with_capacity(self.stages.len());
        for (place, stage) in self.stages.iter().enumerate() {
            let stage = R::stage(stage.as_ref());
            let (own, rest) = parameters.split_at(stage.parameters());
            parameters = rest;
            let ways = if ways == Ways::Both && place == 0 { Ways::Parameters } else { ways };
            prepared.push(stage.prepare(own, ways));
        }
        prepared
    }

    /// Every clip on its own, one after the other.
    fn fit_group<R: Number>(
        &self,
        (prepared, tail): (&Prepared<R>, &[R]),
        (clips, weights): (&[Clip<R>], &[f64]),
        loss: &dyn AnyLoss,
        pools: &Pools,
    ) -> Part<R> {
        let mut workspace = pools.take::<R>();
        let mut part = Part {
            loss: 0.0,
            by_stages: vec![R::constant(0.0); self.stage_parameters()],
            by_tail: vec![vec![0.0; self.tail.parameters()]; weights.len()],
        };
        for clip in clips {
            self.forward(prepared, clip, &mut workspace);
            let mut own = [&mut workspace];
            part.take(&self.tail.fit(tail, neuron_rows(&mut own, &[*clip], weights), loss));
            self.backward(prepared, &mut workspace, &mut part.by_stages);
        }
        pools.give(workspace);
        part
    }

    /// All clips up to their drives, then all neurons, then all clips back.
    fn fit_together<R: Number>(
        &self,
        (prepared, tail): (&Prepared<R>, &[R]),
        (clips, weights): (&[Clip<R>], &[f64]),
        loss: &dyn AnyLoss,
        pools: &Pools,
    ) -> (Vec<Part<R>>, Vec<(f64, f64)>) {
        let mut workspaces: Vec<Workspace<R>> = clips.iter().map(|_| pools.take()).collect();
        let tasks = clips.iter().zip(workspaces.iter_mut()).collect();
        map(tasks, usize::MAX, |(clip, workspace)| self.forward(prepared, clip, workspace));
        let mut all: Vec<&mut Workspace<R>> = workspaces.iter_mut().collect();
        let fitted = self.tail.fit(tail, neuron_rows(&mut all, clips, weights), loss);
        let mut rest = workspaces.as_mut_slice();
        let mut tasks = Vec::new();
        for group in groups(clips.len()) {
            let (own, others) = rest.split_at_mut(group.len());
            tasks.push(own);
            rest = others;
        }
        let mut parts = map(tasks, usize::MAX, |workspaces| {
            let by_stages = vec![R::constant(0.0); self.stage_parameters()];
            let mut part = Part { loss: 0.0, by_stages, by_tail: Vec::new() };
            for workspace in workspaces {
                self.backward(prepared, workspace, &mut part.by_stages);
            }
            part
        });
        for workspace in workspaces {
            pools.give(workspace);
        }
        if let Some(first) = parts.first_mut() {
            first.by_tail = vec![vec![0.0; self.tail.parameters()]; weights.len()];
            first.take(&fitted);
        }
        (parts, fitted.iter().map(|neuron| neuron.statistics).collect())
    }

    fn forward<R: Number>(&self, prepared: &Prepared<R>, clip: &Clip<R>, space: &mut Workspace<R>) {
        let count = self.stages.len();
        space.outputs.resize_with(count, Rows::default);
        space.grads.resize_with(count, Rows::default);
        space.kept.resize_with(count, Vec::new);
        let left = self.zeros_before::<R>(0);
        let (bands, channels, bins) = (self.bands, self.channels, clip.bins);
        space.input.arrange(Layout { bands, channels, bins, left, right: 0 });
        space.input.copy_channels(clip.sound);
        for (place, stage) in self.stages.iter().enumerate() {
            let stage = R::stage(stage.as_ref());
            let (before, after) = space.outputs.split_at_mut(place);
            let input = before.last().unwrap_or(&space.input);
            let layout = stage.output(input.layout());
            let inner = Layout { left: self.zeros_before::<R>(place + 1), right: 0, ..layout };
            after[0].arrange(if place + 1 < count { inner } else { layout });
            stage.forward(&prepared[place], input, &mut after[0], &mut space.kept[place]);
        }
    }

    /// Zeros that stand before the input of a stage.
    fn zeros_before<R: Number>(&self, place: usize) -> usize {
        self.stages.get(place).map_or(0, |stage| R::stage(stage.as_ref()).zeros_before())
    }

    /// Back from the gradient of the drives, which lies where the drives lay.
    fn backward<R: Number>(
        &self,
        prepared: &Prepared<R>,
        space: &mut Workspace<R>,
        by_stages: &mut [R],
    ) {
        let Workspace { input: sound, outputs, grads, kept } = space;
        let mut end = by_stages.len();
        let mut grad = outputs.last_mut().map(std::mem::take).unwrap_or_default();
        for (place, stage) in self.stages.iter().enumerate().rev() {
            let stage = R::stage(stage.as_ref());
            let start = end - stage.parameters();
            // `grads` hold the gradient of the input of each stage.
            let mut before = std::mem::take(&mut grads[place]);
            if place > 0 {
                let earlier = input_of(sound, outputs, place - 1).layout();
                before.arrange(R::stage(self.stages[place - 1].as_ref()).output(earlier));
            }
            let passing = Passing {
                input: input_of(sound, outputs, place),
                output: &outputs[place],
                kept: &mut kept[place],
                grad: &mut grad,
                input_grad: (place > 0).then_some(&mut before),
            };
            stage.backward(&prepared[place], passing, &mut by_stages[start..end]);
            end = start;
            let used = std::mem::replace(&mut grad, before);
            *grads.get_mut(place + 1).unwrap_or(&mut outputs[place]) = used;
        }
        grads[0] = grad;
    }
}

/// What comes into a stage.
fn input_of<'a, R>(sound: &'a Rows<R>, outputs: &'a [Rows<R>], place: usize) -> &'a Rows<R> {
    place.checked_sub(1).map_or(sound, |before| &outputs[before])
}

impl<R: Real> Part<R> {
    fn take(&mut self, fitted: &[Fitted]) {
        for (sums, neuron) in self.by_tail.iter_mut().zip(fitted) {
            self.loss += neuron.loss;
            sums.iter_mut().zip(&neuron.by_parameters).for_each(|(sum, own)| *sum += own);
        }
    }
}

/// Ranges of clips, as equal as can be.
fn groups(clips: usize) -> Vec<Range<usize>> {
    let count = clips.min(GROUPS);
    (0..count).map(|i| clips * i / count..clips * (i + 1) / count).collect()
}

/// The rows of every neuron out of the drives of clips.
fn neuron_rows<'a, R: Number>(
    workspaces: &'a mut [&mut Workspace<R>],
    clips: &[Clip<'a, R>],
    weights: &[f64],
) -> Vec<NeuronRows<'a, R>> {
    let empty = |scale: &f64| {
        let (drives, recorded) = (Vec::new(), Vec::new());
        NeuronRows { drives, recorded, scale: *scale }
    };
    let mut neurons: Vec<NeuronRows<R>> = weights.iter().map(empty).collect();
    for (workspace, clip) in workspaces.iter_mut().zip(clips) {
        let Some(drives) = workspace.outputs.last_mut() else { continue };
        let recorded = clip.recorded.chunks_exact(clip.bins.max(1));
        for ((neuron, drive), recorded) in neurons.iter_mut().zip(drives.rows_mut()).zip(recorded) {
            neuron.drives.push(drive);
            neuron.recorded.push(recorded);
        }
    }
    neurons
}
