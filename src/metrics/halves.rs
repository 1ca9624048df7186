//! Divisions of repeats in two halves, and how well one half's mean follows the other's.
use std::collections::BTreeSet;

use rand::seq::index::sample;

use super::statistics::ROUNDING;
use crate::ops::real::vectorized;
use crate::rng;

/// Divisions into halves that are looked at: all of them up to 10 repeats, else so many drawn.
const SPLITS: usize = 126;

/// Largest half of which there are no more divisions than that.
const LARGEST_HALF: usize = 5;

/// Repeats whose sums are looked up at once.
const GROUP: usize = 4;
/// Choices among them.
const CHOICES: usize = 1 << GROUP;

/// Sums that are looked up for the choices from two groups.
type Between = [f64; CHOICES * CHOICES];
/// The variance of the sum over a choice from one group, and its covariance with all repeats.
type Within = [(f64, f64); CHOICES];

/// The divisions in two halves of every even number of repeats up to a largest one.
#[derive(Debug, Clone, Default)]
pub struct Halves(Vec<Divisions>); // by half the repeats

/// The divisions of one number of repeats.
#[derive(Debug, Clone)]
struct Divisions {
    groups: usize,
    /// `(divisions, groups)`: the repeats of the first half, a bit for each in its group.
    choices: Vec<u8>,
    /// `(divisions, pairs of groups)`: the choice from the earlier group, and that from the later
    /// one in the higher bits.
    pairs: Vec<u8>,
}

/// How an even number of repeats vary together, and what follows from it; used for one clip after
/// the other.
#[derive(Debug, Clone, Default)]
pub struct Triangle {
    repeats: usize,
    /// `(R, R)` in whole groups: variances on the diagonal, covariances left of it, 0 elsewhere.
    covariance: Vec<f64>,
    /// `(R)`: the covariance of each repeat with the sum over all.
    with_all: Vec<f64>,
    within: Vec<Within>,
    between: Vec<Between>,
    /// Of the first half of each division: its variance, and its covariance with all repeats.
    sums: Vec<(f64, f64)>,
    correlations: Vec<f64>,
}

impl Halves {
    /// Of up to `repeats` repeats.
    #[cfg(test)]
    pub(super) fn of(repeats: usize) -> Self {
        let mut halves = Self::default();
        halves.extend(repeats);
        halves
    }

    /// Also of up to `repeats` repeats.
    pub fn extend(&mut self, repeats: usize) {
        let new = self.0.len()..=repeats / 2;
        self.0.extend(new.map(|half| Divisions::new(half, &first_halves(half))));
    }

    /// The mean over divisions of the correlation between both halves' means; NaN without a
    /// division, or where a half does not vary.
    pub fn correlation(&self, repeats: &mut Triangle) -> f64 {
        match self.0.get(repeats.repeats / 2) {
            Some(divisions) if !divisions.choices.is_empty() => divisions.correlation(repeats),
            _ => f64::NAN,
        }
    }
}

impl Triangle {
    /// Takes `repeats` repeats; `row` gives the covariances of one with those before it, then its
    /// variance.
    pub fn read<I: Iterator<Item = f64>>(&mut self, repeats: usize, row: impl Fn(usize) -> I) {
        let length = repeats.next_multiple_of(GROUP);
        self.repeats = repeats;
        for (list, size) in [(&mut self.covariance, length * length), (&mut self.with_all, length)]
        {
            list.clear();
            list.resize(size, 0.0);
        }
        for (i, to) in self.covariance.chunks_exact_mut(length.max(1)).take(repeats).enumerate() {
            to[..=i].iter_mut().zip(row(i)).for_each(|(to, covariance)| *to = covariance);
            for (with_all, covariance) in self.with_all.iter_mut().zip(&to[..i]) {
                *with_all += covariance;
            }
            self.with_all[i] = to[..=i].iter().sum();
        }
    }

