//! One pass over all responses, clip by clip.
use super::overview::{Neuron, Responses};
use crate::base::error::Result;
use crate::dataset::Recording;
use crate::preparation::{Doubtful, PsthSurvey, RecordedResponses, bytes_while_read};
use crate::scores::quality;
use crate::scores::repeats::ResponseValues;

/// Bytes that are kept of a neuron.
const OF_NEURON: usize = 16_000;

/// Bytes of memory that an inspection takes.
pub fn memory<R: RecordedResponses>(recording: &Recording<R>) -> usize {
    recording.neurons.len() * (bytes_while_read(recording.clips.iter()) + OF_NEURON)
}

/// What the responses to all clips say.
pub(super) struct Scan {
    pub(super) responses: Responses,
    pub(super) neurons: Vec<Neuron>,
    pub(super) doubtful: Doubtful,
    /// Indices of clips to which nothing was recorded.
    pub(super) silent: Vec<usize>,
}

/// What was seen so far.
struct Seen {
    values: ResponseValues,
    /// The fullest clip of each neuron with its sum.
    fullest: Vec<(usize, f64)>,
    silent: Vec<usize>,
}

impl Scan {
    pub(super) fn of<R: RecordedResponses>(recording: &Recording<R>) -> Result<Self> {
        let count = recording.neurons.len();
        let (mut qualities, mut doubts) =
            (quality::QualitySurvey::new(count), PsthSurvey::new(count, 0));
        let mut seen = Seen::new(count);
        R::each_clip(recording, |clip, responses| {
            seen.add(clip, &qualities.add(responses));
            doubts.scan(responses);
        })?;
        let qualities = qualities.finish(recording.dt_ms).into_iter();
        let neurons = recording.neuron_ids().into_iter().zip(qualities).zip(&seen.fullest);
        let neurons = neurons.enumerate().map(|(index, ((id, quality), (fullest_clip, _)))| {
            Neuron { id, quality, index, fullest_clip: *fullest_clip }
        });
        Ok(Self {
            responses: Responses::of(seen.values),
            neurons: neurons.collect(),
            doubtful: doubts.finish(),
            silent: seen.silent,
        })
    }
}

impl Seen {
    fn new(neurons: usize) -> Self {
        let (values, fullest) = (ResponseValues::default(), vec![(0, f64::NEG_INFINITY); neurons]);
        Self { values, fullest, silent: Vec::new() }
    }

    /// Takes the values of each neuron in one more clip.
    fn add(&mut self, clip: usize, values: &[ResponseValues]) {
        for (fullest, values) in self.fullest.iter_mut().zip(values) {
            if values.recorded > 0 && values.sum > fullest.1 {
                *fullest = (clip, values.sum);
            }
        }
        if values.iter().all(|values| values.recorded == 0) {
            self.silent.push(clip);
        }
        self.values = values.iter().fold(self.values, |all, values| all.and(*values));
    }
}

impl Responses {
    fn of(values: ResponseValues) -> Self {
        Self {
            lowest: values.lowest.into(),
            highest: values.highest.into(),
            whole_numbers: values.whole,
            missing_share: (values.all - values.recorded) as f64 / values.all as f64,
        }
    }
}
