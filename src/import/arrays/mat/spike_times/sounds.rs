//! The sounds of spike times: samples in the file, or files of a folder.
use std::path::PathBuf;

use ndarray::{ArrayD, Axis};

use crate::base::error::{Error, Problem, Result};
use crate::base::wording::{counted, stimuli_counted};
use crate::dataset::Entity;
use crate::dataset::schema::shape;
use crate::import::arrays::named::Named;
use crate::import::arrays::value::ArrayValue;
use crate::import::report::listed;
use crate::import::sessions::session::{OpenSound, Opened, Presented};
use crate::import::sessions::spikes::{LeftOut, Library, called, presented};
use crate::sound::{Mixer, Sound};

/// Sounds of more channels are rather samples the other way round.
const MOST_CHANNELS: usize = 8;

/// A stimulus whose sound is not needed.
pub fn unheard(stimulus: Entity) -> Presented {
    let name = stimulus.id.clone();
    let open: OpenSound = Box::new(|_| Err(Error::Refused("there is no sound".into())));
    Presented { stimulus, open, name, presentations: Vec::new() }
}

/// A stimulus for each waveform under a name; their rate is a number or the name of one.
///
/// # Errors
/// They are no sounds, or fewer than so many.
pub fn waveforms(
    named: &mut Named,
    (name, rate): (&str, &str),
    stimuli: usize,
) -> Result<Vec<Presented>> {
    let Some(value) = named.value(name.to_owned())? else { return Err(named.stopped()) };
    let waveforms = match waveforms_of(value.value, stimuli) {
        Ok(waveforms) if waveforms.len() >= stimuli => waveforms,
        Ok(waveforms) => {
            let found = stimuli_counted(waveforms.len());
            let expected = format!("{stimuli}, as there are of spike times");
            named.problems.push(Problem::new(name, found, expected));
            return Err(named.stopped());
        }
        Err(found) => {
            let expected = format!("the samples of {}", stimuli_counted(stimuli));
            named.problems.push(Problem::new(name, found, expected));
            return Err(named.stopped());
        }
    };
    let Some(rates_hz) = rates(named, rate, waveforms.len())? else { return Err(named.stopped()) };
    let entities = named.stimuli(waveforms.len())?;
    let shown = named.options.source.display().to_string();
    let sounds = entities.into_iter().zip(waveforms).zip(rates_hz);
    let mut all = Vec::new();
    for ((stimulus, waveform), rate_hz) in sounds {
        if let Some(bad) = waveform.samples.iter().find(|sample| !sample.is_finite()) {
            let found = format!("{bad} in the sound of {}", stimulus.id);
            named.problems.push(Problem::new(name, found, "finite numbers"));
        }
        let name = format!("{shown}: {name}: {}", stimulus.id);
        let open = waveform.open(rate_hz, name.clone());
        all.push(Presented { stimulus, open, name, presentations: Vec::new() });
    }
    Ok(all)
}

/// Samples a second of each sound.
fn rates(named: &mut Named, rate: &str, count: usize) -> Result<Option<Vec<f64>>> {
    let found = match rate.parse::<f64>() {
        Ok(number) => vec![number],
        Err(_name) => named.arrays.numbers(rate)?.unwrap_or_default(),
    };
    let fits = found.len() == 1 || found.len() == count;
    if fits && found.iter().all(|rate| rate.is_finite() && *rate > 0.0) {
        return Ok(Some(found.iter().copied().cycle().take(count).collect()));
    }
    let shown = if fits { format!("{found:?}") } else { counted(found.len(), "number") };
    let problem = Problem::new(format!("--rate-hz {rate}"), shown, "samples a second, above 0");
    named.problems.push(problem.hint("give a number, or the name of one in the file"));
    Ok(None)
}

/// Samples of one sound; channels take turns.
struct Waveform {
    samples: Vec<f32>,
    channels: usize,
}

