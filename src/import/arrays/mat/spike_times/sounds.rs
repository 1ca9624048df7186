//! The sounds of spike times: samples in the file, or files of a folder.
use std::path::{Path, PathBuf};

use ndarray::{ArrayD, Axis};

use super::options::Asked;
use crate::base::error::{Error, Problem, Result};
use crate::base::units;
use crate::base::wording::{counted, stimuli_counted};
use crate::dataset::Entity;
use crate::dataset::schema::shape;
use crate::import::arrays::named::Named;
use crate::import::arrays::value::ArrayValue;
use crate::import::report::listed;
use crate::import::sessions::hearing::{OpenSound, Opened, Presented};
use crate::import::sessions::spikes::{LeftOut, Library, called, length_ms, presented};
use crate::sound::{Mixer, Sound};

/// Sounds of more channels are rather samples the other way round.
const MOST_CHANNELS: usize = 8;

/// The sound of a stimulus.
pub struct MatSound {
    /// Place of the stimulus among all, from 0.
    pub place: usize,
    /// The stimulus, which nobody has heard yet.
    pub presented: Presented,
    length: Length,
}

/// How long a sound lasts.
enum Length {
    Ms(f64),
    /// As this file does.
    Of(PathBuf),
}

impl MatSound {
    /// A stimulus whose sound is not needed.
    pub fn unheard(place: usize, stimulus: Entity, length_ms: f64) -> Self {
        Self { place, presented: unheard(stimulus), length: Length::Ms(length_ms) }
    }

    /// How long it lasts in milliseconds.
    ///
    /// # Errors
    /// Its file cannot be read.
    pub fn length_ms(&self) -> Result<f64> {
        match &self.length {
            Length::Ms(length_ms) => Ok(*length_ms),
            Length::Of(file) => length_ms(file),
        }
    }
}

/// A stimulus whose sound is not needed.
pub fn unheard(stimulus: Entity) -> Presented {
    let name = stimulus.id.clone();
    let open: OpenSound = Box::new(|_| Err(Error::Refused("there is no sound".into())));
    Presented { stimulus, open, name, presentations: Vec::new() }
}

/// Fewer sounds than stimuli.
pub fn too_few(name: &str, sounds: usize, stimuli: usize, asked: &Asked) -> Problem {
    let expected = match &asked.options.codes {
        Some(codes) => format!("{stimuli} or more, as {codes} numbers them"),
        None => format!("{stimuli}, as there are of spike times"),
    };
    Problem::new(name, stimuli_counted(sounds), expected)
}

