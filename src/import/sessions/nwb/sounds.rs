//! `/stimulus`: sounds as time series, each by itself or one for the whole session.
use hdf5::{Dataset, Group};

use super::Nwbfile;
use crate::base::error::{Error, Result};
use crate::base::memory;
use crate::base::units::samples;
use crate::dataset::hdf5_values::{is_number, members, numbers, require_readable};
use crate::import::sessions::clock::Shown;
use crate::import::sessions::hearing::Opened;
use crate::import::sessions::spikes::called;
use crate::sound::{Mixer, Sound};

/// Group of sounds that were presented at a time of their own.
pub const PRESENTATION: &str = "/stimulus/presentation";
const TEMPLATES: &str = "/stimulus/templates";
/// Samples that are read at once.
const PIECE: usize = 1 << 16;
/// Share of a step by which time stamps may be uneven.
const UNEVEN: f64 = 0.01;

/// A sound in the file, of which nothing has been read yet.
#[derive(Debug, Clone)]
pub struct Series {
    /// Name of its group.
    pub name: String,
    /// Whether a stimulus has it.
    pub used: bool,
    /// Onset in milliseconds on the clock of the session, for one that was presented by itself.
    pub presented_ms: Option<f64>,
    file: Nwbfile,
    at: String,
    data: Dataset,
    rate_hz: f64,
    /// Factor and offset that make levels of the stored numbers.
    scale: (f64, f64),
    /// First sample and the one behind the last.
    range: (usize, usize),
    /// Whether whole numbers were taken for shares of full scale.
    by_full_scale: bool,
}

/// All series of templates and of presentations.
///
/// # Errors
/// One that is damaged, without a rate, or with uneven time stamps.
pub fn all(file: &Nwbfile) -> Result<Vec<Series>> {
    let mut all = Vec::new();
    for at in [TEMPLATES, PRESENTATION] {
        let Ok(group) = file.file.group(at) else { continue };
        for name in members(&group).map_err(|source| file.damaged(at, source))? {
            if let Some(one) = series(file, &group, at, &name)? {
                all.push(one);
            }
        }
    }
    Ok(all)
}

/// The sound of a stimulus: the series of its name, where that is a path of its last part, or a part of the one that was running when the
/// stimulus was presented first.
///
/// # Errors
/// A presentation that reaches beyond the series.
pub fn of(
    file: &Nwbfile,
    series: &mut [Series],
    name: &str,
    shown: &[Shown],
) -> Result<Option<Series>> {
    let place = |called: &str| series.iter().position(|series| series.name == called);
    if let Some(own) = called(name).into_iter().find_map(place) {
        series[own].used = true;
        return Ok(Some(series[own].clone()));
    }
    let Some((first, length_ms)) = shown.first().and_then(|first| Some((first, first.length_ms?)))
    else {
        return Ok(None);
    };
    let running = |series: &&mut Series| {
        series.presented_ms.is_some_and(|start| start <= first.start_ms)
            && series.end_ms().is_some_and(|end| end > first.start_ms)
    };
    let Some(running) = series.iter_mut().find(running) else { return Ok(None) };
    running.used = true;
    let start_ms = first.start_ms - running.presented_ms.unwrap_or(0.0);
    let sample = |at_ms: f64| samples(at_ms, running.rate_hz);
    let (from, to) = (sample(start_ms), sample(start_ms + length_ms));
    if to > running.range.1 {
        let end_ms = running.end_ms().unwrap_or(f64::NAN);
        let found = format!("found a sound that ends at {} s", end_ms / 1000.0);
        let expected = format!("expected all of {name} from {} s on", first.start_ms / 1000.0);
        return Err(file.refused(&running.at, &format!("{found}, {expected}")));
    }
    Ok(Some(Series { range: (from, to), name: name.to_owned(), ..running.clone() }))
}

fn series(file: &Nwbfile, group: &Group, at: &str, name: &str) -> Result<Option<Series>> {
    let at = format!("{at}/{name}");
    let Ok(group) = group.group(name) else { return Ok(None) };
    let Ok(data) = group.dataset("data") else { return Ok(None) };
    if !is_number(&data) || !(1..=2).contains(&data.ndim()) {
        return Ok(None);
    }
    let failed = |source| file.damaged(&at, source);
    let (rate_hz, start_s) = match group.dataset("starting_time") {
        Ok(start) => {
            let rate = start.attr("rate").and_then(|rate| rate.read_scalar::<f64>());
            (rate.map_err(failed)?, start.read_scalar::<f64>().map_err(failed)?)
        }
        Err(_none) => even_rate(file, &group, &at)?,
    };
    if !(rate_hz.is_finite() && rate_hz > 0.0) {
        let found = format!("found a rate of {rate_hz}, expected samples a second");
        return Err(file.refused(&at, &found));
    }
    let number = |name: &str, default: f64| {
        data.attr(name).and_then(|value| value.read_scalar::<f64>()).unwrap_or(default)
    };
    let (conversion, offset) = (number("conversion", 1.0), number("offset", 0.0));
    let full_scale = full_scale(&data).filter(|_| (conversion - 1.0).abs() < f64::EPSILON);
    Ok(Some(Series {
        name: name.to_owned(),
        used: false,
        presented_ms: at.starts_with(PRESENTATION).then_some(1000.0 * start_s),
        file: file.clone(),
        range: (0, data.shape()[0]),
        scale: (full_scale.map_or(conversion, |full| 1.0 / full), offset),
        by_full_scale: full_scale.is_some(),
        at,
        data,
        rate_hz,
    }))
}

