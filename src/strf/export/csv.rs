//! A folder of tables: `strfs.csv` and one for each extra in long form, one row for each number;
//! `measures.csv` with one row for each STRF; the run file as `config.toml`, and what the numbers
//! mean as `about.json`.
use std::fs;
use std::path::Path;

use csv::Writer;
use ndarray::Dimension;

use crate::base::error::{Cause, Error, Result};
use crate::base::files::{self, Existing};
use crate::models::dims::Axis;
use crate::strf::arrays::ArrayValues;
use crate::strf::export::Content;
use crate::strf::export::npz::about;
use crate::strf::measures::Transfers;
use crate::strf::strf_export::{StrfExport, Which};

type Written<T> = std::result::Result<T, Cause>;

pub(super) fn write(content: &Content, path: &Path, existing: Existing) -> Result<()> {
    let is_ours = |name: &str| {
        name == "config.toml"
            || name == "about.json"
            || Path::new(name).extension().is_some_and(|e| e == "csv")
    };
    files::folder(path, existing, is_ours, |folder| {
        fill(content, folder).map_err(|e| Error::file(format!("writing {}", path.display()), e))
    })
}

fn fill(content: &Content, folder: &Path) -> Written<()> {
    let exported = content.exported;
    let weights = |which| ArrayValues::F32(exported.strfs(which).view().into_dyn());
    let columns = [("weight", weights(Which::Raw)), ("effective", weights(Which::Effective))];
    table(exported, &folder.join("strfs.csv"), &exported.strf_axes(), &columns)?;
    if let Some(found) = &exported.significance {
        let name = |path: &'static str| path.trim_start_matches("significance/");
        let columns: Vec<_> =
            found.arrays().into_iter().map(|(path, _, values)| (name(path), values)).collect();
        table(exported, &folder.join("significance.csv"), &exported.strf_axes(), &columns)?;
    }
    for extra in &exported.extras {
        let column = (extra.name.as_str(), ArrayValues::F32(extra.values.view()));
        table(exported, &folder.join(format!("{}.csv", extra.name)), &extra.axes, &[column])?;
    }
    measures(content, &folder.join("measures.csv"))?;
    for transfers in &content.measures.transfers {
        transfer(exported, transfers, folder)?;
    }
    fs::write(folder.join("config.toml"), &exported.config)?;
    fs::write(folder.join("about.json"), format!("{:#}\n", about(content)))?;
    Ok(())
}

/// One column for each axis, then the numbers of each array; all arrays have the same shape.
fn table(
    exported: &StrfExport,
    path: &Path,
    axes: &[Axis],
    columns: &[(&str, ArrayValues)],
) -> Written<()> {
    let shape = columns.first().map_or(&[][..], |(_, values)| values.shape());
    let labels: Vec<Vec<String>> =
        axes.iter().zip(shape).map(|(axis, length)| exported.labels(*axis, *length)).collect();
    let mut writer = Writer::from_path(path)?;
    let names = axes.iter().map(|axis| column_name(exported, *axis));
    writer.write_record(names.chain(columns.iter().map(|(name, _)| *name)))?;
    for index in ndarray::indices(shape) {
        for (steps, step) in labels.iter().zip(index.as_array_view()) {
            writer.write_field(&steps[*step])?;
        }
        for (_, values) in columns {
            writer.write_field(values.text(&index))?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    Ok(writer.flush()?)
}

/// One row for each STRF, one column for each measure; its unit stands in its name.
fn measures(content: &Content, path: &Path) -> Written<()> {
    let (exported, columns) = (content.exported, &content.measures.columns);
    let labels = exported.labels(exported.first_axis(), exported.strfs.dim().0);
    let mut writer = Writer::from_path(path)?;
    let names = columns.iter().map(|column| column.row.part.name);
    writer.write_record(std::iter::once(exported.axis_name(exported.first_axis())).chain(names))?;
    for (row, label) in labels.into_iter().enumerate() {
        let values = columns.iter().map(|column| column.values[[row]].to_string());
        writer.write_record(std::iter::once(label).chain(values))?;
    }
    Ok(writer.flush()?)
}

/// `modulation_temporal.csv` and its like: one row for each STRF and rate.
fn transfer(exported: &StrfExport, transfers: &Transfers, folder: &Path) -> Written<()> {
    let name = transfers.name.replace('/', "_");
    let labels = exported.labels(exported.first_axis(), exported.strfs.dim().0);
    let mut writer = Writer::from_path(folder.join(format!("{name}.csv")))?;
    let rates_name = transfers.rates_name.trim_start_matches("modulation/");
    writer.write_record([exported.axis_name(exported.first_axis()), rates_name, "gain"])?;
    for (row, label) in labels.iter().enumerate() {
        for (at, rate) in transfers.rates.iter().enumerate() {
            let gain = transfers.gains[[row, at]];
            writer.write_record([label, &rate.to_string(), &gain.to_string()])?;
        }
    }
    Ok(writer.flush()?)
}

fn column_name(exported: &StrfExport, axis: Axis) -> &'static str {
    match (axis, &exported.frequencies_hz) {
        (Axis::Frequency, Some(_)) => "frequency_hz",
        (Axis::Lag, _) => "lag_ms",
        _ => exported.axis_name(axis),
    }
}
