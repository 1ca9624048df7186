//! Covariances of lagged sound, and of it with responses, clip by clip.
//!
//! A row of the design is what a kernel `(C, F, K)` sees at a bin, from the oldest lag to now, zeros
//! before the clip: in the order of a full kernel's weights.
use candle_core::Tensor;
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};

use crate::base::error::{Error, Result};
use crate::models::batch::Member;

/// Bins whose rows are held at once.
pub const AT_ONCE: usize = 1_024;
/// Most weights of a kernel whose covariance is kept.
pub const MOST_WEIGHTS: usize = 4_000;

/// Sums over recorded bins of some clips, for neurons that were recorded in the same bins.
#[derive(Debug, Clone)]
pub struct LaggedSums {
    /// How many bins.
    pub bins: f64,
    /// Of the sound `(I)`.
    sound: Mat<f64>,
    /// Of the responses `(N)`.
    responses: Mat<f64>,
    /// Of products of sound with sound `(I, I)`.
    products: Mat<f64>,
    /// Of products of sound with responses `(I, N)`.
    cross: Mat<f64>,
}

/// Means and covariances.
#[derive(Debug, Clone)]
pub struct LaggedMoments {
    /// Mean of the sound `(I)`.
    pub mean: Vec<f64>,
    /// Mean of the responses `(N)`.
    pub response: Vec<f64>,
    /// Covariance of the sound `(I, I)`.
    pub covariance: Mat<f64>,
    /// Covariance of sound and responses `(I, N)`.
    pub cross: Mat<f64>,
}

/// Sizes of a kernel, and the neurons that it is for.
#[derive(Debug, Clone)]
pub struct LaggedDesign {
    /// Lags.
    pub lags: usize,
    /// Weights.
    pub weights: usize,
    /// Neurons that were recorded in the same bins.
    pub neurons: Vec<usize>,
}

impl LaggedMoments {
    /// The squared error of solutions `(I, N)` for other moments, of each neuron, up to the variance
    /// of its response, which is the same for all solutions.
    pub fn losses(&self, fitted: &Self, solved: &Mat<f64>) -> Vec<f64> {
        let products = &self.covariance * solved;
        let loss = |place: usize| {
            let (mut loss, mut bias) = (0.0, fitted.response[place] - self.response[place]);
            for i in 0..solved.nrows() {
                let weight = solved[(i, place)];
                loss += weight * (products[(i, place)] - 2.0 * self.cross[(i, place)]);
                bias += weight * (self.mean[i] - fitted.mean[i]);
            }
            loss + bias * bias
        };
        (0..solved.ncols()).map(loss).collect()
    }
}

impl LaggedDesign {
    /// For neurons that were recorded in the same bins.
    ///
    /// # Errors
    /// There are too many weights.
    pub fn new(weights: usize, lags: usize, neurons: Vec<usize>) -> Result<Self> {
        if weights <= MOST_WEIGHTS {
            return Ok(Self { lags, weights, neurons });
        }
        Err(Error::Refused(format!(
            "a kernel of this model has {weights} weights (channels x bands x lags), expected at most \
             {MOST_WEIGHTS} where their covariance is needed, for train.optimizer = \"ridge\", \
             train.start = \"ridge\" and penalties of hidden units; shorten model.window_ms, or choose \
             train.optimizer = \"lbfgs\" with train.start = \"random\""
        )))
    }
}

impl LaggedSums {
    /// Nothing yet.
    pub fn new(design: &LaggedDesign) -> Self {
        let (weights, neurons) = (design.weights, design.neurons.len());
        Self {
            bins: 0.0,
            sound: Mat::zeros(weights, 1),
            responses: Mat::zeros(neurons, 1),
            products: Mat::zeros(weights, weights),
            cross: Mat::zeros(weights, neurons),
        }
    }

