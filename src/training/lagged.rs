//! Covariances of lagged sound, and of it with responses, clip by clip.
//!
//! A row of the design is what a kernel `(C, F, K)` sees at a bin, from the oldest lag to now, zeros
//! before the clip: in the order of a full kernel's weights.
use std::ops::Range;

use candle_core::Tensor;
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};

use crate::base::error::{Error, Result};
use crate::models::batch::Member;

/// Bins whose rows are held at once.
pub const AT_ONCE: usize = 1_024;
/// Columns of the matrices that products and solutions are worked out of, so that those of a neuron
/// are the same bits whichever neurons stand beside it.
const COLUMNS: usize = 8;
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
        let products = product(self.covariance.as_ref(), solved.as_ref());
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
        for run in recorded.chunk_by(|bin, next| bin + 1 == *next) {
            self.products += &run_products(&sound, design.lags, run[0]..run[run.len() - 1] + 1);
        }
        for bins in recorded.chunks(AT_ONCE) {
            let x = design_rows(&sound, design.lags, bins);
            let y = Mat::from_fn(bins.len(), neurons.len(), |t, n| f64::from(neurons[n][bins[t]]));
            let ones = Mat::from_fn(bins.len(), 1, |_, _| 1.0);
            add_by_columns(&mut self.cross, y.as_ref(), |y, to| multiply(to, x.as_ref(), y));
            multiply(&mut self.sound, x.as_ref(), ones.as_ref());
            for (place, row) in neurons.iter().enumerate() {
                self.responses[(place, 0)] +=
                    bins.iter().map(|bin| f64::from(row[*bin])).sum::<f64>();
            }
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

/// `a b`, where each column follows from its own of `b` alone.
pub fn product(a: MatRef<f64>, b: MatRef<f64>) -> Mat<f64> {
    let mut sum = Mat::zeros(a.nrows(), b.ncols());
    add_by_columns(&mut sum, b, |b, to| {
        matmul(to.as_mut(), Accum::Add, a, b, 1.0, Par::rayon(0));
    });
    sum
}

/// Adds to `to` what a function adds for some columns of `b` at a time, always as many: the order of a
/// sum follows from the sizes of the factors.
pub fn add_by_columns(to: &mut Mat<f64>, b: MatRef<f64>, add: impl Fn(MatRef<f64>, &mut Mat<f64>)) {
    for first in (0..b.ncols()).step_by(COLUMNS) {
        let own = (b.ncols() - first).min(COLUMNS);
        let (mut right, mut sums) =
            (Mat::zeros(b.nrows(), COLUMNS), Mat::zeros(to.nrows(), COLUMNS));
        right.as_mut().subcols_mut(0, own).copy_from(b.subcols(first, own));
        add(right.as_ref(), &mut sums);
        let mut place = to.as_mut().subcols_mut(first, own);
        place += sums.as_ref().subcols(0, own);
    }
}

/// Adds `aᵀ b`.
fn multiply(to: &mut Mat<f64>, a: MatRef<f64>, b: MatRef<f64>) {
    matmul(to.as_mut(), Accum::Add, a.transpose(), b, 1.0, Par::rayon(0));
}

/// Products `(I, I)` of what a kernel sees, summed over bins that follow each other.
///
/// A lag more on both sides is the same sum one bin earlier: only products with the present bin are
/// summed up, and all others follow from them.
fn run_products(sound: &[Vec<f32>], lags: usize, bins: Range<usize>) -> Mat<f64> {
    let (bands, all) = (sound.len(), sound.len() * lags);
    let mut now = Mat::zeros(bands, all); // products with the present bin
    for from in bins.clone().step_by(AT_ONCE) {
        let chunk: Vec<usize> = (from..bins.end.min(from + AT_ONCE)).collect();
        let x = design_rows(sound, lags, &chunk);
        let present = design_rows(sound, 1, &chunk);
        multiply(&mut now, present.as_ref(), x.as_ref());
    }
    let before = |band: usize, bin: usize, age: usize| {
        bin.checked_sub(age + 1).map_or(0.0, |at| f64::from(sound[band][at]))
    };
    let mut products = Mat::zeros(all, all);
    for (f, g) in (0..bands).flat_map(|f| (0..bands).map(move |g| (f, g))) {
        // Along each diagonal of ages, from where one of them is the present bin.
        for start in 0..2 * lags - 1 {
            let (mut a, mut b) = (start.saturating_sub(lags - 1), (lags - 1).saturating_sub(start));
            let place = |band: usize, age: usize| band * lags + lags - 1 - age;
            let mut sum = if a == 0 { now[(f, place(g, b))] } else { now[(g, place(f, a))] };
            while a < lags && b < lags {
                products[(place(f, a), place(g, b))] = sum;
                sum += before(f, bins.start, a) * before(g, bins.start, b);
                sum -= before(f, bins.end, a) * before(g, bins.end, b);
                (a, b) = (a + 1, b + 1);
            }
        }
    }
    products
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_runs_are_those_of_the_rows() {
        let value = |f: usize, t: usize| ((f * 7 + t * t * 3 + t) % 11) as f32 - 4.0;
        let sound: Vec<Vec<f32>> = (0..3).map(|f| (0..30).map(|t| value(f, t)).collect()).collect();
        for (lags, bins) in [(4, 0..30), (4, 2..3), (7, 5..19), (1, 0..30), (40, 1..30)] {
            let rows = design_rows(&sound, lags, &bins.clone().collect::<Vec<_>>());
            let plain = rows.transpose() * &rows;
            let got = run_products(&sound, lags, bins);
            for (i, j) in (0..3 * lags).flat_map(|i| (0..3 * lags).map(move |j| (i, j))) {
                assert!((plain[(i, j)] - got[(i, j)]).abs() < 1e-9, "{lags}: {i}, {j}");
            }
        }
    }
}