    /// Works out the sums for all choices from one group and from two.
    #[inline(always)]
    fn look_up(&mut self) {
        let groups = 0..self.with_all.len() / GROUP;
        let Self { covariance, with_all, within, between, .. } = self;
        let length = with_all.len();
        within.resize(groups.len(), [(0.0, 0.0); CHOICES]);
        between.resize(groups.len() * groups.len().saturating_sub(1) / 2, [0.0; CHOICES * CHOICES]);
        let block = |h: usize, g: usize| -> [[f64; GROUP]; GROUP] {
            let row = |i: usize| (GROUP * h + i) * length + GROUP * g;
            std::array::from_fn(|i| std::array::from_fn(|j| covariance[row(i) + j]))
        };
        let mut tables = between.iter_mut();
        for h in groups {
            let own = block(h, h);
            within_group(&own, &with_all[GROUP * h..], &mut within[h]);
            for (g, table) in (0..h).zip(&mut tables) {
                between_groups(&block(h, g), table);
            }
        }
    }
}

/// Fills in the sums over all choices of repeats that vary together as a triangle says.
fn within_group(triangle: &[[f64; GROUP]; GROUP], with_all: &[f64], sums: &mut Within) {
    for i in 0..GROUP {
        let with = subset_sums(&triangle[i]);
        let (without, more) = sums.split_at_mut(1 << i);
        for (choice, (more, without)) in more.iter_mut().zip(without).enumerate() {
            let variance = without.0 + 2.0 * with[choice] + triangle[i][i];
            *more = (variance, without.1 + with_all[i]);
        }
    }
}

/// Fills in twice the covariances of all choices of columns and, in the higher bits, of rows.
#[inline(always)]
fn between_groups(block: &[[f64; GROUP]; GROUP], sums: &mut Between) {
    let (rows, _) = sums.as_chunks_mut::<CHOICES>();
    rows[0] = [0.0; CHOICES];
    for (i, row) in block.iter().enumerate() {
        let with = subset_sums(&row.map(|covariance| 2.0 * covariance));
        let (without, more) = rows.split_at_mut(1 << i);
        for (more, without) in more.iter_mut().zip(without) {
            *more = *without;
            more.iter_mut().zip(&with).for_each(|(sum, with)| *sum += with);
        }
    }
}

/// The sums over all choices of some numbers.
#[inline(always)]
fn subset_sums(numbers: &[f64; GROUP]) -> [f64; CHOICES] {
    let mut sums = [0.0; CHOICES];
    for (i, number) in numbers.iter().enumerate() {
        let (without, with) = sums.split_at_mut(1 << i);
        with.iter_mut().zip(without).for_each(|(with, without)| *with = *without + number);
    }
    sums
}

impl Divisions {
    fn new(half: usize, firsts: &[Vec<usize>]) -> Self {
        let groups = (2 * half).div_ceil(GROUP);
        let mut choices = vec![0; firsts.len() * groups];
        let mut pairs = Vec::new();
        for (choices, first) in choices.chunks_exact_mut(groups.max(1)).zip(firsts) {
            for repeat in first {
                choices[repeat / GROUP] |= 1 << (repeat % GROUP);
            }
            for (h, later) in choices.iter().enumerate() {
                pairs.extend(choices[..h].iter().map(|earlier: &u8| earlier | later << GROUP));
            }
        }
        Self { groups, choices, pairs }
    }

    fn correlation(&self, repeats: &mut Triangle) -> f64 {
        vectorized(
            #[inline(always)]
            || repeats.look_up(),
        );
        let Triangle { with_all, within, between, sums, correlations, .. } = repeats;
        let total: f64 = with_all.iter().sum();
        sums.clear();
        sums.extend((self.choices.chunks_exact(self.groups)).map(|choices| {
            let of_groups = choices.iter().zip(&*within);
            of_groups.fold((0.0, 0.0), |(variance, covariance), (choice, sums)| {
                let sum = sums[usize::from(*choice) % CHOICES];
                (variance + sum.0, covariance + sum.1)
            })
        }));
        let pairs = self.pairs.chunks_exact(between.len().max(1));
        for ((variance, _), pairs) in sums.iter_mut().zip(pairs) {
            let covariances =
                pairs.iter().zip(&*between).map(|(pair, sums)| sums[usize::from(*pair)]);
            *variance += covariances.sum::<f64>();
        }
        correlations.resize(sums.len(), 0.0);
        vectorized(
            #[inline(always)]
            || correlate(sums, total, correlations),
        );
        correlations.iter().sum::<f64>() / sums.len() as f64
    }
}

