//! MATLAB files: version 4, version 5 to 7, and version 7.3, which is HDF5.
//!
//! The first two are read here: no crate reads all that MATLAB and `SciPy` write, and none leaves
//! alone what nobody asks for.
use std::path::{Path, PathBuf};

use clap::Args;

use self::files::MatFiles;
use self::spike_times::SpikeTimeOptions;
use self::storage::ByteOrder;
use super::options::ArrayOptions;
use super::recording;
use crate::base::error::{Error, Result};
use crate::import::format::{Format, Imported};
use crate::import::report::ImportReport;
use crate::import::tables::NeuronTable;

mod array;
mod by_name;
mod element;
mod fields;
mod files;
mod letters;
mod levels;
mod sparse;
mod spike_times;
mod storage;
mod v4;
mod v5;
mod v73;
mod variable;

pub use fields::{FieldValue, StructFile};
pub use files::{depth_inside, names_inside};

/// `strf import mat`.
#[derive(Debug, Clone, Args)]
pub struct Mat {
    /// Which arrays hold what.
    #[command(flatten)]
    pub arrays: ArrayOptions,
    /// More files, in which names are looked for that the ones before do not have; or folders, of
    /// which each file holds the --spike-times of one neuron
    #[arg(value_name = "MORE")]
    pub more: Vec<PathBuf>,
    /// Spike times in place of responses.
    #[command(flatten)]
    pub spikes: SpikeTimeOptions,
    /// Attributes of the neurons.
    #[command(flatten)]
    pub about: NeuronTable,
}

impl Format for Mat {
    fn name(&self) -> &'static str {
        "mat"
    }

    fn sources(&self) -> Vec<&Path> {
        std::iter::once(&self.arrays.source).chain(&self.more).map(PathBuf::as_path).collect()
    }

    fn read(&self, report: &mut ImportReport) -> Result<Imported> {
        let mut imported = self.imported(report)?;
        self.about.describe(None, &mut imported.recording.neurons, report)?;
        Ok(imported)
    }
}

impl Mat {
    /// The recording as the files have it.
    fn imported(&self, report: &mut ImportReport) -> Result<Imported> {
        let Self { arrays, spikes, .. } = self;
        let names = [
            &arrays.cochleagrams,
            &arrays.responses,
            &arrays.frequencies,
            &arrays.neuron_ids,
            &arrays.stimulus_ids,
            &spikes.spike_times,
            &spikes.onsets,
            &spikes.codes,
            &spikes.neuron_files,
            &spikes.waveforms,
            &spikes.rate_hz,
            &spikes.cut_s,
        ];
        let wanted: Vec<&str> = names.into_iter().flatten().map(String::as_str).collect();
        let (folders, sources): (Vec<&Path>, Vec<&Path>) =
            self.sources().into_iter().partition(|source| source.is_dir());
        if let (Some(folder), None) = (folders.first(), &spikes.spike_times) {
            return Err(Error::Refused(format!(
                "{}: this is a folder; give the MATLAB file inside it, or the name of --spike-times, \
                 where each file in it is a neuron",
                folder.display()
            )));
        }
        let mut files = MatFiles::open(sources, &wanted)?;
        files.say_places(report);
        if let Some(name) = &spikes.spike_times {
            return spike_times::imported(&mut files, &folders, name, (arrays, spikes), report);
        }
        spikes.require_none()?;
        recording(&mut files, arrays, report).map(Imported::without_sound)
    }
}

/// What the first bytes tell.
#[derive(Debug, PartialEq, Eq)]
enum MatVersion {
    V4,
    /// 5, 6 and 7.
    V5(ByteOrder),
    /// 7.3.
    V73,
}

/// Bytes of the header of version 5, in which a text stands first.
const HEADER: usize = 128;