/// The magnitude that whole numbers of the stored type can reach.
fn full_scale(data: &Dataset) -> Option<f64> {
    use hdf5::types::{IntSize, TypeDescriptor};
    match data.dtype().and_then(|dtype| dtype.to_descriptor()) {
        Ok(TypeDescriptor::Integer(IntSize::U1)) => Some(f64::from(1u32 << 7)),
        Ok(TypeDescriptor::Integer(IntSize::U2)) => Some(f64::from(1u32 << 15)),
        Ok(TypeDescriptor::Integer(IntSize::U4)) => Some(f64::from(1u32 << 31)),
        _ => None,
    }
}

/// Rate and start of a series with a time stamp for each sample.
fn even_rate(file: &Nwbfile, group: &Group, at: &str) -> Result<(f64, f64)> {
    let none = "found no starting_time with a rate and no timestamps, expected one of them";
    let stamps = group.dataset("timestamps").map_err(|_none| file.refused(at, none))?;
    let stamps = numbers(&stamps).map_err(|source| file.damaged(at, source))?;
    let (Some(first), Some(last)) = (stamps.first(), stamps.last()) else {
        return Err(file.refused(at, "found no samples, expected at least one"));
    };
    let step = (last - first) / (stamps.len().max(2) - 1) as f64;
    let uneven =
        stamps.windows(2).position(|pair| ((pair[1] - pair[0]) - step).abs() > UNEVEN * step);
    if let (Some(index), true) = (uneven, stamps.len() > 1) {
        let found = format!("found time stamps {} and {} s", stamps[index], stamps[index + 1]);
        let expected = format!("steps of {step} s; sound must be sampled evenly");
        return Err(file.refused(at, &format!("{found}, expected {expected}")));
    }
    Ok((1.0 / step, *first))
}

impl Series {
    /// How long it lasts.
    pub fn length_ms(&self) -> f64 {
        1000.0 * (self.range.1 - self.range.0) as f64 / self.rate_hz
    }

    fn end_ms(&self) -> Option<f64> {
        Some(self.presented_ms? + self.length_ms())
    }

    /// The sound, and what the user should know of how it is read.
    ///
    /// # Errors
    /// It has no such channel.
    pub fn opened(self, channel: Option<usize>) -> Result<Opened> {
        let channels = self.data.shape().get(1).copied().unwrap_or(1);
        // A piece as it is read, as levels, and mixed.
        let bytes = channels.saturating_mul(PIECE * (size_of::<f64>() + size_of::<f32>()));
        memory::take(bytes)
            .map_err(hdf5::Error::from)
            .and_then(|()| require_readable(&self.data, 0))
            .map_err(|source| self.file.damaged(&self.at, source))?;
        let mixer = Mixer::new(channel, channels, &self.name)?;
        let mut notes = self.notes();
        notes.extend(mixer.note());
        Ok(Opened { sound: self.sound(mixer.clone()), mixer, notes })
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.by_full_scale {
            notes.push(
                "sounds of whole numbers without a conversion are taken as shares of full scale"
                    .into(),
            );
        }
        notes
    }

    /// The samples of the series, read while they are asked for.
    fn sound(self, mixer: Mixer) -> Sound<'static> {
        let rate_hz = self.rate_hz;
        let (from, to) = self.range;
        let pieces = (from..to).step_by(PIECE);
        let pieces = pieces.map(move |start| self.piece((start, (start + PIECE).min(to)), &mixer));
        Sound { rate_hz, pieces: Box::new(pieces) }
    }

    fn piece(&self, (from, to): (usize, usize), mixer: &Mixer) -> Result<Vec<f32>> {
        let failed = |source| self.file.damaged(&self.at, source);
        let (factor, offset) = self.scale;
        #[expect(clippy::cast_possible_truncation, reason = "sound is f32")]
        let level = |value: f64| (value * factor + offset) as f32;
        let samples: Vec<f32> = if self.data.ndim() == 1 {
            let values = self.data.read_slice_1d::<f64, _>(from..to).map_err(failed)?;
            values.into_iter().map(level).collect()
        } else {
            let values = self.data.read_slice_2d::<f64, _>((from..to, ..)).map_err(failed)?;
            let levels: Vec<f32> = values.iter().copied().map(level).collect();
            let mut samples = Vec::with_capacity(to - from);
            mixer.mix(&levels, &mut samples);
            samples
        };
        if let Some(index) = samples.iter().position(|sample| !sample.is_finite()) {
            let found = format!("found {} at sample {}", samples[index], from + index);
            return Err(Error::Refused(format!(
                "{}: {}: {found}, expected finite numbers",
                self.file.path.display(),
                self.at
            )));
        }
        Ok(samples)
    }
}
