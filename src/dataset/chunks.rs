//! Deflated chunks, inflated on all cores: the library inflates them one after the other.
//!
//! Whatever is not as expected is left to the library, which reads it or says what is wrong.
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Seek, SeekFrom};

use flate2::{Decompress, FlushDecompress, Status};
use hdf5::Dataset;
use hdf5::filters::Filter;
use rayon::prelude::*;

/// How many inflated bytes are held at once.
const AT_ONCE_BYTES: usize = 1 << 23;

/// Turns stored numbers into `f32`.
type Decode = fn(&[u8], &mut [f32]);

/// How the numbers of a dataset lie in its chunks.
struct ChunkLayout {
    shape: Vec<usize>,
    /// Shape of a chunk; those at the far edges reach beyond the dataset.
    chunk: Vec<usize>,
    /// Size of one number.
    bytes: usize,
    shuffled: bool,
    decode: Decode,
}

/// Where a chunk lies in the dataset and in the file.
struct Chunk {
    /// Indices of its first number.
    offset: Vec<usize>,
    at: u64,
    bytes: usize,
}

/// A dataset whose chunks can be read past the library.
pub(super) struct Chunked {
    layout: ChunkLayout,
    chunks: Vec<Chunk>,
}

impl Chunked {
    /// None where the library has to read the dataset.
    pub(super) fn of(dataset: &Dataset) -> Option<Self> {
        let layout = ChunkLayout::of(dataset)?;
        let chunks = layout.chunks(dataset)?;
        Some(Self { layout, chunks })
    }

    /// Fills `values` with rows of the dataset in this file: places along its first `leading` axes,
    /// taken as one, and all that lies behind each. False where the library has to read them.
    pub(super) fn read(
        &self,
        file: &fs::File,
        (leading, rows): (usize, &[usize]),
        values: &mut [f32],
    ) -> bool {
        let layout = &self.layout;
        let rows: Vec<Vec<usize>> =
            rows.iter().map(|row| indices(&layout.shape[..leading], *row)).collect();
        let ends = |axis: usize| {
            let places = || rows.iter().map(|row| row[axis]);
            (places().min().unwrap_or(0), places().max().unwrap_or(0))
        };
        let ends: Vec<(usize, usize)> = (0..leading).map(ends).collect();
        let chunks = self.chunks.iter().filter(|chunk| layout.reaches(chunk, &ends));
        let chunks: Vec<&Chunk> =
            chunks.filter(|chunk| rows.iter().any(|row| layout.covers(chunk, row))).collect();
        let length: usize = layout.shape[leading..].iter().product();
        let at_once = (AT_ONCE_BYTES / layout.chunk_bytes().max(1)).max(1);
        for chunks in chunks.chunks(at_once) {
            let Some(inflated) = layout.inflate_all(file, chunks) else { return false };
            values.par_chunks_mut(length.max(1)).zip(&rows).for_each(|(values, row)| {
                let covering = chunks.iter().zip(&inflated).filter(|(c, _)| layout.covers(c, row));
                covering.for_each(|(chunk, bytes)| layout.copy(chunk, bytes, row, values));
            });
        }
        true
    }
}

/// The index on each axis that a place on all of them, taken as one, stands for.
fn indices(shape: &[usize], place: usize) -> Vec<usize> {
    let mut rest = place;
    let mut indices = vec![0; shape.len()];
    for (index, length) in indices.iter_mut().zip(shape).rev() {
        *index = rest % length;
        rest /= length;
    }
    indices
}

impl ChunkLayout {
    /// None where there are no chunks, or others than shuffled and deflated ones of plain numbers.
    fn of(dataset: &Dataset) -> Option<Self> {
        let chunk = dataset.chunk()?;
        let shuffled = match dataset.filters()[..] {
            [Filter::Deflate(_)] => false,
            [Filter::Shuffle, Filter::Deflate(_)] => true,
            _ => return None,
        };
        if chunk.contains(&0) {
            return None;
        }
        let (bytes, decode) = plain(dataset)?;
        Some(Self { shape: dataset.shape(), chunk, bytes, shuffled, decode })
    }

    fn chunk_bytes(&self) -> usize {
        self.chunk.iter().product::<usize>() * self.bytes
    }

