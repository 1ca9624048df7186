//! How large a correlation comes out by chance: predictions against responses to something else.
use std::collections::BTreeMap;

use ndarray::Array2;
use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use realfft::RealFftPlanner;
use realfft::num_complex::Complex;

use super::comparison::{ClipSeries, Comparison, CorrelationSums};
use crate::base::rng;

/// Least by which two shifts of the same responses differ.
pub const LEAST_SHIFT_MS: f64 = 1000.0;
/// Fewest arrangements of the responses: with fewer, no p-value falls below 0.05.
const FEWEST_ARRANGEMENTS: f64 = 20.0;

/// Differences of a correlation that are rounding.
const TIE: f64 = 1e-9;

/// How responses come to lie over predictions that are not theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Null {
    /// The responses to each clip shifted in a circle, in steps of a second at least.
    Shifts,
    /// The responses to clips of the same length exchanged.
    Exchanges,
    /// Neither is possible.
    None,
}

impl Null {
    /// What was permuted, as results name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Shifts => "circular shifts",
            Self::Exchanges => "exchanged clips",
            Self::None => "none",
        }
    }
}

/// What is permuted, how often, and from which seed.
#[derive(Debug, Clone, Copy)]
pub struct Permutations {
    /// How often responses are permuted.
    pub count: usize,
    /// Seed of the random numbers.
    pub seed: u64,
    /// Least step between shifts, in bins.
    pub least_step: usize,
}

impl Permutations {
    /// The probability that a prediction which has nothing to do with the responses reaches their
    /// `cc`, and what was permuted, by random numbers for the neuron called `id`; NaN where neither
    /// is possible or the correlation is undefined.
    ///
    /// `(1 + permutations that reach it) / (1 + permutations)`: never 0.
    ///
    /// Source: Phipson & Smyth (2010), doi:10.2202/1544-6115.1585.
    pub fn p(&self, id: &str, comparison: &Comparison) -> (f64, Null) {
        let clips = comparison.clip_series();
        let null = self.null(&clips);
        let tables = match null {
            Null::Shifts => self.shifts(&clips),
            Null::Exchanges => exchanges(&clips),
            Null::None => return (f64::NAN, null),
        };
        let reached = comparison.sums_of_clips().0.into_iter().sum::<CorrelationSums>().cc();
        let mut generator = rng::generator(self.seed, &format!("{} for {id}", null.name()));
        // The arrangement as recorded comes out of the tables with another rounding.
        let enough = reached - TIE;
        let as_good = |_: &usize| tables.draw(&mut generator).cc() >= enough;
        let count = (0..self.count).filter(as_good).count();
        let p = (1 + count) as f64 / (1 + self.count) as f64;
        (if reached.is_nan() { f64::NAN } else { p }, null)
    }

    fn null(&self, clips: &[ClipSeries]) -> Null {
        let shifts = |clip: &ClipSeries| self.shifts_of(clip.used.len()).len() as f64;
        let shifted: f64 = clips.iter().map(shifts).product();
        let exchanged: f64 = groups(clips).values().map(|group| factorial(group.len())).product();
        match clips {
            [] => Null::None,
            _ if shifted >= FEWEST_ARRANGEMENTS => Null::Shifts,
            _ if exchanged >= FEWEST_ARRANGEMENTS => Null::Exchanges,
            _ => Null::None,
        }
    }

    /// The shifts of a clip: as many equal steps round the circle as a second and more allow, none
    /// included. Shifts of shifts are shifts again: the responses as recorded are one of equally
    /// likely arrangements, and few arrangements make the test coarse, not wrong. Shifts anywhere
    /// beyond a second are no such group, and give p-values that are too small.
    fn shifts_of(&self, bins: usize) -> Vec<usize> {
        let steps = (bins / self.least_step).max(1);
        (0..steps).map(|step| step * bins / steps).collect()
    }

    /// Every shift of every clip.
    fn shifts(&self, clips: &[ClipSeries]) -> Tables {
        let mut planner = RealFftPlanner::new();
        let of_clip = |clip: &ClipSeries| {
            let all = shifted(&mut planner, clip);
            self.shifts_of(clip.used.len()).into_iter().map(|shift| all[shift]).collect()
        };
        Tables::Shifts(clips.iter().map(of_clip).collect())
    }
}

/// Sums for every way in which the responses to a clip may lie.
enum Tables {
    /// For each clip by shift.
    Shifts(Vec<Vec<CorrelationSums>>),
    /// For each group of clips of the same length: prediction of one with responses of another.
    Exchanges(Vec<Vec<Vec<CorrelationSums>>>),
}

impl Tables {
    fn draw(&self, generator: &mut ChaCha8Rng) -> CorrelationSums {
        match self {
            Self::Shifts(clips) => {
                clips.iter().map(|shifts| shifts[generator.random_range(0..shifts.len())]).sum()
            }
            Self::Exchanges(groups) => {
                let mut of_group = |group: &Vec<Vec<CorrelationSums>>| -> CorrelationSums {
                    let mut order: Vec<usize> = (0..group.len()).collect();
                    order.shuffle(generator);
                    group.iter().zip(order).map(|(row, other)| row[other]).sum()
                };
                groups.iter().map(&mut of_group).sum()
            }
        }
    }
}

fn exchanges(clips: &[ClipSeries]) -> Tables {
    Tables::Exchanges(groups(clips).values().map(|group| exchanged(group)).collect())
}

