//! L-BFGS over the loss of all training clips. With penalties of given strengths, until the objective
//! stops to fall or validation gets worse; with strengths that are to be chosen, along a path, each point
//! from where the one before ended.
//!
//! Where neurons share no weight, each is a block that goes its own way: all are evaluated by one pass over
//! the clips, and what a neuron comes to is the same bits whichever neurons stand beside it. An epoch ends
//! when a block has taken a step.
use std::time::{Duration, Instant};

use super::block_path::{Advance, BlockProgress, Paths, PenaltyKind};
use super::checkpoint::{Checkpoint, Phase, Progress};
use super::fitting::{Fitting, Judge, require_finite};
use super::history::EpochRow;
use super::lbfgs::{Block, Convergence, Lbfgs};
use super::lbfgs_memory;
use super::linear::{LinearProblem, RidgePenalty, seen_of};
use super::objective::{Curvature, Objective};
use super::path::{Point, strengths};
use super::penalties::{Penalties, Strengths};
use super::validation::ValidationScores;
use super::{End, Observer, Task, draw, factorize, ridge};
use crate::base::error::Result;
use crate::models::batch::Member;
use crate::run_file::{Best as BestOf, Monitor, StartFrom, Strength};

/// Steps of each of several random starts.
const SHORT: usize = 20;
/// How much stronger than the best strength of the linear solution a path begins.
const ABOVE: f64 = 10.0;
/// How often at most what L-BFGS remembers is gathered.
const BETWEEN_MEMORIES: Duration = Duration::from_millis(500);
/// Blocks wait at the end of a point until they are this share of those that still move.
const WAITING: usize = 4;

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
        let paths = paths(fitting, linear.is_some())?;
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

    /// Where the fit itself starts.
    fn begin(&mut self, checkpoint: &mut Checkpoint) -> Result<()> {
        let Task { settings, network, .. } = *self.fitting.task;
        let mut chosen = vec![Strengths::of_numbers(settings); self.blocks()];
        let strongest = match &self.linear {
            Some(linear) if chooses_by_folds(self.fitting) => {
                let l2 = self.l2_by_folds(linear, checkpoint)?;
                chosen.iter_mut().zip(&l2).for_each(|(own, l2)| own.l2 = *l2);
                self.start_linear(linear, Some(l2))?
            }
            Some(linear) => self.start_linear(linear, None)?,
            None => vec![self.paths.strongest(); self.blocks()],
        };
        let block = |(strongest, chosen)| {
            let mut block = BlockProgress { chosen, strongest, ..BlockProgress::default() };
            self.paths.begin(&mut block);
            block
        };
        checkpoint.progress.blocks = strongest.into_iter().zip(chosen).map(block).collect();
        network.fold_norm()?;
        checkpoint.weights = self.fitting.task.params.values()?;
        self.begin_anew(checkpoint)
    }

    /// Lets every block begin at its present point.
    fn begin_anew(&mut self, checkpoint: &mut Checkpoint) -> Result<()> {
        let all: Vec<usize> = (0..self.blocks()).collect();
        for block in all.iter().filter(|block| !self.varies(**block)) {
            checkpoint.progress.blocks[*block].ended = true;
        }
        checkpoint.progress.gains.clear();
        self.lbfgs.blocks = vec![Block::default(); self.blocks()];
        self.enter_points(checkpoint, &all)
    }

    /// Whether there is anything to fit in a block.
    fn varies(&self, block: usize) -> bool {
        !self.by_neuron || self.fitting.relative.varies(block)
    }

    /// The strength for squares of each neuron whose linear solutions do best on folds of the training
    /// clips.
    fn l2_by_folds(&self, linear: &LinearProblem, checkpoint: &mut Checkpoint) -> Result<Vec<f64>> {
        let all = strengths(linear.weights());
        let penalties: Vec<RidgePenalty> =
            all.iter().map(|l2| RidgePenalty::of_squares(*l2)).collect();
        let chosen = ridge::by_folds(self.fitting, &self.seen, linear, &penalties, checkpoint)?;
        Ok(chosen.into_iter().map(|place| all[place]).collect())
    }

    /// Starts kernels from the linear solution of each neuron with a strength that is given for it, or that
    /// does best on the validation clips; the strongest penalty of the path of each.
    fn start_linear(&self, linear: &LinearProblem, given: Option<Vec<f64>>) -> Result<Vec<f64>> {
        let (fitting, network) = (self.fitting, self.fitting.task.network);
        if let Some(norm) = network.norm() {
            norm.let_pass()?;
        }
        let valid = seen_of(fitting.task.valid, network)?;
        let mut best = vec![(f64::INFINITY, 0.0); network.neurons()];
        let mut solutions = Vec::new();
        let all = strengths(linear.weights());
        for l2 in all.iter().copied() {
            let solution = linear.solve(&RidgePenalty::of_squares(l2))?;
            let predictions = linear.predictions(&valid, &solution);
            let losses = self.judge.validation.of(&predictions)?.losses;
            let better = best.iter_mut().zip(losses).filter(|(best, loss)| *loss < best.0);
            better.for_each(|(best, loss)| *best = (loss, l2));
            solutions.push((l2, solution));
        }
        let chosen: Vec<f64> = given.unwrap_or_else(|| best.iter().map(|(_, l2)| *l2).collect());
        let mixed = linear.mixed(&chosen, &solutions);
        if !linear.set((network, fitting.task.params), &mixed)? {
            factorize::project(fitting, linear, &mixed)?;
        }
        draw::start_outputs(network, &fitting.whole(), &fitting.relative)?;
        let strongest = |l2: &f64| if *l2 > 0.0 { ABOVE * l2 } else { all[0] };
        Ok(chosen.iter().map(strongest).collect())
    }

    /// Lets some blocks begin at the points of their paths that they have come to.
    fn enter_points(&mut self, checkpoint: &mut Checkpoint, blocks: &[usize]) -> Result<()> {
        let points = self.objective.pieces.points()?;
        for place in blocks {
            let done = checkpoint.progress.blocks[*place].ended;
            let block = &mut self.lbfgs.blocks[*place];
            *block = if done {
                Block { done, ..std::mem::take(block) }
            } else {
                Block::at(points[*place].clone())
            };
            block.point.clone_from(&points[*place]);
        }
        let are_none = self.penalties(&checkpoint.progress).iter().all(Strengths::are_none);
        if self.fitting.task.network.is_single_layer() && !are_none {
            let gains = self.fitting.neuron_gains(&self.seen)?;
            let only = if self.by_neuron { Some(blocks) } else { None };
            renew(&mut checkpoint.progress.gains, gains, only);
        }
        self.set_up(checkpoint)
    }

    /// The penalties of each block at its present point; there are none on the way of a random start.
    fn penalties(&self, progress: &Progress) -> Vec<Strengths> {
        let is_start = matches!(progress.phase, Phase::Starts { .. });
        let of_block = |block: &BlockProgress| {
            if is_start { Strengths::default() } else { self.paths.penalties(block) }
        };
        progress.blocks.iter().map(of_block).collect()
    }

    /// Sets up the objective of the present points.
    fn set_up(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        let (fitting, network) = (self.fitting, self.fitting.task.network);
        let progress = &checkpoint.progress;
        let own = self.penalties(progress);
        self.objective.penalties = if own.iter().all(Strengths::are_none) {
            None
        } else if network.is_single_layer() {
            let strengths =
                if self.by_neuron { own.clone() } else { vec![own[0]; network.neurons()] };
            let (gains, over) = (progress.gains.clone(), fitting.relative.over);
            Some(Penalties::of_neurons(strengths, gains, over))
        } else {
            Some(Penalties::of_hidden(own[0], (network, &self.seen))?)
        };
        let known = self.objective.curvature.take();
        self.objective.curvature = match (&self.linear, fitting.full_kernel()?) {
            (Some(linear), Some(name)) => {
                let of_block = own.iter().zip(&progress.blocks);
                let moving: Vec<Option<&Strengths>> =
                    of_block.map(|(own, block)| (!block.ended).then_some(own)).collect();
                Some(Curvature::new(name, linear, &moving, known)?)
            }
            _ => None,
        };
        Ok(())
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

    /// Draws the weights of a random start, where one begins.
    fn begin_start(&mut self, checkpoint: &mut Checkpoint) -> Result<()> {
        let Phase::Starts { nth } = checkpoint.progress.phase else { return Ok(()) };
        if !self.lbfgs.blocks.is_empty() {
            return Ok(());
        }
        self.fitting.draw(self.fitting.seed(nth))?;
        self.fitting.task.network.fold_norm()?;
        checkpoint.progress.blocks = vec![BlockProgress::default(); self.blocks()];
        self.begin_anew(checkpoint)
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
            return self.judged_on_paths(checkpoint, scores);
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

    /// The same where strengths of penalties are chosen: blocks that are through with a point go on to
    /// their next one, several at once.
    fn judged_on_paths(
        &mut self,
        checkpoint: &mut Checkpoint,
        scores: &ValidationScores,
    ) -> Result<(bool, Option<End>)> {
        let pairs = checkpoint.progress.blocks.iter().zip(&self.lbfgs.blocks).enumerate();
        let waiting: Vec<usize> = pairs
            .filter(|(_, (own, block))| block.done && !own.ended)
            .map(|(place, _)| place)
            .collect();
        let moving = self.lbfgs.blocks.iter().filter(|block| !block.done).count();
        let enough = if self.is_together() { usize::MAX } else { (moving / WAITING).max(1) };
        if waiting.len() < enough && moving > 0 {
            return Ok((false, None));
        }
        let improved = self.end_points(checkpoint, scores, &waiting)?;
        self.next_points(checkpoint, &waiting)?;
        let ends = checkpoint.progress.blocks.iter().all(|block| block.ended);
        Ok((improved, ends.then_some(End::Converged)))
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

    /// Takes note of a random start that is done; whether it is the best so far.
    fn end_start(&mut self, nth: usize, loss: f64, checkpoint: &mut Checkpoint) -> Result<bool> {
        let best = checkpoint.progress.starts.iter().copied().fold(f64::INFINITY, f64::min);
        let improved = nth == 0 || loss < best;
        if improved {
            checkpoint.best_weights.clone_from(&checkpoint.weights);
            checkpoint.model = self.fitting.in_units_of_recording()?;
        }
        checkpoint.progress.starts.push(loss);
        self.lbfgs.blocks.clear();
        if nth + 1 < self.fitting.task.settings.starts() {
            checkpoint.progress.phase = Phase::Starts { nth: nth + 1 };
        } else {
            self.fitting.back_to_best(checkpoint)?;
            checkpoint.progress.phase = Phase::Fit;
            self.begin(checkpoint)?;
        }
        Ok(improved)
    }

    /// Takes note of the points that some blocks are through with; whether one is better than those before
    /// for any of them.
    fn end_points(
        &mut self,
        checkpoint: &mut Checkpoint,
        scores: &ValidationScores,
        blocks: &[usize],
    ) -> Result<bool> {
        let improved = self.keep(checkpoint, scores, Some(blocks))?;
        let together = self.is_together();
        let best = checkpoint.progress.best.clone();
        for place in blocks.iter().copied() {
            let block = &mut checkpoint.progress.blocks[place];
            let Some((kind, strength)) = self.paths.present(block) else { continue };
            let (better, loss) = if together {
                (best.epoch == checkpoint.progress.epoch, scores.loss)
            } else {
                let loss = scores.losses[place];
                (best.neurons.get(place).copied().flatten() == Some(loss), loss)
            };
            if better {
                block.stale = 0;
                *kind.of(&mut block.chosen) = strength;
            } else {
                block.stale += 1;
            }
            let own = &self.paths.kinds[..block.at.0];
            let round = 1 + own.iter().filter(|own| **own == kind).count();
            let at = checkpoint.progress.blocks[place].at;
            let point = Point::new((kind.name(), round, strength), at, self.losses_of_point());
            point.record(&mut checkpoint.progress.path, if together { 0 } else { place }, loss);
        }
        Ok(improved)
    }

    /// How many losses a point of a path has.
    fn losses_of_point(&self) -> usize {
        if self.is_together() { 1 } else { self.blocks() }
    }

    /// Lets some blocks go on to their next points, or paths.
    fn next_points(&mut self, checkpoint: &mut Checkpoint, blocks: &[usize]) -> Result<()> {
        let together = self.is_together();
        let mut anew = Vec::new();
        for place in blocks.iter().copied() {
            let own = &mut checkpoint.progress.blocks[place];
            if self.paths.advance(own) == Advance::Path {
                anew.push(place);
            }
        }
        if together && !anew.is_empty() {
            self.fitting.back_to_best(checkpoint)?;
        } else if !anew.is_empty() {
            self.fitting.neurons_back_to_best(checkpoint, &anew)?;
        }
        self.enter_points(checkpoint, blocks)
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

/// Whether strengths for squares are those of linear solutions on folds of the training clips.
fn chooses_by_folds(fitting: &Fitting) -> bool {
    let settings = fitting.task.settings;
    settings.folds > 1 && settings.l2() == Strength::Auto
}

/// Replaces values, or some of them where they are known.
fn renew(known: &mut Vec<f64>, new: Vec<f64>, only: Option<&[usize]>) {
    match only {
        Some(places) if !known.is_empty() => {
            for place in places {
                known[*place] = new[*place];
            }
        }
        _ => *known = new,
    }
}

/// Penalties whose strength is to be chosen, each of them twice where there are several.
fn paths(fitting: &Fitting, starts_linear: bool) -> Result<Paths> {
    let Task { settings, network, .. } = fitting.task;
    let auto = [
        (PenaltyKind::L2, settings.l2()),
        (PenaltyKind::Smooth, settings.smooth()),
        (PenaltyKind::L1, settings.l1),
    ];
    let by_folds = starts_linear && chooses_by_folds(fitting);
    let auto = auto.into_iter().filter(|(_, strength)| *strength == Strength::Auto);
    let auto = auto.map(|(kind, _)| kind).filter(|kind| *kind != PenaltyKind::L2 || !by_folds);
    let auto: Vec<PenaltyKind> = auto.collect();
    if auto.is_empty() {
        return Ok(Paths::default());
    }
    let rounds = if auto.len() > 1 { 2 } else { 1 };
    let kernels = network.penalized()?;
    let mut strengths = strengths(kernels.elem_count() / kernels.dim(0)?);
    // Zero is a saddle of factorized and hidden kernels.
    if !starts_linear || fitting.full_kernel()?.is_none() {
        strengths.reverse();
    }
    Ok(Paths { kinds: auto.repeat(rounds), strengths })
}