    /// All chunks of the dataset; none where one is missing, lies where none can, or was spared a
    /// filter.
    fn chunks(&self, dataset: &Dataset) -> Option<Vec<Chunk>> {
        let mut chunks = Vec::new();
        let visited = dataset.chunks_visit(|chunk| {
            let offset = chunk.offset.iter().map(|o| usize::try_from(*o)).collect();
            if let (Ok(offset), Ok(bytes), 0) =
                (offset, usize::try_from(chunk.size), chunk.filter_mask)
            {
                chunks.push(Chunk { offset, at: chunk.addr, bytes });
            }
            0
        });
        let axes = self.shape.iter().zip(&self.chunk);
        let all: usize = axes.map(|(length, chunk)| length.div_ceil(*chunk)).product();
        let places: BTreeSet<&[usize]> = chunks.iter().map(|chunk| &chunk.offset[..]).collect();
        let sound = places.len() == all && places.iter().all(|offset| self.has_chunk_at(offset));
        (visited.is_ok() && chunks.len() == all && sound).then_some(chunks)
    }

    /// Whether a chunk of the dataset can begin there.
    fn has_chunk_at(&self, offset: &[usize]) -> bool {
        let mut axes = offset.iter().zip(&self.shape).zip(&self.chunk);
        offset.len() == self.shape.len()
            && axes.all(|((first, all), length)| first < all && first.is_multiple_of(*length))
    }

    /// Whether a chunk lies between the first and the last index on each of the leading axes.
    fn reaches(&self, chunk: &Chunk, ends: &[(usize, usize)]) -> bool {
        let axes = ends.iter().zip(&chunk.offset).zip(&self.chunk);
        axes.into_iter().all(|((ends, first), length)| *first <= ends.1 && first + length > ends.0)
    }

    /// Whether a chunk holds something of the row with these indices on the leading axes.
    fn covers(&self, chunk: &Chunk, row: &[usize]) -> bool {
        let axes = row.iter().zip(&chunk.offset).zip(&self.chunk);
        axes.into_iter().all(|((index, first), length)| (*first..first + length).contains(index))
    }

    /// The numbers of each chunk as the library would hand them out; none where one is damaged.
    fn inflate_all(&self, file: &fs::File, chunks: &[&Chunk]) -> Option<Vec<Vec<u8>>> {
        let deflated = chunks.iter().map(|chunk| stored(file, chunk));
        let deflated: Vec<Vec<u8>> = deflated.collect::<Option<_>>()?;
        deflated.par_iter().map(|deflated| self.inflate(deflated)).collect()
    }

    fn inflate(&self, deflated: &[u8]) -> Option<Vec<u8>> {
        let length = self.chunk_bytes();
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(length).ok()?;
        bytes.resize(length, 0);
        let mut stream = Decompress::new(true);
        let status = stream.decompress(deflated, &mut bytes, FlushDecompress::Finish);
        let whole = matches!(status, Ok(Status::StreamEnd))
            && usize::try_from(stream.total_out()) == Ok(bytes.len());
        let shuffled = self.shuffled && self.bytes > 1;
        whole.then(|| if shuffled { unshuffled(&bytes, self.bytes) } else { bytes })
    }

    /// Copies what a chunk holds of a row.
    fn copy(&self, chunk: &Chunk, bytes: &[u8], row: &[usize], values: &mut [f32]) {
        let leading = row.len();
        let inside = row.iter().zip(&chunk.offset).zip(&self.chunk);
        let first = inside.fold(0, |at, ((index, first), length)| at * length + index - first);
        let length = self.chunk.len() - leading;
        let axes = (0..length).map(|axis| {
            let axis = leading + axis;
            let (from, chunk, all) = (chunk.offset[axis], self.chunk[axis], self.shape[axis]);
            SharedAxis { first: from, chunk, all, shared: chunk.min(all - from) }
        });
        let axes: Vec<SharedAxis> = axes.collect();
        let Some((last, before)) = axes.split_last() else { return };
        for (from, to) in starts(first, before) {
            let (from, to) = (from * last.chunk * self.bytes, to * last.all + last.first);
            let bytes = &bytes[from..][..last.shared * self.bytes];
            (self.decode)(bytes, &mut values[to..][..last.shared]);
        }
    }
}

/// What a chunk and a row share along one axis.
struct SharedAxis {
    first: usize,
    chunk: usize,
    all: usize,
    shared: usize,
}

