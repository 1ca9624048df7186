//! Responses before any of them is known.
use ndarray::Array3;

use crate::base::error::{Error, Result};
use crate::base::memory;

/// Responses `(N, R, T)` of which nothing is recorded yet, if there is memory for them and a copy: a file of a
/// few lines may tell of as many repeats of a long stimulus.
///
/// # Errors
/// There is not.
pub fn unrecorded(shape: (usize, usize, usize)) -> Result<Array3<f32>> {
    let (neurons, repeats, bins) = shape;
    memory::take_values::<[f32; 2]>(memory::count(&[neurons, repeats, bins])).map_err(|cause| {
        Error::Refused(format!(
            "the responses of {neurons} neurons to {repeats} repeats of {bins} bins: {cause}; import fewer \
             neurons or stimuli at a time, or take a machine with more memory"
        ))
    })?;
    Ok(Array3::from_elem(shape, f32::NAN))
}
