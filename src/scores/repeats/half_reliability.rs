//! How well the mean over one half of the repeats follows that over the other: in each clip, and
//! over the bins of all clips in a row.
use ndarray::{ArrayView1, ArrayView2};

use super::covariance::{AverageByBins, Repeats};
use super::split_halves::SplitHalves;
use crate::stats::moments::PairMoments;

/// What is known of both halves of the repeats of the clips so far; holds no repeats.
#[derive(Debug, Clone, Default)]
pub struct HalfReliability {
    /// Ceilings of single clips.
    per_clip: AverageByBins,
    /// Of each division, for clips with as many divisions.
    divisions: Vec<Vec<PairMoments>>,
    noise: NoiseOfHalves,
}

/// Sums over bins of the variance of noise.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoiseOfHalves {
    /// Bins with two repeats or more.
    bins: f64,
    /// Of the mean over all repeats.
    all: f64,
    /// Bins at which both halves have a repeat.
    divided: f64,
    /// Of the mean over the first half, the smaller one of an odd number of repeats.
    first: f64,
    /// Of the mean over the second half.
    second: f64,
}

impl NoiseOfHalves {
    /// Of a clip of which every bin has so many repeats; `all` is of the mean over them.
    pub fn of_repeats(repeats: usize, bins: usize, all: f64) -> Self {
        let of_half = |half: usize| all * repeats as f64 / half as f64;
        let bins = bins as f64;
        Self {
            bins,
            all,
            divided: bins,
            first: of_half(repeats / 2),
            second: of_half(repeats.div_ceil(2)),
        }
    }

    fn add(&mut self, more: Self) {
        self.bins += more.bins;
        self.all += more.all;
        self.divided += more.divided;
        self.first += more.first;
        self.second += more.second;
    }
}

impl HalfReliability {
    /// Takes the mean correlation of both halves of one more clip, the last of an odd number of
    /// repeats left out; NaN leaves the clip out, as one does that is not above 0.
    pub fn add_correlation(&mut self, bins: usize, rho: f64) {
        let ceiling = if rho > 0.0 { (2.0 * rho / (1.0 + rho)).sqrt() } else { f64::NAN };
        self.per_clip.add(bins, ceiling);
    }

    /// Takes both halves' means of one more clip in each division.
    pub fn add_moments(
        &mut self,
        moments: impl ExactSizeIterator<Item = PairMoments>,
        noise: NoiseOfHalves,
    ) {
        let count = moments.len();
        if count == 0 {
            return;
        }
        self.noise.add(noise);
        let place = self.divisions.partition_point(|known| known.len() < count);
        if self.divisions.get(place).is_none_or(|known| known.len() != count) {
            self.divisions.insert(place, vec![PairMoments::default(); count]);
        }
        self.divisions[place].iter_mut().zip(moments).for_each(|(known, more)| known.add(&more));
    }

    /// Takes one more clip with any gaps; `halves` has the divisions of as many repeats or more.
    pub fn add_any(&mut self, responses: ArrayView2<f32>, repeats: &Repeats, halves: &SplitHalves) {
        let mut triangles = repeats.triangle(0);
        halves.divide(&mut triangles);
        self.add_correlation(repeats.bins, triangles.correlations()[0]);
        let recorded: Vec<ArrayView1<f32>> = responses
            .rows()
            .into_iter()
            .filter(|repeat| repeat.iter().any(|y| !y.is_nan()))
            .collect();
        if recorded.len() < 2 {
            return;
        }
        let gaps = Gaps::new(&recorded);
        let empty = recorded.len() % 2;
        let divisions = halves.first_halves(recorded.len() + empty);
        let (mut moments, mut noise) = (Vec::new(), NoiseOfHalves::default());
        for places in divisions {
            let first = places.into_iter().filter_map(|place| place.checked_sub(empty));
            moments.push(gaps.divided(first, &mut noise));
        }
        let count = moments.len() as f64;
        let (bins, all) = gaps.noise();
        let NoiseOfHalves { divided, first, second, .. } = noise;
        let [divided, first, second] = [divided, first, second].map(|sum| sum / count);
        let noise = NoiseOfHalves { bins, all, divided, first, second };
        self.add_moments(moments.into_iter(), noise);
    }

    /// The mean over clips of the best correlation that noise allows in each, as
    /// [`crate::scores::rows::split_half::cc_max_perclip`] has it.
    pub fn cc_max_per_clip(&self) -> f64 {
        self.per_clip.mean()
    }

