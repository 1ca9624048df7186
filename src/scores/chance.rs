//! How large a correlation comes out by chance: predictions against responses moved against them.
use std::collections::BTreeSet;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use realfft::RealFftPlanner;
use realfft::num_complex::Complex;

use super::comparison::{ClipSeries, Comparison, CorrelationSums};
use crate::base::rng;

/// Fewest arrangements of the responses: with fewer, no p-value is 0.05 or below.
pub const FEWEST_ARRANGEMENTS: usize = 20;

/// The share of a clip at each of its ends that a line is laid through.
const END: usize = 20;

/// Differences of a correlation that are rounding.
const TIE: f64 = 1e-9;

/// Which arrangements of the responses to a neuron's clips were looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrangements {
    /// As many as were asked for, all of them different.
    Drawn,
    /// Every one: there are no more than were asked for.
    All,
    /// None, for there are fewer than [`FEWEST_ARRANGEMENTS`].
    TooFew,
}

/// How often responses are permuted, and from which seed.
#[derive(Debug, Clone, Copy)]
pub struct Permutations {
    /// How often responses are permuted.
    pub count: usize,
    /// Seed of the random numbers.
    pub seed: u64,
}

impl Permutations {
    /// The probability that a prediction which has nothing to do with the responses reaches their
    /// correlation, by random numbers for the neuron called `id`; NaN where the responses have too
    /// few arrangements or the correlation is undefined.
    ///
    /// The responses to each clip are shifted in a circle by any number of bins, each clip by its
    /// own. These arrangements are a group that holds the responses as recorded: shifts of shifts
    /// are shifts again. So the recorded ones are one of equally likely arrangements, and
    /// `(1 + drawn that reach them) / (1 + drawn)` is right for any number of them, where those that
    /// are drawn differ from each other and from the recorded ones. Where no more arrangements exist
    /// than are asked for, all are gone through: `those that reach it / all`.
    ///
    /// A circle has no ends: before it is closed, prediction and PSTH of each clip lose the line
    /// through the means of their first and their last twentieth. Without that a drift, or noise
    /// that is slow for the clip, has a step where the ends meet, which makes recorded responses
    /// differ from shifted ones.
    ///
    /// Source: Phipson & Smyth (2010), doi:10.2202/1544-6115.1585.
    pub fn p(&self, id: &str, comparison: &Comparison) -> (f64, Arrangements) {
        let clips: Vec<ClipSeries> =
            comparison.clip_series().into_iter().map(ClipSeries::without_line).collect();
        let shifts: Vec<usize> = clips.iter().map(|clip| clip.used.len()).collect();
        let all = shifts.iter().try_fold(1_usize, |all, shifts| all.checked_mul(*shifts));
        let all = if clips.is_empty() { 0 } else { all.unwrap_or(usize::MAX) };
        if all < FEWEST_ARRANGEMENTS {
            return (f64::NAN, Arrangements::TooFew);
        }
        let mut planner = RealFftPlanner::new();
        let tables: Vec<Vec<CorrelationSums>> =
            clips.iter().map(|clip| shifted(&mut planner, clip)).collect();
        let cc = |arrangement: &[usize]| -> f64 {
            let of_clips = tables.iter().zip(arrangement).map(|(table, shift)| table[*shift]);
            of_clips.sum::<CorrelationSums>().cc()
        };
        let recorded = cc(&vec![0; shifts.len()]);
        let reaches = |arrangement: &[usize]| cc(arrangement) >= recorded - TIE;
        let (p, arrangements) = if all - 1 <= self.count {
            let reached = (0..all).filter(|place| reaches(&arrangement(*place, &shifts))).count();
            (reached as f64 / all as f64, Arrangements::All)
        } else {
            let mut generator = rng::generator(self.seed, &format!("circular shifts for {id}"));
            let drawn = draw(self.count, &shifts, &mut generator);
            let reached = drawn.iter().filter(|arrangement| reaches(arrangement)).count();
            ((1 + reached) as f64 / (1 + drawn.len()) as f64, Arrangements::Drawn)
        };
        (if recorded.is_nan() { f64::NAN } else { p }, arrangements)
    }
}