    /// Adds a clip.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn add(&mut self, clip: &Member, design: &LaggedDesign) -> Result<()> {
        let (sound, psth) =
            (rows(&clip.sound.squeeze(0)?.flatten(0, 1)?)?, rows(&clip.psth.squeeze(0)?)?);
        let neurons: Vec<&[f32]> = design.neurons.iter().map(|n| psth[*n].as_slice()).collect();
        let Some(first) = neurons.first() else { return Ok(()) };
        let recorded: Vec<usize> = (0..clip.bins).filter(|bin| !first[*bin].is_nan()).collect();
        for bins in recorded.chunks(AT_ONCE) {
            let x = design_rows(&sound, design.lags, bins);
            let y = Mat::from_fn(bins.len(), neurons.len(), |t, n| f64::from(neurons[n][bins[t]]));
            let ones = Mat::from_fn(bins.len(), 1, |_, _| 1.0);
            let sum = |to: &mut Mat<f64>, a: MatRef<f64>, b: MatRef<f64>| {
                matmul(to.as_mut(), Accum::Add, a.transpose(), b, 1.0, Par::rayon(0));
            };
            sum(&mut self.products, x.as_ref(), x.as_ref());
            sum(&mut self.cross, x.as_ref(), y.as_ref());
            sum(&mut self.sound, x.as_ref(), ones.as_ref());
            sum(&mut self.responses, y.as_ref(), ones.as_ref());
            self.bins += bins.len() as f64;
        }
        Ok(())
    }

    /// These without some of them.
    #[must_use]
    pub fn without(&self, others: &Self) -> Self {
        Self {
            bins: self.bins - others.bins,
            sound: &self.sound - &others.sound,
            responses: &self.responses - &others.responses,
            products: &self.products - &others.products,
            cross: &self.cross - &others.cross,
        }
    }

    /// Means and covariances.
    pub fn moments(&self) -> LaggedMoments {
        let bins = self.bins.max(1.0);
        let column = |sums: &Mat<f64>| -> Vec<f64> {
            (0..sums.nrows()).map(|row| sums[(row, 0)] / bins).collect()
        };
        let (mean, response) = (column(&self.sound), column(&self.responses));
        let weights = mean.len();
        let covariance =
            Mat::from_fn(weights, weights, |i, j| self.products[(i, j)] / bins - mean[i] * mean[j]);
        let cross = Mat::from_fn(weights, response.len(), |i, n| {
            self.cross[(i, n)] / bins - mean[i] * response[n]
        });
        LaggedMoments { mean, response, covariance, cross }
    }
}

/// Neurons in groups of those that were recorded in the same bins, for kernels of so many lags.
///
/// # Errors
/// A tensor operation fails, or a kernel has too many weights.
pub fn designs(clips: &[Member], lags: usize) -> Result<Vec<LaggedDesign>> {
    let Some(first) = clips.first() else { return Ok(Vec::new()) };
    let (_one, channels, bands, _bins) = first.sound.dims4()?;
    let weights = channels * bands * lags;
    let mut masks: Vec<Vec<bool>> = Vec::new();
    for clip in clips {
        let psth = rows(&clip.psth.squeeze(0)?)?;
        masks.resize_with(psth.len(), Vec::new);
        for (mask, row) in masks.iter_mut().zip(psth) {
            mask.extend(row.iter().map(|y| !y.is_nan()));
        }
    }
    let mut designs: Vec<LaggedDesign> = Vec::new();
    for neuron in 0..masks.len() {
        let same = designs.iter_mut().find(|design| masks[design.neurons[0]] == masks[neuron]);
        match same {
            Some(design) => design.neurons.push(neuron),
            None => designs.push(LaggedDesign::new(weights, lags, vec![neuron])?),
        }
    }
    Ok(designs)
}

/// The sums over all clips.
///
/// # Errors
/// A tensor operation fails.
pub fn sums(clips: &[Member], design: &LaggedDesign) -> Result<LaggedSums> {
    let mut sums = LaggedSums::new(design);
    clips.iter().try_for_each(|clip| sums.add(clip, design))?;
    Ok(sums)
}

/// What a kernel sees at some bins, one after the other, of sound `(C · F, T)`.
pub fn design_rows(sound: &[Vec<f32>], lags: usize, bins: &[usize]) -> Mat<f64> {
    let mut rows = Mat::zeros(bins.len(), sound.len() * lags);
    for (band, values) in sound.iter().enumerate() {
        for place in 0..lags {
            let back = lags - 1 - place;
            let mut column = rows.col_mut(band * lags + place);
            let seen = bins.iter().enumerate().filter(|(_, bin)| **bin >= back);
            seen.for_each(|(to, bin)| column[to] = f64::from(values[bin - back]));
        }
    }
    rows
}

/// The rows of a matrix.
///
/// # Errors
/// A tensor operation fails.
pub fn rows(matrix: &Tensor) -> Result<Vec<Vec<f32>>> {
    Ok(matrix.to_device(&candle_core::Device::Cpu)?.to_dtype(candle_core::DType::F32)?.to_vec2()?)
}
