//! A signal of a NEMS recording: samples in rows, times of spikes, or one tile of sound for each
//! stimulus.
use std::collections::BTreeMap;
use std::path::Path;

use hdf5::{Dataset, Group};
use ndarray::{Array2, ArrayD, Axis, Ix2};
use serde::Deserialize;
use serde_json::Value;

use super::members::{FileContent, Members};
use crate::base::error::{Error, Problem, Result};
use crate::base::files;
use crate::base::wording::counted;
use crate::dataset::hdf5_io;
use crate::dataset::hdf5_values::{
    array, described, is_list, is_number, members, numbers, require_few,
};
use crate::import::report::listed;
use crate::import::text_tables::number_rows;

/// A signal.
pub struct Signal {
    /// Its name.
    pub name: String,
    /// The file of its values, for messages.
    pub file: String,
    /// Samples a second.
    pub rate_hz: f64,
    /// Names of the channels, where the header gives them.
    pub channels: Option<Vec<String>>,
    /// The values.
    pub data: SignalData,
}

/// The values of a signal.
pub enum SignalData {
    /// `(channels, T)`.
    Raster(Array2<f32>),
    /// Spike times in seconds of each cell, by its name.
    Points(Vec<(String, Vec<f64>)>),
    /// `(channels, T)` of each stimulus, by the name of its epochs.
    Tiles(BTreeMap<String, Array2<f32>>),
}

/// The header of a signal, as far as it is used.
#[derive(Debug, Deserialize)]
struct Header {
    fs: f64,
    #[serde(default)]
    chans: Option<Vec<Value>>,
    #[serde(default)]
    signal_type: Option<String>,
}

/// What a header calls its signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SignalKind {
    Raster,
    Points,
    Tiles,
}

impl SignalKind {
    const NAMES: [(&'static str, Self); 3] = [
        ("RasterizedSignal", Self::Raster),
        ("PointProcess", Self::Points),
        ("TiledSignal", Self::Tiles),
    ];

    /// Of a Python class as text; none where it is another one.
    fn of(class: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(name, _)| class.contains(name)).map(|(_, kind)| *kind)
    }
}

impl Signal {
    /// The signal of a name, with all its values.
    ///
    /// # Errors
    /// Files that are missing or damaged, or hold something else than their header says.
    pub fn read(files: &Members, source: &Path, name: &str) -> Result<Self> {
        let header = header(files, name)?;
        let channels = header.chans.map(|chans| chans.iter().map(text).collect::<Vec<String>>());
        let kind = header.signal_type.as_deref().and_then(SignalKind::of);
        let count = channels.as_ref().map(Vec::len);
        let (data, file) = if let Some((path, file)) = files.file(name, FileContent::Table) {
            (SignalData::Raster(rows(path, &file, count)?), file)
        } else if let Some((path, file)) = files.file(name, FileContent::Hdf5) {
            let reading = Hdf5Signal::open(path, &file)?;
            (reading.data(kind, count)?, file)
        } else {
            return Err(Error::Refused(format!(
                "{}: found no {name}.csv or {name}.h5 beside {name}.json, expected the values of \
                 the signal; copy the whole recording",
                source.display()
            )));
        };
        Ok(Self { name: name.into(), file, rate_hz: header.fs, channels, data })
    }
}

fn header(files: &Members, name: &str) -> Result<Header> {
    let Some((path, file)) = files.file(name, FileContent::Header) else {
        return Err(Error::Refused(format!("{name}.json: there is no such file")));
    };
    let reading = |source| Error::file(format!("reading {file}"), source);
    let bytes = files::bytes(path).map_err(reading)?;
    let header: Header = from_python(&bytes).map_err(|source| {
        let what = "it is no header of a signal (a JSON object with fs and chans)";
        Error::file(format!("reading {file}: {what}"), source)
    })?;
    if !(header.fs.is_finite() && header.fs > 0.0) {
        return Err(Error::Refused(format!(
            "{file}: fs: found {}, expected samples a second, above 0",
            header.fs
        )));
    }
    Ok(header)
}