/// Where stretches along a last axis start, counted in such stretches: in a chunk whose row is the
/// `first`, and in the row.
fn starts(first: usize, axes: &[SharedAxis]) -> Vec<(usize, usize)> {
    axes.iter().fold(vec![(first, 0)], |starts, axis| {
        let places = starts.into_iter().flat_map(|(from, to)| {
            (0..axis.shared).map(move |i| (from * axis.chunk + i, to * axis.all + axis.first + i))
        });
        places.collect()
    })
}

/// The bytes of a chunk in the file; none where they cannot be read.
fn stored(mut file: &fs::File, chunk: &Chunk) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(chunk.bytes).ok()?;
    file.seek(SeekFrom::Start(chunk.at)).ok()?;
    file.take(u64::try_from(chunk.bytes).ok()?).read_to_end(&mut bytes).ok()?;
    (bytes.len() == chunk.bytes).then_some(bytes)
}

/// Numbers of `size` bytes out of their first bytes, then their second, and so on.
fn unshuffled(bytes: &[u8], size: usize) -> Vec<u8> {
    let mut numbers = vec![0; bytes.len()];
    for (place, plane) in bytes.chunks_exact(bytes.len() / size).enumerate() {
        let to = numbers.iter_mut().skip(place).step_by(size);
        to.zip(plane).for_each(|(to, from)| *to = *from);
    }
    numbers
}

/// The size of a dataset's numbers and how they become `f32`; none for types that only the library
/// knows.
#[expect(clippy::cast_possible_truncation, reason = "all numbers are read as f32")]
fn plain(dataset: &Dataset) -> Option<(usize, Decode)> {
    let stored = dataset.dtype().ok()?;
    let types: [(bool, usize, Decode); 10] = [
        (stored.is::<u8>(), 1, |from, to| decode(from, to, |x| u8::from_ne_bytes(x).into())),
        (stored.is::<i8>(), 1, |from, to| decode(from, to, |x| i8::from_ne_bytes(x).into())),
        (stored.is::<u16>(), 2, |from, to| decode(from, to, |x| u16::from_ne_bytes(x).into())),
        (stored.is::<i16>(), 2, |from, to| decode(from, to, |x| i16::from_ne_bytes(x).into())),
        (stored.is::<u32>(), 4, |from, to| decode(from, to, |x| u32::from_ne_bytes(x) as f32)),
        (stored.is::<i32>(), 4, |from, to| decode(from, to, |x| i32::from_ne_bytes(x) as f32)),
        (stored.is::<u64>(), 8, |from, to| decode(from, to, |x| u64::from_ne_bytes(x) as f32)),
        (stored.is::<i64>(), 8, |from, to| decode(from, to, |x| i64::from_ne_bytes(x) as f32)),
        (stored.is::<f32>(), 4, |from, to| decode(from, to, f32::from_ne_bytes)),
        (stored.is::<f64>(), 8, |from, to| decode(from, to, |x| f64::from_ne_bytes(x) as f32)),
    ];
    types.into_iter().find(|(is, ..)| *is).map(|(_, size, decode)| (size, decode))
}

