//! The points of the paths of penalties that blocks go along, and the objective at each.
use super::Descent;
use crate::base::error::Result;
use crate::run_file::Strength;
use crate::training::block_path::{Advance, BlockProgress, Paths, PenaltyKind};
use crate::training::checkpoint::{Checkpoint, Phase, Progress};
use crate::training::fitting::Fitting;
use crate::training::lbfgs::Block;
use crate::training::objective::Curvature;
use crate::training::path::{Point, strengths};
use crate::training::penalties::{Penalties, Strengths};
use crate::training::validation::ValidationScores;

/// Blocks wait at the end of a point until they are this share of those that still move.
const WAITING: usize = 4;

impl Descent<'_> {
    /// Lets some blocks begin at the points of their paths that they have come to.
    pub(super) fn enter_points(
        &mut self,
        checkpoint: &mut Checkpoint,
        blocks: &[usize],
    ) -> Result<()> {
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
    pub(super) fn set_up(&mut self, checkpoint: &Checkpoint) -> Result<()> {
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

    /// The same where strengths of penalties are chosen: blocks that are through with a point go on to
    /// their next one, several at once. Whether one of them is better than before, and whether all
    /// paths have ended.
    pub(super) fn judged_on_paths(
        &mut self,
        checkpoint: &mut Checkpoint,
        scores: &ValidationScores,
    ) -> Result<(bool, bool)> {
        let pairs = checkpoint.progress.blocks.iter().zip(&self.lbfgs.blocks).enumerate();
        let waiting: Vec<usize> = pairs
            .filter(|(_, (own, block))| block.done && !own.ended)
            .map(|(place, _)| place)
            .collect();
        let moving = self.lbfgs.blocks.iter().filter(|block| !block.done).count();
        let enough = if self.is_together() { usize::MAX } else { (moving / WAITING).max(1) };
        if waiting.len() < enough && moving > 0 {
            return Ok((false, false));
        }
        let improved = self.end_points(checkpoint, scores, &waiting)?;
        self.next_points(checkpoint, &waiting)?;
        let ends = checkpoint.progress.blocks.iter().all(|block| block.ended);
        Ok((improved, ends))
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
pub(super) fn paths(fitting: &Fitting, starts_linear: bool) -> Result<Paths> {
    let (settings, network) = (fitting.task.settings, fitting.task.network);
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

/// Whether strengths for squares are those of linear solutions on folds of the training clips.
pub(super) fn chooses_by_folds(fitting: &Fitting) -> bool {
    let settings = fitting.task.settings;
    settings.folds > 1 && settings.l2() == Strength::Auto
}
