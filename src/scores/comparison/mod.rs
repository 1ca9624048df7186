//! One neuron's predictions and responses, clip after clip, as scores need them.
use std::borrow::Cow;
use std::sync::OnceLock;

use ndarray::{ArrayView1, ArrayView2};

use agreement::require_bins;
use spectra::{Buffers, Series};

use super::repeats::bins::RepeatsOfBins;
use super::repeats::complete::{Complete, add_halves};
use super::repeats::covariance::{AverageByBins, Repeats, recorded_repeats};
use super::repeats::half_reliability::HalfReliability;
use super::repeats::reliability::{ClipReliability, PsthVariance, Reliability};
use super::repeats::split_halves::{SIDE_BY_SIDE, SplitHalves, Triangles};
use crate::base::error::Result;

mod agreement;
mod ceiling;
mod clip_series;
mod moments;
mod spectra;
mod sums;
mod target;

pub use ceiling::{Ceiling, Correlations};
pub use target::Target;

pub(super) use agreement::require_neurons;
pub(super) use clip_series::ClipSeries;
pub(super) use moments::Moments;
pub(super) use spectra::Spectra;
pub(super) use sums::CorrelationSums;

/// One neuron's predictions and responses, prepared for all scores; holds no single repeats.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    pub(super) target: Target,
    pub(super) reliability: Reliability,
    pub(super) halves: HalfReliability,
    pub(super) single_trial_cc: AverageByBins,
    /// The same at the bins with two repeats or more, of the clips that have a `ttrc`.
    pub(super) repeated_single_trial_cc: AverageByBins,
    pub(super) spectra: Spectra,
    pub(super) prediction: Vec<f32>, // at the target's used bins
    /// At those bins, once asked for.
    moments: OnceLock<Moments>,
    /// At those of them that have two repeats or more, once asked for.
    repeated_moments: OnceLock<Moments>,
}

/// What the comparisons of all neurons share: how repeats are divided in halves.
#[derive(Debug, Clone, Default)]
pub struct Divisions(SplitHalves);

impl Divisions {
    /// Also of up to `repeats` repeats.
    pub fn extend(&mut self, repeats: usize) {
        self.0.extend(repeats);
    }
}

/// The prediction `(T)` and the responses `(R, T)` of a clip for one neuron; NaN in the responses =
/// not recorded, or left out of the scores.
pub type NeuronClip<'a> = (ArrayView1<'a, f32>, ArrayView2<'a, f32>);

/// What comparisons work with while they take a clip; one serves one after the other.
#[derive(Debug, Default)]
pub struct Workspace {
    clips: [Complete; SIDE_BY_SIDE],
    triangles: Triangles,
    series: Series,
    buffers: Buffers,
}

impl Comparison {
    /// Takes the prediction `(T)` and the responses `(R, T)` of each clip; NaN in the responses =
    /// not recorded, or left out of the scores.
    ///
    /// # Errors
    /// Predictions and responses differ in clips or bins.
    pub fn new(predictions: &[ArrayView1<f32>], responses: &[ArrayView2<f32>]) -> Result<Self> {
        let found: Vec<usize> = predictions.iter().map(ArrayView1::len).collect();
        let expected: Vec<usize> = responses.iter().map(ArrayView2::ncols).collect();
        require_bins(&found, &expected)?;
        let (mut comparison, mut divisions) = (Self::default(), Divisions::default());
        let mut workspace = Workspace::default();
        for (prediction, responses) in predictions.iter().zip(responses) {
            divisions.extend(responses.nrows());
            comparison.add((*prediction, *responses), &divisions, &mut workspace)?;
        }
        Ok(comparison)
    }

    /// Takes one more clip; `divisions` are of as many repeats or more.
    ///
    /// # Errors
    /// Prediction and responses differ in bins.
    pub fn add(
        &mut self,
        clip: NeuronClip,
        divisions: &Divisions,
        workspace: &mut Workspace,
    ) -> Result<()> {
        Self::add_side_by_side(&mut [self], &[clip], divisions, workspace)
    }

