//! Correlations of whole populations from sums over clips, so that clips can be resampled and models compared
//! on the same draws.
use ndarray::{ArrayView1, ArrayView2, ArrayView3, Axis};
use rayon::prelude::*;

use super::comparison::{CorrelationSums, require_neurons};
use super::repeats::bins::RepeatsOfBins;
use crate::base::error::Result;
use crate::stats::bootstrap::{Draws, Interval};
use crate::stats::moments::mean_of_defined;

/// What predictions of one clip are held against, for each neuron.
#[derive(Debug, Clone)]
pub struct ClipTarget {
    neurons: Vec<Recorded>,
}

/// The bins of a clip at which a neuron was recorded.
#[derive(Debug, Clone)]
struct Recorded {
    /// The bin, the mean over its repeats, and whether there are two or more of them.
    bins: Vec<(u32, f64, bool)>,
    /// The sum over bins with two repeats or more of the variance of that mean.
    noise: f64,
}

/// Sums over one clip for one neuron: over all bins, and over those with two repeats or more.
#[derive(Debug, Clone, Copy, Default)]
struct NeuronSums {
    used: CorrelationSums,
    repeated: CorrelationSums,
}

/// A correlation of each neuron over some clips.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CorrelationKind {
    /// With the PSTH.
    Cc,
    /// The same relative to the best that noise allows.
    CcNorm,
}

/// Sums of one model over clips, clip by clip and neuron by neuron.
#[derive(Debug, Clone, Default)]
pub struct PopulationSums {
    clips: Vec<Vec<NeuronSums>>,
}

impl ClipTarget {
    /// Takes the responses `(N, R, T)` to a clip; NaN = not recorded, or left out of the scores.
    pub fn new(responses: ArrayView3<f32>) -> Self {
        let neurons: Vec<ArrayView2<f32>> = responses.axis_iter(Axis(0)).collect();
        Self { neurons: neurons.into_par_iter().map(Recorded::new).collect() }
    }
}

impl Recorded {
    fn new(responses: ArrayView2<f32>) -> Self {
        let RepeatsOfBins { repeats, mean, variance_of_mean } = RepeatsOfBins::new(responses);
        let (mut bins, mut noise) = (Vec::new(), 0.0);
        for (place, ((repeats, mean), variance)) in
            (0_u32..).zip(repeats.iter().zip(&mean).zip(&variance_of_mean))
        {
            if *repeats >= 1.0 {
                bins.push((place, *mean, *repeats >= 2.0));
            }
            noise += if *repeats >= 2.0 { *variance } else { 0.0 };
        }
        Self { bins, noise }
    }

    fn sums(&self, prediction: ArrayView1<f32>) -> NeuronSums {
        let mut sums = NeuronSums::default();
        for (place, y, is_repeated) in &self.bins {
            let bin = CorrelationSums::bin(f64::from(prediction[*place as usize]), *y);
            sums.used = sums.used + bin;
            if *is_repeated {
                sums.repeated = sums.repeated + bin;
            }
        }
        sums.repeated.noise = self.noise;
        sums
    }
}

impl PopulationSums {
    /// Takes the prediction `(T)` of one more clip for each neuron; the clip does not count for neurons
    /// without one.
    ///
    /// # Errors
    /// Predictions and responses differ in neurons.
    pub fn add(
        &mut self,
        target: &ClipTarget,
        predictions: &[Option<ArrayView1<f32>>],
    ) -> Result<()> {
        let found = std::iter::once(predictions.len());
        require_neurons("the predictions", target.neurons.len(), found)?;
        let pairs = target.neurons.par_iter().zip(predictions);
        let sums = pairs.map(|(recorded, row)| match row {
            Some(row) => recorded.sums(*row),
            None => NeuronSums::default(),
        });
        self.clips.push(sums.collect());
        Ok(())
    }

    /// Takes a clip as another model has it.
    pub fn add_clip_of(&mut self, other: &Self, clip: usize) {
        self.clips.push(other.clips[clip].clone());
    }

    /// Whether both are held against the same responses, for the neurons that both have in a clip.
    pub fn has_targets_of(&self, other: &Self) -> bool {
        let target = |sums: &NeuronSums| {
            let CorrelationSums { n, y, yy, .. } = sums.used;
            [n, y, yy, sums.repeated.n, sums.repeated.noise].map(f64::to_bits)
        };
        let has = |sums: &NeuronSums| sums.used.n > 0.0;
        let clips = self.clips.iter().zip(&other.clips);
        let mut pairs = clips.flat_map(|(own, other)| own.iter().zip(other));
        self.clips.len() == other.clips.len()
            && pairs.all(|(a, b)| !has(a) || !has(b) || target(a) == target(b))
    }

    /// How many clips.
    pub fn clips(&self) -> usize {
        self.clips.len()
    }