fn version(head: &[u8]) -> Option<MatVersion> {
    if head.starts_with(b"MATLAB 7.3") || head.starts_with(b"\x89HDF") {
        return Some(MatVersion::V73);
    }
    // The version of the format, and letters that tell the order of bytes.
    match head.get(HEADER - 4..HEADER).unwrap_or_default() {
        b"\x00\x01IM" => Some(MatVersion::V5(ByteOrder::Little)),
        b"\x01\x00MI" => Some(MatVersion::V5(ByteOrder::Big)),
        b"\x00\x02IM" | b"\x02\x00MI" => Some(MatVersion::V73),
        _ => v4::begins(head).then_some(MatVersion::V4),
    }
}

/// Names inside structs are joined by a point, as MATLAB writes them.
fn inside(outer: &str, name: &str) -> String {
    if outer.is_empty() { name.to_owned() } else { format!("{outer}.{name}") }
}

/// `cells (1, 6)`, in MATLAB's order of axes.
fn described(holds: &str, dims: &[usize]) -> String {
    format!("{holds} {}", crate::dataset::schema::shape(dims))
}

/// Column-major numbers of these lengths as an array with the axes in MATLAB's order.
fn column_major<T>(dims: &[usize], values: Vec<T>) -> Result<ndarray::ArrayD<T>> {
    use ndarray::{ArrayD, IxDyn, ShapeBuilder};
    ArrayD::from_shape_vec(IxDyn(dims).f(), values)
        .map_err(|source| Error::failed("arranging a MATLAB array", source))
}

/// Cells in column-major order, put in row-major order.
fn row_major<T>(dims: &[usize], cells: Vec<T>) -> Vec<T> {
    let mut places: Vec<(usize, T)> = cells
        .into_iter()
        .enumerate()
        .map(|(index, cell)| (row_major_place(dims, index), cell))
        .collect();
    places.sort_by_key(|(place, _)| *place);
    places.into_iter().map(|(_, cell)| cell).collect()
}

fn row_major_place(dims: &[usize], column_major: usize) -> usize {
    let mut rest = column_major;
    let mut place = 0;
    let mut strides = vec![1; dims.len()];
    for axis in (0..dims.len().saturating_sub(1)).rev() {
        strides[axis] = strides[axis + 1] * dims[axis + 1];
    }
    for (length, stride) in dims.iter().zip(strides) {
        place += rest % length.max(&1) * stride;
        rest /= length.max(&1);
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_by_the_first_bytes() {
        let head = |text: &str, last: &[u8]| {
            let mut head = text.as_bytes().to_vec();
            head.resize(HEADER - last.len(), b' ');
            head.extend(last);
            version(&head)
        };
        let little = MatVersion::V5(ByteOrder::Little);
        assert_eq!(head("MATLAB 5.0 MAT-file, by Octave", b"\x00\x01IM"), Some(little));
        assert_eq!(head("from a lab", b"\x01\x00MI"), Some(MatVersion::V5(ByteOrder::Big)));
        assert_eq!(head("MATLAB 7.0 MAT-file", b"\x00\x02IM"), Some(MatVersion::V73));
        assert_eq!(version(b"\x89HDF\r\n\x1a\n"), Some(MatVersion::V73));
        let old = [[0, 0, 0, 0], [1, 0, 0, 0], [2, 0, 0, 0], [0, 0, 0, 0], [3, 0, 0, 0]].concat();
        assert_eq!(version(&[&old, &b"dt\0"[..]].concat()), Some(MatVersion::V4));
        assert_eq!(version(&[&old, &b"1t\0"[..]].concat()), None);
        assert_eq!(head("time,neuron", b"1,2\n"), None);
        assert_eq!(version(b""), None);
    }

    #[test]
    fn cells_come_out_row_by_row() {
        assert_eq!(
            row_major(&[2, 3], vec!["a1", "b1", "a2", "b2", "a3", "b3"]),
            ["a1", "a2", "a3", "b1", "b2", "b3"]
        );
        assert_eq!(row_major(&[1, 3], vec![1, 2, 3]), [1, 2, 3]);
        assert_eq!(row_major(&[], vec![1]), [1]);
    }
}
