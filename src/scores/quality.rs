//! How good the recording of a neuron is, whatever model may be fitted to it.
use ndarray::{ArrayView2, ArrayView3};
use rayon::prelude::*;
use serde::Serialize;

use super::complete::{Complete, half_correlations};
use super::halves::{Halves, SIDE_BY_SIDE, Triangles};
use super::reliability::{OfClip, Reliability};
use super::repeats::Repeats;
use super::target::recorded_repeats;
use crate::simd::lanes::LANES;
use crate::simd::real::vectorized;

/// How good the recording of one neuron is; NaN where a number is not defined.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Quality {
    /// The largest number of repeats that a stimulus has recorded.
    pub repeats: usize,
    /// Bins with at least one recorded repeat.
    pub bins: usize,
    /// Mean response per bin.
    pub mean: f64,
    /// Mean rate in spikes per second: the mean over the width of a bin. Defined where all
    /// responses of the recording are counts.
    pub rate_hz: f64,
    /// [`super::power::signal_power`]: variance over time that repeats share, in squared units of
    /// the response.
    pub signal_power: f64,
    /// [`super::power::noise_power`]: the rest of a single repeat's variance over time.
    pub noise_power: f64,
    /// [`super::power::snr`]: signal power over noise power.
    pub snr: f64,
    /// [`super::split_half::cc_max`]: the best correlation with the PSTH that noise allows.
    pub cc_max: f64,
    /// [`super::trial_to_trial::ttrc`]: the mean correlation of two repeats.
    pub reliability: f64,
}

/// One number of a [`Quality`]: a column of tables, and what a run file selects by.
#[derive(Debug)]
pub struct Measure {
    /// As written.
    pub name: &'static str,
    /// Whether it counts something, and is a whole number.
    pub counts: bool,
    /// The number of one neuron.
    pub of: fn(&Quality) -> f64,
}

/// The measures in the order of their columns.
pub static MEASURES: &[Measure] = &[
    Measure { name: "repeats", counts: true, of: |q| q.repeats as f64 },
    Measure { name: "bins", counts: true, of: |q| q.bins as f64 },
    Measure { name: "mean", counts: false, of: |q| q.mean },
    Measure { name: "rate_hz", counts: false, of: |q| q.rate_hz },
    Measure { name: "signal_power", counts: false, of: |q| q.signal_power },
    Measure { name: "noise_power", counts: false, of: |q| q.noise_power },
    Measure { name: "snr", counts: false, of: |q| q.snr },
    Measure { name: "cc_max", counts: false, of: |q| q.cc_max },
    Measure { name: "reliability", counts: false, of: |q| q.reliability },
];

/// The measure called `name`.
pub fn measure(name: &str) -> Option<&'static Measure> {
    MEASURES.iter().find(|measure| measure.name == name)
}

/// Names of the measures, in the table's order.
pub fn names() -> Vec<&'static str> {
    MEASURES.iter().map(|measure| measure.name).collect()
}

/// The qualities of a population, taken one clip after the other; no single repeats are kept.
#[derive(Debug)]
pub struct Survey {
    neurons: Vec<Seen>,
    halves: Halves,
}

/// The values of some responses.
#[derive(Debug, Clone, Copy)]
pub struct Values {
    /// How many there are, recorded or not.
    pub all: usize,
    /// How many were recorded.
    pub recorded: usize,
    /// The lowest; NaN of nothing.
    pub lowest: f32,
    /// The highest; NaN of nothing.
    pub highest: f32,
    /// Whether all are whole numbers.
    pub whole: bool,
    /// Of those recorded.
    pub sum: f64,
}

/// What was seen of one neuron so far.
#[derive(Debug, Clone, Default)]
struct Seen {
    values: Values,
    repeats: usize,
    bins: usize,
    reliability: Reliability,
}

impl Survey {
    /// No clips yet.
    pub fn new(neurons: usize) -> Self {
        Self { neurons: vec![Seen::default(); neurons], halves: Halves::default() }
    }

