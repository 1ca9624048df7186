//! Neurons that training can make nothing of.
use ndarray::{Array1, Array2, ArrayView1, ArrayView3};

use super::psth::mean_of_recorded;

/// Indices of neurons whose training data lack something.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Doubtful {
    /// No bin was recorded: nothing to fit, to be left out.
    pub unrecorded: Vec<usize>,
    /// The PSTH has one value in every recorded bin: nothing to explain, to be warned of.
    pub constant: Vec<usize>,
}

/// What the PSTHs of some clips hold, looked at one after the other.
#[derive(Debug)]
pub struct PsthSurvey {
    skip: usize,
    neurons: Vec<Seen>,
}

/// The recorded bins of one neuron so far.
#[derive(Debug, Clone, Copy)]
enum Seen {
    Nothing,
    Always(f32),
    Changing,
}

impl PsthSurvey {
    /// No clips yet; `skip` bins at the start of each are to be left out.
    pub fn new(neurons: usize, skip: usize) -> Self {
        Self { skip, neurons: vec![Seen::Nothing; neurons] }
    }

    /// Looks at the PSTH `(N, T)` of one more clip.
    pub fn add(&mut self, psth: &Array2<f32>) {
        for (seen, bins) in self.neurons.iter_mut().zip(psth.rows()) {
            *seen = seen.after(bins, self.skip);
        }
    }

    /// Looks at the responses `(N, R, T)` to one more clip, of the neurons that may still lack
    /// something.
    pub fn scan(&mut self, responses: ArrayView3<f32>) {
        let mut psth = Array1::zeros(responses.dim().2);
        for (seen, repeats) in self.neurons.iter_mut().zip(responses.outer_iter()) {
            if !matches!(seen, Seen::Changing) {
                mean_of_recorded(psth.view_mut(), repeats);
                *seen = seen.after(psth.view(), self.skip);
            }
        }
    }

    /// Which neurons lack something.
    pub fn finish(self) -> Doubtful {
        let mut doubtful = Doubtful::default();
        for (neuron, seen) in self.neurons.into_iter().enumerate() {
            match seen {
                Seen::Nothing => doubtful.unrecorded.push(neuron),
                Seen::Always(_) => doubtful.constant.push(neuron),
                Seen::Changing => {}
            }
        }
        doubtful
    }
}

impl Seen {
    /// With the bins of one more clip but the first `skip`.
    fn after(self, psth: ArrayView1<f32>, skip: usize) -> Self {
        let mut recorded = psth.iter().copied().skip(skip).filter(|value| !value.is_nan());
        recorded.try_fold(self, Self::with).unwrap_or(Self::Changing)
    }

    /// With one more bin; none where nothing can change any more.
    fn with(self, value: f32) -> Option<Self> {
        match self {
            Self::Nothing => Some(Self::Always(value)),
            Self::Always(first) if value.total_cmp(&first).is_eq() => Some(self),
            Self::Always(_) | Self::Changing => None,
        }
    }
}