    /// The square of the best correlation that noise allows over all clips in a row, as
    /// [`crate::scores::rows::split_half::cc_norm_hsu`] has it; NaN where the halves' correlation is
    /// not above 0, or not defined.
    pub fn cc_max_squared(&self) -> f64 {
        let count = self.divisions.last().map_or(0, Vec::len);
        let correlation = |division: usize| {
            let mut all = PairMoments::default();
            for known in &self.divisions {
                all.add(&known[division % known.len()]);
            }
            all.correlation()
        };
        let rho = (0..count).map(correlation).sum::<f64>() / count as f64;
        if rho > 0.0 { self.noise.stepped_up(rho.min(1.0)) } else { f64::NAN }
    }
}

impl NoiseOfHalves {
    /// The share of signal in the mean over all repeats, where both halves correlate by `rho`:
    /// `1 / (1 + x)`, with `x` the noise in that mean over the signal, from
    /// `(1 + αx)(1 + βx) = 1 / rho²`, with `α`, `β` how much more noise there is in the halves.
    /// With halves of equal size `α = β = 2`, and this is `2ρ / (1 + ρ)`.
    ///
    /// Source: Horst (1951), Educational and Psychological Measurement 11:368-371, for halves of
    /// unequal size.
    fn stepped_up(self, rho: f64) -> f64 {
        let all = self.all / self.bins;
        let (a, b) = if all > 0.0 {
            (self.first / self.divided / all, self.second / self.divided / all)
        } else {
            (2.0, 2.0)
        };
        let excess = rho.powi(-2) - 1.0;
        let x = 2.0 * excess / (a + b + ((a + b).powi(2) + 4.0 * a * b * excess).sqrt());
        1.0 / (1.0 + x)
    }
}

/// Repeats with gaps, and how they vary at each bin.
struct Gaps {
    /// Of each repeat, at each bin: its response, 0 where there is none, and how many there are.
    repeats: Vec<Vec<(f64, f64)>>,
    /// The same summed over repeats.
    all: Vec<(f64, f64)>,
    /// The variance over repeats; NaN with fewer than two.
    variance: Vec<f64>,
}

impl Gaps {
    fn new(repeats: &[ArrayView1<f32>]) -> Self {
        let counted = |y: &f32| if y.is_nan() { (0.0, 0.0) } else { (f64::from(*y), 1.0) };
        let repeats: Vec<Vec<(f64, f64)>> =
            repeats.iter().map(|repeat| repeat.iter().map(counted).collect()).collect();
        let all = summed(repeats.iter());
        let mut variance = vec![0.0; all.len()];
        for repeat in &repeats {
            for ((variance, (y, n)), (sum, count)) in variance.iter_mut().zip(repeat).zip(&all) {
                *variance += n * (y - sum / count).powi(2);
            }
        }
        variance.iter_mut().zip(&all).for_each(|(squares, (_, count))| *squares /= count - 1.0);
        Self { repeats, all, variance }
    }

    /// The bins with two repeats or more, and the sum over them of the variance of the noise in the
    /// mean.
    fn noise(&self) -> (f64, f64) {
        let repeated = self.all.iter().zip(&self.variance).filter(|((_, count), _)| *count >= 2.0);
        repeated.fold((0.0, 0.0), |(bins, sum), ((_, count), variance)| {
            (bins + 1.0, sum + variance / count)
        })
    }

    /// How both halves' means vary over the bins that both have, and adds their noise.
    fn divided(
        &self,
        first: impl Iterator<Item = usize>,
        noise: &mut NoiseOfHalves,
    ) -> PairMoments {
        let first = summed(first.map(|place| &self.repeats[place]));
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for (((sum, n), (of_all, all)), variance) in first.iter().zip(&self.all).zip(&self.variance)
        {
            let others = all - n;
            if *n < 1.0 || others < 1.0 {
                continue;
            }
            x.push(sum / n);
            y.push((of_all - sum) / others);
            noise.divided += 1.0;
            noise.first += variance / n;
            noise.second += variance / others;
        }
        PairMoments::of(&x, &y)
    }
}

/// Sums over repeats, bin by bin.
fn summed<'a>(repeats: impl Iterator<Item = &'a Vec<(f64, f64)>>) -> Vec<(f64, f64)> {
    let mut sums: Vec<(f64, f64)> = Vec::new();
    for repeat in repeats {
        sums.resize(repeat.len(), (0.0, 0.0));
        for ((sum, count), (y, n)) in sums.iter_mut().zip(repeat) {
            *sum += y;
            *count += n;
        }
    }
    sums
}
