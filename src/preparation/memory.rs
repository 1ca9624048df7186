//! How much memory a fit takes, before anything large is read: what grows with responses, with sound and
//! with parameters (docs/benchmarks.md).
use candle_core::{DType, Device};

use super::{ClipSets, bytes_while_read, to_amplitude};
use crate::base::error::Result;
use crate::base::memory::{self, Verdict};
use crate::base::wording::{counted, stimuli_counted};
use crate::dataset::{Recording, ResponseLocation, SoundLevel};
use crate::models::Network;
use crate::models::dims::Dims;
use crate::models::params::Params;
use crate::run_file::{Optimizer, RunConfig};

/// Bytes a bin of a neuron in training clips: its PSTH, the same in units of the fit, its drive, and what
/// is made of that where outputs are calibrated.
const IN_TRAINING: usize = 16;
/// Bytes a bin of a neuron in validation clips: PSTH and noise, predictions.
const IN_VALIDATION: usize = 24;
/// Bytes a bin of a neuron in test clips: predictions.
const IN_TEST: usize = 8;
/// Bytes a bin of a band: as it was read, standardized, filtered, and laid out by lag.
const OF_SOUND: usize = 24;
/// Bytes a parameter that L-BFGS remembers twenty steps of, with the state that is written.
const WITH_LBFGS: usize = 1_200;
/// Bytes a parameter otherwise.
const WITH_OTHERS: usize = 64;
/// Bytes of the program with its buffers.
const OF_PROGRAM: usize = 100_000_000;

/// Sizes of a fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FitMemory {
    neurons: usize,
    clips: usize,
    /// Bytes that each neuron takes for each of the clips, all clips together.
    of_responses: usize,
    /// Bytes that each neuron takes whatever the clips: the largest of them, parameters.
    of_neuron: usize,
    /// Bytes that clips take whatever the neurons.
    of_sound: usize,
    /// Whether some neurons at a time come to the same.
    is_apart: bool,
}

impl FitMemory {
    /// Of a fit to the clips of a recording, which fixes these sizes of a model.
    pub fn of(
        (recording, dims): (&Recording<ResponseLocation>, &Dims),
        sets: &ClipSets,
        config: &RunConfig,
    ) -> Self {
        let bins = |clips: &[usize]| -> usize {
            clips.iter().map(|clip| recording.clips[*clip].bins()).sum()
        };
        let [train, valid, test] = [&sets.train, &sets.valid, &sets.test].map(|clips| bins(clips));
        let neurons = recording.neurons.len();
        let by_steps = config.train.optimizer == Optimizer::AdamW;
        let of_parameter = if by_steps { WITH_OTHERS } else { WITH_LBFGS };
        let parameters = parameters(recording.level, dims, config);
        Self {
            neurons,
            clips: recording.clips.len(),
            of_responses: IN_TRAINING * train + IN_VALIDATION * valid + IN_TEST * test,
            of_neuron: bytes_while_read(recording.clips.iter())
                + of_parameter * parameters / neurons.max(1),
            of_sound: OF_SOUND * (train + valid + test) * recording.bands(),
            is_apart: config.fits_side_by_side(),
        }
    }

    /// Bytes in all.
    pub fn bytes(&self) -> usize {
        let neurons = self.neurons * (self.of_responses + self.of_neuron);
        OF_PROGRAM + neurons + self.of_sound
    }

    /// A warning where memory is tight.
    ///
    /// # Errors
    /// There is too little for it: says how many neurons, or stimuli, would fit.
    pub fn require(&self) -> Result<Option<String>> {
        memory::require("the fit", self.bytes(), |most| self.that_fits(most))
    }

    /// How many neurons to fit at a time, and why, where all at once are too many and groups of them
    /// come to the same.
    pub fn in_groups(&self) -> Option<(usize, String)> {
        let Verdict::TooMuch(said, most) = memory::judge("the fit", self.bytes()) else {
            return None;
        };
        let sizes = [memory::comfortable(), Some(most)].into_iter().flatten();
        let size = sizes.map(|most| self.neurons_within(most)).find(|size| *size > 0)?;
        let groups = self.neurons.div_ceil(size);
        self.is_apart.then(|| (self.neurons.div_ceil(groups), said))
    }

    /// How many of the neurons take no more than so many bytes.
    fn neurons_within(&self, most: usize) -> usize {
        let left = most.saturating_sub(OF_PROGRAM).saturating_sub(self.of_sound);
        left / (self.of_responses + self.of_neuron).max(1)
    }

    fn that_fits(&self, most: usize) -> String {
        let left = most.saturating_sub(OF_PROGRAM);
        let all = self.neurons * self.of_neuron;
        let neurons = self.neurons_within(most);
        let of_clip = (self.neurons * self.of_responses + self.of_sound) / self.clips.max(1);
        let clips = left.saturating_sub(all) / of_clip.max(1);
        let mut fits = Vec::new();
        if neurons > 0 {
            let of = counted(self.neurons, "neuron");
            fits.push(format!("{neurons} of the {of} would fit (data.neurons)"));
        }
        if clips > 2 {
            let of = stimuli_counted(self.clips);
            fits.push(format!("{clips} of the {of} would fit (data.stimuli)"));
        }
        if fits.is_empty() {
            return "take fewer neurons and stimuli, or a machine with more memory".into();
        }
        let some_at_a_time = "; or fit them some at a time, to the same bits: strf sweep with \
                              fit.each = \"neuron\" and fit.folds = 1";
        fits.join(", or ") + if self.is_apart && neurons > 0 { some_at_a_time } else { "" }
    }
}

/// Parameters of the model that a run file describes; none where it cannot be built, which is said later.
fn parameters(level: Option<SoundLevel>, dims: &Dims, config: &RunConfig) -> usize {
    let mut architecture = config.architecture.clone();
    let level = level.or(config.data.level.map(SoundLevel::of));
    architecture.to_amplitude = level.and_then(|level| to_amplitude(level, 1.0));
    let params = Params::new(config.train.seed, DType::F32, &Device::Cpu);
    let built = Network::build(&architecture, dims, &params);
    built.map_or(0, |_network| params.count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_fit_takes_no_more_than_there_is_and_one_more_would() {
        let fit = FitMemory {
            neurons: 3000,
            clips: 600,
            of_responses: 1_000_000,
            of_neuron: 300_000,
            of_sound: 50_000_000,
            is_apart: false,
        };
        let most = 2_000_000_000;
        let said = fit.that_fits(most);
        assert_eq!(
            said,
            "1423 of the 3000 neurons would fit (data.neurons), or 196 of the 600 stimuli would fit (data.stimuli)"
        );
        let apart = FitMemory { is_apart: true, ..fit }.that_fits(most);
        assert!(apart.starts_with(&said) && apart.contains("fit.each"), "{apart}");
        let bytes = |neurons| FitMemory { neurons, ..fit }.bytes();
        assert!(bytes(1423) <= most && bytes(1424) > most);
        let none = FitMemory { of_neuron: 4_000_000_000, of_sound: 4_000_000_000, ..fit };
        assert!(none.that_fits(most).starts_with("take fewer"), "{}", none.that_fits(most));
    }
}
