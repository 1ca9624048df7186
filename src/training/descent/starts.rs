//! Where a fit by L-BFGS starts: random weights, or the linear solution of each neuron.
use super::Descent;
use super::points::chooses_by_folds;
use crate::base::error::Result;
use crate::training::block_path::BlockProgress;
use crate::training::checkpoint::{Checkpoint, Phase};
use crate::training::lbfgs::Block;
use crate::training::linear::{LinearProblem, RidgePenalty, seen_of};
use crate::training::path::strengths;
use crate::training::penalties::Strengths;
use crate::training::{draw, factorize, ridge};

/// How much stronger than the best strength of the linear solution a path begins.
const ABOVE: f64 = 10.0;

impl Descent<'_> {
    /// Where the fit itself starts.
    pub(super) fn begin(&mut self, checkpoint: &mut Checkpoint) -> Result<()> {
        let (settings, network) = (self.fitting.task.settings, self.fitting.task.network);
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

    /// Draws the weights of a random start, where one begins.
    pub(super) fn begin_start(&mut self, checkpoint: &mut Checkpoint) -> Result<()> {
        let Phase::Starts { nth } = checkpoint.progress.phase else { return Ok(()) };
        if !self.lbfgs.blocks.is_empty() {
            return Ok(());
        }
        self.fitting.draw(self.fitting.seed(nth))?;
        self.fitting.task.network.fold_norm()?;
        checkpoint.progress.blocks = vec![BlockProgress::default(); self.blocks()];
        self.begin_anew(checkpoint)
    }

    /// Takes note of a random start that is done; whether it is the best so far.
    pub(super) fn end_start(
        &mut self,
        nth: usize,
        loss: f64,
        checkpoint: &mut Checkpoint,
    ) -> Result<bool> {
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
}
