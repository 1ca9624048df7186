//! L-BFGS over blocks of parameters that do not depend on each other: each has its own curvature, its
//! own line search, and stops by itself.
//!
//! Source: Liu & Nocedal (1989), Math. Program. 45:503-528, doi:10.1007/BF01589116.
use std::collections::VecDeque;

use super::line_search::{LineSearch, Next, Trial};
use crate::base::error::Result;

/// Pairs of steps and changes of the gradient that are kept.
pub const MEMORY: usize = 20;
/// When a block has converged: its value fell by less than a share of it over some rounds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Convergence {
    /// How many rounds.
    pub rounds: usize,
    /// The share.
    pub fall: f64,
}

impl Convergence {
    /// Where nothing more is to be had.
    pub const FULL: Self = Self { rounds: 10, fall: 1e-7 };
}

/// A block's value and gradient at a point.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct At {
    /// The value.
    pub value: f64,
    /// Its gradient.
    pub gradient: Vec<f64>,
}

/// What is minimized.
pub trait Blocks {
    /// Values and gradients of all blocks at these points; points come back as they were taken, for a
    /// parameter may hold fewer digits.
    ///
    /// # Errors
    /// It cannot be evaluated.
    fn evaluate(&mut self, points: &mut [Vec<f64>]) -> Result<Vec<At>>;

    /// Multiplies the vector of each listed block by what is known of its inverse curvature
    /// beforehand; leaves it alone where nothing is.
    fn precondition(&self, _vectors: &mut [(usize, Vec<f64>)]) {}
}

/// What a block remembers.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// Where it is.
    pub point: Vec<f64>,
    /// Value and gradient there.
    pub at: At,
    /// Steps and changes of the gradient, the latest last.
    pub pairs: VecDeque<(Vec<f64>, Vec<f64>)>,
    /// Values of the last rounds, the latest last.
    pub values: VecDeque<f64>,
    /// Whether it has converged.
    pub done: bool,
}

/// All blocks between two rounds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lbfgs {
    /// The blocks.
    pub blocks: Vec<Block>,
    /// How often all were evaluated.
    pub evaluations: usize,
    /// When a block has converged.
    pub convergence: Convergence,
}

/// A block's way to its next point.
struct Move {
    block: usize,
    direction: Vec<f64>,
    search: LineSearch,
    step: f64,
    /// Whether it goes along the gradient.
    steepest: bool,
    /// The point that was accepted.
    reached: Option<(Vec<f64>, At)>,
    failed: bool,
}

impl Lbfgs {
    /// Starts at these points; blocks in `done` stay there.
    ///
    /// # Errors
    /// They cannot be evaluated.
    pub fn start(
        blocks: &mut dyn Blocks,
        mut points: Vec<Vec<f64>>,
        done: &[bool],
    ) -> Result<Self> {
        let at = blocks.evaluate(&mut points)?;
        let blocks = points.into_iter().zip(at).zip(done);
        let blocks = blocks.map(|((point, at), done)| Block {
            point,
            values: VecDeque::from([at.value]),
            at,
            pairs: VecDeque::new(),
            done: *done,
        });
        Ok(Self { blocks: blocks.collect(), evaluations: 1, convergence: Convergence::FULL })
    }

    /// The same with another sense of convergence.
    #[must_use]
    pub fn until(self, convergence: Convergence) -> Self {
        Self { convergence, ..self }
    }

    /// Whether every block has converged.
    pub fn done(&self) -> bool {
        self.blocks.iter().all(|block| block.done)
    }

    /// One step of every block that has not converged.
    ///
    /// # Errors
    /// The blocks cannot be evaluated.
    pub fn round(&mut self, of: &mut dyn Blocks) -> Result<()> {
        let mut moves = self.moves(of, false);
        self.search(of, &mut moves)?;
        // A block that found nothing tries once more along its gradient.
        let failed = moves.iter().filter(|step| step.failed && !step.steepest);
        let failed: Vec<usize> = failed.map(|step| step.block).collect();
        for block in &failed {
            self.blocks[*block].pairs.clear();
        }
        self.take(moves);
        if failed.is_empty() {
            return Ok(());
        }
        let mut moves = self.moves(of, true);
        moves.retain(|step| failed.contains(&step.block));
        self.search(of, &mut moves)?;
        for step in moves.iter().filter(|step| step.failed) {
            self.blocks[step.block].done = true;
        }
        self.take(moves);
        Ok(())
    }

