//! L-BFGS over the loss of all training clips: an epoch is one accepted step of every block. With
//! penalties of given strengths, until the objective stops to fall or validation gets worse; with
//! strengths that are to be chosen, along a path, each point from where the one before ended.
use std::collections::VecDeque;
use std::time::Instant;

use candle_core::{Device, Tensor};

use super::checkpoint::{Checkpoint, Phase, Tensors};
use super::fitting::{Fitting, Judge, require_finite};
use super::history::EpochRow;
use super::lbfgs::{At, Block, Convergence, Lbfgs};
use super::linear::{LinearProblem, RidgePenalty, seen_of};
use super::objective::{Curvature, Objective};
use super::path::{PATIENCE, Point, strengths};
use super::penalties::{Penalties, Strengths};
use super::validation::ValidationScores;
use super::{End, Observer, Task, draw, factorize};
use crate::base::error::Result;
use crate::models::batch::Member;
use crate::run_file::{Best as BestOf, Monitor, StartFrom, Strength};

/// Rounds of each of several random starts.
const SHORT: usize = 20;
/// How much stronger than the best strength of the linear solution a path begins.
const ABOVE: f64 = 10.0;

/// When a point of a path has converged: the next one goes on from there.
const AT_POINT: Convergence = Convergence { rounds: 5, fall: 1e-5 };

fn convergence(paths: &[PenaltyKind]) -> Convergence {
    if paths.is_empty() { Convergence::FULL } else { AT_POINT }
}

/// Which penalty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PenaltyKind {
    L2,
    Smooth,
    L1,
}

impl PenaltyKind {
    fn name(self) -> &'static str {
        match self {
            Self::L2 => "l2",
            Self::Smooth => "smooth",
            Self::L1 => "l1",
        }
    }

    fn of(self, strengths: &mut Strengths) -> &mut f64 {
        match self {
            Self::L2 => &mut strengths.l2,
            Self::Smooth => &mut strengths.smooth,
            Self::L1 => &mut strengths.l1,
        }
    }
}

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
        if observer.interrupted() {
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
    lbfgs: Option<Lbfgs>,
    linear: Option<LinearProblem>,
    /// What the first layer sees of the training clips.
    seen: Vec<Member>,
    /// Penalties whose strength is chosen, one after the other.
    paths: Vec<PenaltyKind>,
    by_neuron: bool,
}

