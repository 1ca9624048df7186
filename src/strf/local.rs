//! Locally linear receptive fields: what each neuron listens to at each moment.
//!
//! `J(n,t,f,k) = ∂y(n,t) / ∂x(f,t−k)`, with `x` the cochleagram in the file: the linear model that
//! agrees with the whole of the model, its prefilter included, around what was just heard. They are
//! taken one by one and kept as sums, so that memory does not grow with the clips: for one neuron
//! at a time `Σ_t J` and the `(F·K, F·K)` matrix `Σ_t J Jᵀ`, whose eigenvectors are the components.
//! Where there are fewer Jacobians than weights, they themselves are kept, and the components follow
//! from their products with each other.
//!
//! Source: Keshishian, Akbari, Khalighinejad, Herrero, Mehta & Mesgarani (2020), eLife 9:e53445,
//! doi:10.7554/eLife.53445.
use candle_core::Tensor;
use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, Array3, Array4, ArrayView2, Axis, Zip, s};

use super::from_gradients::{AT_ONCE, FEW, array, sums_at};
use crate::base::error::{Error, Result};
use crate::models::Network;
use crate::models::batch::Sample;
use crate::stats::eigen;

/// Jacobians that are multiplied with each other at once.
const BLOCK: usize = 64;

/// Which Jacobians are taken, and what is kept of them.
#[derive(Debug)]
pub struct Request<'a> {
    /// Places of the neurons.
    pub neurons: &'a [usize],
    /// `K` bins of the past.
    pub lags: usize,
    /// Every so many bins of a clip there is one, 1 or more.
    pub every: usize,
    /// `P` components that are kept.
    pub components: usize,
    /// What one unit of the model's input is in the file, by band.
    pub scale: &'a [f32],
}

/// What is kept of the Jacobians of the neurons asked for.
#[derive(Debug)]
pub struct Local {
    /// How many there are of each neuron.
    pub count: usize,
    /// `(N, F, K)`.
    pub mean: Array3<f64>,
    /// Standard deviation over bins, `(N, F, K)`.
    pub deviation: Array3<f64>,
    /// Unit vectors, the one that carries most first, each with the sign that it has in the mean;
    /// `(N, P, F, K)`.
    pub components: Array4<f64>,
    /// The share of `Σ_t |J|²` that each carries, `(N, P)`; NaN for a neuron that hears nothing.
    pub shares: Array2<f64>,
}

/// Takes the Jacobians of all clips from their bin `lags` on; `step` is told after each neuron. The
/// first bin of a clip, which prefilters and leaky units take for all that lies before it, is in no
/// window.
///
/// # Errors
/// No clip is longer than the window, or a tensor operation fails.
pub fn local(
    network: &Network,
    samples: &[Sample],
    request: &Request,
    mut step: impl FnMut(),
) -> Result<Local> {
    let (lags, bands) = (request.lags, request.scale.len());
    let long = || samples.iter().filter(|sample| sample.bins() > lags);
    let count = long().map(|sample| request.bins(sample)).sum();
    if count == 0 {
        return Err(Error::Refused(format!(
            "found no clip of more than {lags} bins among {}, expected one longer than the window; \
             shorten it with --window-ms",
            samples.len()
        )));
    }
    let (neurons, kept) = (request.neurons.len(), request.components.min(bands * lags).min(count));
    let mut local = Local {
        count,
        mean: Array3::zeros((neurons, bands, lags)),
        deviation: Array3::zeros((neurons, bands, lags)),
        components: Array4::zeros((neurons, kept, bands, lags)),
        shares: Array2::zeros((neurons, kept)),
    };
    for (row, &neuron) in request.neurons.iter().enumerate() {
        let mut sums = JacobianSums::new(bands * lags, count);
        for sample in long() {
            jacobians(network, &sample.member.sound, neuron, request, |jacobian| {
                sums.add(jacobian.iter());
            })?;
        }
        local.keep(row, &sums.finish(kept));
        step();
    }
    Ok(local)
}

/// Bytes of memory that [`local`] takes beside the model's own, about.
pub fn memory(samples: &[Sample], request: &Request) -> usize {
    let size = request.lags * request.scale.len();
    let long = samples.iter().filter(|sample| sample.bins() > request.lags);
    let count: usize = long.map(|sample| request.bins(sample)).sum();
    size_of::<f64>() * if count < size { 2 * count * size + count * count } else { size * size }
}

