//! Clips of which every repeat is recorded in all bins or in none, as most are: what scores need of
//! the repeats comes from reading them once and from the products of all pairs.
use ndarray::ArrayView2;

use super::buffer::RepeatRows;
use super::counts::CountRepeats;
use super::deviations::Deviations;
use super::half_reliability::{HalfReliability, NoiseOfHalves};
use super::reliability::{ClipReliability, PsthVariance};
use super::split_halves::{SIDE_BY_SIDE, SplitHalves, Triangles};
use super::values::ResponseValues;
use crate::simd::lanes;
use crate::simd::real::vectorized;
use crate::stats::moments::ROUNDING;

/// One clip; its buffers are used for one after the other.
#[derive(Debug, Default)]
pub struct Complete {
    bins: usize,
    /// How many repeats are recorded; 0 of a clip that is not complete.
    repeats: usize,
    held: HeldAs,
    /// Repeats that are small whole numbers.
    counts: CountRepeats,
    /// Any others.
    deviations: Deviations,
    /// Sums over every second repeat, from the first and from the second.
    sums: [Vec<f64>; 2],
    psth: Vec<f64>,
    difference: Vec<f64>,
    /// `(R, R)`: sums of products of each repeat with those before it and itself, about their
    /// means.
    products: Vec<f64>,
    /// Sums of squares of each repeat about its mean; 0 for a constant.
    squares: Vec<f64>,
    /// One over the square roots of those; 0 for a constant.
    inverse: Vec<f64>,
    /// The sum of the products of all pairs of repeats.
    between: f64,
    /// The sum of their correlations, constant repeats left out.
    correlations: f64,
    /// The prediction where there is one, less its mean.
    prediction: Vec<f64>,
    /// The sum of its correlations with repeats; NaN where it does not vary.
    with_prediction: f64,
}

/// Where the repeats are.
#[derive(Debug, Default)]
enum HeldAs {
    /// In [`Complete::counts`].
    Counts,
    /// In [`Complete::deviations`].
    #[default]
    Deviations,
}

impl Complete {
    /// Takes the responses `(R, T)`, and says whether they are such a clip with 2 bins or more.
    pub fn read(&mut self, responses: ArrayView2<f32>) -> bool {
        self.repeats = 0;
        self.bins = responses.ncols();
        let Some(responses) = responses.to_slice() else { return false };
        if self.counts.read(responses, self.bins) {
            self.held = HeldAs::Counts;
        } else if self.deviations.read(responses, self.bins) {
            self.held = HeldAs::Deviations;
        } else {
            return false;
        }
        self.repeats = self.rows().means().len();
        self.average();
        true
    }

    fn rows(&self) -> &dyn RepeatRows {
        match self.held {
            HeldAs::Counts => &self.counts,
            HeldAs::Deviations => &self.deviations,
        }
    }

    /// Works out the mean over repeats and the difference of both halves.
    fn average(&mut self) {
        let mut sums = std::mem::take(&mut self.sums);
        let rows = self.rows();
        let counts = [0, 1].map(|half| rows.copy_half(half, &mut sums[half]) as f64);
        self.sums = sums;
        for list in [&mut self.psth, &mut self.difference] {
            list.resize(self.bins, 0.0);
        }
        vectorized(
            #[inline(always)]
            || average(&self.sums, counts, &mut self.psth, &mut self.difference),
        );
    }

    /// Works out the products of all pairs of repeats, and of each with a prediction `(T)`.
    pub fn multiply(&mut self, prediction: Option<&[f32]>) {
        self.products.resize(self.repeats * self.repeats, 0.0);
        self.squares.clear();
        let rows: &mut dyn RepeatRows = match self.held {
            HeldAs::Counts => &mut self.counts,
            HeldAs::Deviations => &mut self.deviations,
        };
        rows.multiply(&mut self.products, &mut self.squares);
        self.inverse.clear();
        self.inverse.extend(self.squares.iter().map(|squares| inverse_root(*squares)));
        (self.between, self.correlations) = vectorized(
            #[inline(always)]
            || self.sums_of_products(),
        );
        if let Some(prediction) = prediction {
            self.multiply_with(prediction);
        }
    }

    /// Works out the products with a prediction `(T)`.
    fn multiply_with(&mut self, prediction: &[f32]) {
        let bins = self.bins as f64;
        self.prediction.resize(prediction.len(), 0.0);
        let series = &mut self.prediction;
        let (rest, squares) = vectorized(
            #[inline(always)]
            || {
                let sum = lanes::copy(prediction, series);
                let rest = lanes::subtract(series, sum / bins);
                (rest, lanes::sums(series, series, |p, _| [p * p])[0])
            },
        );
        let varies = squares - rest * rest / bins > ROUNDING * squares;
        let scale = if varies { inverse_root(squares - rest * rest / bins) } else { f64::NAN };
        let rows = self.rows();
        let product = rows.weighted_product(&self.prediction, &self.inverse);
        let sums = self.inverse.iter().zip(rows.sums());
        let sum: f64 = sums.map(|(inverse, sum)| inverse * sum).sum();
        self.with_prediction = scale * (product - rest / bins * sum);
    }

    /// Bins of the clip.
    pub fn bins(&self) -> usize {
        self.bins
    }

    /// How many repeats are recorded.
    pub fn repeats(&self) -> usize {
        self.repeats
    }

    /// The mean over repeats.
    pub fn psth(&self) -> &[f64] {
        &self.psth
    }

    /// How every second repeat differs from the others, scaled so that it varies as much as the
    /// noise in the mean over all; NaN where a half has no repeat.
    pub fn difference(&self) -> &[f64] {
        &self.difference
    }