impl<'a> Descent<'a> {
    fn new(
        fitting: &'a Fitting<'a>,
        judge: &'a Judge<'a>,
        checkpoint: &mut Checkpoint,
    ) -> Result<Self> {
        let settings = fitting.task.settings;
        let by_neuron = fitting.shares_nothing();
        let auto = [
            (PenaltyKind::L2, settings.l2()),
            (PenaltyKind::Smooth, settings.smooth()),
            (PenaltyKind::L1, settings.l1),
        ];
        let auto = auto.into_iter().filter(|(_, strength)| *strength == Strength::Auto);
        let auto: Vec<PenaltyKind> = auto.map(|(kind, _)| kind).collect();
        let rounds = if auto.len() > 1 { 2 } else { 1 };
        let paths = auto.repeat(rounds);
        let monitor = if paths.is_empty() { judge.monitor } else { Monitor::ValidLoss };
        let seen = fitting.seen()?;
        let linear = if by_neuron && settings.start() == StartFrom::Ridge {
            Some(LinearProblem::new(fitting.task.network, &seen)?)
        } else {
            None
        };
        let objective = Objective::new(fitting, by_neuron);
        let judge = Judge { validation: judge.validation.clone(), monitor };
        let lbfgs = restored(checkpoint, &objective, convergence(&paths))?;
        let mut descent = Self { fitting, judge, objective, lbfgs, linear, seen, paths, by_neuron };
        if checkpoint.progress.chosen.is_empty() && checkpoint.progress.phase == Phase::Fit {
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
        let own = Strengths::of_numbers(settings);
        checkpoint.progress.chosen = vec![own; self.blocks()];
        checkpoint.progress.stale = vec![0; self.blocks()];
        checkpoint.progress.strongest = self.all_strengths()?.first().copied().unwrap_or(1.0);
        if let Some(linear) = &self.linear {
            checkpoint.progress.strongest = self.start_linear(linear)?;
        }
        network.fold_norm()?;
        checkpoint.weights = self.fitting.task.params.values()?;
        Ok(())
    }

    /// Starts kernels from the linear solution of each neuron that does best on the validation
    /// clips; the strongest penalty that a path begins with.
    fn start_linear(&self, linear: &LinearProblem) -> Result<f64> {
        let (fitting, network) = (self.fitting, self.fitting.task.network);
        if let Some(norm) = network.norm() {
            norm.let_pass()?;
        }
        let valid = seen_of(fitting.task.valid, network)?;
        let mut best = vec![(f64::INFINITY, 0.0); network.neurons()];
        let mut solutions = Vec::new();
        for l2 in strengths(linear.weights()) {
            let solution = linear.solve(&RidgePenalty::of_squares(l2))?;
            let predictions = linear.predictions(&valid, &solution);
            let losses = self.judge.validation.of(&predictions)?.losses;
            let better = best.iter_mut().zip(losses).filter(|(best, loss)| *loss < best.0);
            better.for_each(|(best, loss)| *best = (loss, l2));
            solutions.push((l2, solution));
        }
        let chosen: Vec<f64> = best.iter().map(|(_, l2)| *l2).collect();
        let mixed = linear.mixed(&chosen, &solutions);
        if !linear.set((network, fitting.task.params), &mixed)? {
            factorize::project(fitting, linear, &mixed)?;
        }
        draw::start_outputs(network, &fitting.whole(), &fitting.relative)?;
        let strongest = best.iter().map(|(_, l2)| *l2).fold(0.0, f64::max);
        Ok(if strongest > 0.0 { ABOVE * strongest } else { strengths(linear.weights())[0] })
    }

    /// All strengths that the size of the kernels gives, from strong to weak.
    fn all_strengths(&self) -> Result<Vec<f64>> {
        let kernels = self.fitting.task.network.penalized()?;
        Ok(strengths(kernels.elem_count() / kernels.dim(0)?))
    }

    /// Strengths of the present path in their order.
    fn strengths(&self, checkpoint: &Checkpoint) -> Result<Vec<f64>> {
        let all = self.all_strengths()?;
        let most = checkpoint.progress.strongest * (1.0 + 1e-9);
        let mut all: Vec<f64> = all.into_iter().filter(|strength| *strength <= most).collect();
        if !self.goes_from_strong_to_weak() {
            all.reverse();
        }
        Ok(all)
    }

    /// Zero is a saddle of factorized and hidden kernels.
    fn goes_from_strong_to_weak(&self) -> bool {
        self.linear.is_some() && matches!(self.fitting.full_kernel(), Ok(Some(_)))
    }

    /// The penalties of the present point.
    fn present(&self, checkpoint: &Checkpoint) -> Result<Vec<Strengths>> {
        let mut own = checkpoint.progress.chosen.clone();
        let (path, point) = checkpoint.progress.at;
        if let Some(kind) = self.paths.get(path) {
            let strength = self.strengths(checkpoint)?.get(point).copied().unwrap_or_default();
            for own in &mut own {
                *kind.of(own) = strength;
            }
        }
        Ok(own)
    }

    /// Sets up the objective of the present point.
    fn set_up(&mut self, checkpoint: &mut Checkpoint) -> Result<()> {
        let (fitting, network) = (self.fitting, self.fitting.task.network);
        let own = self.present(checkpoint)?;
        if own.iter().all(Strengths::are_none) {
            self.objective.penalties = None;
        } else if network.is_single_layer() {
            if checkpoint.progress.gains.is_empty() {
                checkpoint.progress.gains = fitting.neuron_gains(&self.seen)?;
            }
            let strengths =
                if self.by_neuron { own.clone() } else { vec![own[0]; network.neurons()] };
            let gains = checkpoint.progress.gains.clone();
            self.objective.penalties = Some(Penalties::of_neurons(strengths, gains, network));
        } else {
            self.objective.penalties = Some(Penalties::of_hidden(own[0], (network, &self.seen))?);
        }
        self.objective.curvature = None;
        if let (Some(linear), Some(name)) = (&self.linear, fitting.full_kernel()?) {
            // The strength in the middle serves all neurons.
            let mut l2: Vec<f64> = own.iter().map(|own| own.l2).collect();
            l2.sort_by(f64::total_cmp);
            let (mut l2, smooth) = (l2[l2.len() / 2], own[0].smooth);
            if l2 + smooth <= 0.0 {
                l2 = 1e-6 * linear.weights() as f64;
            }
            let penalty = RidgePenalty { l2, smooth, ..RidgePenalty::default() };
            let factor = linear.factor(linear.covariance(), &penalty)?;
            self.objective.curvature = Some(Curvature { name, factor });
        }
        Ok(())
    }

    /// Blocks that take no further step at the present point.
    fn idle(&self, checkpoint: &Checkpoint) -> Vec<bool> {
        let idle = |(block, stale): (usize, &usize)| {
            let gave_up = !self.paths.is_empty() && *stale >= PATIENCE;
            gave_up || self.by_neuron && !self.fitting.relative.varies(block)
        };
        checkpoint.progress.stale.iter().enumerate().map(idle).collect()
    }

    /// One step of every block, and what it reached; the end, if this is it.
    fn epoch(
        &mut self,
        checkpoint: &mut Checkpoint,
        observer: &mut dyn Observer,
    ) -> Result<Option<End>> {
        let Task { network, settings, .. } = *self.fitting.task;
        let begin = Instant::now();
        self.begin_start(checkpoint)?;
        self.set_up_if_new(checkpoint)?;
        let (value, evaluations, converged) = self.round()?;
        observer.batch(checkpoint.progress.epoch + 1);
        checkpoint.progress.epoch += 1;
        checkpoint.progress.leg += 1;
        let epoch = checkpoint.progress.epoch;
        require_finite(value, "training", &format!("epoch {epoch}"))?;
        let seconds_train = begin.elapsed().as_secs_f64();
        let begin = Instant::now();
        let scores = self.judge.validation.scores(network)?;
        require_finite(scores.loss, "validation", &format!("epoch {epoch}"))?;
        let mut row = EpochRow {
            epoch,
            seconds_train,
            evaluations,
            train_loss: value - self.fitting.relative.floor(),
            phase: self.name(checkpoint)?,
            ..scores.row()
        };
        checkpoint.weights = self.fitting.task.params.values()?;
        let most = match checkpoint.progress.phase {
            Phase::Starts { .. } => SHORT.min(settings.epochs()),
            _ => settings.epochs(),
        };
        let over = converged || checkpoint.progress.leg >= most;
        let (mut improved, end) = self.judged(checkpoint, &scores, (converged, over))?;
        if end.is_some() {
            self.settle(checkpoint)?;
            improved = true;
        }
        checkpoint.memory = self.lbfgs.as_ref().map(memory).transpose()?.unwrap_or_default();
        row.seconds_valid = begin.elapsed().as_secs_f64();
        observer.epoch(&row, checkpoint, improved)?;
        Ok(end)
    }

    /// Draws the weights of a random start, where one begins.
    fn begin_start(&mut self, checkpoint: &mut Checkpoint) -> Result<()> {
        let Phase::Starts { nth } = checkpoint.progress.phase else { return Ok(()) };
        if checkpoint.progress.leg == 0 && self.lbfgs.is_none() {
            self.fitting.draw(self.fitting.seed(nth))?;
            self.fitting.task.network.fold_norm()?;
            checkpoint.progress.chosen = vec![Strengths::default(); self.blocks()];
            checkpoint.progress.stale = vec![0; self.blocks()];
        }
        Ok(())
    }

    /// A step of every block: the objective, how often it was worked out, and whether all have
    /// converged.
    fn round(&mut self) -> Result<(f64, usize, bool)> {
        let lbfgs = self.lbfgs.get_or_insert_default();
        let before = lbfgs.evaluations;
        lbfgs.round(&mut self.objective)?;
        let points: Vec<Vec<f64>> = lbfgs.blocks.iter().map(|block| block.point.clone()).collect();
        let value = lbfgs.blocks.iter().map(|block| block.at.value).sum();
        let reached = (value, lbfgs.evaluations - before, lbfgs.done());
        self.objective.pieces.set(&points)?;
        Ok(reached)
    }

    /// What becomes of an epoch: whether it is better than those before, and the end, if this is it.
    fn judged(
        &mut self,
        checkpoint: &mut Checkpoint,
        scores: &ValidationScores,
        (converged, over): (bool, bool),
    ) -> Result<(bool, Option<End>)> {
        if let Phase::Starts { nth } = checkpoint.progress.phase {
            let improved = over && self.end_start(nth, scores.loss, checkpoint)?;
            return Ok((improved, None));
        }
        if !self.paths.is_empty() {
            let improved = over && self.end_point(checkpoint, scores)?;
            let ends = over && self.next_point(checkpoint)?;
            return Ok((improved, ends.then_some(End::Converged)));
        }
        let improved = self.fitting.keep(checkpoint, &self.judge, scores)?;
        let progress = &checkpoint.progress;
        let patience = self.fitting.task.settings.patience;
        let end = match () {
            () if converged => Some(End::Converged),
            () if over => Some(End::Epochs),
            () if progress.best.exhausted(progress.epoch, patience) => Some(End::Patience),
            () => None,
        };
        Ok((improved, end))
    }

    fn set_up_if_new(&mut self, checkpoint: &mut Checkpoint) -> Result<()> {
        if self.lbfgs.is_some() && self.objective.is_set_up {
            return Ok(());
        }
        self.set_up(checkpoint)?;
        self.objective.is_set_up = true;
        if self.lbfgs.is_none() {
            let points = self.objective.pieces.points()?;
            let idle = self.idle(checkpoint);
            let lbfgs = Lbfgs::start(&mut self.objective, points, &idle)?;
            self.lbfgs = Some(lbfgs.until(convergence(&self.paths)));
        }
        Ok(())
    }

    fn name(&self, checkpoint: &Checkpoint) -> Result<String> {
        let (path, point) = checkpoint.progress.at;
        Ok(match (checkpoint.progress.phase, self.paths.get(path)) {
            (Phase::Starts { nth }, _) => {
                format!("start {} of {}", nth + 1, self.fitting.task.settings.starts())
            }
            (_, Some(kind)) => {
                let strength = self.strengths(checkpoint)?.get(point).copied().unwrap_or_default();
                format!("{} {strength:.3e}", kind.name())
            }
            _ => "fit".to_owned(),
        })
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
        checkpoint.progress.leg = 0;
        self.lbfgs = None;
        self.objective.is_set_up = false;
        checkpoint.progress.gains.clear();
        if nth + 1 < self.fitting.task.settings.starts() {
            checkpoint.progress.phase = Phase::Starts { nth: nth + 1 };
        } else {
            self.fitting.back_to_best(checkpoint)?;
            checkpoint.progress.phase = Phase::Fit;
            self.begin(checkpoint)?;
        }
        Ok(improved)
    }

    /// Takes note of a point of a path; whether it is better than those before for any block.
    fn end_point(
        &mut self,
        checkpoint: &mut Checkpoint,
        scores: &ValidationScores,
    ) -> Result<bool> {
        let (path, point) = checkpoint.progress.at;
        let kind = self.paths[path];
        let strength = self.strengths(checkpoint)?[point];
        let together = !self.by_neuron || self.fitting.task.settings.best() == BestOf::Mean;
        let losses = if together { vec![scores.loss] } else { scores.losses.clone() };
        let round = 1 + self.paths[..path].iter().filter(|own| **own == kind).count();
        checkpoint.progress.path.push(Point {
            penalty: kind.name().to_owned(),
            round,
            strength,
            losses,
        });
        let improved = self.fitting.keep(checkpoint, &self.judge, scores)?;
        let best = &checkpoint.progress.best;
        for block in 0..self.blocks() {
            let better = if together {
                best.epoch == checkpoint.progress.epoch
            } else {
                let own = best.neurons.get(block).copied().flatten();
                own == Some(scores.losses[block])
            };
            if better {
                checkpoint.progress.stale[block] = 0;
                *kind.of(&mut checkpoint.progress.chosen[block]) = strength;
            } else {
                checkpoint.progress.stale[block] += 1;
            }
        }
        Ok(improved)
    }

    /// Goes on to the next point, or the next path; true where there is none.
    fn next_point(&mut self, checkpoint: &mut Checkpoint) -> Result<bool> {
        self.lbfgs = None;
        self.objective.is_set_up = false;
        checkpoint.progress.gains.clear();
        checkpoint.progress.leg = 0;
        let (path, point) = checkpoint.progress.at;
        let over = self.idle(checkpoint).iter().all(|idle| *idle);
        if !over && point + 1 < self.strengths(checkpoint)?.len() {
            checkpoint.progress.at = (path, point + 1);
            return Ok(false);
        }
        if path + 1 >= self.paths.len() {
            return Ok(true);
        }
        checkpoint.progress.at = (path + 1, 0);
        checkpoint.progress.stale = vec![0; self.blocks()];
        checkpoint.progress.strongest = self.all_strengths()?.first().copied().unwrap_or(1.0);
        self.fitting.back_to_best(checkpoint)?;
        Ok(false)
    }

    /// The end of the fit: batch normalization takes the statistics of all training bins.
    fn settle(&mut self, checkpoint: &mut Checkpoint) -> Result<()> {
        self.lbfgs = None;
        let fitting = self.fitting;
        fitting.back_to_best(checkpoint)?;
        fitting.settle_norm()?;
        checkpoint.weights = fitting.task.params.values()?;
        checkpoint.best_weights.clone_from(&checkpoint.weights);
        checkpoint.model = fitting.in_units_of_recording()?;
        checkpoint.progress.leg = 0;
        checkpoint.progress.phase = Phase::Finish;
        Ok(())
    }
}

/// What L-BFGS remembers as tensors: for each block its gradient, and its pairs.
fn memory(lbfgs: &Lbfgs) -> Result<Tensors> {
    let mut tensors = Tensors::new();
    let mut put = |name: String, values: Vec<f64>| -> candle_core::Result<()> {
        let length = values.len();
        tensors.insert(name, Tensor::from_vec(values, length, &Device::Cpu)?);
        Ok(())
    };
    for (place, block) in lbfgs.blocks.iter().enumerate() {
        let Block { at, pairs, values, done, .. } = block;
        let mut counters = vec![f64::from(u8::from(*done)), at.value];
        counters.extend(values);
        put(format!("{place:06}/counters"), counters)?;
        put(format!("{place:06}/gradient"), at.gradient.clone())?;
        let (steps, changes): (Vec<_>, Vec<_>) = pairs.iter().cloned().unzip();
        if !steps.is_empty() {
            put(format!("{place:06}/steps"), steps.concat())?;
            put(format!("{place:06}/changes"), changes.concat())?;
        }
    }
    Ok(tensors)
}

/// What was remembered; nothing where a new point or phase begins.
fn restored(
    checkpoint: &Checkpoint,
    objective: &Objective,
    convergence: Convergence,
) -> Result<Option<Lbfgs>> {
    if checkpoint.memory.is_empty() {
        return Ok(None);
    }
    let get = |name: String| -> Result<Vec<f64>> {
        Ok(checkpoint.memory.get(&name).map(Tensor::to_vec1).transpose()?.unwrap_or_default())
    };
    let mut blocks = Vec::new();
    for (place, point) in objective.pieces.points()?.into_iter().enumerate() {
        let counters = get(format!("{place:06}/counters"))?;
        let gradient = get(format!("{place:06}/gradient"))?;
        let (steps, changes) =
            (get(format!("{place:06}/steps"))?, get(format!("{place:06}/changes"))?);
        let length = point.len().max(1);
        let pairs = steps.chunks(length).zip(changes.chunks(length));
        blocks.push(Block {
            pairs: pairs.map(|(s, y)| (s.to_vec(), y.to_vec())).collect(),
            at: At { value: counters.get(1).copied().unwrap_or_default(), gradient },
            values: counters.iter().skip(2).copied().collect::<VecDeque<f64>>(),
            done: counters.first().is_some_and(|done| *done > 0.0),
            point,
        });
    }
    Ok(Some(Lbfgs { blocks, evaluations: 0, convergence }))
}
