//! Factorized kernels that come nearest to a linear solution, as the sound sees the difference.
use candle_core::{DType, Tensor};

use super::fitting::Fitting;
use super::lbfgs::{At, Blocks, Lbfgs};
use super::linear::{LinearProblem, Solution};
use super::objective::Pieces;
use crate::base::error::Result;

/// Random starts, the best of which stays for each neuron.
const STARTS: usize = 4;
/// Rows of a product that are worked out at a time.
const ROWS: usize = 8;
/// Steps from each.
const STEPS: usize = 150;

/// The squared difference of drives, in units of the variance of each neuron's linear prediction.
struct Nearness<'a> {
    fitting: &'a Fitting<'a>,
    pieces: Pieces,
    wanted: Tensor,
    covariance: Tensor,
    scales: Tensor,
}

/// Rows `(N, I)` times a matrix `(I, I)`: always as many rows at a time, so that what a row comes to does
/// not depend on how many there are.
fn product(rows: &Tensor, matrix: &Tensor) -> candle_core::Result<Tensor> {
    let count = rows.dim(0)?;
    let padded = rows.pad_with_zeros(0, 0, count.next_multiple_of(ROWS) - count)?;
    let block = |first| padded.narrow(0, first, ROWS)?.matmul(matrix);
    let blocks = (0..padded.dim(0)?).step_by(ROWS).map(block);
    Tensor::cat(&blocks.collect::<candle_core::Result<Vec<_>>>()?, 0)?.narrow(0, 0, count)
}

impl Blocks for Nearness<'_> {
    fn evaluate(&mut self, points: &mut [Vec<f64>]) -> Result<Vec<At>> {
        self.pieces.set(points)?;
        points.clone_from_slice(&self.pieces.points()?);
        // Kernels in lag order, as the covariance is not: turned round.
        let kernels = self.fitting.task.network.penalized()?.flip(&[3])?;
        let off = (kernels - &self.wanted)?.flatten_from(1)?;
        let squares = off.mul(&product(&off, &self.covariance)?)?.sum(1)?.mul(&self.scales)?;
        let grads = squares.sum_all()?.backward()?;
        let gradients = self.pieces.gradients(&grads)?;
        let values = squares.to_dtype(DType::F64)?.to_vec1::<f64>()?;
        Ok(values
            .into_iter()
            .zip(gradients)
            .map(|(value, gradient)| At { value, gradient })
            .collect())
    }
}

/// Sets kernels and offsets as near to a linear solution as they can come.
///
/// # Errors
/// A tensor operation fails.
pub fn project(fitting: &Fitting, linear: &LinearProblem, solution: &Solution) -> Result<()> {
    let (network, params) = (fitting.task.network, fitting.task.params);
    let (wanted, offsets) = linear.tensors(params, solution)?;
    let size = linear.weights();
    let covariance = linear.covariance();
    let values: Vec<f64> =
        (0..size).flat_map(|i| (0..size).map(move |j| (i, j))).map(|at| covariance[at]).collect();
    let covariance = Tensor::from_vec(values, (size, size), params.device())?;
    let covariance = covariance.to_dtype(params.dtype())?;
    let flat = wanted.flatten_from(1)?;
    let variance = flat.mul(&product(&flat, &covariance)?)?.sum(1)?;
    let scales = variance.maximum(1e-12)?.recip()?;
    let pieces = Pieces::new(params, network.neurons());
    let mut objective = Nearness { fitting, pieces, wanted, covariance, scales };
    let mut best: Vec<(f64, Vec<f64>)> = vec![(f64::INFINITY, Vec::new()); network.neurons()];
    for start in 0..STARTS {
        if start > 0 {
            fitting.draw(fitting.seed(start))?;
            if let Some(norm) = network.norm() {
                norm.let_pass()?;
            }
        }
        let points = objective.pieces.points()?;
        let idle = vec![false; points.len()];
        let mut lbfgs = Lbfgs::start(points, &idle);
        for _ in 0..STEPS {
            if lbfgs.done() {
                break;
            }
            lbfgs.round(&mut objective)?;
        }
        for (best, block) in best.iter_mut().zip(lbfgs.blocks) {
            if block.value() < best.0 {
                *best = (block.value(), block.point);
            }
        }
    }
    let points: Vec<Vec<f64>> = best.into_iter().map(|(_, point)| point).collect();
    objective.pieces.set(&points)?;
    network.set_offsets(&offsets)?;
    Ok(())
}