    /// Takes the responses `(N, R, T)` to one more clip, NaN = not recorded, and says what values
    /// each neuron has in it.
    pub fn add(&mut self, responses: ArrayView3<f32>) -> Vec<Values> {
        let (_, repeats, _) = responses.dim();
        self.halves.extend(repeats);
        let Self { neurons, halves } = self;
        let views: Vec<ArrayView2<f32>> = responses.outer_iter().collect();
        let groups = neurons.par_chunks_mut(SIDE_BY_SIDE).zip(views.par_chunks(SIDE_BY_SIDE));
        let add = |work: &mut Work, (neurons, clips): (&mut [Seen], &[ArrayView2<f32>])| {
            add_side_by_side(neurons, clips, halves, work)
        };
        groups.map_init(Work::default, add).flatten_iter().collect()
    }

    /// The qualities of bins of `dt_ms` milliseconds.
    pub fn finish(self, dt_ms: f64) -> Vec<Quality> {
        let counts = self.neurons.iter().all(|seen| seen.values.are_counts());
        let bins_per_second = if counts { 1000.0 / dt_ms } else { f64::NAN };
        self.neurons.into_iter().map(|seen| seen.quality(bins_per_second)).collect()
    }
}

/// What neurons side by side are surveyed with, one clip after the other.
#[derive(Debug, Default)]
struct Work {
    clips: [Complete; SIDE_BY_SIDE],
    triangles: Triangles,
}

/// Takes the responses `(R, T)` of some neurons to one more clip, and says what values each has.
fn add_side_by_side(
    neurons: &mut [Seen],
    responses: &[ArrayView2<f32>],
    halves: &Halves,
    Work { clips, triangles }: &mut Work,
) -> Vec<Values> {
    for (clip, responses) in clips.iter_mut().zip(responses) {
        if clip.read(*responses) {
            clip.multiply(None);
        }
    }
    let of_halves = half_correlations(&clips[..neurons.len()], halves, triangles);
    let clips = clips.iter().zip(of_halves).zip(responses);
    let seen = neurons.iter_mut().zip(clips);
    seen.map(|(seen, ((clip, of_halves), responses))| match clip.repeats() {
        0 => {
            let any = OfClip::new(&Repeats::new(*responses), halves);
            seen.add(any, recorded_repeats(*responses), Values::of(*responses))
        }
        repeats => seen.add(clip.reliability(of_halves), repeats, clip.values(*responses)),
    })
    .collect()
}

impl Seen {
    /// Takes what one more clip has, and gives its values.
    fn add(&mut self, clip: OfClip, repeats: usize, values: Values) -> Values {
        self.bins += clip.bins;
        self.repeats = self.repeats.max(repeats);
        self.reliability.add(clip);
        self.values = self.values.and(values);
        values
    }

    fn quality(self, bins_per_second: f64) -> Quality {
        let powers = self.reliability.powers();
        let mean = self.values.sum / self.values.recorded as f64;
        Quality {
            repeats: self.repeats,
            bins: self.bins,
            mean,
            rate_hz: mean * bins_per_second,
            signal_power: powers.signal,
            noise_power: powers.noise,
            snr: powers.snr(),
            cc_max: self.reliability.cc_max(),
            reliability: self.reliability.ttrc(),
        }
    }
}

impl Default for Values {
    fn default() -> Self {
        let (lowest, highest) = (f32::NAN, f32::NAN);
        Self { all: 0, recorded: 0, lowest, highest, whole: true, sum: 0.0 }
    }
}

impl Values {
    /// Of responses `(R, T)`.
    pub fn of(responses: ArrayView2<f32>) -> Self {
        match responses.to_slice() {
            Some(all) => Self::of_row(all),
            None => responses.iter().fold(Self::default(), |values, value| values.with(*value)),
        }
    }

    fn of_row(row: &[f32]) -> Self {
        let mut values = Self::default();
        vectorized(
            #[inline(always)]
            || values = Lanes::of(row),
        );
        values
    }

    fn with(self, value: f32) -> Self {
        let recorded = !value.is_nan();
        Self {
            all: self.all + 1,
            recorded: self.recorded + usize::from(recorded),
            // NaN gives way to any number.
            lowest: self.lowest.min(value),
            highest: self.highest.max(value),
            whole: self.whole & (!recorded || (distance_from_whole(value) <= 0.0)),
            sum: self.sum + if recorded { f64::from(value) } else { 0.0 },
        }
    }

    /// These and others.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            all: self.all + other.all,
            recorded: self.recorded + other.recorded,
            lowest: self.lowest.min(other.lowest),
            highest: self.highest.max(other.highest),
            whole: self.whole && other.whole,
            sum: self.sum + other.sum,
        }
    }

    /// Whether all are whole numbers from 0.
    pub fn are_counts(self) -> bool {
        self.whole && (self.recorded == 0 || self.lowest >= 0.0)
    }
}