/// Bins from one Jacobian to the next with which [`mean`] takes one backward pass a clip, or, where
/// bins share all of the past, eight of them.
pub fn far_apart(network: &Network, samples: &[Sample]) -> usize {
    let bins = samples.iter().map(Sample::bins).max().unwrap_or(0);
    network.memory().unwrap_or(bins.div_ceil(FEW)).max(network.lags())
}

/// The mean of the Jacobians alone, `(N, F, K)`; NaN where no clip is longer than the window.
/// `step` is told after each neuron of each such clip.
///
/// # Errors
/// A tensor operation fails.
pub fn mean(
    network: &Network,
    samples: &[Sample],
    request: &Request,
    mut step: impl FnMut(),
) -> Result<Array3<f64>> {
    let Request { neurons, lags, scale, .. } = request;
    let mut sums = Array3::zeros((neurons.len(), scale.len(), *lags));
    let mut count = 0;
    for sample in samples.iter().filter(|sample| sample.bins() > *lags) {
        for (mut sum, &neuron) in sums.outer_iter_mut().zip(*neurons) {
            jacobians(network, &sample.member.sound, neuron, request, |jacobian| sum += jacobian)?;
            step();
        }
        count += request.bins(sample);
    }
    Ok(sums / count as f64)
}

impl Request<'_> {
    /// Jacobians of a clip.
    fn bins(&self, sample: &Sample) -> usize {
        (sample.bins() - self.lags).div_ceil(self.every)
    }
}

/// Gives the Jacobians `(F, K)` of a neuron in one clip.
///
/// Bins that share no input are served by one backward pass.
fn jacobians(
    network: &Network,
    sound: &Tensor,
    neuron: usize,
    request: &Request,
    mut take: impl FnMut(&Array2<f64>),
) -> Result<()> {
    let bins = sound.dim(3)?;
    let chosen: Vec<usize> = (request.lags..bins).step_by(request.every).collect();
    let apart = match network.memory() {
        Some(memory) => memory.max(request.lags).div_ceil(request.every),
        None => chosen.len(),
    };
    let groups: Vec<Vec<usize>> = (0..apart.min(chosen.len()))
        .map(|first| chosen.iter().skip(first).step_by(apart).copied().collect())
        .collect();
    for groups in groups.chunks(AT_ONCE) {
        let gradients = network.gradients_by_sound(sound, &sums_at(neuron, groups))?;
        for (group, gradient) in groups.iter().zip(gradients) {
            let gradient = array(&gradient)?; // (1, F, T)
            for &t in group {
                let past = gradient.slice(s![0, .., t + 1 - request.lags..=t; -1]);
                take(&by_band(past.to_owned(), request.scale));
            }
        }
    }
    Ok(())
}

/// Each band `(F, K)` divided by its scale.
fn by_band(mut jacobian: Array2<f64>, scale: &[f32]) -> Array2<f64> {
    for (mut band, scale) in jacobian.axis_iter_mut(Axis(0)).zip(scale) {
        band /= f64::from(*scale);
    }
    jacobian
}

impl Local {
    fn keep(&mut self, row: usize, summary: &Summary) {
        let (_n, bands, lags) = self.mean.dim();
        let field = |values: &Array1<f64>, at: (usize, usize)| values[at.0 * lags + at.1];
        let place = || (0..bands).flat_map(move |f| (0..lags).map(move |k| (f, k)));
        for (f, k) in place() {
            self.mean[[row, f, k]] = field(&summary.mean, (f, k));
            self.deviation[[row, f, k]] = field(&summary.deviation, (f, k));
        }
        let found = summary.eigen.vectors.rows().into_iter().zip(&summary.eigen.values);
        for (at, (vector, value)) in found.enumerate().take(self.shares.ncols()) {
            self.shares[[row, at]] = value / summary.power;
            let sign = if vector.dot(&summary.mean) < 0.0 { -1.0 } else { 1.0 };
            for (f, k) in place() {
                self.components[[row, at, f, k]] = sign * vector[f * lags + k];
            }
        }
    }
}

