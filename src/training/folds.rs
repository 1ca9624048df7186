//! Losses of exact solutions on clips that they were not fitted to, from covariances alone.
use rayon::prelude::*;

use super::lagged::{LaggedMoments, sums};
use super::linear::{LinearProblem, RidgePenalty, solved};
use crate::base::error::Result;
use crate::base::rng;
use crate::models::batch::Member;
use crate::models::outputs::ResponseRange;

/// Memory for covariances that are factorized side by side, in bytes.
const SIDE_BY_SIDE: usize = 512 << 20;

/// Clips divided at random into parts, each of which is left out once.
#[derive(Debug, Clone, Copy)]
pub struct Folds {
    /// How many parts, at most as many as clips.
    pub count: usize,
    /// What the division follows from.
    pub seed: u64,
}

impl Folds {
    /// For each penalty the loss of each neuron, relative to its variance.
    ///
    /// # Errors
    /// A covariance is not positive, or a tensor operation fails.
    pub fn losses(
        self,
        clips: &[Member],
        problem: &LinearProblem,
        penalties: &[RidgePenalty],
        ranges: &[ResponseRange],
    ) -> Result<Vec<Vec<f64>>> {
        let order = rng::permutation(self.seed, "folds", clips.len());
        let mut tally = Tally::new(penalties.len(), problem.neurons);
        for (design, _) in &problem.groups {
            let whole = sums(clips, design)?;
            for fold in 0..self.count {
                let own = order.iter().skip(fold).step_by(self.count);
                let own: Vec<Member> = own.map(|clip| clips[*clip].clone()).collect();
                let held = sums(&own, design)?;
                let parts = (whole.without(&held).moments(), held.moments());
                let found = side_by_side(problem, penalties, &parts)?;
                tally.add(&design.neurons, held.bins, &found);
            }
        }
        Ok(tally.relative_to(ranges))
    }
}

/// Losses of penalties and neurons, summed over held bins.
struct Tally {
    losses: Vec<Vec<f64>>,
    bins: Vec<f64>,
}

impl Tally {
    fn new(penalties: usize, neurons: usize) -> Self {
        Self { losses: vec![vec![0.0; neurons]; penalties], bins: vec![0.0; neurons] }
    }

    /// Adds the mean losses of some neurons over so many bins.
    fn add(&mut self, neurons: &[usize], bins: f64, found: &[Vec<f64>]) {
        for (place, neuron) in neurons.iter().enumerate() {
            self.bins[*neuron] += bins;
            let of_penalty = self.losses.iter_mut().zip(found);
            of_penalty.for_each(|(row, own)| row[*neuron] += bins * own[place]);
        }
    }

    /// Mean losses as shares of each neuron's variance.
    fn relative_to(mut self, ranges: &[ResponseRange]) -> Vec<Vec<f64>> {
        for row in &mut self.losses {
            for ((loss, bins), range) in row.iter_mut().zip(&self.bins).zip(ranges) {
                *loss = 1.0 + *loss / bins.max(1.0) / range.deviation.powi(2);
            }
        }
        self.losses
    }
}

/// For each penalty the losses on held clips of what was fitted to the rest.
fn side_by_side(
    problem: &LinearProblem,
    penalties: &[RidgePenalty],
    (rest, held): &(LaggedMoments, LaggedMoments),
) -> Result<Vec<Vec<f64>>> {
    let at_once = (SIDE_BY_SIDE / (8 * problem.weights().pow(2)).max(1)).max(1);
    let of_penalty = |penalty: &RidgePenalty| -> Result<Vec<f64>> {
        let solved = solved(&problem.factor(&rest.covariance, penalty)?, &rest.cross);
        Ok(held.losses(rest, &solved))
    };
    let mut found = Vec::new();
    for some in penalties.chunks(at_once) {
        let some: Result<Vec<_>> = some.par_iter().map(of_penalty).collect();
        found.extend(some?);
    }
    Ok(found)
}
