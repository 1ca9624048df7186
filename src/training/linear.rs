//! The linear problem of all neurons and its solutions in closed form: least squares with a penalty on
//! squares and on differences of neighbours, from covariances that are summed up clip by clip.
//!
//! With `x` in units of its standard deviation and `y` of its own, the weights `W` make
//! `mean (y − W x)² + l2 Σ W² + smooth Σ (differences of W)²` least. Sources: Theunissen et al.
//! (2001), Network 12(3):289-316, doi:10.1080/net.12.3.289.316; Hoerl & Kennard (1970),
//! Technometrics 12(1):55-67, doi:10.1080/00401706.1970.10488634.
use candle_core::Tensor;
use faer::linalg::solvers::{Llt, Solve};
use faer::{Mat, Side};
use ndarray::{Array2, ArrayView1};

use super::bands::Bands;
use super::lagged::{self, LaggedDesign, LaggedMoments, designs, sums};
use super::penalties::deviation;
use crate::base::error::{Error, Result};
use crate::models::Network;
use crate::models::batch::{Member, Sample};
use crate::models::outputs::ResponseRange;
use crate::models::params::Params;
use crate::run_file::Banded;
use crate::stats::eigen;

/// The rows `(C · F, T)` of a clip.
pub type Seen = Vec<Vec<f32>>;

/// What is added to a covariance, as a share of its mean variance, so that bands without variance and
/// equal bands have one solution: the smallest.
const JITTER: f64 = 1e-9;

/// The linear problem of all neurons.
pub struct LinearProblem {
    /// Neurons that were recorded in the same bins, and their moments.
    pub groups: Vec<(LaggedDesign, LaggedMoments)>,
    /// Channels, bands and lags of a kernel.
    shape: [usize; 3],
    /// Groups of weights whose strengths may differ.
    pub bands: Bands,
    /// Variance of what the kernels see.
    unit: f64,
    /// How many neurons.
    pub neurons: usize,
}

/// Penalties of an exact solution.
#[derive(Debug, Clone, Default)]
pub struct RidgePenalty {
    /// Of squares.
    pub l2: f64,
    /// Of squared differences of neighbours along lag and along frequency.
    pub smooth: f64,
    /// What `l2` is multiplied by for each group of weights; for those that are not named, 1.
    pub ratio: Vec<f64>,
}

impl RidgePenalty {
    /// Of squares alone, the same for all weights.
    pub fn of_squares(l2: f64) -> Self {
        Self { l2, ..Self::default() }
    }
}

/// Weights `(N, I)` in the order of a full kernel's, and the offset of each neuron.
pub struct Solution {
    weights: Vec<f64>,
    offsets: Vec<f64>,
}

impl LinearProblem {
    /// Of the training clips of a fit.
    ///
    /// # Errors
    /// A kernel has too many weights, or a tensor operation fails.
    pub fn new(network: &Network, clips: &[Member]) -> Result<Self> {
        Self::of_lags(network.lags(), clips)
    }

    /// Of clips, for kernels of so many lags.
    ///
    /// # Errors
    /// As [`LinearProblem::new`].
    pub fn of_lags(lags: usize, clips: &[Member]) -> Result<Self> {
        let (_one, channels, bands, _bins) = clips[0].sound.dims4()?;
        let neurons = clips[0].psth.dim(1)?;
        let mut groups = Vec::new();
        for design in designs(clips, lags)? {
            let moments = sums(clips, &design)?.moments();
            groups.push((design, moments));
        }
        let unit = deviation(clips)?.powi(2);
        let shape = [channels, bands, lags];
        let bands = Bands::new(Banded::None, shape)?;
        Ok(Self { groups, shape, bands, unit, neurons })
    }

    /// With strengths that may differ between groups of weights.
    ///
    /// # Errors
    /// The kernels have nothing that could be divided so.
    pub fn with_bands(mut self, banded: Banded) -> Result<Self> {
        self.bands = Bands::new(banded, self.shape)?;
        Ok(self)
    }

    /// Weights of a kernel.
    pub fn weights(&self) -> usize {
        self.shape.iter().product()
    }

    /// The covariance of what kernels see, of the first group of neurons.
    pub fn covariance(&self) -> &Mat<f64> {
        &self.groups[0].1.covariance
    }

    /// The group that a neuron belongs to, and the covariance of what its kernel sees.
    pub fn covariance_of(&self, neuron: usize) -> (usize, &Mat<f64>) {
        let is_own = |(design, _): &(LaggedDesign, LaggedMoments)| design.neurons.contains(&neuron);
        let group = self.groups.iter().position(is_own).unwrap_or(0);
        (group, &self.groups[group].1.covariance)
    }

