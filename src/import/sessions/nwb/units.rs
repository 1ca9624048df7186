//! `/units`: neurons and their spikes.
use std::sync::Arc;

use super::Nwbfile;
use super::table::Table;
use crate::base::error::Result;
use crate::base::wording::counted;
use crate::dataset::Entity;
use crate::import::report::ImportReport;
use crate::import::sessions::clock::Trains;
use crate::import::sessions::times::SpikeTrain;
use crate::import::sessions::unit::TimeStep;

const UNITS: &str = "/units";
const SPIKE_TIMES: &str = "spike_times";
/// Where spike times lie in the file.
pub const PLACE: &str = "/units/spike_times";
const OBSERVED: &str = "obs_intervals";

/// Reads the table: plain columns become attributes.
///
/// # Errors
/// There is none, or its columns do not fit each other.
pub fn read(
    file: &Nwbfile,
    ids: &str,
    step: TimeStep,
    report: &mut ImportReport,
) -> Result<Trains> {
    let Some(table) = Table::open(file, UNITS) else {
        return Err(file.refused(UNITS, "found no such table, expected units with spike times"));
    };
    let stored = table.ragged(SPIKE_TIMES, 1)?;
    let rows = stored.len();
    let (mut spikes, mut unsorted) = (Vec::with_capacity(rows), 0);
    for mut times in stored {
        for time in &mut times {
            *time *= step.ms();
        }
        if let Some(bad) = times.iter().find(|time| !time.is_finite()) {
            let found = format!("found {bad}, expected finite numbers");
            return Err(file.refused(&table.path(SPIKE_TIMES), &found));
        }
        let (train, was_unsorted) = SpikeTrain::of_ms(times);
        unsorted += usize::from(was_unsorted);
        spikes.push(Arc::new(train));
    }
    if unsorted > 0 {
        report.inferred(format!("spike times of {} put in order", counted(unsorted, "unit")));
    }
    let observed = if table.has(OBSERVED) { observed(&table)? } else { vec![Vec::new(); rows] };
    let neurons = neurons(file, &table, ids, rows, report)?;
    Ok(Trains { neurons, spikes, observed })
}

fn observed(table: &Table) -> Result<Vec<Vec<(f64, f64)>>> {
    let rows = table.ragged(OBSERVED, 2)?;
    let pairs = |row: Vec<f64>| {
        row.chunks_exact(2).map(|pair| (1000.0 * pair[0], 1000.0 * pair[1])).collect()
    };
    Ok(rows.into_iter().map(pairs).collect())
}

fn neurons(
    file: &Nwbfile,
    table: &Table,
    ids: &str,
    rows: usize,
    report: &mut ImportReport,
) -> Result<Vec<Entity>> {
    let names = table.texts(ids)?;
    if names.len() != rows {
        let found = format!("found {} values, expected {rows}, as there are units", names.len());
        return Err(file.refused(&table.path(ids), &found));
    }
    let mut neurons: Vec<Entity> =
        names.into_iter().map(|id| Entity { id, ..Entity::default() }).collect();
    let mut columns = table.plain_columns(rows)?;
    // With one unit, its spike times can be as many as there are units.
    columns.retain(|column| column != ids && column != SPIKE_TIMES && column != OBSERVED);
    for column in &columns {
        let values = table.texts(column)?;
        for (neuron, value) in neurons.iter_mut().zip(values) {
            neuron.attributes.insert(column.clone(), value);
        }
    }
    let with = if columns.is_empty() { "none".into() } else { columns.join(", ") };
    let count = counted(rows, "neuron");
    report.inferred(format!("{count}, called by {}; attributes: {with}", table.path(ids)));
    Ok(neurons)
}
