//! One look at all responses, clip by clip.
use ndarray::{ArrayView2, ArrayView3, Axis};
use rayon::prelude::*;

use super::{Neuron, Responses};
use crate::data::{Doubtful, Recorded, Recording, Survey, psth};
use crate::error::Result;
use crate::metrics::quality;

/// What the responses to all clips say.
pub(super) struct Look {
    pub(super) responses: Responses,
    pub(super) neurons: Vec<Neuron>,
    pub(super) doubtful: Doubtful,
    /// Indices of clips to which nothing was recorded.
    pub(super) silent: Vec<usize>,
}

/// The values of some responses.
#[derive(Debug, Clone, Copy)]
struct Values {
    lowest: f32,
    highest: f32,
    whole_numbers: bool,
    recorded: usize,
    all: usize,
    sum: f64,
}

/// What was seen so far.
struct Seen {
    values: Values,
    /// The fullest clip of each neuron with its sum.
    fullest: Vec<(usize, f64)>,
    silent: Vec<usize>,
}

impl Look {
    pub(super) fn at<R: Recorded>(recording: &Recording<R>) -> Result<Self> {
        let count = recording.neurons.len();
        let (mut qualities, mut doubts) = (quality::Survey::new(count), Survey::new(count, 0));
        let mut seen = Seen::new(count);
        R::each_clip(recording, |clip, responses| {
            qualities.add(responses);
            doubts.add(&psth(&responses));
            seen.add(clip, responses);
        })?;
        let qualities = qualities.finish(recording.dt_ms).into_iter();
        let neurons = recording.neuron_ids().into_iter().zip(qualities).zip(&seen.fullest);
        let neurons = neurons.enumerate().map(|(index, ((id, quality), (fullest_clip, _)))| {
            Neuron { id, quality, index, fullest_clip: *fullest_clip }
        });
        Ok(Self {
            responses: seen.values.responses(),
            neurons: neurons.collect(),
            doubtful: doubts.finish(),
            silent: seen.silent,
        })
    }
}

impl Seen {
    fn new(neurons: usize) -> Self {
        let (values, fullest) = (Values::none(), vec![(0, f64::NEG_INFINITY); neurons]);
        Self { values, fullest, silent: Vec::new() }
    }

    fn add(&mut self, clip: usize, responses: ArrayView3<f32>) {
        let values: Vec<Values> =
            responses.axis_iter(Axis(0)).into_par_iter().map(Values::of).collect();
        for (fullest, values) in self.fullest.iter_mut().zip(&values) {
            if values.recorded > 0 && values.sum > fullest.1 {
                *fullest = (clip, values.sum);
            }
        }
        let of_clip = values.into_iter().fold(Values::none(), Values::and);
        if of_clip.recorded == 0 {
            self.silent.push(clip);
        }
        self.values = self.values.and(of_clip);
    }
}

impl Values {
    fn none() -> Self {
        let (lowest, highest) = (f32::NAN, f32::NAN);
        Self { lowest, highest, whole_numbers: true, recorded: 0, all: 0, sum: 0.0 }
    }

    /// Of the responses `(R, T)` of one neuron.
    fn of(responses: ArrayView2<f32>) -> Self {
        let mut values = Self { all: responses.len(), ..Self::none() };
        for value in responses.iter().filter(|value| !value.is_nan()) {
            // NaN gives way to any number.
            values.lowest = values.lowest.min(*value);
            values.highest = values.highest.max(*value);
            values.whole_numbers &= value.fract().abs() <= 0.0;
            values.recorded += 1;
            values.sum += f64::from(*value);
        }
        values
    }

    fn and(self, other: Self) -> Self {
        Self {
            lowest: self.lowest.min(other.lowest),
            highest: self.highest.max(other.highest),
            whole_numbers: self.whole_numbers && other.whole_numbers,
            recorded: self.recorded + other.recorded,
            all: self.all + other.all,
            sum: self.sum + other.sum,
        }
    }

    fn responses(self) -> Responses {
        Responses {
            lowest: self.lowest.into(),
            highest: self.highest.into(),
            whole_numbers: self.whole_numbers,
            missing_share: (self.all - self.recorded) as f64 / self.all as f64,
        }
    }
}
