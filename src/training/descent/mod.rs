//! L-BFGS over the loss of all training clips. With penalties of given strengths, until the objective
//! stops to fall or validation gets worse; with strengths that are to be chosen, along a path, each point
//! from where the one before ended.
//!
//! Where neurons share no weight, each is a block that goes its own way: all are evaluated by one pass over
//! the clips, and what a neuron comes to is the same bits whichever neurons stand beside it. An epoch ends
//! when a block has taken a step.
use std::time::{Duration, Instant};

use super::block_path::{Paths, PenaltyKind};
use super::checkpoint::{Checkpoint, Phase};
use super::fitting::{Fitting, Judge, require_finite};
use super::history::EpochRow;
use super::lbfgs::{Convergence, Lbfgs};
use super::lbfgs_memory;
use super::linear::LinearProblem;
use super::objective::Objective;
use super::validation::ValidationScores;
use super::{End, Observer, Task};
use crate::base::error::Result;
use crate::models::batch::Member;
use crate::run_file::{Best as BestOf, Monitor, StartFrom};

mod points;
mod starts;

/// Steps of each of several random starts.
const SHORT: usize = 20;
/// How often at most what L-BFGS remembers is gathered.
const BETWEEN_MEMORIES: Duration = Duration::from_millis(500);
/// When a point of a path has converged: the next one goes on from there.
const AT_POINT: Convergence = Convergence { rounds: 5, fall: 1e-5 };

/// What is left of a fit by L-BFGS, up to the end of its present phase; how it ended.
///
/// # Errors
/// A tensor operation fails, a loss is no number, or the observer fails.
pub fn run<'a>(
    fitting: &'a Fitting<'a>,
    judge: &'a Judge<'a>,
    checkpoint: &mut Checkpoint,
    observer: &mut dyn Observer,
) -> Result<Option<End>> {
    let mut descent = Descent::new(fitting, judge, checkpoint)?;
    loop {
        if observer.interrupted() && checkpoint.is_whole {
            return Ok(Some(End::Interrupted));
        }
        if let Some(end) = descent.epoch(checkpoint, observer)? {
            return Ok(Some(end));
        }
    }
}

struct Descent<'a> {
    fitting: &'a Fitting<'a>,
    judge: Judge<'a>,
    objective: Objective<'a>,
    lbfgs: Lbfgs,
    linear: Option<LinearProblem>,
    /// What the first layer sees of the training clips.
    seen: Vec<Member>,
    /// Penalties whose strength is chosen, one after the other.
    paths: Paths,
    by_neuron: bool,
    /// When what L-BFGS remembers was gathered last.
    gathered: Option<Instant>,
}

/// What an epoch reached.
struct Reached {
    /// The blocks that have come to the end of an epoch of their own.
    stepped: Vec<usize>,
    /// The objective, summed over blocks.
    value: f64,
    /// Passes over the clips.
    evaluations: usize,
}

impl<'a> Descent<'a> {
    fn new(
        fitting: &'a Fitting<'a>,
        judge: &'a Judge<'a>,
        checkpoint: &mut Checkpoint,
    ) -> Result<Self> {
        let settings = fitting.task.settings;
        let by_neuron = fitting.task.fits_apart();
        let seen = fitting.seen()?;
        let linear = if by_neuron && settings.start() == StartFrom::Ridge {
            Some(LinearProblem::new(fitting.task.network, &seen)?)
        } else {
            None
        };
        let paths = points::paths(fitting, linear.is_some())?;
        let monitor = if paths.are_none() { judge.monitor } else { Monitor::ValidLoss };
        let convergence = if paths.are_none() { Convergence::FULL } else { AT_POINT };
        let objective = Objective::new(fitting, by_neuron);
        let judge = Judge { validation: judge.validation.clone(), monitor };
        let lbfgs = Lbfgs::default().until(convergence);
        let gathered = None;
        let mut descent =
            Self { fitting, judge, objective, lbfgs, linear, seen, paths, by_neuron, gathered };
        if !checkpoint.memory.is_empty() {
            let points = descent.objective.pieces.points()?;
            descent.lbfgs.blocks = lbfgs_memory::blocks(&checkpoint.memory, points)?;
            descent.set_up(checkpoint)?;
        } else if checkpoint.progress.phase == Phase::Fit {
            descent.begin(checkpoint)?;
        }
        Ok(descent)
    }

