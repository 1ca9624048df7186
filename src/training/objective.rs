//! The loss of all training clips with penalties, as a function of the trained tensors: in one block,
//! or in one for each neuron where neurons share nothing.
use candle_core::backprop::GradStore;
use candle_core::{DType, Tensor, Var};
use faer::Mat;
use faer::linalg::solvers::Llt;

use super::fitting::Fitting;
use super::lbfgs::{At, Blocks};
use super::linear::{LinearProblem, RidgePenalty, solved};
use super::penalties::{Penalties, Strengths};
use crate::base::error::Result;
use crate::models::batch::Batch;
use crate::models::params::{Param, Params};

/// Where the values of a trained tensor lie in blocks.
struct Piece {
    name: String,
    var: Var,
    /// Values before the axis of neurons, and behind it.
    outer: usize,
    inner: usize,
    /// Length of a step that changes as much as one of length 1 elsewhere.
    scale: f64,
}

/// From trained tensors to blocks and back.
pub struct Pieces {
    pieces: Vec<Piece>,
    blocks: usize,
}

/// What is known of the curvature along full kernels: factors of their covariance with the penalties.
pub struct Curvature {
    /// Which tensor.
    name: String,
    factors: Vec<(FactorOf, Llt<f64>)>,
    /// Which of them is that of each block; none for those that stay where they are.
    of: Vec<Option<FactorOf>>,
}

/// Neurons that were recorded in the same bins, and the bits of both strengths.
type FactorOf = (usize, u64, u64);

/// The weakest penalty that a covariance is factorized with, for each weight.
const LEAST: f64 = 1e-6;

impl Curvature {
    /// Of the tensor `name`, with the strengths of the blocks that move; factors that are `known` are
    /// taken over.
    ///
    /// # Errors
    /// A covariance is not positive.
    pub fn new(
        name: String,
        linear: &LinearProblem,
        blocks: &[Option<&Strengths>],
        known: Option<Self>,
    ) -> Result<Self> {
        let mut known = known.map_or_else(Vec::new, |known| known.factors);
        let (mut factors, mut of): (Vec<(FactorOf, _)>, _) = (Vec::new(), Vec::new());
        for (block, own) in blocks.iter().enumerate() {
            let Some(own) = own else {
                of.push(None);
                continue;
            };
            let (group, covariance) = linear.covariance_of(block);
            let least = LEAST * linear.weights() as f64;
            let l2 = if own.l2 + own.smooth > 0.0 { own.l2 } else { least };
            let key = (group, l2.to_bits(), own.smooth.to_bits());
            of.push(Some(key));
            if factors.iter().any(|(other, _)| *other == key) {
                continue;
            }
            let place = known.iter().position(|(other, _)| *other == key);
            factors.push(if let Some(place) = place {
                known.swap_remove(place)
            } else {
                let penalty = RidgePenalty { l2, smooth: own.smooth, ..RidgePenalty::default() };
                (key, linear.factor(covariance, &penalty)?)
            });
        }
        Ok(Self { name, factors, of })
    }

    /// Solves for the values at a place of the vectors of some blocks.
    fn solve(&self, place: &std::ops::Range<usize>, vectors: &mut [(usize, Vec<f64>)]) {
        for (key, factor) in &self.factors {
            let is_own = |(block, _): &&mut (usize, Vec<f64>)| self.of[*block] == Some(*key);
            let mut own: Vec<_> = vectors.iter_mut().filter(is_own).collect();
            let right = Mat::from_fn(place.len(), own.len(), |i, n| own[n].1[place.start + i]);
            let solved = solved(factor, &right);
            for (n, (_, vector)) in own.iter_mut().enumerate() {
                let values = vector[place.clone()].iter_mut().enumerate();
                values.for_each(|(i, value)| *value = solved[(i, n)]);
            }
        }
    }
}

/// The loss of all training clips with penalties.
pub struct Objective<'a> {
    fitting: &'a Fitting<'a>,
    batch: Batch,
    /// From tensors to blocks.
    pub pieces: Pieces,
    /// Penalties on effective STRFs.
    pub penalties: Option<Penalties>,
    /// What is known of the curvature.
    pub curvature: Option<Curvature>,
}

impl Pieces {
    /// In so many blocks: one for each neuron, or a single one.
    pub fn new(params: &Params, blocks: usize) -> Self {
        let piece = |(name, param): (String, Param)| {
            let dims = param.var.dims();
            let (outer, inner) = if blocks == 1 {
                (1, param.var.elem_count())
            } else {
                let axis = param.owner_axis;
                (dims[..axis].iter().product(), dims[axis + 1..].iter().product())
            };
            Piece { name, var: param.var, outer, inner, scale: param.step_scale }
        };
        Self { pieces: params.trained().into_iter().map(piece).collect(), blocks }
    }