/// What [`Values::with`] makes of every eighth response.
struct Lanes {
    recorded: [u32; LANES],
    lowest: [f32; LANES],
    highest: [f32; LANES],
    /// The largest distance from a whole number.
    fraction: [f32; LANES],
    sums: [f64; LANES],
}

impl Lanes {
    #[inline(always)]
    fn of(row: &[f32]) -> Values {
        let mut lanes = Self {
            recorded: [0; LANES],
            lowest: [f32::INFINITY; LANES],
            highest: [f32::NEG_INFINITY; LANES],
            fraction: [0.0; LANES],
            sums: [0.0; LANES],
        };
        let (whole, rest) = row.as_chunks::<LANES>();
        for values in whole {
            lanes.take(values);
        }
        let mut last = [f32::NAN; LANES];
        last.iter_mut().zip(rest).for_each(|(last, value)| *last = *value);
        lanes.take(&last);
        lanes.values(row.len())
    }

    /// Quantity by quantity, so that each becomes vector instructions; NaN is neither below nor
    /// above any number.
    #[inline(always)]
    fn take(&mut self, values: &[f32; LANES]) {
        for (recorded, y) in self.recorded.iter_mut().zip(values) {
            *recorded += u32::from(!y.is_nan());
        }
        for (lowest, y) in self.lowest.iter_mut().zip(values) {
            *lowest = if *y < *lowest { *y } else { *lowest };
        }
        for (highest, y) in self.highest.iter_mut().zip(values) {
            *highest = if *y > *highest { *y } else { *highest };
        }
        for (fraction, y) in self.fraction.iter_mut().zip(values) {
            let distance = distance_from_whole(*y);
            *fraction = if distance > *fraction { distance } else { *fraction };
        }
        for (sum, y) in self.sums.iter_mut().zip(values) {
            *sum += f64::from(if y.is_nan() { 0.0 } else { *y });
        }
    }

    #[inline(always)]
    fn values(&self, all: usize) -> Values {
        let recorded: u32 = self.recorded.iter().sum();
        let or_nan = |value: f32| if recorded == 0 { f32::NAN } else { value };
        Values {
            all,
            recorded: recorded as usize,
            lowest: or_nan(self.lowest.into_iter().fold(f32::INFINITY, f32::min)),
            highest: or_nan(self.highest.into_iter().fold(f32::NEG_INFINITY, f32::max)),
            whole: self.fraction.iter().all(|fraction| *fraction <= 0.0),
            sum: self.sums.iter().sum(),
        }
    }
}

/// Faster than asking for the fraction where no instruction of the machine rounds; 0 for NaN.
#[inline(always)]
fn distance_from_whole(value: f32) -> f32 {
    const FIRST_WITHOUT_FRACTIONS: f32 = 8_388_608.0; // 2^23
    let size = value.abs();
    let rounded = (size + FIRST_WITHOUT_FRACTIONS) - FIRST_WITHOUT_FRACTIONS;
    if size < FIRST_WITHOUT_FRACTIONS { (rounded - size).abs() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    fn values_of_a_row_are_those_of_its_responses_one_by_one() {
        for missing in [1, 3, 100] {
            let mut responses = Array2::from_shape_fn((3, 37), |(r, t)| match t % missing {
                0 if missing > 1 || r == 1 => f32::NAN,
                _ => (r * 37 + t * 5 % 11) as f32,
            });
            for fraction in [0.0, 0.5] {
                responses[(2, 35)] += fraction;
                let got = Values::of(responses.view());
                let want = responses.iter().fold(Values::default(), |all, y| all.with(*y));
                assert_eq!(format!("{got:?}"), format!("{want:?}"));
            }
        }
    }

    #[test]
    fn numbers_without_a_fraction_are_whole() {
        for value in [0.0, -0.0, 1.0, -7.0, 8_388_607.0, 8_388_609.0, -3e30] {
            assert!(distance_from_whole(value) <= 0.0, "{value}");
        }
        for value in [0.5, -0.5, 1e-30, 1.000_000_1, 4_194_303.5, -2.25] {
            assert!(distance_from_whole(value) > 0.0, "{value}");
        }
    }
}