    /// The correlation of each neuron over all clips; NaN where undefined.
    pub fn of_neurons(&self, correlation: CorrelationKind) -> Vec<f64> {
        self.of_neurons_over(correlation, &vec![1; self.clips.len()])
    }

    /// The same over clips that stand in it so often each.
    pub fn of_neurons_over(&self, correlation: CorrelationKind, counts: &[u16]) -> Vec<f64> {
        let neurons = self.clips.first().map_or(0, Vec::len);
        let of_neuron = |neuron: usize| {
            let clips = self.clips.iter().zip(counts).filter(|(_, count)| **count > 0);
            let clips = clips.map(|(clip, count)| (&clip[neuron], f64::from(*count)));
            match correlation {
                CorrelationKind::Cc => {
                    clips.map(|(sums, n)| sums.used * n).sum::<CorrelationSums>().cc()
                }
                CorrelationKind::CcNorm => {
                    clips.map(|(sums, n)| sums.repeated * n).sum::<CorrelationSums>().cc_norm()
                }
            }
        };
        (0..neurons).map(of_neuron).collect()
    }

    /// The mean over the neurons that have it of the correlation over so many of each clip.
    pub fn mean_over(&self, correlation: CorrelationKind, counts: &[u16]) -> f64 {
        mean_of_defined(self.of_neurons_over(correlation, counts).into_iter())
    }

    /// The mean over neurons of the correlation over one clip alone; NaN where no neuron has it.
    pub fn of_clip(&self, correlation: CorrelationKind, clip: usize) -> f64 {
        let counts: Vec<u16> =
            (0..self.clips.len()).map(|place| u16::from(place == clip)).collect();
        self.mean_over(correlation, &counts)
    }
}

/// The 95 % interval over clips of `statistic`, which is given how often each of so many stands in a draw.
pub fn interval_over_clips(
    clips: usize,
    draws: usize,
    seed: u64,
    statistic: impl Fn(&[u16]) -> f64 + Sync,
) -> Interval {
    Draws::new(draws, clips, seed).interval_of_counts(statistic)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Array3};
    use rand::Rng;

    use super::*;
    use crate::base::rng;
    use crate::scores::evaluation::score;

    /// Predictions and responses of some clips for three neurons, of which one has gaps.
    fn clips() -> Vec<(Array2<f32>, Array3<f32>)> {
        let mut generator = rng::generator(1, "population");
        let mut clip = |bins: usize| {
            let rate =
                Array2::from_shape_fn((3, bins), |(n, t)| 2.0 + (t as f32 * 0.3 + n as f32).sin());
            let mut responses = Array3::from_shape_fn((3, 4, bins), |(n, _, t)| {
                (rate[(n, t)] * generator.random_range(0.0..2.0_f32)).round()
            });
            responses.slice_mut(ndarray::s![1, 1.., 3..7]).fill(f32::NAN);
            responses.slice_mut(ndarray::s![1, .., 8]).fill(f32::NAN);
            (rate, responses)
        };
        [40, 60, 31].map(&mut clip).to_vec()
    }

    #[test]
    fn correlations_are_those_of_the_table_of_scores() {
        let clips = clips();
        let ids = ["a", "b", "c"].map(str::to_owned);
        let views: Vec<_> = clips.iter().map(|(p, y)| (p.view(), y.view())).collect();
        let want = score(&ids, &views).unwrap();
        let mut sums = PopulationSums::default();
        for (prediction, responses) in &clips {
            let rows: Vec<_> = prediction.rows().into_iter().map(Some).collect();
            sums.add(&ClipTarget::new(responses.view()), &rows).unwrap();
        }
        for (name, kind) in [("cc", CorrelationKind::Cc), ("cc_norm", CorrelationKind::CcNorm)] {
            let got = sums.of_neurons(kind);
            for (got, want) in got.iter().zip(want.column(name).unwrap()) {
                assert!((got - want).abs() < 1e-9, "{name}: {got}, want {want}");
            }
        }
        let twice = sums.mean_over(CorrelationKind::Cc, &[2, 2, 2]);
        assert!((twice - sums.mean_over(CorrelationKind::Cc, &[1, 1, 1])).abs() < 1e-12);
        let interval =
            interval_over_clips(3, 500, 0, |counts| sums.mean_over(CorrelationKind::Cc, counts));
        let mean = sums.mean_over(CorrelationKind::Cc, &[1; 3]);
        assert!(interval.low < mean && mean < interval.high, "{interval:?} around {mean}");
    }

    #[test]
    fn predictions_of_other_neurons_are_refused() {
        let (_, responses) = &clips()[0];
        let target = ClipTarget::new(responses.view());
        assert!(PopulationSums::default().add(&target, &[None, None]).is_err());
        let mut sums = PopulationSums::default();
        sums.add(&target, &[None, None, None]).unwrap();
        assert!(sums.of_neurons(CorrelationKind::Cc).iter().all(|cc| cc.is_nan()));
    }
}
