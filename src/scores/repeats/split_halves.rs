//! Divisions of repeats in two halves, and how the mean of one half varies with that of the other.
use std::ops::Add;

use super::first_halves::first_halves;
use crate::simd::real::vectorized;
use crate::stats::moments::{PairMoments, ROUNDING};

/// Repeats whose sums are looked up at once.
const GROUP: usize = 4;
/// Choices among them.
const CHOICES: usize = 1 << GROUP;

/// Neurons whose repeats are divided side by side: as many as common vector registers hold numbers.
pub const SIDE_BY_SIDE: usize = 4;

/// One number of each of those neurons, side by side in a vector register.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(32))]
struct Each([f64; SIDE_BY_SIDE]);

impl Add for Each {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        let mut sums = self.0;
        for (sum, other) in sums.iter_mut().zip(other.0) {
            *sum += other;
        }
        Self(sums)
    }
}

/// The covariances of two groups.
type Block = [[Each; GROUP]; GROUP];
/// Sums that are looked up for the choices from two groups.
type Between = [Each; CHOICES * CHOICES];
/// What is summed over each choice from one group.
type Within = [FirstHalf; CHOICES];

/// Sums over the repeats of the first half of a division, or over some of them.
#[derive(Debug, Clone, Copy, Default)]
struct FirstHalf {
    /// The variance of the sum.
    variance: Each,
    /// Its covariance with the sum over all repeats.
    with_all: Each,
    /// The sum of their means.
    mean: Each,
}

/// The divisions in two halves of every even number of repeats up to a largest one.
#[derive(Debug, Clone, Default)]
pub struct SplitHalves(Vec<Divisions>); // by half the repeats

/// The divisions of one number of repeats.
#[derive(Debug, Clone)]
struct Divisions {
    /// How many.
    count: usize,
    /// `(groups, divisions)`: the repeats of the first half, a bit for each in its group.
    choices: Vec<u8>,
    /// `(pairs of groups, divisions)`: the choice from the earlier group, and that from the later
    /// one in the higher bits.
    pairs: Vec<u8>,
}

/// How the repeats of several neurons vary together, an even number of them and the same for all,
/// and what follows from it; used for one clip after the other.
#[derive(Debug, Clone, Default)]
pub struct Triangles {
    repeats: usize,
    /// How many of them, the first, are empty places that vary with nothing.
    empty: usize,
    /// `(R, R)` in whole groups: variances on the diagonal, covariances left of it, 0 elsewhere.
    covariance: Vec<Each>,
    /// `(R)`: the mean of each repeat.
    means: Vec<Each>,
    /// `(R)`: the covariance of each repeat with the sum over all.
    with_all: Vec<Each>,
    /// The variance of the sum over all repeats.
    total: Each,
    /// Of each division.
    sums: Vec<FirstHalf>,
}

impl FirstHalf {
    /// Adds to the variance.
    #[inline(always)]
    fn widen(&mut self, variance: Each) {
        self.variance = self.variance + variance;
    }
}

impl SplitHalves {
    /// Of up to `repeats` repeats.
    #[cfg(test)]
    pub(super) fn of(repeats: usize) -> Self {
        let mut halves = Self::default();
        halves.extend(repeats);
        halves
    }

    /// Also of up to `repeats` repeats.
    pub fn extend(&mut self, repeats: usize) {
        let new = self.0.len()..=repeats.div_ceil(2);
        self.0.extend(new.map(|half| Divisions::new(half, &first_halves(half))));
    }

    /// Divides repeats in all ways that are looked at; [`Triangles`] then tells how both halves
    /// vary together.
    pub fn divide(&self, repeats: &mut Triangles) {
        repeats.sums.clear();
        if let Some(divisions) = self.0.get(repeats.repeats / 2).filter(|found| found.count > 0) {
            vectorized(
                #[inline(always)]
                || divisions.divide(repeats),
            );
        }
    }