impl Waveform {
    /// `(samples, channels)` or the other way round.
    fn of(array: &ArrayD<f32>) -> Result<Self, String> {
        let long: Vec<usize> = array.shape().iter().copied().filter(|one| *one != 1).collect();
        match long.as_slice() {
            [] | [_] if !array.is_empty() => {
                Ok(Self { samples: array.iter().copied().collect(), channels: 1 })
            }
            [a, b] if *a.min(b) <= MOST_CHANNELS && a != b && array.ndim() == 2 => {
                let turned = if a < b { array.t() } else { array.view() };
                Ok(Self { samples: turned.iter().copied().collect(), channels: *a.min(b) })
            }
            _ => Err(format!("an array of shape {}", shape(array.shape()))),
        }
    }

    fn open(self, rate_hz: f64, name: String) -> OpenSound {
        let Self { samples, channels } = self;
        Box::new(move |channel| {
            let mixer = Mixer::new(channel, channels, &name)?;
            let mono = if channels == 1 {
                samples.clone()
            } else {
                let mut mono = Vec::with_capacity(samples.len() / channels);
                mixer.mix(&samples, &mut mono);
                mono
            };
            let sound = Sound { rate_hz, pieces: Box::new(std::iter::once(Ok(mono))) };
            let notes = mixer.note().into_iter().collect();
            Ok(Opened { sound, mixer, notes })
        })
    }
}

/// A waveform for each cell, or along the axis that is as long as there are stimuli.
fn waveforms_of(value: ArrayValue, stimuli: usize) -> Result<Vec<Waveform>, String> {
    let array = match value {
        ArrayValue::Cells(_, cells) => {
            let mut all = Vec::new();
            for cell in cells {
                match cell {
                    ArrayValue::Numbers(array) => all.push(Waveform::of(&array)?),
                    inner @ ArrayValue::Cells(..) => all.extend(waveforms_of(inner, stimuli)?),
                }
            }
            return Ok(all);
        }
        ArrayValue::Numbers(array) => array,
    };
    if stimuli == 1 {
        return Ok(vec![Waveform::of(&array)?]);
    }
    let along: Vec<usize> =
        (0..array.ndim()).filter(|axis| array.shape()[*axis] == stimuli).collect();
    match along.as_slice() {
        [axis] if array.ndim() == 2 => {
            let rows = array.axis_iter(Axis(*axis));
            Ok(rows
                .map(|row| Waveform { samples: row.iter().copied().collect(), channels: 1 })
                .collect())
        }
        _ => Err(format!("an array of shape {}", shape(array.shape()))),
    }
}

/// Stimuli with the sound files of folders, which are called as the ids; and which of so many stimuli
/// have one.
///
/// # Errors
/// No stimulus has a sound, or a folder cannot be read.
pub fn files(
    named: &mut Named,
    folders: &[PathBuf],
    stimuli: usize,
) -> Result<(Vec<Presented>, Vec<usize>)> {
    let mut left_out = LeftOut::default();
    let library = Library::of(folders, &mut left_out)?;
    left_out.tell(named.report);
    let (mut found, mut kept, mut missing) = (Vec::new(), Vec::new(), Vec::new());
    for (place, stimulus) in named.stimuli(stimuli)?.into_iter().enumerate() {
        let Some(file) = library.find(&stimulus.id)? else {
            missing.push(stimulus.id);
            continue;
        };
        let id = called(&stimulus.id)[2].to_owned();
        kept.push(place);
        let entity = Entity { id, ..stimulus };
        found.push(presented(entity, file.to_path_buf(), std::collections::BTreeMap::new(), 0));
    }
    if found.is_empty() {
        let found = format!("no sound of {}", listed(&missing));
        let problem = Problem::new("--sounds", found, "sound files called as the stimuli");
        named.problems.push(problem.hint("give the list of their names with --stimulus-ids"));
        return Err(named.stopped());
    }
    if !missing.is_empty() {
        let count = stimuli_counted(missing.len());
        named.report.dropped(format!("{count} without a sound in --sounds: {}", listed(&missing)));
    }
    Ok((found, kept))
}