fn decode<const SIZE: usize>(bytes: &[u8], values: &mut [f32], number: impl Fn([u8; SIZE]) -> f32) {
    let (numbers, _) = bytes.as_chunks::<SIZE>();
    values.iter_mut().zip(numbers).for_each(|(value, bytes)| *value = number(*bytes));
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use hdf5::{DatasetBuilder, H5Type};
    use ndarray::{Array3, Array4, ArrayD, Axis, Ix3, IxDyn};

    use super::*;

    /// What is read of a dataset, if it is not left to the library.
    fn fast(
        folder: &tempfile::TempDir,
        make: impl FnOnce(DatasetBuilder) -> hdf5::Result<Dataset>,
        leading: usize,
        rows: &[usize],
    ) -> (Dataset, Option<Vec<f32>>) {
        let path = folder.path().join("chunks.h5");
        let file = hdf5::File::create(&path).unwrap();
        let dataset = make(file.new_dataset_builder()).unwrap();
        file.flush().unwrap();
        let length: usize = dataset.shape()[leading..].iter().product();
        let mut values = vec![0.0; length * rows.len()];
        let bytes = File::open(&path).unwrap();
        let chunked = Chunked::of(&dataset);
        let done = chunked.is_some_and(|c| c.read(&bytes, (leading, rows), &mut values));
        (dataset, done.then_some(values))
    }

    const ROWS: [usize; 3] = [4, 0, 2];

    fn bits(values: &[f32]) -> Vec<u32> {
        values.iter().map(|value| value.to_bits()).collect()
    }

    fn same_as_the_library<T: H5Type + Clone>(number: impl Fn(usize) -> T) {
        let array = Array3::from_shape_fn((5, 6, 7), |(n, r, t)| number((n * 6 + r) * 7 + t));
        for chunk in [(5, 6, 7), (2, 6, 7), (2, 4, 3), (1, 1, 2)] {
            same_in_chunks(&array, |builder| builder.chunk(chunk).deflate(4));
            same_in_chunks(&array, |builder| builder.chunk(chunk).shuffle().deflate(4));
        }
    }

    fn same_in_chunks<T: H5Type + Clone>(
        array: &Array3<T>,
        filter: impl Fn(DatasetBuilder) -> DatasetBuilder,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let make = |builder| filter(builder).with_data(array.view()).create("x");
        let (dataset, got) = fast(&folder, make, 1, &ROWS);
        let all: Array3<f32> = dataset.read::<f32, Ix3>().unwrap();
        let want: Vec<f32> = all.select(Axis(0), &ROWS).into_iter().collect();
        let what = format!("{:?} of {:?}", dataset.chunk(), dataset.dtype().unwrap());
        assert_eq!(got.map(|got| bits(&got)), Some(bits(&want)), "{what}");
    }

    #[test]
    #[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "made up")]
    fn every_plain_type_in_every_chunking_is_read_as_the_library_reads_it() {
        same_as_the_library(|i| i as u8);
        same_as_the_library(|i| i as i8);
        same_as_the_library(|i| (i * 311) as u16);
        same_as_the_library(|i| (i * 311) as i16);
        same_as_the_library(|i| u32::MAX - i as u32 * 12_345);
        same_as_the_library(|i| 9_000_001 * i as i32 - 7);
        same_as_the_library(|i| u64::MAX / (i as u64 + 1));
        same_as_the_library(|i| i64::MIN / (i as i64 + 1));
        same_as_the_library(|i| if i % 5 == 0 { f32::NAN } else { i as f32 / 3.0 });
        same_as_the_library(|i| if i % 5 == 0 { f64::NAN } else { i as f64 / 3.0 });
    }

    #[test]
    fn rows_on_two_axes_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let array = Array4::from_shape_fn((3, 5, 2, 7), |(s, n, r, t)| {
            ((s * 5 + n) * 2 + r) as f32 + t as f32 / 10.0
        });
        let make = |builder: DatasetBuilder| {
            builder.chunk((2, 2, 2, 4)).deflate(1).with_data(array.view()).create("x")
        };
        let (_dataset, got) = fast(&folder, make, 2, &[5 + 4, 5, 2 * 5 + 1]);
        let rows = [[1, 4], [1, 0], [2, 1]];
        let row = |[s, n]: [usize; 2]| array.index_axis(Axis(0), s).index_axis_move(Axis(0), n);
        let want: Vec<f32> =
            rows.iter().flat_map(|at| row(*at).iter().copied().collect::<Vec<_>>()).collect();
        assert_eq!(got, Some(want));
    }

    #[test]
    fn what_is_not_plainly_deflated_is_left_to_the_library() {
        let folder = tempfile::tempdir().unwrap();
        let array = Array3::<f32>::ones((5, 6, 7));
        let chunk = (2, 3, 4);
        let others: [fn(DatasetBuilder) -> DatasetBuilder; 3] = [
            |builder| builder,
            |builder| builder.chunk((2, 3, 4)),
            |builder| builder.chunk((2, 3, 4)).fletcher32().deflate(4),
        ];
        for (case, other) in others.into_iter().enumerate() {
            let make = |builder| other(builder).with_data(array.view()).create("x");
            assert_eq!(fast(&folder, make, 1, &ROWS).1, None, "case {case}");
        }
        let unwritten = |builder: DatasetBuilder| {
            builder.chunk(chunk).deflate(4).empty::<f32>().shape((5, 6, 7)).create("x")
        };
        assert_eq!(fast(&folder, unwritten, 1, &ROWS).1, None);
        let truth = ArrayD::from_elem(IxDyn(&[5, 6, 7]), true);
        let booleans = |builder: DatasetBuilder| {
            builder.chunk(chunk).deflate(4).with_data(truth.view()).create("x")
        };
        assert_eq!(fast(&folder, booleans, 1, &ROWS).1, None);
    }
}