    /// Directions of all blocks that have not converged.
    fn moves(&mut self, of: &dyn Blocks, steepest: bool) -> Vec<Move> {
        let active = self.blocks.iter().enumerate().filter(|(_, block)| !block.done);
        let (mut vectors, mut shares): (Vec<_>, Vec<_>) = active
            .map(|(place, block)| {
                let (vector, alphas) = block.before_curvature();
                ((place, vector), alphas)
            })
            .unzip();
        // The scale of the curvature that is known beforehand follows from the latest pair.
        let latest = |(place, _): &(usize, Vec<f64>)| {
            let pair = self.blocks[*place].pairs.back();
            (*place, pair.map_or_else(Vec::new, |(_, y)| y.clone()))
        };
        let mut known: Vec<(usize, Vec<f64>)> = vectors.iter().map(latest).collect();
        let mut changed: Vec<(usize, Vec<f64>)> =
            known.iter().filter(|(_, y)| !y.is_empty()).cloned().collect();
        of.precondition(&mut changed);
        for (place, vector) in changed {
            let own = known.iter_mut().find(|(other, _)| *other == place);
            if let Some((_, known)) = own {
                known.clone_from(&vector);
            }
        }
        of.precondition(&mut vectors);
        let mut moves = Vec::new();
        for (((place, vector), (_, known)), alphas) in
            vectors.into_iter().zip(known).zip(shares.drain(..))
        {
            let block = &mut self.blocks[place];
            let direction = block.behind_curvature(vector, &known, &alphas);
            match block.along(direction) {
                Some((direction, slope)) => {
                    moves.push(Move::new((place, block), direction, slope, steepest));
                }
                None => block.done = true,
            }
        }
        moves
    }

    /// Searches along all directions at once.
    fn search(&mut self, of: &mut dyn Blocks, moves: &mut [Move]) -> Result<()> {
        while moves.iter().any(Move::is_open) {
            let mut points: Vec<Vec<f64>> =
                self.blocks.iter().map(|block| block.point.clone()).collect();
            for step in moves.iter().filter(|step| !step.failed) {
                match &step.reached {
                    Some((point, _)) => points[step.block].clone_from(point),
                    None => add(&mut points[step.block], step.step, &step.direction),
                }
            }
            let mut at = of.evaluate(&mut points)?;
            self.evaluations += 1;
            for step in moves.iter_mut().filter(|step| step.is_open()) {
                let take = |list: &mut Vec<_>| std::mem::take(&mut list[step.block]);
                let (point, at) = (take(&mut points), std::mem::take(&mut at[step.block]));
                step.tell(point, at);
            }
        }
        Ok(())
    }

    fn take(&mut self, moves: Vec<Move>) {
        for Move { block, reached, .. } in moves {
            if let Some((point, at)) = reached {
                self.blocks[block].advance(point, at, self.convergence);
            }
        }
    }
}

impl Block {
    /// The first loop over the pairs: the gradient without what they explain, and how much that is.
    fn before_curvature(&self) -> (Vec<f64>, Vec<f64>) {
        let (mut q, mut alphas) = (self.at.gradient.clone(), Vec::new());
        for (s, y) in self.pairs.iter().rev() {
            let alpha = dot(s, &q) / dot(s, y);
            add(&mut q, -alpha, y);
            alphas.push(alpha);
        }
        (q, alphas)
    }

    /// The second loop: the direction downhill; `known` is what the curvature that is known
    /// beforehand makes of the latest change of the gradient.
    fn behind_curvature(&self, mut r: Vec<f64>, known: &[f64], alphas: &[f64]) -> Vec<f64> {
        let scale = self.pairs.back().map_or(1.0, |(s, y)| dot(s, y) / dot(y, known));
        for value in &mut r {
            *value *= scale;
        }
        for ((s, y), alpha) in self.pairs.iter().zip(alphas.iter().rev()) {
            let beta = dot(y, &r) / dot(s, y);
            add(&mut r, alpha - beta, s);
        }
        r.into_iter().map(|value| -value).collect()
    }

    /// The direction and the slope along it, or those of the gradient where it does not lead downhill;
    /// none where nothing does.
    fn along(&mut self, direction: Vec<f64>) -> Option<(Vec<f64>, f64)> {
        let slope = dot(&direction, &self.at.gradient);
        if slope < 0.0 {
            return Some((direction, slope));
        }
        self.pairs.clear();
        let steepest: Vec<f64> = self.at.gradient.iter().map(|g| -g).collect();
        let slope = dot(&steepest, &self.at.gradient);
        (slope < 0.0).then_some((steepest, slope))
    }

