//! What a neuron's predictions are held against: its PSTH, and how noisy that is.
use std::borrow::Cow;

use ndarray::{ArrayView1, ArrayView2};

use super::agreement::require_bins;
use super::moments::Moments;
use crate::base::error::Result;
use crate::scores::repeats::bins::RepeatsOfBins;
use crate::scores::repeats::complete::Complete;
use crate::scores::repeats::covariance::recorded_repeats;
use crate::stats::moments::ROUNDING;

/// The recorded bins of one neuron, all clips one after the other; holds nothing that depends on a
/// prediction.
///
/// A bin is used where at least one repeat is recorded. Its PSTH is the mean over those repeats.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// The used bins of each clip.
    clips: Vec<Places>,
    psth: Vec<f64>,
    /// The used bins at which two repeats or more tell how noisy the PSTH is.
    repeated: Places,
    /// Sums over those bins of each clip of the variance of the mean over repeats.
    noise: Vec<f64>,
    repeats: usize,
    /// How many clips have such bins.
    repeated_clips: usize,
}

impl Target {
    /// Takes the responses `(R, T)` to each clip; NaN = not recorded, or left out of the scores.
    pub fn new(responses: &[ArrayView2<f32>]) -> Self {
        let mut target = Self::default();
        for clip in responses {
            target.add(*clip);
        }
        target
    }

    /// Takes the responses `(R, T)` to one more clip.
    pub fn add(&mut self, responses: ArrayView2<f32>) {
        self.add_bins(&RepeatsOfBins::new(responses), recorded_repeats(responses));
    }

    /// Takes one more clip of so many recorded repeats.
    pub(super) fn add_bins(&mut self, bins: &RepeatsOfBins, recorded: usize) {
        let RepeatsOfBins { repeats, mean, variance_of_mean } = bins;
        let (mut used, mut noise) = (Places::default(), 0.0);
        for ((repeats, mean), variance) in repeats.iter().zip(mean).zip(variance_of_mean) {
            used.push(*repeats >= 1.0);
            if *repeats >= 1.0 {
                self.psth.push(*mean);
                self.repeated.push(*repeats >= 2.0);
            }
            noise += if *repeats >= 2.0 { *variance } else { 0.0 };
        }
        self.clips.push(used);
        self.noise.push(noise);
        self.repeats = self.repeats.max(recorded);
        self.repeated_clips += usize::from(repeats.iter().any(|repeats| *repeats >= 2.0));
    }

    /// Takes one more clip, whose repeats were multiplied.
    pub(super) fn add_complete(&mut self, clip: &Complete) {
        let mut used = Places::default();
        used.extend(clip.bins(), true);
        self.clips.push(used);
        self.psth.extend_from_slice(clip.psth());
        self.repeated.extend(clip.bins(), clip.repeats() >= 2);
        self.noise.push(clip.noise());
        self.repeats = self.repeats.max(clip.repeats());
        self.repeated_clips += usize::from(clip.repeats() >= 2);
    }

    /// The PSTH at the used bins.
    pub fn psth(&self) -> &[f64] {
        &self.psth
    }

    /// The variance of the PSTH minus the mean over bins of `variance over repeats / number of
    /// repeats`, at the bins with two repeats or more; NaN where it is not above 0.
    pub fn signal_power(&self) -> f64 {
        let psth = self.repeated.of(&self.psth);
        self.signal_power_of(Moments::new(&psth, &psth).of_psth, psth.len())
    }

    /// The same where the variance of the PSTH at those bins is known, and their number.
    pub(super) fn signal_power_of(&self, total: f64, bins: usize) -> f64 {
        let signal_power = total - self.noise.iter().sum::<f64>() / bins as f64;
        // A difference as small as its rounding would make a correlation of any size.
        if signal_power > ROUNDING * total { signal_power } else { f64::NAN }
    }

    /// For each clip, which of its bins are used and the sum of the PSTH's noise over them.
    pub(super) fn clips(&self) -> impl Iterator<Item = (Vec<bool>, f64)> {
        self.clips.iter().map(Places::meant).zip(self.noise.iter().copied())
    }

    /// Which of the used bins have two repeats or more.
    pub(super) fn repeated(&self) -> Vec<bool> {
        self.repeated.meant()
    }

    /// The largest number of repeats that a clip has anything recorded of.
    pub fn repeats(&self) -> usize {
        self.repeats
    }

    /// How many clips have bins with two repeats or more.
    pub(super) fn repeated_clips(&self) -> usize {
        self.repeated_clips
    }

    /// What stands at the bins with two repeats or more in a series given at the used bins.
    pub fn at_repeated_bins<'a, T: Copy>(&self, series: &'a [T]) -> Cow<'a, [T]> {
        self.repeated.of(series)
    }

    /// The prediction at the used bins, out of one series of `T` bins per clip.
    ///
    /// # Errors
    /// The predictions do not have the clips or the bins of the responses.
    pub fn at_used_bins(&self, predictions: &[ArrayView1<f32>]) -> Result<Vec<f64>> {
        let expected: Vec<usize> = self.clips.iter().map(|clip| clip.among).collect();
        let found: Vec<usize> = predictions.iter().map(ArrayView1::len).collect();
        require_bins(&found, &expected)?;
        let mut used = Vec::with_capacity(self.psth.len());
        let clips = self.clips.iter().zip(predictions);
        clips.for_each(|(clip, prediction)| clip.copy(*prediction, &mut used));
        Ok(used)
    }

    /// The prediction of the last clip at its used bins.
    pub(super) fn at_used_bins_of_last(&self, prediction: ArrayView1<f32>) -> Vec<f32> {
        let mut used = Vec::new();
        self.clips.iter().next_back().into_iter().for_each(|clip| clip.copy(prediction, &mut used));
        used
    }
}

/// Some places of a series, or all of them.
#[derive(Debug, Clone, Default)]
struct Places {
    /// The length of the series.
    among: usize,
    /// The places; none where all are meant.
    some: Option<Vec<usize>>,
}

impl Places {
    /// The series gets longer by one place, which is meant or is not.
    fn push(&mut self, meant: bool) {
        match &mut self.some {
            None if meant => {}
            None => self.some = Some((0..self.among).collect()),
            Some(places) if meant => places.push(self.among),
            Some(_) => {}
        }
        self.among += 1;
    }

    /// The series gets longer by some places, which are meant or are not.
    fn extend(&mut self, places: usize, meant: bool) {
        if meant && self.some.is_none() {
            self.among += places;
        } else {
            (0..places).for_each(|_| self.push(meant));
        }
    }

    /// Whether each place is meant.
    fn meant(&self) -> Vec<bool> {
        let mut meant = vec![self.some.is_none(); self.among];
        for place in self.some.iter().flatten() {
            meant[*place] = true;
        }
        meant
    }

    /// Adds what stands at these places to a list.
    fn copy<T: From<f32>>(&self, series: ArrayView1<f32>, list: &mut Vec<T>) {
        match &self.some {
            None => list.extend(series.iter().map(|y| T::from(*y))),
            Some(places) => list.extend(places.iter().map(|place| T::from(series[*place]))),
        }
    }

    /// What stands at these places.
    fn of<'a, T: Copy>(&self, series: &'a [T]) -> Cow<'a, [T]> {
        match &self.some {
            None => Cow::Borrowed(series),
            Some(places) => places.iter().map(|place| series[*place]).collect(),
        }
    }
}
