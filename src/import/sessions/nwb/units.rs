//! `/units`: neurons and their spikes.
use super::Nwbfile;
use super::shown::Shown;
use super::table::Table;
use crate::base::error::Result;
use crate::base::wording::counted;
use crate::dataset::Entity;
use crate::import::report::ImportReport;
use crate::import::sessions::counts::Presentation;
use crate::import::sessions::unit::TimeStep;

const UNITS: &str = "/units";
const SPIKE_TIMES: &str = "spike_times";
const OBSERVED: &str = "obs_intervals";

/// The neurons of a file.
pub struct Units {
    /// Ids, and plain columns as attributes.
    pub neurons: Vec<Entity>,
    /// Spike times of each in milliseconds on the clock of the session, ascending.
    pub spikes: Vec<Vec<f64>>,
    /// When each was observed, in milliseconds; empty = throughout.
    observed: Vec<Vec<(f64, f64)>>,
}

impl Units {
    /// Reads the table.
    ///
    /// # Errors
    /// There is none, or its columns do not fit each other.
    pub fn read(
        file: &Nwbfile,
        ids: &str,
        step: TimeStep,
        report: &mut ImportReport,
    ) -> Result<Self> {
        let Some(table) = Table::open(file, UNITS) else {
            return Err(file.refused(UNITS, "found no such table, expected units with spike times"));
        };
        let mut spikes = table.ragged(SPIKE_TIMES, 1)?;
        let rows = spikes.len();
        let mut unsorted = 0;
        for times in &mut spikes {
            for time in times.iter_mut() {
                *time *= step.ms();
            }
            if let Some(bad) = times.iter().find(|time| !time.is_finite()) {
                let found = format!("found {bad}, expected finite numbers");
                return Err(file.refused(&table.path(SPIKE_TIMES), &found));
            }
            unsorted += usize::from(!times.is_sorted());
            times.sort_by(f64::total_cmp);
        }
        if unsorted > 0 {
            report.inferred(format!("spike times of {} put in order", counted(unsorted, "unit")));
        }
        let observed = if table.has(OBSERVED) { observed(&table)? } else { vec![Vec::new(); rows] };
        let neurons = neurons(file, &table, ids, rows, report)?;
        Ok(Self { neurons, spikes, observed })
    }

    /// For each neuron, what it did at each presentation, from so many milliseconds before the
    /// onset to so many after it.
    pub fn presentations(
        &self,
        shown: &[Shown],
        (before_ms, after_ms): (f64, f64),
    ) -> Vec<Vec<Presentation>> {
        let of_neuron = |(times, observed): (&Vec<f64>, &Vec<(f64, f64)>)| {
            let at = |one: &Shown| {
                let onset = one.start_ms;
                // Half a microsecond more, as times are rounded to a whole one.
                let from = times.partition_point(|time| *time < onset - before_ms - 5e-4);
                let to = times.partition_point(|time| *time < onset + after_ms);
                let times_ms = times[from..to.max(from)].iter().map(|time| time - onset).collect();
                Presentation { times_ms, recorded_ms: recorded(one, observed, before_ms) }
            };
            shown.iter().map(at).collect()
        };
        self.spikes.iter().zip(&self.observed).map(of_neuron).collect()
    }
}

/// When a neuron was recorded at a presentation: observed, and before a trial that was cut short
/// ended.
fn recorded(shown: &Shown, observed: &[(f64, f64)], before_ms: f64) -> Vec<(f64, f64)> {
    let onset = shown.start_ms;
    let end = shown.cut_short_ms.unwrap_or(f64::INFINITY);
    if observed.is_empty() {
        let cut = shown.cut_short_ms.map(|end| (-before_ms, end));
        return cut.into_iter().collect();
    }
    let inside = observed.iter().map(|(from, to)| (from - onset, (to - onset).min(end)));
    let mut inside: Vec<(f64, f64)> = inside.filter(|(from, to)| from < to).collect();
    if inside.is_empty() {
        // Nowhere: an interval of no length.
        inside.push((0.0, 0.0));
    }
    inside
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
