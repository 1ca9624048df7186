//! Recordings of made-up neurons whose receptive fields are known: what a fit should find.
//!
//! ```text
//! sound ─► standardize ─► prefilter ─► STRF ─► + bias ─► output nonlinearity ─► rate ─► repeats
//! ```
//!
//! Every step is that of the models, with values drawn from the seed in place of trained ones.
mod calibration;
mod drives;
mod fields;
mod file;
mod neurons;
mod noise;
mod rates;
mod settings;
mod sound;

use std::path::PathBuf;

use ndarray::{Array2, Array3};
use noise::Recorder;
use rates::Rates;

use crate::base::error::Result;
use crate::base::units::Scale;
use crate::dataset::{Clip, Entity, Recording, Splits};
use crate::models::dims::Dims;

pub use fields::names as shapes;
pub use file::{ResponseTally, write};
pub use neurons::Truth;
pub use settings::{Noise, Settings, StimulusKind};

/// The lowest and the highest band in Hz.
const BANDS_HZ: (f64, f64) = (500.0, 20_000.0);

/// A recording and what its responses were made from; `R` is what is held of the responses to a clip.
#[derive(Debug, Clone)]
pub struct Simulated<R = Array3<f32>> {
    /// What an experiment would have given.
    pub recording: Recording<R>,
    /// What it would not have told.
    pub truth: Truth,
    /// What the user should know of how the parts were set up.
    pub notes: Vec<String>,
    rates: Rates,
}

impl<R> Simulated<R> {
    /// Expected responses `(N, T)` of each bin of a stimulus, worked out anew.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn rates(&self, clip: usize) -> Result<Array2<f32>> {
        self.rates.of(clip)
    }
}

/// Makes a recording; the same settings give the same numbers.
///
/// # Errors
/// Settings out of range, all of them at once.
pub fn simulate(settings: &Settings) -> Result<Simulated> {
    let Simulated { recording, truth, notes, rates } = without_responses(settings)?;
    let ids = recording.neuron_ids();
    let stimuli = recording.stimulus_ids();
    let recorder = Recorder::new(settings, &truth, &ids, &stimuli);
    let Recording { file, dt_ms, level, frequencies_hz, neurons, clips, splits } = recording;
    let recorded = clips.into_iter().enumerate().map(|(s, clip)| {
        let responses = recorder.responses(s, &clip.stimulus.id, &rates.of(s)?)?;
        Ok(Clip { stimulus: clip.stimulus, cochleagram: clip.cochleagram, responses })
    });
    let clips = recorded.collect::<Result<_>>()?;
    let recording = Recording { file, dt_ms, level, frequencies_hz, neurons, clips, splits };
    Ok(Simulated { recording, truth, notes, rates })
}

/// Makes all of a recording but the responses.
///
/// # Errors
/// Settings out of range, all of them at once.
pub fn without_responses(settings: &Settings) -> Result<Simulated<()>> {
    let checked = settings.check()?;
    let dims = Dims {
        dt_ms: settings.dt_ms,
        bands: settings.bands,
        neurons: settings.neurons,
        frequencies_hz: Some(Scale::Log.centres_hz(BANDS_HZ.0, BANDS_HZ.1, settings.bands)),
    };
    let (neurons, stimuli) = (ids("n", 3, settings.neurons), ids("s", 2, settings.stimuli));
    let sounds: Vec<Array2<f32>> =
        stimuli.iter().map(|id| sound::draw(settings, &dims, id)).collect();
    let (truth, rates, notes) = neurons::answer(&checked, &dims, &neurons, &sounds)?;

    let clips = stimuli.iter().zip(sounds).map(|(id, cochleagram)| {
        let kind = ("type".into(), sound::name(settings.sound));
        let stimulus = Entity { id: id.clone(), attributes: [kind].into() };
        Clip { stimulus, cochleagram, responses: () }
    });
    let recording = Recording {
        file: PathBuf::new(),
        dt_ms: settings.dt_ms,
        level: Some(sound::level()),
        frequencies_hz: dims.frequencies_hz,
        clips: clips.collect(),
        splits: splits(&stimuli),
        neurons: neurons.into_iter().map(|id| Entity { id, ..Entity::default() }).collect(),
    };
    Ok(Simulated { recording, truth, notes, rates })
}

/// `n001`, `n002`, ..., with at least so many digits, as many for each.
fn ids(letter: &str, digits: usize, count: usize) -> Vec<String> {
    let digits = digits.max(count.to_string().len());
    (1..=count).map(|number| format!("{letter}{number:0digits$}")).collect()
}

/// 70 % training, 15 % validation, 15 % test in the order of the stimuli, at least one each; none
/// where there are fewer than three.
fn splits(stimuli: &[String]) -> Option<Splits> {
    let few = (stimuli.len() * 3 + 10) / 20; // 15 %, rounded
    let few = few.max(1);
    let train = stimuli.len().checked_sub(2 * few).filter(|train| *train > 0)?;
    let part = |from, to| stimuli[from..to].to_vec();
    Some(Splits {
        train: part(0, train),
        valid: part(train, train + few),
        test: part(train + few, stimuli.len()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_takes_every_stimulus_once_and_leaves_no_part_empty() {
        for (count, want) in [(3, [1, 1, 1]), (4, [2, 1, 1]), (10, [6, 2, 2]), (20, [14, 3, 3])] {
            let Some(Splits { train, valid, test }) = splits(&ids("s", 2, count)) else {
                panic!("{count} stimuli can be split")
            };
            assert_eq!([train.len(), valid.len(), test.len()], want);
            assert_eq!([train, valid, test].concat(), ids("s", 2, count));
        }
        assert_eq!(splits(&ids("s", 2, 2)), None);
    }

    #[test]
    fn ids_have_as_many_digits_as_the_last_one() {
        assert_eq!(ids("n", 3, 2), ["n001", "n002"]);
        assert_eq!(ids("s", 2, 100)[0], "s001");
    }
}