    /// The repeats of the first half of each division of an even number of them.
    pub fn first_halves(&self, repeats: usize) -> impl Iterator<Item = Vec<usize>> {
        let divisions = self.0.get(repeats / 2);
        divisions.into_iter().flat_map(|divisions| (0..divisions.count).map(|d| divisions.first(d)))
    }
}

impl Triangles {
    /// Makes room for so many repeats that do not vary, of which the first `empty` are none.
    pub fn start(&mut self, repeats: usize, empty: usize) {
        let length = repeats.next_multiple_of(GROUP);
        (self.repeats, self.empty) = (repeats, empty);
        let lists = [
            (&mut self.covariance, length * length),
            (&mut self.means, length),
            (&mut self.with_all, length),
        ];
        for (list, size) in lists {
            list.clear();
            list.resize(size, Each::default());
        }
        self.sums.clear();
    }

    /// Takes the repeats of one neuron; `covariance` is of two of them, the later one first, or the
    /// variance of one. Empty places are not counted.
    pub fn read(&mut self, neuron: usize, covariance: impl Fn(usize, usize) -> f64) {
        let empty = self.empty;
        let rows = self.covariance.chunks_exact_mut(self.with_all.len().max(1));
        for (i, row) in rows.take(self.repeats).skip(empty).enumerate() {
            for (j, to) in row[empty..=empty + i].iter_mut().enumerate() {
                to.0[neuron] = covariance(i, j);
            }
        }
    }

    /// Takes the mean of each repeat of one neuron.
    pub fn read_means(&mut self, neuron: usize, means: &[f64]) {
        let places = self.means.iter_mut().skip(self.empty);
        places.zip(means).for_each(|(to, mean)| to.0[neuron] = *mean);
    }

    /// The mean over divisions of the correlation between both halves' means, of each neuron; NaN
    /// without a division, or where a half does not vary.
    pub fn correlations(&self) -> [f64; SIDE_BY_SIDE] {
        let mut sums = [0.0; SIDE_BY_SIDE];
        vectorized(
            #[inline(always)]
            || sums = correlation_sums(&self.sums, &self.total),
        );
        sums.map(|sum| sum / self.sums.len() as f64)
    }

    /// How the means of both halves of a neuron's repeats vary over `bins` bins, in each division;
    /// covariances were read as sums of products over those bins.
    pub fn half_moments(
        &self,
        neuron: usize,
        bins: usize,
    ) -> impl ExactSizeIterator<Item = PairMoments> {
        let first = 1.0 / (self.repeats / 2 - self.empty) as f64;
        let second = 1.0 / (self.repeats / 2) as f64;
        let all_means: f64 = self.means.iter().map(|mean| mean.0[neuron]).sum();
        let total = self.total.0[neuron];
        // A half that does not vary leaves rounding behind.
        let beyond = move |variance: f64| {
            if variance > ROUNDING * total.abs() { variance } else { 0.0 }
        };
        self.sums.iter().map(move |sums| {
            let (variance, with_all) = (sums.variance.0[neuron], sums.with_all.0[neuron]);
            let mean = sums.mean.0[neuron];
            PairMoments {
                n: bins as f64,
                x: mean * first,
                y: (all_means - mean) * second,
                xx: beyond(variance) * first.powi(2),
                yy: beyond(total - 2.0 * with_all + variance) * second.powi(2),
                xy: (with_all - variance) * (first * second),
            }
        })
    }

    /// Works out the covariances with all repeats, and gives their sum.
    #[inline(always)]
    fn add_up(&mut self) -> Each {
        for (i, row) in self.covariance.chunks_exact(self.with_all.len().max(1)).enumerate() {
            let mut sum = row[i];
            for (with_all, covariance) in self.with_all.iter_mut().zip(&row[..i]) {
                *with_all = *with_all + *covariance;
                sum = sum + *covariance;
            }
            self.with_all[i] = sum;
        }
        self.with_all.iter().fold(Each::default(), |total, with_all| total + *with_all)
    }

