//! Numbers of any stored type as `f32`: whole datasets, or the rows of some neurons.
use std::fmt;
use std::fs;
use std::ops::RangeInclusive;

use hdf5::{Dataset, Hyperslab, SliceOrIndex};
use ndarray::{Array3, ArrayD, Axis, IxDyn};

use super::chunks::Chunked;
use super::hdf5_values::require_readable;
use super::location::ResponseLocation;
use super::schema::shape;
use crate::base::memory::{self, count};

/// All of a dataset; `bytes` is its file.
pub(super) fn all(dataset: &Dataset, bytes: &fs::File) -> hdf5::Result<ArrayD<f32>> {
    require_readable(dataset, size_of::<f32>())?;
    let dims = dataset.get_shape()?;
    let mut values = zeros(&dims)?;
    let rows: Vec<usize> = (0..dims.first().copied().unwrap_or(0)).collect();
    let chunked = if dims.len() > 1 { Chunked::of(dataset) } else { None };
    if !chunked.is_some_and(|chunked| chunked.read(bytes, (1, &rows), &mut values)) {
        dataset.read_into_raw(&mut values)?;
    }
    Ok(ArrayD::from_shape_vec(dims, values)?)
}

/// Responses `(N, R, T)` of some neurons; `bytes` is the file of the dataset, and `chunked` what
/// [`Chunked::of`] says of it.
pub(super) fn rows(
    dataset: &Dataset,
    chunked: Option<&Chunked>,
    bytes: &fs::File,
    location: &ResponseLocation,
) -> hdf5::Result<Array3<f32>> {
    let found = dataset.get_shape()?;
    if found != location.shape {
        let (found, expected) = (shape(&found), shape(&location.shape));
        return Err(hdf5::Error::from(format!("its shape is {found} now, it was {expected}")));
    }
    let (n, r, t) = location.dim();
    require_readable(dataset, 0)?;
    let mut values = zeros(&[n, r, t])?;
    let rows = (location.leading, &location.rows[..]);
    if !chunked.is_some_and(|chunked| chunked.read(bytes, rows, &mut values)) {
        return slab(dataset, location);
    }
    Ok(Array3::from_shape_vec((n, r, t), values)?)
}

/// Asks for the memory first: what a file declares may be more than there is.
fn zeros(dims: &[usize]) -> hdf5::Result<Vec<f32>> {
    let no_memory = |cause: &dyn fmt::Display| {
        hdf5::Error::from(format!("no memory for numbers of shape {}: {cause}", shape(dims)))
    };
    let length = dims.iter().try_fold(1, |length: usize, dim| length.checked_mul(*dim));
    let length = length.ok_or_else(|| no_memory(&"more than can be counted"))?;
    memory::take_values::<f32>(length)?;
    let mut values: Vec<f32> = Vec::new();
    values.try_reserve_exact(length).map_err(|cause| no_memory(&cause))?;
    values.resize(length, 0.0);
    Ok(values)
}

/// The rows of one clip as the library reads them: from the first to the last, and those that are
/// meant out of them.
fn slab(dataset: &Dataset, location: &ResponseLocation) -> hdf5::Result<Array3<f32>> {
    let ResponseLocation { rows, shape, leading, .. } = location;
    let (_, r, t) = location.dim();
    let (Some(first), Some(last)) = (rows.iter().min(), rows.iter().max()) else {
        return Ok(Array3::zeros((0, r, t)));
    };
    let range = |range: RangeInclusive<usize>| SliceOrIndex::from(range);
    let mut axes: Vec<SliceOrIndex> = match leading {
        0 => Vec::new(),
        1 => vec![range(*first..=*last)],
        _ => {
            let clip = first / shape[1];
            vec![SliceOrIndex::Index(clip), range(first % shape[1]..=last % shape[1])]
        }
    };
    axes.resize(shape.len(), SliceOrIndex::from(..));
    let length = last - first + 1;
    memory::take_values::<f32>(count(&[length, r, t]))?;
    let values = dataset.read_slice::<f32, _, IxDyn>(Hyperslab::from(axes))?;
    let all = values.into_shape_with_order((length, r, t))?;
    let places: Vec<usize> = rows.iter().map(|row| row - first).collect();
    Ok(all.select(Axis(0), &places))
}