    /// Blocks of parameters.
    fn blocks(&self) -> usize {
        if self.by_neuron { self.fitting.task.network.neurons() } else { 1 }
    }

    /// Whether there is anything to fit in a block.
    fn varies(&self, block: usize) -> bool {
        !self.by_neuron || self.fitting.relative.varies(block)
    }

    /// Passes over the clips until a block has taken a step, and what it reached; the end, if this is it.
    fn epoch(
        &mut self,
        checkpoint: &mut Checkpoint,
        observer: &mut dyn Observer,
    ) -> Result<Option<End>> {
        let Task { network, .. } = *self.fitting.task;
        let begin = Instant::now();
        self.begin_start(checkpoint)?;
        let phase = self.name(checkpoint);
        let Reached { stepped, value, evaluations } = self.step(checkpoint)?;
        observer.batch(checkpoint.progress.epoch + 1);
        checkpoint.progress.epoch += 1;
        let epoch = checkpoint.progress.epoch;
        require_finite(value, "training", &format!("epoch {epoch}"))?;
        let seconds_train = begin.elapsed().as_secs_f64();
        let begin = Instant::now();
        let scores = self.judge.validation.scores(network)?;
        require_finite(scores.loss, "validation", &format!("epoch {epoch}"))?;
        let relative = &self.fitting.relative;
        let train_loss = relative.mean_loss(value) - relative.floor();
        let mut row =
            EpochRow { epoch, seconds_train, evaluations, train_loss, phase, ..scores.row() };
        checkpoint.weights = self.fitting.task.params.values()?;
        if self.by_neuron {
            let row = |place: &usize| (*place, self.row_of(*place, checkpoint, &scores));
            observer.neurons(stepped.iter().map(row).collect());
        }
        for place in &stepped {
            checkpoint.progress.blocks[*place].passes = 0;
        }
        let (mut improved, end) = self.judged(checkpoint, &scores)?;
        if end.is_some() {
            self.settle(checkpoint)?;
            improved = true;
        }
        checkpoint.is_whole = end.is_some()
            || self.gathered.is_none_or(|last| last.elapsed() >= BETWEEN_MEMORIES)
            || observer.interrupted();
        if checkpoint.is_whole {
            checkpoint.memory = lbfgs_memory::tensors(&self.lbfgs.blocks)?;
            self.gathered = Some(Instant::now());
        }
        row.seconds_valid = begin.elapsed().as_secs_f64();
        observer.epoch(&row, checkpoint, improved)?;
        Ok(end)
    }

    /// The row of the history of a neuron by itself.
    fn row_of(
        &self,
        neuron: usize,
        checkpoint: &Checkpoint,
        scores: &ValidationScores,
    ) -> EpochRow {
        let block = &checkpoint.progress.blocks[neuron];
        let train_loss = self.lbfgs.blocks[neuron].value() - self.fitting.relative.floor_of(neuron);
        let phase = self.paths.present(block).map_or_else(
            || "fit".to_owned(),
            |(kind, strength)| format!("{} {strength:.3e}", kind.name()),
        );
        let (epoch, evaluations) = (block.steps, block.passes);
        EpochRow { epoch, evaluations, train_loss, phase, ..scores.row_of(neuron) }
    }

    /// Passes until a block has taken a step, or none moves.
    fn step(&mut self, checkpoint: &mut Checkpoint) -> Result<Reached> {
        let moving: Vec<bool> = self.lbfgs.blocks.iter().map(|block| !block.done).collect();
        let mut evaluations = 0;
        let stepped = loop {
            let stepped = self.lbfgs.pass(&mut self.objective)?;
            evaluations += 1;
            if !stepped.is_empty() || self.lbfgs.done() {
                break stepped;
            }
        };
        let blocks = &mut checkpoint.progress.blocks;
        for (own, _) in blocks.iter_mut().zip(moving).filter(|(_, moving)| *moving) {
            own.passes += evaluations;
        }
        for block in &stepped {
            (blocks[*block].leg, blocks[*block].steps) =
                (blocks[*block].leg + 1, blocks[*block].steps + 1);
        }
        let points: Vec<Vec<f64>> =
            self.lbfgs.blocks.iter().map(|block| block.point.clone()).collect();
        self.objective.pieces.set(&points)?;
        let known = self.lbfgs.blocks.iter().filter_map(|block| block.at.as_ref());
        Ok(Reached { stepped, value: known.map(|at| at.value).sum(), evaluations })
    }