    /// The covariances of the repeats of group `h` with those of group `g`.
    #[inline(always)]
    fn block(&self, h: usize, g: usize) -> Block {
        let mut block = Block::default();
        let rows = self.covariance.chunks_exact(self.with_all.len().max(1)).skip(GROUP * h);
        for (to, row) in block.iter_mut().zip(rows) {
            to.copy_from_slice(&row[GROUP * g..GROUP * (g + 1)]);
        }
        block
    }
}

/// Fills in the sums over all choices of repeats that vary together as a triangle says.
#[inline(always)]
fn within_group(triangle: &Block, with_all: &[Each], means: &[Each], sums: &mut Within) {
    sums[0] = FirstHalf::default();
    for i in 0..GROUP {
        let with = subset_sums(&triangle[i]);
        let (without, more) = sums.split_at_mut(1 << i);
        for ((more, without), with) in more.iter_mut().zip(without).zip(&with) {
            *more = FirstHalf {
                variance: without.variance + *with + *with + triangle[i][i],
                with_all: without.with_all + with_all[i],
                mean: without.mean + means[i],
            };
        }
    }
}

/// Fills in twice the covariances of all choices of columns and, in the higher bits, of rows.
#[inline(always)]
fn between_groups(block: &Block, sums: &mut Between) {
    let (rows, _) = sums.as_chunks_mut::<CHOICES>();
    rows[0] = Default::default();
    for (i, row) in block.iter().enumerate() {
        let with = subset_sums(&row.map(|covariance| covariance + covariance));
        let (without, more) = rows.split_at_mut(1 << i);
        for (more, without) in more.iter_mut().zip(without) {
            for ((more, without), with) in more.iter_mut().zip(without).zip(&with) {
                *more = *without + *with;
            }
        }
    }
}

/// The sums over all choices of some numbers.
#[inline(always)]
fn subset_sums(numbers: &[Each; GROUP]) -> [Each; CHOICES] {
    let mut sums = [Each::default(); CHOICES];
    for (i, number) in numbers.iter().enumerate() {
        let (without, with) = sums.split_at_mut(1 << i);
        for (with, without) in with.iter_mut().zip(without) {
            *with = *without + *number;
        }
    }
    sums
}

impl Divisions {
    fn new(half: usize, firsts: &[Vec<usize>]) -> Self {
        let groups = (2 * half).div_ceil(GROUP);
        let choice = |first: &Vec<usize>, group: usize| -> u8 {
            let own = first.iter().filter(|repeat| **repeat / GROUP == group);
            own.map(|repeat| 1 << (repeat % GROUP)).sum()
        };
        let of_group = |h: usize| firsts.iter().map(move |first| choice(first, h));
        let before = |h: usize| (0..h).map(move |g| (h, g));
        let of_pair =
            |(h, g): (usize, usize)| of_group(g).zip(of_group(h)).map(|(g, h)| g | h << GROUP);
        Self {
            count: firsts.len(),
            choices: (0..groups).flat_map(of_group).collect(),
            pairs: (0..groups).flat_map(before).flat_map(of_pair).collect(),
        }
    }

    /// The repeats of the first half of a division.
    fn first(&self, division: usize) -> Vec<usize> {
        let chosen = |(group, choices): (usize, &[u8])| {
            let choice = choices[division];
            let own = (0..GROUP).filter(move |place| choice >> place & 1 == 1);
            own.map(move |place| group * GROUP + place)
        };
        self.choices.chunks_exact(self.count).enumerate().flat_map(chosen).collect()
    }

    #[inline(always)]
    fn divide(&self, repeats: &mut Triangles) {
        repeats.total = repeats.add_up();
        self.sum_first_halves(repeats);
    }