/// JSON as Python writes it, which knows NaN and infinities where the standard does not: they
/// become null.
pub fn from_python<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> serde_json::Result<T> {
    let text = String::from_utf8_lossy(bytes);
    let mut plain = String::with_capacity(text.len());
    // What stands between quotes, every second part, is kept; a quote behind a backslash ends none.
    let (mut inside, mut from) = (false, 0);
    let mut letters = text.char_indices();
    let outside = |part: &str| {
        part.replace("-Infinity", "null").replace("Infinity", "null").replace("NaN", "null")
    };
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' if inside => drop(letters.next()),
            '"' => {
                let part = &text[from..=at];
                plain.push_str(&if inside { part.to_owned() } else { outside(part) });
                (inside, from) = (!inside, at + 1);
            }
            _ => (),
        }
    }
    let part = &text[from..];
    plain.push_str(&if inside { part.to_owned() } else { outside(part) });
    serde_json::from_str(&plain)
}

/// Names may be numbers.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A table without a header, in which each row is a moment.
fn rows(path: &Path, file: &str, channels: Option<usize>) -> Result<Array2<f32>> {
    let rows = number_rows(path, file)?;
    if let Some(count) = channels.filter(|count| *count != rows.ncols()) {
        return Err(Error::Refused(format!(
            "{file}: found {}, expected {count}, as many as chans of the header",
            counted(rows.ncols(), "column")
        )));
    }
    Ok(rows.reversed_axes())
}

/// An open HDF5 file of a signal.
struct Hdf5Signal<'a> {
    /// What to call it in messages.
    file: &'a str,
    /// Paths in the file.
    datasets: Vec<(String, Dataset)>,
}

impl<'a> Hdf5Signal<'a> {
    fn open(path: &Path, file: &'a str) -> Result<Self> {
        // The name of a file that was unpacked says nothing.
        let open = hdf5_io::open(path).map_err(|error| match error {
            Error::Refused(text) => Error::Refused(text.replace(&*path.to_string_lossy(), file)),
            Error::File { doing, source } => {
                Error::file(doing.replace(&*path.to_string_lossy(), file), source)
            }
            other => other,
        })?;
        let mut signal = Self { file, datasets: Vec::new() };
        let mut datasets = Vec::new();
        list(&open, "", DEPTH, &mut datasets).map_err(|source| signal.damaged("/", source))?;
        signal.datasets = datasets;
        Ok(signal)
    }

    fn damaged(&self, at: &str, source: hdf5::Error) -> Error {
        hdf5_io::damaged(&self.file, at, source)
    }

    fn refused(&self, problem: Problem) -> Error {
        Error::Input { file: self.file.into(), problems: vec![problem] }
    }

    /// What the file holds, as the header says or as it looks.
    fn data(&self, kind: Option<SignalKind>, channels: Option<usize>) -> Result<SignalData> {
        let lists = self.datasets.iter().all(|(_, data)| is_list(data));
        let looks = match self.datasets[..] {
            [(_, ref only)] if only.ndim() == 2 && !is_list(only) => SignalKind::Raster,
            _ if lists => SignalKind::Points,
            _ => SignalKind::Tiles,
        };
        match kind.unwrap_or(looks) {
            SignalKind::Raster => self.raster(channels).map(SignalData::Raster),
            SignalKind::Points => {
                let times = self.datasets.iter().map(|(name, data)| self.times(name, data));
                times.collect::<Result<_>>().map(SignalData::Points)
            }
            SignalKind::Tiles => {
                let tiles = self.datasets.iter();
                let tiles =
                    tiles.map(|(name, data)| Ok((name.clone(), self.tile(name, data, channels)?)));
                tiles.collect::<Result<_>>().map(SignalData::Tiles)
            }
        }
    }