/// Sums over the Jacobians of a neuron, each as `D = F·K` numbers.
struct JacobianSums {
    count: usize,
    sum: Array1<f64>,
    squares: Array1<f64>,
    /// `Σ J Jᵀ`; none where the Jacobians are kept.
    products: Option<Array2<f64>>,
    rows: Vec<f64>, // that are not in the sums yet, or all
}

/// What [`JacobianSums`] come to.
struct Summary {
    mean: Array1<f64>,
    deviation: Array1<f64>,
    power: f64,
    eigen: eigen::Eigen,
}

impl JacobianSums {
    /// For so many Jacobians of a size.
    fn new(size: usize, expected: usize) -> Self {
        let products = (expected >= size).then(|| Array2::zeros((size, size)));
        let (sum, squares) = (Array1::zeros(size), Array1::zeros(size));
        Self { count: 0, sum, squares, products, rows: Vec::new() }
    }

    fn add<'a>(&mut self, jacobian: impl Iterator<Item = &'a f64>) {
        self.rows.extend(jacobian);
        self.count += 1;
        let own = &self.rows[self.rows.len() - self.sum.len()..];
        for ((sum, square), value) in self.sum.iter_mut().zip(&mut self.squares).zip(own) {
            *sum += value;
            *square += value * value;
        }
        if self.rows.len() >= BLOCK * self.sum.len() {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let Some(products) = &mut self.products else { return };
        let rows = self.rows.len() / self.sum.len();
        if let Ok(block) = ArrayView2::from_shape((rows, self.sum.len()), &self.rows) {
            general_mat_mul(1.0, &block.t(), &block, 1.0, products);
        }
        self.rows.clear();
    }

    /// With so many of the largest eigenvalues of `Σ J Jᵀ / count`.
    fn finish(mut self, components: usize) -> Summary {
        self.flush();
        let count = self.count as f64;
        let mean = self.sum / count;
        let mut deviation = self.squares / count;
        let power = deviation.sum();
        Zip::from(&mut deviation).and(&mean).for_each(|square, mean| {
            *square = (*square - mean * mean).max(0.0).sqrt();
        });
        let eigen = match self.products {
            Some(products) => eigen::largest((products / count).view(), components),
            None => of_rows(self.rows, mean.len(), components),
        };
        Summary { mean, deviation, power, eigen }
    }
}

/// The largest eigenvalues of `Xᵀ X / n` and their vectors, from those of the smaller `X Xᵀ / n`, for
/// the `n` rows `X` of a size.
fn of_rows(rows: Vec<f64>, size: usize, components: usize) -> eigen::Eigen {
    let count = rows.len() / size;
    let rows = Array2::from_shape_vec((count, size), rows)
        .unwrap_or_else(|_never| Array2::zeros((0, size)));
    let small = eigen::largest((rows.dot(&rows.t()) / count as f64).view(), components);
    let mut vectors = small.vectors.dot(&rows);
    for mut vector in vectors.outer_iter_mut() {
        let length = vector.dot(&vector).sqrt();
        if length > 0.0 {
            vector /= length;
        }
    }
    eigen::Eigen { values: small.values, vectors }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_rows_have_the_components_of_their_covariance() {
        let size = 12;
        let value = |t: usize, i: usize| ((t * t * 5 + i * 7 + t * i) % 13) as f64 - 6.0;
        let summary = |expected: usize| {
            let mut sums = JacobianSums::new(size, expected);
            for t in 0..7 {
                sums.add((0..size).map(|i| value(t, i)).collect::<Vec<_>>().iter());
            }
            sums.finish(4)
        };
        // Seven are fewer than twelve; twelve are announced, so that their products are summed up.
        let (few, many) = (summary(7), summary(size));
        let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(near(few.power, many.power));
        assert!(few.deviation.iter().zip(&many.deviation).all(|(a, b)| near(*a, *b)));
        for i in 0..4 {
            assert!(near(few.eigen.values[i], many.eigen.values[i]), "value {i}");
            let cosine = few.eigen.vectors.row(i).dot(&many.eigen.vectors.row(i)).abs();
            assert!(near(cosine, 1.0), "vector {i}: {cosine}");
        }
    }
}