    /// Group by group, so that the sums that are looked up stay close.
    #[inline(always)]
    fn sum_first_halves(&self, repeats: &mut Triangles) {
        let mut sums = std::mem::take(&mut repeats.sums);
        sums.clear();
        sums.resize(self.count, FirstHalf::default());
        let mut within: Within = Default::default();
        let mut between: Between = [Each::default(); CHOICES * CHOICES];
        let mut pairs = self.pairs.chunks_exact(self.count);
        for (h, choices) in self.choices.chunks_exact(self.count).enumerate() {
            let (own, first) = (repeats.block(h, h), GROUP * h);
            within_group(&own, &repeats.with_all[first..], &repeats.means[first..], &mut within);
            for (sum, choice) in sums.iter_mut().zip(choices) {
                let FirstHalf { variance, with_all, mean } = within[usize::from(*choice) % CHOICES];
                *sum = FirstHalf {
                    variance: sum.variance + variance,
                    with_all: sum.with_all + with_all,
                    mean: sum.mean + mean,
                };
            }
            for (g, pairs) in (0..h).zip(&mut pairs) {
                between_groups(&repeats.block(h, g), &mut between);
                let sums = sums.iter_mut().zip(pairs);
                sums.for_each(|(sum, pair)| sum.widen(between[usize::from(*pair)]));
            }
        }
        repeats.sums = sums;
    }
}

/// The sum over divisions of the correlation of both halves.
#[inline(always)]
fn correlation_sums(sums: &[FirstHalf], total: &Each) -> [f64; SIDE_BY_SIDE] {
    let mut correlations = [0.0; SIDE_BY_SIDE];
    for FirstHalf { variance: Each(variance), with_all: Each(with_all), .. } in sums {
        for neuron in 0..SIDE_BY_SIDE {
            let (variance, with_all) = (variance[neuron], with_all[neuron]);
            let of_second = total.0[neuron] - 2.0 * with_all + variance;
            let scale = (variance * of_second).sqrt();
            // A half that does not vary leaves rounding behind.
            let least = if variance < of_second { variance } else { of_second };
            let varies = least > ROUNDING * total.0[neuron].abs();
            correlations[neuron] += if varies { (with_all - variance) / scale } else { f64::NAN };
        }
    }
    correlations
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::scores::repeats::covariance::Repeats;
    use crate::stats::moments::{mean, ratio};

    /// Both halves' sums over the covariances of their repeats, one by one.
    fn clear_half_correlation(clip: &Repeats) -> f64 {
        let half = clip.covariance.nrows() / 2;
        let correlation = |first: Vec<usize>| {
            let second: Vec<usize> = (0..2 * half).filter(|r| !first.contains(r)).collect();
            let sum = |a: &[usize], b: &[usize]| -> f64 {
                a.iter().flat_map(|i| b.iter().map(|j| clip.covariance[(*i, *j)])).sum()
            };
            let scale = sum(&first, &first).sqrt() * sum(&second, &second).sqrt();
            ratio(sum(&first, &second), scale)
        };
        mean(&first_halves(half).into_iter().map(correlation).collect::<Vec<_>>())
    }

    #[test]
    fn sums_that_are_looked_up_give_the_correlation_of_all_divisions() {
        for repeats in 2..24 {
            let value = |r: usize, t: usize| ((t * t + 3 * r * t + 5 * r) % 13) as f32 + t as f32;
            let responses = Array2::from_shape_fn((repeats, 17), |(r, t)| value(r, t));
            let clip = Repeats::new(responses.view());
            let mut triangle = clip.triangle(2);
            SplitHalves::of(30).divide(&mut triangle);
            let got = triangle.correlations()[2];
            let want = clear_half_correlation(&clip);
            assert!((got - want).abs() < 1e-12, "{repeats} repeats: {got}, want {want}");
        }
    }

    #[test]
    fn a_half_that_never_varies_has_no_correlation() {
        let responses = Array2::from_shape_fn((4, 9), |(r, t)| if r < 2 { t as f32 } else { 0.1 });
        let clip = Repeats::new(responses.view());
        let mut triangle = clip.triangle(1);
        SplitHalves::of(4).divide(&mut triangle);
        assert!(triangle.correlations()[1].is_nan());
    }
}
