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
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Block {
    /// Where it is.
    pub point: Vec<f64>,
    /// Value and gradient there; none before the first pass.
    pub at: Option<At>,
    /// Steps and changes of the gradient, the latest last.
    pub pairs: VecDeque<(Vec<f64>, Vec<f64>)>,
    /// Values of the last steps, the latest last.
    pub values: VecDeque<f64>,
    /// The step that it is about to take.
    pub step: Option<Move>,
    /// Whether it found nothing along its direction, and tries once more along its gradient.
    pub again: bool,
    /// Whether it has converged.
    pub done: bool,
}

/// A block's way to its next point.
#[derive(Debug, Clone, PartialEq)]
pub struct Move {
    /// Where it goes.
    pub direction: Vec<f64>,
    /// How far.
    pub search: LineSearch,
    /// The step that is tried next.
    pub length: f64,
    /// Whether it goes along the gradient.
    pub steepest: bool,
}

/// All blocks between two passes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lbfgs {
    /// The blocks.
    pub blocks: Vec<Block>,
    /// When a block has converged.
    pub convergence: Convergence,
}

impl Lbfgs {
    /// Starts at these points; blocks in `done` stay there.
    pub fn start(points: Vec<Vec<f64>>, done: &[bool]) -> Self {
        let blocks = points.into_iter().zip(done);
        let blocks = blocks.map(|(point, done)| Block { done: *done, ..Block::at(point) });
        Self { blocks: blocks.collect(), convergence: Convergence::FULL }
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

    /// A step of every block that has not converged.
    ///
    /// # Errors
    /// The blocks cannot be evaluated.
    pub fn round(&mut self, of: &mut dyn Blocks) -> Result<()> {
        let mut moving: Vec<bool> = self.blocks.iter().map(|block| !block.done).collect();
        while moving.contains(&true) {
            for block in self.pass_of(of, &moving)? {
                moving[block] = false;
            }
            moving.iter_mut().zip(&self.blocks).for_each(|(moving, own)| *moving &= !own.done);
        }
        Ok(())
    }

    /// One evaluation, at the next point of every block that has not converged; those that have taken a
    /// step by it, or have found none.
    ///
    /// # Errors
    /// The blocks cannot be evaluated.
    pub fn pass(&mut self, of: &mut dyn Blocks) -> Result<Vec<usize>> {
        self.pass_of(of, &vec![true; self.blocks.len()])
    }

    fn pass_of(&mut self, of: &mut dyn Blocks, moving: &[bool]) -> Result<Vec<usize>> {
        let mut stepped = self.choose_directions(of, moving);
        let moves = |place: usize, block: &Block| moving[place] && !block.done;
        if !self.blocks.iter().enumerate().any(|(place, block)| moves(place, block)) {
            return Ok(stepped);
        }
        let tried = |(place, block): (usize, &Block)| {
            let mut point = block.point.clone();
            if let Some(step) = block.step.as_ref().filter(|_| moves(place, block)) {
                add(&mut point, step.length, &step.direction);
            }
            point
        };
        let mut points: Vec<Vec<f64>> = self.blocks.iter().enumerate().map(tried).collect();
        let at = of.evaluate(&mut points)?;
        for (place, (point, at)) in points.into_iter().zip(at).enumerate() {
            let block = &mut self.blocks[place];
            if moves(place, block) && block.tell(point, at, self.convergence) {
                stepped.push(place);
            }
        }
        stepped.sort_unstable();
        Ok(stepped)
    }

    /// Gives a direction to every block that moves and has none; those for which nothing leads downhill.
    fn choose_directions(&mut self, of: &dyn Blocks, moving: &[bool]) -> Vec<usize> {
        let needs = |(place, block): &(usize, &Block)| {
            moving[*place] && !block.done && block.at.is_some() && block.step.is_none()
        };
        let without = self.blocks.iter().enumerate().filter(needs);
        let (mut vectors, shares): (Vec<_>, Vec<_>) = without
            .map(|(place, block)| {
                let (vector, alphas) = block.before_curvature();
                ((place, vector), alphas)
            })
            .unzip();
        // The scale of the curvature that is known beforehand follows from the latest pair.
        let latest = |(place, _): &(usize, Vec<f64>)| {
            let (_, y) = self.blocks[*place].pairs.back()?;
            Some((*place, y.clone()))
        };
        let mut changed: Vec<(usize, Vec<f64>)> = vectors.iter().filter_map(latest).collect();
        of.precondition(&mut changed);
        of.precondition(&mut vectors);
        let mut changed = changed.into_iter().peekable();
        let mut lost = Vec::new();
        for ((place, vector), alphas) in vectors.into_iter().zip(shares) {
            let known = changed.next_if(|(other, _)| *other == place);
            let known = known.map_or_else(Vec::new, |(_, known)| known);
            self.blocks[place].set_out(vector, &known, &alphas);
            lost.extend(self.blocks[place].done.then_some(place));
        }
        lost
    }
}

impl Block {
    /// A block before its first pass.
    pub fn at(point: Vec<f64>) -> Self {
        Self { point, ..Self::default() }
    }