    /// Takes one more clip of each of some neurons, [`crate::scores::SIDE_BY_SIDE`] at most; what comes of it is
    /// the same as one neuron at a time, to the last digit.
    ///
    /// # Errors
    /// Prediction and responses differ in bins.
    pub fn add_side_by_side(
        neurons: &mut [&mut Self],
        clips: &[NeuronClip],
        divisions: &Divisions,
        workspace: &mut Workspace,
    ) -> Result<()> {
        for (neuron, (place, clip)) in neurons.iter_mut().zip(clips.iter().enumerate()) {
            require_bins(&[clip.0.len()], &[clip.1.ncols()])?;
            (neuron.moments, neuron.repeated_moments) = Default::default();
            if workspace.clips[place].read(clip.1) {
                neuron.add_complete(clip.0, place, workspace);
            } else {
                neuron.add_any(*clip, divisions, workspace);
            }
        }
        let Workspace { clips: read, triangles, .. } = workspace;
        let read = &read[..clips.len()];
        let mut known: Vec<&mut HalfReliability> =
            neurons.iter_mut().map(|neuron| &mut neuron.halves).collect();
        add_halves(&mut known, read, &divisions.0, triangles);
        Ok(())
    }

    /// Takes one more clip, whose responses were read in some place, but for its halves.
    fn add_complete(
        &mut self,
        prediction: ArrayView1<f32>,
        place: usize,
        Workspace { clips, series, buffers, .. }: &mut Workspace,
    ) {
        let clip = &mut clips[place];
        let prediction: Cow<[f32]> = match prediction.to_slice() {
            Some(prediction) => prediction.into(),
            None => prediction.iter().copied().collect(),
        };
        clip.multiply(Some(&prediction));
        series.read_complete(&prediction, clip);
        self.target.add_complete(clip);
        self.prediction.extend_from_slice(&prediction);
        let (bins, single_trial_cc) = (clip.bins(), clip.single_trial_cc());
        self.single_trial_cc.add(bins, single_trial_cc);
        let reliability = clip.reliability();
        self.add_repeated(bins, single_trial_cc, reliability.ttrc);
        self.reliability.add(reliability);
        self.spectra.add(series, buffers);
    }

    /// Takes one more clip, which may have any gaps.
    fn add_any(
        &mut self,
        (prediction, responses): NeuronClip,
        divisions: &Divisions,
        Workspace { series, buffers, .. }: &mut Workspace,
    ) {
        let bins = RepeatsOfBins::new(responses);
        self.target.add_bins(&bins, recorded_repeats(responses));
        self.prediction.extend(self.target.at_used_bins_of_last(prediction));
        let (repeats, single_trial_cc) = Repeats::with_prediction(responses, prediction);
        let reliability = ClipReliability::new(&repeats, PsthVariance::of_bins(&bins));
        self.single_trial_cc.add(repeats.bins, single_trial_cc);
        // What is said of noise takes no bin with a single repeat.
        if bins.any_single() {
            let repeated = bins.without_single(responses);
            let (halves, single_trial_cc) = Repeats::with_prediction(repeated.view(), prediction);
            self.add_repeated(repeats.bins, single_trial_cc, reliability.ttrc);
            self.halves.add_any(repeated.view(), &halves, &divisions.0);
        } else {
            self.add_repeated(repeats.bins, single_trial_cc, reliability.ttrc);
            self.halves.add_any(responses, &repeats, &divisions.0);
        }
        self.reliability.add(reliability);
        series.read(prediction, responses);
        self.spectra.add(series, buffers);
    }