    /// What becomes of an epoch: whether it is better than those before, and the end, if this is it.
    fn judged(
        &mut self,
        checkpoint: &mut Checkpoint,
        scores: &ValidationScores,
    ) -> Result<(bool, Option<End>)> {
        let settings = self.fitting.task.settings;
        let is_start = matches!(checkpoint.progress.phase, Phase::Starts { .. });
        let most = if is_start { SHORT.min(settings.epochs()) } else { settings.epochs() };
        let own = checkpoint.progress.blocks.iter().zip(&self.lbfgs.blocks);
        let at_end: Vec<bool> = own.map(|(own, block)| !block.done && own.leg >= most).collect();
        let blocks = self.lbfgs.blocks.iter_mut().zip(&at_end);
        blocks.for_each(|(block, at_end)| block.done |= *at_end);
        if let Phase::Starts { nth } = checkpoint.progress.phase {
            let improved = self.lbfgs.done() && self.end_start(nth, scores.loss, checkpoint)?;
            return Ok((improved, None));
        }
        if !self.paths.are_none() {
            let (improved, ended) = self.judged_on_paths(checkpoint, scores)?;
            return Ok((improved, ended.then_some(End::Converged)));
        }
        let improved = self.keep(checkpoint, scores, None)?;
        let end = match () {
            () if self.lbfgs.done() && at_end.contains(&true) => Some(End::Epochs),
            () if self.lbfgs.done() => Some(End::Converged),
            () if self.is_exhausted(checkpoint) => Some(End::Patience),
            () => None,
        };
        Ok((improved, end))
    }

    /// Whether one validation loss decides for all blocks.
    fn is_together(&self) -> bool {
        !self.by_neuron || self.fitting.task.settings.best() == BestOf::Mean
    }

    /// Keeps the weights of some blocks, or of all, where they score better than before.
    fn keep(
        &self,
        checkpoint: &mut Checkpoint,
        scores: &ValidationScores,
        some: Option<&[usize]>,
    ) -> Result<bool> {
        let progress = &checkpoint.progress;
        let epochs: Vec<usize> = if self.by_neuron {
            progress.blocks.iter().map(|block| block.steps).collect()
        } else {
            vec![progress.epoch; self.fitting.task.network.neurons()]
        };
        let only = some.filter(|_| !self.is_together()).map(|some| scores.only(some));
        self.fitting.keep_of(checkpoint, &self.judge, (only.as_ref().unwrap_or(scores), &epochs))
    }

    /// Whether patience is at its end, for every block where each has its own best epoch; those for which
    /// it is take no further step.
    fn is_exhausted(&mut self, checkpoint: &Checkpoint) -> bool {
        let patience = self.fitting.task.settings.patience;
        let progress = &checkpoint.progress;
        if self.is_together() {
            return progress.best.exhausted(progress.epoch, patience);
        }
        for (place, block) in self.lbfgs.blocks.iter_mut().enumerate() {
            let steps = progress.blocks[place].steps;
            block.done |= progress.best.neuron_is_exhausted(place, steps, patience);
        }
        self.lbfgs.done()
    }

    /// What the blocks are at.
    fn name(&self, checkpoint: &Checkpoint) -> String {
        let progress = &checkpoint.progress;
        if let Phase::Starts { nth } = progress.phase {
            return format!("start {} of {}", nth + 1, self.fitting.task.settings.starts());
        }
        let left: Vec<(PenaltyKind, f64)> = progress
            .blocks
            .iter()
            .filter(|block| !block.ended)
            .filter_map(|block| self.paths.present(block))
            .collect();
        match left.first() {
            None => "fit".to_owned(),
            Some((kind, strength)) if left.iter().all(|other| *other == left[0]) => {
                format!("{} {strength:.3e}", kind.name())
            }
            Some(_) => {
                let all = progress.blocks.len();
                format!("penalties: {} of {all} neurons done", all - left.len())
            }
        }
    }

    /// The end of the fit: batch normalization takes the statistics of all training bins.
    fn settle(&mut self, checkpoint: &mut Checkpoint) -> Result<()> {
        self.lbfgs.blocks.clear();
        let fitting = self.fitting;
        fitting.back_to_best(checkpoint)?;
        fitting.settle_norm()?;
        checkpoint.weights = fitting.task.params.values()?;
        checkpoint.best_weights.clone_from(&checkpoint.weights);
        checkpoint.model = fitting.in_units_of_recording()?;
        checkpoint.progress.phase = Phase::Finish;
        Ok(())
    }
}