/// The correlation of both halves of each division.
#[inline(always)]
fn correlate(sums: &[(f64, f64)], total: f64, correlations: &mut [f64]) {
    for ((variance, with_all), correlation) in sums.iter().zip(correlations) {
        let of_second = total - 2.0 * with_all + variance;
        let scale = (variance * of_second).sqrt();
        // A half that does not vary leaves rounding behind.
        let least = if *variance < of_second { *variance } else { of_second };
        let varies = least > ROUNDING * total.abs();
        *correlation = if varies { (with_all - variance) / scale } else { f64::NAN };
    }
}

/// The first halves of the divisions of `2 half` repeats that are looked at, in lexicographic order.
pub(super) fn first_halves(half: usize) -> Vec<Vec<usize>> {
    if half <= LARGEST_HALF { all_first_halves(half).collect() } else { drawn_halves(half) }
}

/// All that hold repeat 0.
fn all_first_halves(half: usize) -> impl Iterator<Item = Vec<usize>> {
    let start: Option<Vec<usize>> = (half > 0).then(|| (0..half).collect());
    std::iter::successors(start, move |set| next_combination(set, 2 * half))
        .take_while(|set| set.first() == Some(&0))
}

/// As many different ones as are looked at, the same every time.
fn drawn_halves(half: usize) -> Vec<Vec<usize>> {
    let mut generator = rng::generator(0, &format!("divisions of {} repeats", 2 * half));
    let mut drawn = BTreeSet::new();
    while drawn.len() < SPLITS {
        let others = sample(&mut generator, 2 * half - 1, half - 1).into_iter().map(|r| r + 1);
        let mut first: Vec<usize> = std::iter::once(0).chain(others).collect();
        first.sort_unstable();
        drawn.insert(first);
    }
    drawn.into_iter().collect()
}

/// The combination of as many numbers below `n` that follows in lexicographic order.
fn next_combination(set: &[usize], n: usize) -> Option<Vec<usize>> {
    let size = set.len();
    // The last place that can still grow with all after it fitting below n.
    let place = (0..size).rev().find(|place| set[*place] + size - place < n)?;
    let grown = set[place] + 1..;
    Some(set[..place].iter().copied().chain(grown.take(size - place)).collect())
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::super::repeats::Repeats;
    use super::super::statistics::{mean, ratio};
    use super::*;

    #[test]
    fn every_division_of_six_repeats_comes_once_in_lexicographic_order() {
        let halves: Vec<Vec<usize>> = all_first_halves(3).collect();
        assert_eq!(halves.len(), 10);
        assert!(halves.is_sorted());
        assert_eq!(halves.first(), Some(&vec![0, 1, 2]));
        assert_eq!(halves.last(), Some(&vec![0, 4, 5]));
    }

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
            let got = Halves::of(30).correlation(&mut clip.triangle());
            let want = clear_half_correlation(&clip);
            assert!((got - want).abs() < 1e-12, "{repeats} repeats: {got}, want {want}");
        }
    }

    #[test]
    fn a_half_that_never_varies_has_no_correlation() {
        let responses = Array2::from_shape_fn((4, 9), |(r, t)| if r < 2 { t as f32 } else { 0.1 });
        let clip = Repeats::new(responses.view());
        assert!(Halves::of(4).correlation(&mut clip.triangle()).is_nan());
    }

    #[test]
    fn ten_repeats_are_divided_in_all_ways_and_twenty_in_no_more() {
        for (half, count) in [(0, 0), (3, 10), (5, 126), (6, 126), (10, 126)] {
            let divisions = first_halves(half);
            assert_eq!(divisions.len(), count);
            assert!(divisions.is_sorted_by(|a, b| a < b), "{half}");
            assert!(divisions.iter().all(|first| first.len() == half && first[0] == 0));
        }
        let often = first_halves(10).iter().filter(|first| first.contains(&19)).count();
        // 126 · 9/19 = 60, give or take 6.
        assert!((42..=78).contains(&often), "{often}");
    }
}