/// The shift of each clip in the arrangement at a place among all; none at place 0.
fn arrangement(mut place: usize, shifts: &[usize]) -> Vec<usize> {
    let of_clip = |shifts: &usize| {
        let shift = place % shifts;
        place /= shifts;
        shift
    };
    shifts.iter().map(of_clip).collect()
}

/// So many different arrangements, of which none shifts nothing; there are more than that.
fn draw(count: usize, shifts: &[usize], generator: &mut ChaCha8Rng) -> BTreeSet<Vec<usize>> {
    let mut drawn = BTreeSet::new();
    while drawn.len() < count {
        let arrangement: Vec<usize> =
            shifts.iter().map(|shifts| generator.random_range(0..*shifts)).collect();
        if arrangement.iter().any(|shift| *shift > 0) {
            drawn.insert(arrangement);
        }
    }
    drawn
}

impl ClipSeries {
    /// Both series less the line through the means of their first and last twentieth.
    fn without_line(self) -> Self {
        let Self { prediction, psth, used } = self;
        let prediction = without_line(prediction, &used);
        Self { prediction, psth: without_line(psth, &used), used }
    }
}

/// A series less the line through the means of its ends at the used bins, 0 at any other.
fn without_line(series: Vec<f64>, used: &[bool]) -> Vec<f64> {
    let bins = series.len();
    let end = (bins / END).max(1);
    // The first and the last bin of a clip are used.
    let middle = |bins: std::ops::Range<usize>| {
        let used = bins.filter(|t| used[*t]);
        let (n, t, y) = used
            .fold((0.0, 0.0, 0.0), |(n, time, sum), t| (n + 1.0, time + t as f64, sum + series[t]));
        (t / n, y / n)
    };
    let ((start, first), (stop, last)) = (middle(0..end), middle(bins - end..bins));
    let slope = if stop > start { (last - first) / (stop - start) } else { 0.0 };
    let line = |t: usize| first + slope * (t as f64 - start);
    let value = |t: usize| if used[t] { series[t] - line(t) } else { 0.0 };
    (0..bins).map(value).collect()
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

    #[test]
    fn arrangements_are_gone_through_once_each_and_begin_with_the_recorded_one() {
        let all: Vec<Vec<usize>> = (0..24).map(|place| arrangement(place, &[4, 1, 6])).collect();
        assert_eq!((&all[0][..], &all[23][..]), (&[0, 0, 0][..], &[3, 0, 5][..]));
        let different: BTreeSet<&Vec<usize>> = all.iter().collect();
        assert_eq!(different.len(), 24);
    }

    #[test]
    fn drawn_arrangements_differ_and_move_something() {
        let drawn = draw(22, &[4, 6], &mut rng::generator(0, "drawn"));
        assert_eq!(drawn.len(), 22, "of 23 that move something");
        assert!(!drawn.contains(&vec![0, 0]));
        assert!(drawn.iter().all(|shifts| shifts[0] < 4 && shifts[1] < 6));
    }

    #[test]
    fn a_line_through_both_ends_is_taken_from_the_used_bins() {
        // 40 bins: ends of two. On the line 3 + t / 2 but at bin 20, which stays; bin 10 is missing.
        let used: Vec<bool> = (0..40).map(|t| t != 10).collect();
        let line = |t: usize| 3.0 + t as f64 / 2.0;
        let series = (0..40).map(|t| if t == 10 { 0.0 } else { line(t) });
        let mut series: Vec<f64> = series.collect();
        series[20] += 7.0;
        let left = without_line(series, &used);
        for (t, left) in left.iter().enumerate() {
            let want = if t == 20 { 7.0 } else { 0.0 };
            assert!((left - want).abs() < 1e-12, "{t}: {left}");
        }
        assert_eq!(without_line(vec![5.0], &[true]), [0.0]);
    }

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
