//! Neurons that training can make nothing of.
use ndarray::{Array2, Axis, s};

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
pub struct Survey {
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

impl Survey {
    /// No clips yet; `skip` bins at the start of each are to be left out.
    pub fn new(neurons: usize, skip: usize) -> Self {
        Self { skip, neurons: vec![Seen::Nothing; neurons] }
    }

    /// Looks at the PSTH `(N, T)` of one more clip.
    pub fn add(&mut self, psth: &Array2<f32>) {
        let counted = psth.slice(s![.., self.skip.min(psth.ncols())..]);
        for (seen, bins) in self.neurons.iter_mut().zip(counted.axis_iter(Axis(0))) {
            let mut recorded = bins.iter().copied().filter(|value| !value.is_nan());
            *seen = recorded.try_fold(*seen, Seen::with).unwrap_or(Seen::Changing);
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
    /// With one more bin; none where nothing can change any more.
    fn with(self, value: f32) -> Option<Self> {
        match self {
            Self::Nothing => Some(Self::Always(value)),
            Self::Always(first) if value.total_cmp(&first).is_eq() => Some(self),
            Self::Always(_) | Self::Changing => None,
        }
    }
}
