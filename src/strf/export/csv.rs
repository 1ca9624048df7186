//! A folder of tables in long form, one row for each number: `strfs.csv`, one table for each
//! extra, the run file as `config.toml`, and what the numbers mean as `about.json`.
use std::fs;
use std::path::Path;

use csv::Writer;
use ndarray::{ArrayViewD, Dimension};

use crate::dims::Axis;
use crate::error::{Cause, Error, Result};
use crate::files::{self, Existing};
use crate::strf::dump::Dump;
use crate::strf::export::npz::about;

type Written<T> = std::result::Result<T, Cause>;

pub(super) fn write(dump: &Dump, path: &Path, existing: Existing) -> Result<()> {
    let is_ours = |name: &str| {
        name == "config.toml"
            || name == "about.json"
            || Path::new(name).extension().is_some_and(|e| e == "csv")
    };
    files::folder(path, existing, is_ours, |folder| {
        fill(dump, folder).map_err(|e| Error::file(format!("writing {}", path.display()), e))
    })
}

fn fill(dump: &Dump, folder: &Path) -> Written<()> {
    let (raw, effective) = (dump.strfs.view().into_dyn(), dump.effective.view().into_dyn());
    let columns = [("weight", raw), ("effective", effective)];
    table(dump, &folder.join("strfs.csv"), &dump.strf_axes(), &columns)?;
    for extra in &dump.extras {
        let column = (extra.name.as_str(), extra.values.view());
        table(dump, &folder.join(format!("{}.csv", extra.name)), &extra.axes, &[column])?;
    }
    fs::write(folder.join("config.toml"), &dump.config)?;
    fs::write(folder.join("about.json"), format!("{:#}\n", about(dump)))?;
    Ok(())
}

/// One column for each axis, then the numbers of each array; all arrays have the same shape.
fn table(
    dump: &Dump,
    path: &Path,
    axes: &[Axis],
    columns: &[(&str, ArrayViewD<f32>)],
) -> Written<()> {
    let shape = columns.first().map_or(&[][..], |(_, values)| values.shape());
    let labels: Vec<Vec<String>> =
        axes.iter().zip(shape).map(|(axis, length)| dump.labels(*axis, *length)).collect();
    let mut writer = Writer::from_path(path)?;
    let names = axes.iter().map(|axis| column_name(dump, *axis));
    writer.write_record(names.chain(columns.iter().map(|(name, _)| *name)))?;
    for index in ndarray::indices(shape) {
        for (steps, step) in labels.iter().zip(index.as_array_view()) {
            writer.write_field(&steps[*step])?;
        }
        for (_, values) in columns {
            writer.write_field(values[&index].to_string())?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    Ok(writer.flush()?)
}

fn column_name(dump: &Dump, axis: Axis) -> &'static str {
    match (axis, &dump.frequencies_hz) {
        (Axis::Frequency, Some(_)) => "frequency_hz",
        (Axis::Lag, _) => "lag_ms",
        _ => dump.axis_name(axis),
    }
}