    /// All samples, with the channels first: that is the axis that is as long as there are channels.
    fn raster(&self, channels: Option<usize>) -> Result<Array2<f32>> {
        let samples = self.datasets.iter().filter(|(_, data)| is_number(data));
        let samples: Vec<&(String, Dataset)> = samples.collect();
        let [(name, data)] = samples[..] else {
            let names: Vec<&str> = self.datasets.iter().map(|(name, _)| name.as_str()).collect();
            let found = if names.is_empty() { "none".into() } else { listed(&names) };
            return Err(self.refused(Problem::new("datasets", found, "one, with all samples")));
        };
        let expected = "(channels, T) or (T, channels)";
        match (&data.shape()[..], channels) {
            ([_], None | Some(1)) => Ok(self.numbers(name, data)?.insert_axis(Axis(0))),
            ([a, b], Some(count)) if (*a == count) != (*b == count) => {
                let values = self.numbers(name, data)?;
                Ok(if *a == count { values } else { values.reversed_axes() })
            }
            ([a, b], Some(_)) if a == b => {
                let hint = "as many samples as channels; save the signal as CSV";
                Err(self.refused(unfit(name, data, expected, channels).hint(hint)))
            }
            ([_, _], None) => {
                let hint = "chans in the header says which axis is which";
                Err(self.refused(unfit(name, data, expected, channels).hint(hint)))
            }
            _ => Err(self.refused(unfit(name, data, expected, channels))),
        }
        .and_then(into_two)
    }

    /// The sound of one stimulus.
    fn tile(&self, name: &str, data: &Dataset, channels: Option<usize>) -> Result<Array2<f32>> {
        match data.shape()[..] {
            [bands, _] if channels.is_none_or(|count| count == bands) => {
                into_two(self.numbers(name, data)?)
            }
            _ => Err(self.refused(unfit(name, data, "(channels, T)", channels))),
        }
    }

    fn numbers(&self, name: &str, data: &Dataset) -> Result<ArrayD<f32>> {
        if !is_number(data) {
            return Err(self.refused(Problem::new(name, described(data), "numbers")));
        }
        array(data).map_err(|source| self.damaged(name, source))
    }

    /// Spike times of a cell.
    fn times(&self, name: &str, data: &Dataset) -> Result<(String, Vec<f64>)> {
        if !is_number(data) || !is_list(data) {
            let problem = Problem::new(name, described(data), "a list of spike times in seconds");
            return Err(self.refused(problem));
        }
        let times = numbers(data).map_err(|source| self.damaged(name, source))?;
        match times.iter().position(|time| !time.is_finite()) {
            None => Ok((name.into(), times)),
            Some(at) => {
                let found = format!("{} in place {at} (from 0)", times[at]);
                Err(self.refused(Problem::new(name, found, "spike times in seconds")))
            }
        }
    }
}

/// How deep groups are looked into: names of stimuli may hold slashes.
const DEPTH: usize = 6;

fn list(
    group: &Group,
    at: &str,
    depth: usize,
    found: &mut Vec<(String, Dataset)>,
) -> hdf5::Result<()> {
    for name in members(group)? {
        let path = if at.is_empty() { name.clone() } else { format!("{at}/{name}") };
        if let Ok(dataset) = group.dataset(&name) {
            found.push((path, dataset));
            require_few(found.len())?;
        } else if let (Ok(inner), true) = (group.group(&name), depth > 0) {
            list(&inner, &path, depth - 1, found)?;
        }
    }
    Ok(())
}

fn unfit(name: &str, data: &Dataset, axes: &str, channels: Option<usize>) -> Problem {
    let of =
        channels.map_or_else(String::new, |count| format!(" of {}", counted(count, "channel")));
    Problem::new(name, described(data), format!("numbers {axes}{of}"))
}

fn into_two(array: ArrayD<f32>) -> Result<Array2<f32>> {
    array.into_dimensionality::<Ix2>().map_err(|source| Error::failed("arranging axes", source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_python_writes_for_no_number_becomes_nothing() {
        let json =
            br#"{"fs": 100, "note": "NaN \" Infinity", "a": NaN, "b": [-Infinity, Infinity]}"#;
        let value: Value = from_python(json).unwrap();
        let want = r#"{"fs":100,"note":"NaN \" Infinity","a":null,"b":[null,null]}"#;
        assert_eq!(value.to_string(), want);
        assert!(from_python::<Value>(b"{\"a\": \"NaN").is_err());
    }
}