    /// The values of the responses that were read.
    pub fn values(&self, responses: ArrayView2<f32>) -> ResponseValues {
        match self.held {
            HeldAs::Counts if self.repeats > 0 => self.counts.values(responses.len()),
            _ => ResponseValues::of(responses),
        }
    }

    /// The sum over bins of the variance of the mean over repeats; 0 with a single repeat.
    pub fn noise(&self) -> f64 {
        let repeats = self.repeats as f64;
        if self.repeats < 2 {
            return 0.0;
        }
        let means = self.rows().means();
        let level = means.iter().sum::<f64>() / repeats;
        let of_means: f64 = means.iter().map(|mean| (mean - level).powi(2)).sum();
        let within: f64 = self.squares.iter().sum();
        // Squares about the mean over repeats: all squares less those of that mean.
        let about = within - (within + 2.0 * self.between) / repeats + self.bins as f64 * of_means;
        about.max(0.0) / (repeats - 1.0) / repeats
    }

    /// What noise ceilings need of the clip.
    pub fn reliability(&self) -> ClipReliability {
        let freedom = self.bins as f64 - 1.0;
        let pairs = |of: usize| (of * of.saturating_sub(1)) as f64 / 2.0;
        let signal = self.between / pairs(self.repeats) / freedom;
        let squares: f64 = self.squares.iter().sum();
        ClipReliability {
            bins: self.bins,
            signal,
            noise: squares / self.repeats as f64 / freedom - signal,
            ttrc: self.correlations / pairs(self.varying()),
            psth: self.psth_variance(),
        }
    }

    /// How the PSTH varies; of nothing with a single repeat, which says nothing of its noise.
    fn psth_variance(&self) -> PsthVariance {
        let psth: &[f64] = if self.repeats < 2 { &[] } else { &self.psth };
        PsthVariance::new(psth, self.noise())
    }

    /// The mean correlation of the repeats that vary with the prediction; NaN where none does, or
    /// the prediction does not.
    pub fn single_trial_cc(&self) -> f64 {
        self.with_prediction / self.varying() as f64
    }

    /// How many repeats vary.
    fn varying(&self) -> usize {
        self.inverse.iter().filter(|inverse| **inverse > 0.0).count()
    }

    /// Sums over all pairs of repeats of their products, and of their correlations.
    #[inline(always)]
    fn sums_of_products(&self) -> (f64, f64) {
        let weights = &self.inverse;
        let (mut between, mut correlations) = (0.0, 0.0);
        let rows = self.products.chunks_exact(self.repeats.max(1)).zip(weights).enumerate();
        for (i, (row, weight)) in rows {
            let terms = |product: f64, weight: f64| [product, product * weight];
            let [sum, weighted] = lanes::sums(&row[..i], &weights[..i], terms);
            between += sum;
            correlations += weight * weighted;
        }
        (between, correlations)
    }
}

/// Adds what both halves of the repeats of each clip say to what is known of them, one a neuron;
/// nothing of a clip that is not complete.
pub fn add_halves(
    known: &mut [&mut HalfReliability],
    clips: &[Complete],
    halves: &SplitHalves,
    triangles: &mut Triangles,
) {
    let complete = |neuron: &usize| clips[*neuron].repeats > 0;
    let mut left: Vec<usize> = (0..clips.len().min(SIDE_BY_SIDE)).filter(complete).collect();
    // Neurons with as many repeats are worked out side by side.
    while let Some(repeats) = left.first().map(|first| clips[*first].repeats) {
        let alike: Vec<usize> =
            left.iter().copied().filter(|n| clips[*n].repeats == repeats).collect();
        left.retain(|neuron| clips[*neuron].repeats != repeats);
        divide(clips, &alike, (repeats / 2 * 2, 0), halves, triangles);
        let correlations = triangles.correlations();
        if repeats % 2 == 1 && repeats > 1 {
            divide(clips, &alike, (repeats + 1, 1), halves, triangles);
        }
        for neuron in alike {
            let (clip, known) = (&clips[neuron], &mut known[neuron]);
            known.add_correlation(clip.bins, correlations[neuron]);
            let noise = NoiseOfHalves::of_repeats(repeats, clip.bins, clip.noise());
            known.add_moments(triangles.half_moments(neuron, clip.bins), noise);
        }
    }
}

/// Divides the repeats of some neurons, of which the first `empty` are none.
fn divide(
    clips: &[Complete],
    neurons: &[usize],
    (repeats, empty): (usize, usize),
    halves: &SplitHalves,
    triangles: &mut Triangles,
) {
    triangles.start(repeats, empty);
    for neuron in neurons {
        let Complete { products, repeats, .. } = &clips[*neuron];
        triangles.read(*neuron, |i, j| products[i * repeats + j]);
        triangles.read_means(*neuron, clips[*neuron].rows().means());
    }
    halves.divide(triangles);
}

/// One over the square root; 0 unless that is above 0.
fn inverse_root(squares: f64) -> f64 {
    if squares > 0.0 { 1.0 / squares.sqrt() } else { 0.0 }
}

/// The mean over repeats out of both halves' sums, and their difference; see [`Complete`].
#[inline(always)]
fn average(
    [even, odd]: &[Vec<f64>; 2],
    [of_even, of_odd]: [f64; 2],
    psth: &mut [f64],
    difference: &mut [f64],
) {
    let all = of_even + of_odd;
    let scale = (of_even * of_odd).sqrt() / all;
    let sums = even.iter().zip(odd);
    for ((psth, difference), (even, odd)) in psth.iter_mut().zip(difference).zip(sums) {
        *psth = (even + odd) / all;
        *difference = (even / of_even - odd / of_odd) * scale;
    }
}
