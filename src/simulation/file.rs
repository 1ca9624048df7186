//! A simulated recording as a dataset file, with the truth beside it.
use std::borrow::Cow;
use std::path::Path;

use hdf5::{Group, Location};
use ndarray::{ArrayView1, Axis};

use super::noise::Recorder;
use super::{Settings, Simulated, Truth};
use crate::base::error::{Error, Result};
use crate::base::files::Existing;
use crate::dataset::hdf5_io::{write_array, write_number, write_strings, write_text};
use crate::dataset::schema::escape;
use crate::dataset::{self, Counts};

/// Group of everything that an experiment would not have told.
const TRUTH: &str = "truth";

/// What the responses of a simulated recording come to.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ResponseTally {
    /// Values that are not missing.
    pub recorded: usize,
    /// Their sum.
    pub sum: f64,
    /// The fewest and the most repeats of a stimulus.
    pub repeats: Option<(usize, usize)>,
}

/// Draws responses and writes the dataset file at `path`, one stimulus after the other: responses as
/// bytes where they are counts, and in `/truth` the fields of [`Truth`] under their names, with the
/// settings as attributes. `step` is told twice of each stimulus: after its responses, and after its rates.
///
/// # Errors
/// The file exists and may not be replaced, or the system refuses to write.
pub fn write<R>(
    path: &Path,
    simulated: &Simulated<R>,
    settings: &Settings,
    existing: Existing,
    step: impl Fn(),
) -> Result<ResponseTally> {
    let (recording, ids) = (&simulated.recording, simulated.recording.neuron_ids());
    let stimuli = recording.stimulus_ids();
    let recorder = Recorder::new(settings, &simulated.truth, &ids, &stimuli);
    let mut tally = ResponseTally::default();
    let responses = |s: usize| {
        let rates = simulated.rates(s).map_err(stopped)?;
        let id = &recording.clips[s].stimulus.id;
        let responses = recorder.responses(s, id, &rates).map_err(stopped)?;
        let repeats = responses.len_of(Axis(1));
        let (fewest, most) = tally.repeats.unwrap_or((repeats, repeats));
        tally.repeats = Some((fewest.min(repeats), most.max(repeats)));
        for value in responses.iter().filter(|value| !value.is_nan()) {
            tally.recorded += 1;
            tally.sum += f64::from(*value);
        }
        step();
        Ok(Cow::Owned(responses))
    };
    let recorded = (recording, responses);
    dataset::write_each(path, recorded, Counts::AsBytes, existing, |file| {
        let group = file.create_group(TRUTH)?;
        write_settings(&group, settings)?;
        write_truth(&group, &simulated.truth)?;
        let rates = group.create_group("rates")?;
        for (s, clip) in simulated.recording.clips.iter().enumerate() {
            let rate = simulated.rates(s).map_err(stopped)?;
            write_array(&rates, &escape(&clip.stimulus.id), rate.view())?;
            step();
        }
        Ok(())
    })?;
    Ok(tally)
}

/// What stops the writing of a file.
fn stopped(error: Error) -> hdf5::Error {
    hdf5::Error::from(error.to_string())
}

fn write_truth(group: &Group, truth: &Truth) -> hdf5::Result<()> {
    // A field forgotten here does not compile.
    let Truth { strfs, channels, lags_ms, bias, gain, slope, mean, output, prefilter, noise_sd } =
        truth;
    write_array(group, "strfs", strfs.view())?;
    write_strings(group, "channels", channels)?;
    write_array(group, "lags_ms", ArrayView1::from(lags_ms))?;
    write_array(group, "bias", ArrayView1::from(bias))?;
    write_array(group, "gain", ArrayView1::from(gain))?;
    write_array(group, "slope", ArrayView1::from(slope))?;
    write_array(group, "mean", ArrayView1::from(mean))?;
    if let Some(noise_sd) = noise_sd {
        write_array(group, "noise_sd", ArrayView1::from(noise_sd))?;
    }
    for (name, numbers) in [("output", output), ("prefilter", prefilter)] {
        let parameters = group.create_group(name)?;
        for (name, values) in numbers {
            write_array(&parameters, name, ArrayView1::from(values))?;
        }
    }
    Ok(())
}

/// Every setting under its name.
fn write_settings(place: &Location, settings: &Settings) -> hdf5::Result<()> {
    write_text(place, "program", concat!("strf ", env!("CARGO_PKG_VERSION")))?;
    let all = serde_json::to_value(settings).map_err(|e| hdf5::Error::from(e.to_string()))?;
    for (name, value) in all.as_object().into_iter().flatten() {
        match (value.as_str(), value.as_u64(), value.as_f64()) {
            (Some(text), _, _) => write_text(place, name, text)?,
            (None, Some(number), _) => write_number(place, name, number)?,
            (None, None, number) => write_number(place, name, number.unwrap_or(f64::NAN))?,
        }
    }
    Ok(())
}