    /// Goes to a point.
    fn advance(&mut self, point: Vec<f64>, at: At, convergence: Convergence) {
        let difference = |new: &[f64], old: &[f64]| -> Vec<f64> {
            new.iter().zip(old).map(|(new, old)| new - old).collect()
        };
        let s = difference(&point, &self.point);
        let y = difference(&at.gradient, &self.at.gradient);
        if dot(&s, &y) > 1e-10 * dot(&y, &y).sqrt() * dot(&s, &s).sqrt() {
            self.pairs.push_back((s, y));
        }
        if self.pairs.len() > MEMORY {
            self.pairs.pop_front();
        }
        (self.point, self.at) = (point, at);
        self.values.push_back(self.at.value);
        if self.values.len() > convergence.rounds {
            let fall = self.values.pop_front().unwrap_or_default() - self.at.value;
            self.done = fall <= convergence.fall * self.at.value.abs().max(f64::MIN_POSITIVE);
        }
    }
}

impl Move {
    fn new(
        (place, block): (usize, &Block),
        direction: Vec<f64>,
        slope: f64,
        steepest: bool,
    ) -> Self {
        let first = block.pairs.is_empty();
        // Without curvature a step is expected to take away the whole value at most.
        let whole = (block.at.value.abs().max(1e-12) / -slope).min(1.0);
        Self {
            block: place,
            direction,
            search: LineSearch::new(block.at.value, slope),
            step: if first { whole } else { 1.0 },
            steepest: steepest || first,
            reached: None,
            failed: false,
        }
    }

    fn is_open(&self) -> bool {
        self.reached.is_none() && !self.failed
    }

    /// Takes note of the trial that it asked for.
    fn tell(&mut self, point: Vec<f64>, at: At) {
        let slope = dot(&at.gradient, &self.direction);
        match self.search.tell(Trial { step: self.step, value: at.value, slope }) {
            Next::Accept => self.reached = Some((point, at)),
            Next::Try(next) | Next::Settle(next) => self.step = next,
            Next::Fail => self.failed = true,
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// `to += factor · x`.
fn add(to: &mut [f64], factor: f64, x: &[f64]) {
    to.iter_mut().zip(x).for_each(|(to, x)| *to += factor * x);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn valley(x: &[f64]) -> At {
        let mut at = At { value: 0.0, gradient: vec![0.0; x.len()] };
        for i in 0..x.len() - 1 {
            let (a, b) = (1.0 - x[i], x[i + 1] - x[i] * x[i]);
            at.value += a * a + 100.0 * b * b;
            at.gradient[i] += -2.0 * a - 400.0 * b * x[i];
            at.gradient[i + 1] += 200.0 * b;
        }
        at
    }

    /// Rosenbrock's valley in some dimensions, and a bowl of very different widths.
    struct Known;

    impl Blocks for Known {
        fn evaluate(&mut self, points: &mut [Vec<f64>]) -> Result<Vec<At>> {
            let bowl = |x: &[f64]| {
                let scale = |i: usize| 10f64.powi(i32::try_from(i).unwrap_or(0) - 3);
                let terms = x.iter().enumerate();
                At {
                    value: 1.0
                        + terms.clone().map(|(i, x)| scale(i) * (x - 1.0).powi(2)).sum::<f64>(),
                    gradient: terms.map(|(i, x)| 2.0 * scale(i) * (x - 1.0)).collect(),
                }
            };
            Ok(vec![valley(&points[0]), bowl(&points[1]), bowl(&points[2])])
        }
    }

    #[test]
    fn blocks_reach_their_minima_by_themselves() {
        let points = vec![vec![-1.2; 10], vec![0.0; 6], vec![3.0; 2]];
        let mut lbfgs = Lbfgs::start(&mut Known, points, &[false, false, true]).unwrap();
        for _ in 0..200 {
            lbfgs.round(&mut Known).unwrap();
        }
        assert!(lbfgs.done());
        let near = |block: usize, close: f64| {
            lbfgs.blocks[block].point.iter().all(|x| (x - 1.0).abs() < close)
        };
        assert!(near(0, 1e-3) && near(1, 1e-3), "{lbfgs:?}");
        assert_eq!(lbfgs.blocks[2].point, [3.0; 2], "a block that is done stays");
    }

    #[test]
    fn a_block_goes_the_same_way_alone_and_beside_others() {
        struct Alone;
        impl Blocks for Alone {
            fn evaluate(&mut self, points: &mut [Vec<f64>]) -> Result<Vec<At>> {
                let mut all = [points[0].clone(), vec![0.0; 6], vec![3.0; 2]];
                Ok(Known.evaluate(&mut all)?.into_iter().take(1).collect())
            }
        }
        let mut alone = Lbfgs::start(&mut Alone, vec![vec![-1.2; 10]], &[false]).unwrap();
        let points = vec![vec![-1.2; 10], vec![0.0; 6], vec![3.0; 2]];
        let mut beside = Lbfgs::start(&mut Known, points, &[false; 3]).unwrap();
        for _ in 0..30 {
            alone.round(&mut Alone).unwrap();
            beside.round(&mut Known).unwrap();
        }
        assert_eq!(alone.blocks[0], beside.blocks[0]);
    }
}