    /// Takes the mean correlation of single repeats with the prediction, at the bins with two
    /// repeats or more; of a clip where `ttrc` says how alike repeats are.
    fn add_repeated(&mut self, bins: usize, single_trial_cc: f64, ttrc: f64) {
        let value = if ttrc.is_nan() { f64::NAN } else { single_trial_cc };
        self.repeated_single_trial_cc.add(bins, value);
    }

    /// How prediction and PSTH vary over the used bins.
    pub(super) fn moments(&self) -> &Moments {
        self.moments.get_or_init(|| Moments::new(&self.prediction, self.target.psth()))
    }

    /// How they vary over the bins with two repeats or more.
    pub(super) fn repeated_moments(&self) -> &Moments {
        self.repeated_moments.get_or_init(|| {
            let prediction = self.target.at_repeated_bins(&self.prediction);
            let psth = self.target.at_repeated_bins(self.target.psth());
            if psth.len() == self.bins() {
                *self.moments()
            } else {
                Moments::new(&prediction, &psth)
            }
        })
    }

    /// [`Target::signal_power`].
    pub(super) fn signal_power_over_clips(&self) -> f64 {
        let moments = self.repeated_moments();
        self.target.signal_power_of(moments.of_psth, moments.bins)
    }

    /// The largest number of repeats that a clip has anything recorded of.
    pub fn repeats(&self) -> usize {
        self.target.repeats()
    }

    /// How many clips have such bins.
    pub fn clips(&self) -> usize {
        self.target.clips().filter(|(used, _)| used.contains(&true)).count()
    }

    /// How many clips have bins with two repeats or more.
    pub fn repeated_clips(&self) -> usize {
        self.target.repeated_clips()
    }

    /// How many bins have at least one recorded repeat.
    pub fn bins(&self) -> usize {
        self.prediction.len()
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2};
    use rand::Rng;

    use super::*;
    use crate::base::rng;
    use crate::scores::{TABLE, names};

    /// The scores of some clips, of complete ones by the way of any clips where that is asked for.
    fn scores(clips: &[(Array1<f32>, Array2<f32>)], clearly: bool) -> Vec<f64> {
        let (mut comparison, mut divisions) = (Comparison::default(), Divisions::default());
        let mut workspace = Workspace::default();
        for (prediction, responses) in clips {
            divisions.extend(responses.nrows());
            let clip = (prediction.view(), responses.view());
            if clearly {
                comparison.add_any(clip, &divisions, &mut workspace);
            } else {
                assert!(workspace.clips[0].read(responses.view()), "a complete clip");
                assert!(comparison.add(clip, &divisions, &mut workspace).is_ok());
            }
        }
        TABLE.iter().map(|row| (row.compute)(&comparison)).collect()
    }

    fn assert_same(what: &str, clips: &[(Array1<f32>, Array2<f32>)]) {
        let (got, want) = (scores(clips, false), scores(clips, true));
        for ((name, got), want) in names().into_iter().zip(got).zip(want) {
            let near = (got - want).abs() <= 1e-10 * want.abs().max(1e-3);
            let undefined = got.is_nan() && want.is_nan();
            assert!(
                near || undefined || got.to_bits() == want.to_bits(),
                "{what}: {name} {got}, want {want}"
            );
        }
    }

    /// Clips of different lengths and responses about a rate that differ between repeats.
    fn clips(
        repeats: usize,
        change: impl Fn(usize, f32) -> f32,
    ) -> Vec<(Array1<f32>, Array2<f32>)> {
        let mut generator = rng::generator(repeats as u64, "complete clips");
        let mut clip = |bins: usize| {
            let rate = Array1::from_shape_fn(bins, |t| 2.0 + (t as f32 * 0.7).sin());
            let responses = Array2::from_shape_fn((repeats, bins), |(r, t)| {
                change(r, (rate[t] * generator.random_range(0.0..2.0_f32)).round())
            });
            (rate, responses)
        };
        [13, 100, 2, 301].map(&mut clip).to_vec()
    }

