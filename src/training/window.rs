//! How far back responses follow the sound: what exact linear solutions explain with windows of
//! different lengths.
use super::folds::Folds;
use super::linear::{LinearProblem, RidgePenalty};
use super::path::strengths;
use super::relative::{Divisible, Relative};
use crate::base::error::{Error, Result};
use crate::config::part::find;
use crate::models::batch::{Member, Sample};
use crate::models::loss;
use crate::run_file::LossScale;

/// Parts that clips are divided into.
const FOLDS: usize = 4;
/// Every so many strengths of a path are tried.
const STRIDE: usize = 2;

/// The share of the variance of responses that linear kernels of so many lags explain on clips that
/// they were not fitted to: the mean over neurons, each with the penalty that suits it.
///
/// # Errors
/// There are fewer than two clips, a kernel has too many weights, or a tensor operation fails.
pub fn explained(clips: &[Sample], lags: usize) -> Result<f64> {
    let members: Vec<Member> = clips.iter().map(|sample| sample.member.clone()).collect();
    if members.len() < 2 {
        return Err(Error::Refused(format!(
            "found {} training stimulus, expected at least 2 to see what a window explains",
            members.len()
        )));
    }
    let squares = find(loss::TABLE, "mse").unwrap_or(&loss::TABLE[0]);
    let relative = Relative::new(clips, (squares, LossScale::Variance), Divisible::default())?;
    let problem = LinearProblem::of_lags(lags, &members)?;
    let penalties: Vec<RidgePenalty> = strengths(problem.weights())
        .into_iter()
        .step_by(STRIDE)
        .map(RidgePenalty::of_squares)
        .collect();
    let folds = Folds { count: FOLDS.min(members.len()), seed: 0 };
    let losses = folds.losses(&members, &problem, &penalties, &relative.ranges)?;
    let varying: Vec<usize> = (0..problem.neurons).filter(|n| relative.varies(*n)).collect();
    let least = |neuron: &usize| losses.iter().map(|row| row[*neuron]).fold(1.0, f64::min);
    let explained: f64 = varying.iter().map(|neuron| 1.0 - least(neuron)).sum();
    Ok(explained / varying.len().max(1) as f64)
}