    /// What lies where, of values of each tensor.
    fn gathered(
        &self,
        values: impl Fn(&Piece) -> Result<Option<Vec<f64>>>,
    ) -> Result<Vec<Vec<f64>>> {
        let mut blocks = vec![Vec::new(); self.blocks];
        for piece in &self.pieces {
            let Piece { outer, inner, .. } = *piece;
            let values = values(piece)?.unwrap_or_else(|| vec![0.0; outer * inner * self.blocks]);
            for (place, block) in blocks.iter_mut().enumerate() {
                let from = |before: usize| (before * self.blocks + place) * inner;
                let own = (0..outer).flat_map(|before| &values[from(before)..from(before) + inner]);
                block.extend(own);
            }
        }
        Ok(blocks)
    }

    /// The gradient by each block.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn gradients(&self, grads: &GradStore) -> Result<Vec<Vec<f64>>> {
        self.gathered(|piece| {
            let Some(grad) = grads.get(&piece.var) else { return Ok(None) };
            Ok(Some(flat(grad)?.into_iter().map(|value| value * piece.scale).collect()))
        })
    }

    /// The present values, in steps of each tensor's own length.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn points(&self) -> Result<Vec<Vec<f64>>> {
        self.gathered(|piece| {
            let values = flat(piece.var.as_tensor())?;
            Ok(Some(values.into_iter().map(|value| value / piece.scale).collect()))
        })
    }

    /// Sets the tensors.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn set(&self, points: &[Vec<f64>]) -> Result<()> {
        let mut from = 0;
        for Piece { var, outer, inner, scale, .. } in &self.pieces {
            let mut values = vec![0.0; outer * inner * self.blocks];
            for (i, value) in values.iter_mut().enumerate() {
                let (row, column) = (i / inner, i % inner);
                let (before, place) = (row / self.blocks, row % self.blocks);
                *value = points[place][from + before * inner + column] * scale;
            }
            from += outer * inner;
            let values = Tensor::from_vec(values, var.shape(), &candle_core::Device::Cpu)?;
            var.set(&values.to_dtype(var.dtype())?.to_device(var.device())?)?;
        }
        Ok(())
    }

    /// Where the values of a tensor lie in each block.
    fn place(&self, name: &str) -> Option<std::ops::Range<usize>> {
        let mut from = 0;
        for piece in &self.pieces {
            let length = piece.outer * piece.inner;
            if piece.name == name {
                return Some(from..from + length);
            }
            from += length;
        }
        None
    }
}

fn flat(tensor: &Tensor) -> Result<Vec<f64>> {
    let cpu = tensor.to_device(&candle_core::Device::Cpu)?.to_dtype(DType::F64)?;
    Ok(cpu.flatten_all()?.to_vec1::<f64>()?)
}

impl<'a> Objective<'a> {
    /// In one block for each neuron where neurons share nothing.
    pub fn new(fitting: &'a Fitting<'a>, by_neuron: bool) -> Self {
        let blocks = if by_neuron { fitting.task.network.neurons() } else { 1 };
        let pieces = Pieces::new(fitting.task.params, blocks);
        let batch = fitting.whole();
        Self { fitting, batch, pieces, penalties: None, curvature: None }
    }
}

impl Blocks for Objective<'_> {
    fn evaluate(&mut self, points: &mut [Vec<f64>]) -> Result<Vec<At>> {
        self.pieces.set(points)?;
        points.clone_from_slice(&self.pieces.points()?);
        let network = self.fitting.task.network;
        let criterion = self.fitting.relative.criterion();
        let (mut total, mut shares) = network.loss_as_it_is(&self.batch, &criterion)?;
        let by_neuron = self.pieces.blocks > 1 || shares.len() == 1;
        if let Some(penalties) = &self.penalties {
            let penalty = penalties.of_network(network)?;
            total = (total + penalty.sum_all()?)?;
            let values = flat(&penalty)?;
            if by_neuron && values.len() == shares.len() {
                shares.iter_mut().zip(&values).for_each(|(share, own)| *share += own);
            } else if let Some(first) = shares.first_mut() {
                *first += values.iter().sum::<f64>();
            }
        }
        let grads = total.backward()?;
        let gradients = self.pieces.gradients(&grads)?;
        let values = match self.pieces.blocks {
            1 => vec![shares.iter().sum()],
            _ => shares,
        };
        Ok(values
            .into_iter()
            .zip(gradients)
            .map(|(value, gradient)| At { value, gradient })
            .collect())
    }

    fn precondition(&self, vectors: &mut [(usize, Vec<f64>)]) {
        let Some(curvature) = &self.curvature else { return };
        if let Some(place) = self.pieces.place(&curvature.name) {
            curvature.solve(&place, vectors);
        }
    }
}