    #[test]
    fn scores_of_complete_clips_are_those_of_any_clips() {
        for repeats in [1, 2, 3, 4, 7, 10, 20, 23] {
            assert_same(&format!("{repeats} counts"), &clips(repeats, |_, y| y));
            let large = clips(repeats, |r, y| 1e4 + y * 0.01 + r as f32);
            assert_same(&format!("{repeats} of a high level"), &large);
            let gone = clips(repeats, |r, y| if r > 0 && r % 3 == 1 { f32::NAN } else { y });
            assert_same(&format!("{repeats} of which some are missing"), &gone);
            let constant = clips(repeats, |r, y| if r % 3 == 1 { 0.1 } else { y });
            assert_same(&format!("{repeats} of which some are constant"), &constant);
            assert_same(&format!("{repeats} silent"), &clips(repeats, |_, _| 0.0));
            let same = clips(repeats, |_, _| 0.1);
            assert_same(&format!("{repeats} constant"), &same);
        }
    }

    #[test]
    fn neurons_side_by_side_score_as_each_alone() {
        let gap = |r: usize, y: f32| if r == 1 && y > 3.0 { f32::NAN } else { y };
        let missing = |r: usize, y: f32| if r == 2 { f32::NAN } else { y };
        let neurons =
            [clips(7, |_, y| y), clips(7, gap), clips(7, missing), clips(7, |_, y| y * 0.3)];
        let mut together = vec![Comparison::default(); neurons.len()];
        let (mut divisions, mut workspace) = (Divisions::default(), Workspace::default());
        divisions.extend(7);
        for place in 0..neurons[0].len() {
            let clip = |clips: &'_ Vec<(Array1<f32>, Array2<f32>)>| clips[place].clone();
            let owned: Vec<(Array1<f32>, Array2<f32>)> = neurons.iter().map(clip).collect();
            let views: Vec<NeuronClip> = owned.iter().map(|(p, y)| (p.view(), y.view())).collect();
            let mut all: Vec<&mut Comparison> = together.iter_mut().collect();
            let added = Comparison::add_side_by_side(&mut all, &views, &divisions, &mut workspace);
            assert!(added.is_ok());
        }
        for (neuron, (together, clips)) in together.iter().zip(&neurons).enumerate() {
            let (predictions, responses): (Vec<_>, Vec<_>) =
                clips.iter().map(|(p, y)| (p.view(), y.view())).unzip();
            let alone = Comparison::new(&predictions, &responses).unwrap_or_default();
            for row in TABLE {
                let (got, want) = ((row.compute)(together), (row.compute)(&alone));
                assert_eq!(got.to_bits(), want.to_bits(), "{neuron}: {}", row.part.name);
            }
        }
    }

    #[test]
    fn predictions_with_gaps_or_without_variation_score_the_same_by_both_ways() {
        for predicted in [f32::NAN, f32::INFINITY, 0.1] {
            let mut clips = clips(5, |_, y| y);
            clips[1].0[7] = predicted;
            assert_same(&format!("{predicted} once"), &clips);
            clips[3].0.fill(predicted);
            assert_same(&format!("{predicted} throughout"), &clips);
        }
    }

    #[test]
    fn clips_with_gaps_are_not_complete() {
        let mut clip = Complete::default();
        let mut responses = Array2::<f32>::ones((3, 5));
        assert!(clip.read(responses.view()));
        assert_eq!((clip.repeats(), clip.bins()), (3, 5));
        responses[(1, 3)] = f32::NAN;
        assert!(!clip.read(responses.view()));
        responses.row_mut(1).fill(f32::NAN);
        assert!(clip.read(responses.view()));
        assert_eq!(clip.repeats(), 2);
        responses.fill(f32::NAN);
        assert!(!clip.read(responses.view()));
        responses.fill(f32::INFINITY);
        assert!(!clip.read(responses.view()));
        assert!(!clip.read(Array2::ones((3, 1)).view()));
    }
}