/// A stimulus for each waveform under a name; their rate is a number or the name of one.
///
/// # Errors
/// They are no sounds, or fewer than so many.
pub fn waveforms(
    named: &mut Named,
    name: &str,
    stimuli: usize,
    asked: &Asked,
) -> Result<Vec<MatSound>> {
    let Some(value) = named.value(name.to_owned())? else { return Err(named.stopped()) };
    let waveforms = match waveforms_of(value.value, stimuli) {
        Ok(waveforms) if waveforms.len() >= stimuli => waveforms,
        Ok(waveforms) => {
            named.problems.push(too_few(name, waveforms.len(), stimuli, asked));
            return Err(named.stopped());
        }
        Err(found) => {
            let expected = format!("the samples of {}", stimuli_counted(stimuli));
            named.problems.push(Problem::new(name, found, expected));
            return Err(named.stopped());
        }
    };
    let rate = asked.options.rate_hz.as_deref().unwrap_or_default();
    let count = waveforms.len();
    let Some(rates_hz) = rates(named, rate, count)? else { return Err(named.stopped()) };
    let cuts = match &asked.options.cut_s {
        Some(cut) => cuts(named, cut, count)?,
        None => Some(vec![Cut { start_s: 0.0, end_s: 0.0 }; count]),
    };
    let Some(cuts) = cuts else { return Err(named.stopped()) };
    let entities = named.stimuli(count)?;
    let shown = named.options.source.display().to_string();
    let sounds = entities.into_iter().zip(waveforms).zip(rates_hz.into_iter().zip(cuts));
    let mut all = Vec::new();
    for (place, ((stimulus, waveform), (rate_hz, cut))) in sounds.enumerate() {
        if let Some(bad) = waveform.samples.iter().find(|sample| !sample.is_finite()) {
            let found = format!("{bad} in the sound of {}", stimulus.id);
            named.problems.push(Problem::new(name, found, "finite numbers"));
        }
        let length_s = waveform.frames() as f64 / rate_hz;
        let Some(waveform) = waveform.cut(cut, rate_hz) else {
            let both = cut.start_s + cut.end_s;
            let found = format!("{both} s of the {length_s} s of {}", stimulus.id);
            let problem = Problem::new("--cut-s", found, "less than a sound lasts");
            named.problems.push(problem);
            continue;
        };
        let length = Length::Ms(1000.0 * waveform.frames() as f64 / rate_hz);
        let name = format!("{shown}: {name}: {}", stimulus.id);
        let open = waveform.open(rate_hz, name.clone());
        let presented = Presented { stimulus, open, name, presentations: Vec::new() };
        all.push(MatSound { place, presented, length });
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

/// Seconds that are cut off a sound.
#[derive(Debug, Clone, Copy)]
struct Cut {
    start_s: f32,
    end_s: f32,
}

impl Cut {
    /// One number for both ends, or two.
    fn of(list: &[f32]) -> Option<Self> {
        let cut = match *list {
            [both] => Self { start_s: both, end_s: both },
            [start_s, end_s] => Self { start_s, end_s },
            _ => return None,
        };
        let is_time = |seconds: f32| seconds.is_finite() && seconds >= 0.0;
        (is_time(cut.start_s) && is_time(cut.end_s)).then_some(cut)
    }
}

/// What is cut off each sound.
fn cuts(named: &mut Named, cut: &str, count: usize) -> Result<Option<Vec<Cut>>> {
    let numbers = |cell: ArrayValue| match cell {
        ArrayValue::Numbers(array) => array.iter().copied().collect(),
        ArrayValue::Cells(..) => Vec::new(),
    };
    let lists: Vec<Vec<f32>> = match cut.parse::<f32>() {
        Ok(number) => vec![vec![number]],
        Err(_name) => match named.arrays.value(cut)? {
            ArrayValue::Cells(_, cells) => cells.into_iter().map(numbers).collect(),
            array @ ArrayValue::Numbers(_) => vec![numbers(array)],
        },
    };
    let cuts: Option<Vec<Cut>> = lists.iter().map(|list| Cut::of(list)).collect();
    let Some(cuts) = cuts.filter(|cuts| cuts.len() == 1 || cuts.len() == count) else {
        let found = match lists.iter().find(|list| Cut::of(list).is_none()) {
            Some(odd) if odd.len() <= 2 => format!("{odd:?}"),
            Some(odd) => counted(odd.len(), "number"),
            None => counted(lists.len(), "cell"),
        };
        let expected = "seconds, 0 or more: one number or two, for all sounds or for each";
        named.problems.push(Problem::new(format!("--cut-s {cut}"), found, expected));
        return Ok(None);
    };
    let most = |of: fn(&Cut) -> f32| cuts.iter().map(of).fold(0.0, f32::max);
    named.report.inferred(format!(
        "cut off each sound, as --cut-s {cut} says: {} s at the start and {} s at the end at most; \
         onsets are those of what is left",
        most(|cut| cut.start_s),
        most(|cut| cut.end_s)
    ));
    Ok(Some(cuts.iter().copied().cycle().take(count).collect()))
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

    /// Without so many seconds at both ends; none where nothing is left.
    fn cut(mut self, Cut { start_s, end_s }: Cut, rate_hz: f64) -> Option<Self> {
        let frames = |seconds: f32| units::samples(1000.0 * f64::from(seconds), rate_hz);
        let (start, end) = (frames(start_s), frames(end_s));
        let left = self.frames().checked_sub(start)?.checked_sub(end).filter(|left| *left > 0)?;
        self.samples.truncate((start + left) * self.channels);
        self.samples.drain(..start * self.channels);
        Some(self)
    }

    /// Samples of each channel.
    fn frames(&self) -> usize {
        self.samples.len() / self.channels
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

/// Stimuli with the sound files of folders, which are called as the ids, or stand in the order of the
/// stimuli; those without one are left out.
///
/// # Errors
/// No stimulus has a sound, or a folder cannot be read.
pub fn files(named: &mut Named, stimuli: usize, asked: &Asked) -> Result<Vec<MatSound>> {
    let mut left_out = LeftOut::default();
    let library = Library::of(&asked.options.sounds, &mut left_out)?;
    left_out.tell(named.report);
    if asked.options.sounds_in_order {
        return in_order(named, &library, stimuli, asked);
    }
    let listed_ids = match (&asked.arrays.stimulus_ids, &asked.options.codes) {
        // There may be more stimuli than were presented.
        (Some(ids), Some(_)) => named.arrays.texts(ids)?.map_or(0, |ids| ids.len()),
        _ => 0,
    };
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for (place, stimulus) in named.stimuli(stimuli.max(listed_ids))?.into_iter().enumerate() {
        let Some(file) = library.find(&stimulus.id)? else {
            missing.push(stimulus.id);
            continue;
        };
        let id = called(&stimulus.id)[2].to_owned();
        found.push(of_file(place, Entity { id, ..stimulus }, file));
    }
    if found.is_empty() {
        let found = format!("no sound of {}{}", listed(&missing), library.in_other_case(&missing));
        let problem = Problem::new("--sounds", found, "sound files called as the stimuli");
        let hint = "give the list of their names with --stimulus-ids, or --sounds-in-order where \
                    names of files sort as the stimuli do";
        named.problems.push(problem.hint(hint));
        return Err(named.stopped());
    }
    if !missing.is_empty() {
        let count = stimuli_counted(missing.len());
        named.report.dropped(format!(
            "{count} without a sound in --sounds: {}{}",
            listed(&missing),
            library.in_other_case(&missing)
        ));
    }
    Ok(found)
}

/// The sounds of a folder, in the order of their names.
fn in_order(
    named: &mut Named,
    library: &Library,
    stimuli: usize,
    asked: &Asked,
) -> Result<Vec<MatSound>> {
    let files: Vec<&Path> = library.sounds().collect();
    let apart = files.windows(2).find(|pair| pair[0].parent() != pair[1].parent());
    if let Some([one, other]) = apart {
        let found = format!("{} and {}", one.display(), other.display());
        let problem = Problem::new("--sounds-in-order", found, "all sounds in one folder");
        named.problems.push(problem);
        return Err(named.stopped());
    }
    let enough = match asked.options.codes {
        Some(_) => files.len() >= stimuli,
        None => files.len() == stimuli,
    };
    if !enough {
        let problem = too_few("--sounds-in-order", files.len(), stimuli, asked);
        let hint = "give a folder of these sounds alone, or their names with --stimulus-ids";
        named.problems.push(problem.hint(hint));
        return Err(named.stopped());
    }
    let ids = match &asked.arrays.stimulus_ids {
        Some(_) => named.stimuli(files.len())?,
        None => files.iter().map(|file| called_as(file)).collect(),
    };
    let names: Vec<String> = ids.iter().map(|stimulus| stimulus.id.clone()).collect();
    named
        .report
        .inferred(format!("stimuli in the order of the names of sounds: {}", listed(&names)));
    let sounds = ids.into_iter().zip(files).enumerate();
    Ok(sounds.map(|(place, (stimulus, file))| of_file(place, stimulus, file)).collect())
}

fn called_as(file: &Path) -> Entity {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
    Entity { id: called(&name.unwrap_or_default())[2].to_owned(), ..Entity::default() }
}

fn of_file(place: usize, stimulus: Entity, file: &Path) -> MatSound {
    let presented = presented(stimulus, file.to_path_buf(), std::collections::BTreeMap::new(), 0);
    MatSound { place, presented, length: Length::Of(file.to_path_buf()) }
}
