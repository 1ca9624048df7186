//! Files of named arrays, and the clips of a recording out of them.
use named::Named;
use options::ArrayOptions;
use pair::clips;
use value::Arrays;

use super::report::ImportReport;
use crate::base::error::Result;
use crate::dataset::{Clip, Recording};

mod axes;
mod beside;
mod by_stimulus;
mod guess;
mod named;
mod options;
mod pair;
mod per_stimulus;
mod readings;
mod spike_times;
mod value;

pub mod dense;
pub mod mat;
pub mod npz;

/// The recording that a file holds.
///
/// # Errors
/// What is asked for is not there, shapes do not fit each other, all problems at once; or the file
/// cannot be read.
pub fn recording(
    arrays: &mut dyn Arrays,
    options: &ArrayOptions,
    report: &mut ImportReport,
) -> Result<Recording> {
    options.require_time()?;
    let mut named = Named::new(arrays, options, report);
    named.looks_inside = !named.is_dataset()?;
    let names = (named.sound_name(), named.response_name());
    let dt_ms = named.dt_ms()?;
    let (Some(sound), Some(responses), Some(dt_ms)) = (names.0, names.1, dt_ms) else {
        return Err(named.stopped());
    };
    let (sound, responses) = (named.value(sound)?, named.value(responses)?);
    let (Some(sound), Some(responses)) = (sound, responses) else { return Err(named.stopped()) };
    let Some([sound_axes, axes]) = named.axes(&sound, &responses) else {
        return Err(named.stopped());
    };
    let (sounds, responses) = (named.sounds(sound, sound_axes)?, named.responses(responses, axes)?);
    let (Some(sounds), Some(responses)) = (sounds, responses) else { return Err(named.stopped()) };
    let stimuli = named.stimuli(sounds.len())?;
    let mut clips = clips(stimuli, sounds, responses, options, named.report)?;
    named.repeats(&mut clips)?;
    let bands = clips.first().map_or(0, |clip| clip.cochleagram.nrows());
    let neurons = clips.first().map_or(0, |clip| clip.responses.dim().0);
    let mut neurons = named.neurons(neurons)?;
    let frequencies_hz = named.frequencies(bands)?;
    named.attributes(guess::NEURONS, neurons.iter_mut().collect())?;
    named.attributes(guess::STIMULI, clips.iter_mut().map(|clip| &mut clip.stimulus).collect())?;
    let splits = named.splits(&clips)?;
    let level = named.level()?;
    named.finish()?;
    let file = options.source.clone();
    let mut recording = Recording { file, dt_ms, level, frequencies_hz, neurons, clips, splits };
    lowest_first(&mut recording, report);
    Ok(recording)
}

/// Turns bands over that are listed from the highest to the lowest.
pub fn lowest_first(recording: &mut Recording, report: &mut ImportReport) {
    let Some(hz) = &mut recording.frequencies_hz else { return };
    if hz.len() < 2 || !hz.windows(2).all(|pair| pair[0] > pair[1]) {
        return;
    }
    hz.reverse();
    for Clip { cochleagram, .. } in &mut recording.clips {
        cochleagram.invert_axis(ndarray::Axis(0));
    }
    report.inferred("bands turned over: the file lists them from the highest to the lowest");
}