/// Sums of each clip's prediction with each clip's responses, at the bins that both have.
fn exchanged(group: &[&ClipSeries]) -> Vec<Vec<CorrelationSums>> {
    let bins = group.first().map_or(0, |clip| clip.used.len());
    let matrix = |of: fn(&ClipSeries, usize) -> f64| {
        Array2::from_shape_fn((group.len(), bins), |(clip, t)| of(group[clip], t))
    };
    let used = matrix(|clip, t| f64::from(u8::from(clip.used[t])));
    let (p, y) = (matrix(|clip, t| clip.prediction[t]), matrix(|clip, t| clip.psth[t]));
    let (squares_of_p, squares_of_y) = (&p * &p, &y * &y);
    let n = used.dot(&used.t());
    let (of_p, of_pp) = (p.dot(&used.t()), squares_of_p.dot(&used.t()));
    let (of_y, of_yy) = (used.dot(&y.t()), used.dot(&squares_of_y.t()));
    let of_py = p.dot(&y.t());
    let sums = |at: (usize, usize)| CorrelationSums {
        n: n[at],
        p: of_p[at],
        y: of_y[at],
        pp: of_pp[at],
        yy: of_yy[at],
        py: of_py[at],
        noise: 0.0,
    };
    let row = |clip: usize| (0..group.len()).map(|other| sums((clip, other))).collect();
    (0..group.len()).map(row).collect()
}

/// Clips by their length.
fn groups(clips: &[ClipSeries]) -> BTreeMap<usize, Vec<&ClipSeries>> {
    let mut groups: BTreeMap<usize, Vec<&ClipSeries>> = BTreeMap::new();
    for clip in clips {
        groups.entry(clip.used.len()).or_default().push(clip);
    }
    groups
}

fn factorial(n: usize) -> f64 {
    (1..=n).map(|k| k as f64).product()
}

/// Sums of a clip's prediction with its responses shifted by 0, 1, 2, … bins, at the bins that
/// both have, by the convolution theorem.
fn shifted(planner: &mut RealFftPlanner<f64>, clip: &ClipSeries) -> Vec<CorrelationSums> {
    let bins = clip.used.len();
    let (forward, backward) = (planner.plan_fft_forward(bins), planner.plan_fft_inverse(bins));
    // Lengths are the plans' own: they do not fail.
    let spectrum = |mut series: Vec<f64>| {
        let mut lines = forward.make_output_vec();
        forward.process(&mut series, &mut lines).map_or_else(|_| Vec::new(), |()| lines)
    };
    let product = |fixed: &[Complex<f64>], shifted: &[Complex<f64>]| {
        let pairs = fixed.iter().zip(shifted);
        let mut lines: Vec<Complex<f64>> = pairs.map(|(a, b)| a * b.conj() / bins as f64).collect();
        let mut series = backward.make_output_vec();
        backward.process(&mut lines, &mut series).map_or_else(|_| Vec::new(), |()| series)
    };
    let squares = |series: &[f64]| spectrum(series.iter().map(|x| x * x).collect());
    let used = spectrum(clip.used.iter().map(|used| f64::from(u8::from(*used))).collect());
    let (p, y) = (spectrum(clip.prediction.clone()), spectrum(clip.psth.clone()));
    let (pp, yy) = (squares(&clip.prediction), squares(&clip.psth));
    let (n, py) = (product(&used, &used), product(&p, &y));
    let (of_p, of_pp) = (product(&p, &used), product(&pp, &used));
    let (of_y, of_yy) = (product(&used, &y), product(&used, &yy));
    let sums = |k: usize| CorrelationSums {
        n: n[k],
        p: of_p[k],
        y: of_y[k],
        pp: of_pp[k],
        yy: of_yy[k],
        py: py[k],
        noise: 0.0,
    };
    (0..bins).map(sums).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a clip with its responses shifted, bin by bin.
    fn clear_shifted(clip: &ClipSeries, shift: usize) -> CorrelationSums {
        let bins = clip.used.len();
        let from = |t: usize| (t + bins - shift) % bins;
        let both = (0..bins).filter(|t| clip.used[*t] && clip.used[from(*t)]);
        both.map(|t| CorrelationSums::bin(clip.prediction[t], clip.psth[from(t)])).sum()
    }

    #[test]
    fn shifts_by_the_convolution_theorem_are_those_taken_bin_by_bin() {
        for bins in [1, 11, 12] {
            let used: Vec<bool> = (0..bins).map(|t| t % 5 != 2).collect();
            let value = |t: usize, y: f64| if used[t] { y } else { 0.0 };
            let prediction = (0..bins).map(|t| value(t, (t * 3 % 8) as f64 * 0.5)).collect();
            let psth = (0..bins).map(|t| value(t, (t * t % 7) as f64 - 3.0)).collect();
            let clip = ClipSeries { prediction, psth, used: used.clone() };
            for (shift, got) in shifted(&mut RealFftPlanner::new(), &clip).iter().enumerate() {
                let want = clear_shifted(&clip, shift);
                let off = [got.n - want.n, got.p - want.p, got.y - want.y, got.pp - want.pp];
                let off = off.into_iter().chain([got.yy - want.yy, got.py - want.py]);
                assert!(off.fold(0.0, |a: f64, b| a.max(b.abs())) < 1e-10, "{bins}, {shift}");
            }
        }
    }
}