    /// The covariance with the penalties, factorized.
    ///
    /// # Errors
    /// It is not positive.
    pub fn factor(&self, covariance: &Mat<f64>, penalty: &RidgePenalty) -> Result<Llt<f64>> {
        let mut matrix = covariance.clone();
        let mean = (0..matrix.nrows()).map(|i| matrix[(i, i)]).sum::<f64>() / matrix.nrows() as f64;
        for i in 0..matrix.nrows() {
            let l2 = penalty.l2 * self.bands.factor(i, &penalty.ratio);
            matrix[(i, i)] += l2 * self.unit + JITTER * mean.max(f64::MIN_POSITIVE);
        }
        self.tie_neighbours(&mut matrix, penalty.smooth * self.unit);
        matrix.llt(Side::Lower).map_err(|error| {
            Error::failed("factorizing the covariance of the sound", format!("{error:?}"))
        })
    }

    /// Adds the squared differences of neighbours along lag and along frequency.
    fn tie_neighbours(&self, matrix: &mut Mat<f64>, strength: f64) {
        let [channels, bands, lags] = self.shape;
        let mut tie = |a: usize, b: usize| {
            matrix[(a, a)] += strength;
            matrix[(b, b)] += strength;
            matrix[(a, b)] -= strength;
            matrix[(b, a)] -= strength;
        };
        for place in 0..channels * bands * lags {
            let (lag, band) = (place % lags, place / lags % bands);
            if lag + 1 < lags {
                tie(place, place + 1);
            }
            if band + 1 < bands {
                tie(place, place + lags);
            }
        }
    }

    /// The solution for some penalties.
    ///
    /// # Errors
    /// A covariance is not positive.
    pub fn solve(&self, penalty: &RidgePenalty) -> Result<Solution> {
        let weights = self.weights();
        let mut solution = Solution {
            weights: vec![0.0; self.neurons * weights],
            offsets: vec![0.0; self.neurons],
        };
        for (design, moments) in &self.groups {
            let factor = self.factor(&moments.covariance, penalty)?;
            let solved = solved(&factor, &moments.cross);
            for (place, neuron) in design.neurons.iter().enumerate() {
                let own: Vec<f64> = (0..weights).map(|i| solved[(i, place)]).collect();
                let mean = own.iter().zip(&moments.mean).map(|(weight, mean)| weight * mean);
                solution.offsets[*neuron] = moments.response[place] - mean.sum::<f64>();
                solution.weights[neuron * weights..(neuron + 1) * weights].copy_from_slice(&own);
            }
        }
        Ok(solution)
    }

    /// Puts a solution into the kernels of a network.
    ///
    /// # Errors
    /// Its kernels cannot take it, or a tensor operation fails.
    pub fn set(&self, (network, params): (&Network, &Params), solution: &Solution) -> Result<bool> {
        let (weights, offsets) = self.tensors(params, solution)?;
        Ok(network.take_kernels(&weights, &offsets)?)
    }