    /// The value where it is; NaN before the first pass.
    pub fn value(&self) -> f64 {
        self.at.as_ref().map_or(f64::NAN, |at| at.value)
    }

    fn gradient(&self) -> &[f64] {
        self.at.as_ref().map_or(&[], |at| at.gradient.as_slice())
    }

    /// The first loop over the pairs: the gradient without what they explain, and how much that is.
    fn before_curvature(&self) -> (Vec<f64>, Vec<f64>) {
        let (mut q, mut alphas) = (self.gradient().to_vec(), Vec::new());
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

    /// Sets out along the direction that follows from what the curvature makes of the gradient; has
    /// converged where nothing leads downhill.
    fn set_out(&mut self, vector: Vec<f64>, known: &[f64], alphas: &[f64]) {
        let direction = self.behind_curvature(vector, known, alphas);
        let steepest = std::mem::take(&mut self.again);
        let Some((direction, slope)) = self.along(direction) else {
            self.done = true;
            return;
        };
        let (value, first) = (self.value(), self.pairs.is_empty());
        // Without curvature a step is expected to take away the whole value at most.
        let whole = (value.abs().max(1e-12) / -slope).min(1.0);
        self.step = Some(Move {
            direction,
            search: LineSearch::new(value, slope),
            length: if first { whole } else { 1.0 },
            steepest: steepest || first,
        });
    }

    /// The direction and the slope along it, or those of the gradient where it does not lead downhill;
    /// none where nothing does.
    fn along(&mut self, direction: Vec<f64>) -> Option<(Vec<f64>, f64)> {
        let slope = dot(&direction, self.gradient());
        if slope < 0.0 {
            return Some((direction, slope));
        }
        self.pairs.clear();
        let steepest: Vec<f64> = self.gradient().iter().map(|g| -g).collect();
        let slope = dot(&steepest, self.gradient());
        (slope < 0.0).then_some((steepest, slope))
    }

    /// Takes note of what the point came to that it asked for; whether it has taken a step by it, or found
    /// none.
    fn tell(&mut self, point: Vec<f64>, at: At, convergence: Convergence) -> bool {
        let Some(step) = &mut self.step else {
            self.values = VecDeque::from([at.value]);
            (self.point, self.at) = (point, Some(at));
            return false;
        };
        let slope = dot(&at.gradient, &step.direction);
        match step.search.tell(Trial { step: step.length, value: at.value, slope }) {
            Next::Accept => {
                self.step = None;
                self.advance(point, at, convergence);
                return true;
            }
            Next::Try(next) | Next::Settle(next) => step.length = next,
            Next::Fail => {
                // A block that found nothing tries once more along its gradient.
                self.done = step.steepest;
                self.again = !step.steepest;
                self.step = None;
                self.pairs.clear();
                return self.done;
            }
        }
        false
    }

    /// Goes to a point.
    fn advance(&mut self, point: Vec<f64>, at: At, convergence: Convergence) {
        let difference = |new: &[f64], old: &[f64]| -> Vec<f64> {
            new.iter().zip(old).map(|(new, old)| new - old).collect()
        };
        let s = difference(&point, &self.point);
        let y = difference(&at.gradient, self.gradient());
        if dot(&s, &y) > 1e-10 * dot(&y, &y).sqrt() * dot(&s, &s).sqrt() {
            self.pairs.push_back((s, y));
        }
        if self.pairs.len() > MEMORY {
            self.pairs.pop_front();
        }
        let value = at.value;
        (self.point, self.at) = (point, Some(at));
        self.values.push_back(value);
        if self.values.len() > convergence.rounds {
            let fall = self.values.pop_front().unwrap_or_default() - value;
            self.done = fall <= convergence.fall * value.abs().max(f64::MIN_POSITIVE);
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
        let mut lbfgs = Lbfgs::start(points, &[false, false, true]);
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
        let mut alone = Lbfgs::start(vec![vec![-1.2; 10]], &[false]);
        let points = vec![vec![-1.2; 10], vec![0.0; 6], vec![3.0; 2]];
        let mut beside = Lbfgs::start(points, &[false; 3]);
        for _ in 0..40 {
            let steps = alone.pass(&mut Alone).unwrap();
            assert_eq!(beside.pass(&mut Known).unwrap().contains(&0), steps.contains(&0));
        }
        assert_eq!(alone.blocks[0], beside.blocks[0]);
    }
}
