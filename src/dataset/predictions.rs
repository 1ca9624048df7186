//! Predictions as an HDF5 file in the shape of a dataset.
use std::path::Path;

use ndarray::{Array2, ArrayView1};

use super::hdf5_io::{create, write_array, write_number, write_strings, write_text};
use super::schema::{self, escape};
use super::write::write_attribute;
use super::{Entity, Recording};
use crate::base::error::Result;
use crate::base::files::Existing;

const FORMAT: &str = "strf-predictions";

/// Writes `/stimuli/<id>/prediction (N, T)` for each stimulus, with the dataset's attributes.
///
/// # Errors
/// The file exists and may not be replaced, or cannot be written.
pub fn write_predictions<R>(
    path: &Path,
    recording: &Recording<R>,
    neurons: &[String],
    predictions: &[(&Entity, &Array2<f32>)],
    existing: Existing,
) -> Result<()> {
    create(path, existing, |file| {
        write_text(file, schema::FORMAT, FORMAT)?;
        write_number(file, schema::VERSION, schema::VERSION_VALUE)?;
        write_number(file, schema::DT_MS, recording.dt_ms)?;
        if let Some(hz) = &recording.frequencies_hz {
            write_array(file, schema::FREQUENCIES, ArrayView1::from(hz))?;
        }
        write_strings(&file.create_group(schema::NEURONS)?, schema::ID, neurons)?;
        let stimuli = file.create_group(schema::STIMULI)?;
        for (stimulus, prediction) in predictions {
            let group = stimuli.create_group(&escape(&stimulus.id))?;
            for (name, value) in &stimulus.attributes {
                write_attribute(&group, name, value)?;
            }
            write_array(&group, "prediction", prediction.view())?;
        }
        Ok(())
    })
}