    /// Weights `(N, C, F, K)`, the last index the present bin, and offsets `(N)`.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn tensors(&self, params: &Params, solution: &Solution) -> Result<(Tensor, Tensor)> {
        let [channels, bands, lags] = self.shape;
        let shape = (self.neurons, channels, bands, lags);
        let tensor = |values: &[f64]| -> candle_core::Result<Tensor> {
            Tensor::new(values, params.device())?.to_dtype(params.dtype())
        };
        Ok((tensor(&solution.weights)?.reshape(shape)?, tensor(&solution.offsets)?))
    }

    /// For each neuron the solution for the strength that was chosen for it.
    pub fn mixed(&self, chosen: &[f64], solutions: &[(f64, Solution)]) -> Solution {
        let weights = self.weights();
        let mut mixed = Solution { weights: Vec::new(), offsets: Vec::new() };
        for (neuron, l2) in chosen.iter().enumerate() {
            let own = solutions
                .iter()
                .find(|(strength, _)| strength.total_cmp(l2).is_eq())
                .or(solutions.first());
            if let Some((_, own)) = own {
                let own_weights = &own.weights[neuron * weights..(neuron + 1) * weights];
                mixed.weights.extend_from_slice(own_weights);
                mixed.offsets.push(own.offsets[neuron]);
            }
        }
        mixed
    }

    /// The leading fields of a solution over neurons, each of length 1, the strongest first: as many
    /// as the solution has dimensions.
    pub fn leading(&self, solution: &Solution, ranges: &[ResponseRange]) -> Vec<Vec<f64>> {
        let weights = self.weights();
        let kernels = Array2::from_shape_fn((self.neurons, weights), |(n, i)| {
            solution.weights[n * weights + i] / ranges[n].deviation
        });
        let found = eigen::largest(kernels.dot(&kernels.t()).view(), self.neurons);
        let strongest = found.values.first().copied().unwrap_or_default();
        let kept = found.values.iter().filter(|value| **value > 1e-6 * strongest).count();
        let field = |row: ArrayView1<f64>| {
            let field = row.dot(&kernels);
            let length = field.dot(&field).sqrt();
            (field / length).to_vec()
        };
        found.vectors.outer_iter().take(kept).map(field).collect()
    }

    /// What a solution predicts `(N, T)` for clips.
    pub fn predictions(&self, clips: &[Seen], solution: &Solution) -> Vec<Array2<f32>> {
        let (weights, lags) = (self.weights(), self.shape[2]);
        let kernels = Mat::from_fn(weights, self.neurons, |i, n| solution.weights[n * weights + i]);
        let predict = |sound: &Seen| {
            let places: Vec<usize> = (0..sound.first().map_or(0, Vec::len)).collect();
            let chunks = places.chunks(lagged::AT_ONCE);
            let drives = chunks.map(|chunk| {
                let rows = lagged::design_rows(sound, lags, chunk);
                lagged::product(rows.as_ref(), kernels.as_ref())
            });
            let drives: Vec<Mat<f64>> = drives.collect();
            #[expect(clippy::cast_possible_truncation, reason = "predictions are f32")]
            Array2::from_shape_fn((self.neurons, places.len()), |(neuron, bin)| {
                let drive = drives[bin / lagged::AT_ONCE][(bin % lagged::AT_ONCE, neuron)];
                (drive + solution.offsets[neuron]) as f32
            })
        };
        clips.iter().map(predict).collect()
    }
}

/// The solution for each column, which follows from that column alone.
pub fn solved(factor: &Llt<f64>, right: &Mat<f64>) -> Mat<f64> {
    let mut solved = Mat::zeros(right.nrows(), right.ncols());
    lagged::add_by_columns(&mut solved, right.as_ref(), |right, to| *to = factor.solve(right));
    solved
}

/// What the first layer of a network sees of clips.
///
/// # Errors
/// A tensor operation fails.
pub fn seen_of(samples: &[Sample], network: &Network) -> Result<Vec<Seen>> {
    let seen = samples.iter().map(|sample| {
        let sound = network.filtered(&sample.member.sound)?.squeeze(0)?.flatten(0, 1)?;
        lagged::rows(&sound)
    });
    seen.collect()
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn solutions_satisfy_the_equations_of_their_penalties() {
        let value = |i: usize| ((i * i * 3 + i * 7) % 11) as f32 - 4.0;
        let tensor = |from: usize, dims: (usize, usize, usize)| {
            let values: Vec<f32> = (from..from + dims.0 * dims.1 * dims.2).map(value).collect();
            Tensor::from_vec(values, dims, &Device::Cpu).unwrap()
        };
        let sound = tensor(0, (2, 3, 50)).unsqueeze(0).unwrap();
        let clip = Member::new(sound, tensor(5, (1, 2, 50))).unwrap();
        let problem = LinearProblem::of_lags(4, std::slice::from_ref(&clip)).unwrap();
        let problem = problem.with_bands(Banded::Channels).unwrap();
        let penalty = RidgePenalty { l2: 0.7, smooth: 0.0, ratio: vec![1.0, 10.0] };
        let solution = problem.solve(&penalty).unwrap();
        let (_, moments) = &problem.groups[0];
        for (neuron, i) in (0..2).flat_map(|neuron| (0..24).map(move |i| (neuron, i))) {
            let weights = &solution.weights[neuron * 24..(neuron + 1) * 24];
            let products = (0..24).map(|j| moments.covariance[(i, j)] * weights[j]).sum::<f64>();
            // The second channel's weights are the last twelve.
            let strength = if i < 12 { 0.7 } else { 7.0 };
            let pulled = strength * problem.unit * weights[i];
            let off = products + pulled - moments.cross[(i, neuron)];
            assert!(off.abs() < 1e-6, "weight {i} of neuron {neuron}: {off}");
        }
    }
}
