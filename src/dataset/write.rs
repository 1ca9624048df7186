//! Writes a dataset file in the grouped layout.
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;

use hdf5::plist::group_create::LinkCreationOrder;
use hdf5::{Group, Location};
use ndarray::{Array3, ArrayView1};

use super::hdf5_io::{create, write_array, write_number, write_strings, write_text};
use super::schema::{
    COCHLEAGRAM, DT_MS, FORMAT, FORMAT_VALUE, FREQUENCIES, ID, NEURONS, RESPONSES, SPLITS, STIMULI,
    VERSION, VERSION_VALUE, escape,
};
use super::{Clip, Entity, Recording, Splits};
use crate::base::error::Result;
use crate::base::files::Existing;

/// How responses are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counts {
    /// As bytes, for each stimulus whose responses are all whole numbers from 0 to 255.
    AsBytes,
    /// As floats.
    AsFloats,
}

/// Writes a recording beside `path` and renames it; `extra` adds what is not part of a dataset.
///
/// Fails where the file exists and may not be replaced, or where the system refuses to write.
pub fn write(
    path: &Path,
    recording: &Recording,
    counts: Counts,
    existing: Existing,
    extra: impl FnOnce(&hdf5::File) -> hdf5::Result<()>,
) -> Result<()> {
    let responses = |clip: usize| Ok(Cow::Borrowed(&recording.clips[clip].responses));
    write_each(path, (recording, responses), counts, existing, extra)
}

/// The same for responses `(N, R, T)` that are made when their clip is written, and let go.
///
/// # Errors
/// As of [`write()`], or responses cannot be made.
pub fn write_each<'a, R>(
    path: &Path,
    (recording, mut responses): (
        &Recording<R>,
        impl FnMut(usize) -> hdf5::Result<Cow<'a, Array3<f32>>>,
    ),
    counts: Counts,
    existing: Existing,
    extra: impl FnOnce(&hdf5::File) -> hdf5::Result<()>,
) -> Result<()> {
    create(path, existing, |file| {
        write_text(file, FORMAT, FORMAT_VALUE)?;
        write_number(file, VERSION, VERSION_VALUE)?;
        write_number(file, DT_MS, recording.dt_ms)?;
        if let Some(level) = &recording.level {
            for (name, word) in level.words() {
                write_text(file, name, word)?;
            }
            for (name, value) in level.numbers() {
                write_number(file, name, value)?;
            }
        }
        if let Some(hz) = &recording.frequencies_hz {
            write_array(file, FREQUENCIES, ArrayView1::from(hz))?;
        }
        write_neurons(&file.create_group(NEURONS)?, &recording.neurons)?;
        let stimuli = ordered_group(file, STIMULI)?;
        for (place, clip) in recording.clips.iter().enumerate() {
            let responses = responses(place)?;
            write_clip(&stimuli, clip, &responses, counts)?;
        }
        if let Some(splits) = &recording.splits {
            write_splits(&file.create_group(SPLITS)?, splits)?;
        }
        extra(file)
    })
}

/// A group that remembers the order in which its members were made.
fn ordered_group(parent: &Group, name: &str) -> hdf5::Result<Group> {
    parent
        .create_group_builder()
        .with_create_plist(|plist| plist.link_creation_order(LinkCreationOrder::Indexed))
        .create(name)
}

fn write_neurons(group: &Group, neurons: &[Entity]) -> hdf5::Result<()> {
    let ids: Vec<&str> = neurons.iter().map(|neuron| neuron.id.as_str()).collect();
    write_strings(group, ID, &ids)?;
    let names: BTreeSet<&String> = neurons.iter().flat_map(|n| n.attributes.keys()).collect();
    for name in names {
        let value = |neuron: &Entity| neuron.attributes.get(name).cloned().unwrap_or_default();
        let values: Vec<String> = neurons.iter().map(value).collect();
        match values.iter().map(|value| plain_number(value)).collect::<Option<Vec<f64>>>() {
            Some(numbers) => write_array(group, &escape(name), ArrayView1::from(&numbers))?,
            None => write_strings(group, &escape(name), &values)?,
        }
    }
    Ok(())
}

fn write_clip<R>(
    stimuli: &Group,
    clip: &Clip<R>,
    responses: &Array3<f32>,
    counts: Counts,
) -> hdf5::Result<()> {
    let group = stimuli.create_group(&escape(&clip.stimulus.id))?;
    for (name, value) in &clip.stimulus.attributes {
        write_attribute(&group, name, value)?;
    }
    write_array(&group, COCHLEAGRAM, clip.cochleagram.view())?;
    let bytes = if counts == Counts::AsBytes { bytes(responses) } else { None };
    match bytes {
        Some(bytes) => write_array(&group, RESPONSES, bytes.view()),
        None => write_array(&group, RESPONSES, responses.view()),
    }
}

pub(super) fn write_attribute(place: &Location, name: &str, value: &str) -> hdf5::Result<()> {
    match plain_number(value) {
        Some(number) => write_number(place, name, number),
        None => write_text(place, name, value),
    }
}

fn write_splits(group: &Group, splits: &Splits) -> hdf5::Result<()> {
    splits.parts().into_iter().try_for_each(|(name, ids)| write_strings(group, name, ids))
}

/// The number that a text stands for, if it would be written the same way.
pub fn plain_number(text: &str) -> Option<f64> {
    let number: f64 = text.parse().unwrap_or(f64::NAN);
    (number.to_string() == text).then_some(number)
}

/// `None` where a value is missing, is no whole number or does not fit.
fn bytes(responses: &Array3<f32>) -> Option<Array3<u8>> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let byte = |value: &f32| *value as u8;
    #[expect(clippy::float_cmp, reason = "a whole number comes back exactly")]
    let whole = responses.iter().all(|value| f32::from(byte(value)) == *value);
    whole.then(|| responses.map(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_numbers_from_0_to_255_become_bytes() {
        let responses =
            |value| Array3::from_shape_fn((2, 3, 4), |(_, _, t)| [0.0, 3.0, 255.0, value][t]);
        assert!(bytes(&responses(7.0)).is_some());
        for value in [256.0, -1.0, 0.5, f32::NAN, f32::INFINITY] {
            assert!(bytes(&responses(value)).is_none(), "{value}");
        }
    }

    #[test]
    fn a_text_counts_as_a_number_only_if_it_is_written_as_one() {
        assert_eq!(plain_number("12"), Some(12.0));
        assert_eq!(plain_number("-0.5"), Some(-0.5));
        assert!(
            plain_number("007").is_none()
                && plain_number("A1").is_none()
                && plain_number("").is_none()
        );
        assert!(plain_number("1e3").is_none());
    }
}
