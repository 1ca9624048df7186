//! What is read off a receptive field: numbers with units, one row of a table each, and its
//! modulation transfer functions.
//!
//! All are of the effective STRF, in f64. A measure that is not defined is NaN, never an error.
use ndarray::{Array2, ArrayD, Axis as ArrayAxis};
use rayon::prelude::*;

use super::arrays::{ArrayValues, Named};
use super::strf_export::StrfExport;
use crate::config::part::{Part, Row};
use crate::models::dims::Axis;

pub mod balance;
pub mod duration;
mod field;
pub mod modulation;
mod profile;
pub mod separability;
pub mod transfer;
pub mod tuning;

pub use field::{Axes, Field};

use transfer::{Modulation, RATES, Transfer};

/// A row of the table of measures.
#[derive(Debug)]
pub struct MeasureRow {
    /// What the measure says of itself.
    pub part: Part,
    /// Unit of the values; `1` for a pure number.
    pub unit: &'static str,
    /// Formula on one line, with `w(c,f,k)` the weights.
    pub formula: &'static str,
    /// The measure of one receptive field; NaN where it is not defined.
    pub compute: fn(&Field) -> f64,
}

impl Row for MeasureRow {
    fn part(&self) -> &Part {
        &self.part
    }
}

/// The measures, in the order of their columns: adding one is one row.
pub static TABLE: &[MeasureRow] = &[
    tuning::BEST_FREQUENCY,
    tuning::BANDWIDTH,
    tuning::BEST_LATENCY,
    tuning::PEAK_TO_PEAK,
    duration::ONSET_LATENCY,
    duration::DURATION,
    balance::EI_RATIO,
    balance::EI_INDEX,
    separability::SEPARABILITY,
    modulation::BEST_TEMPORAL_RATE,
    modulation::BEST_SPECTRAL_RATE,
    balance::ON_OFF_INDEX,
];

/// The measures of every receptive field of an export.
#[derive(Debug)]
pub struct Measures {
    /// A column for each row of [`TABLE`], its values `(N or H)`.
    pub columns: Vec<MeasureColumn>,
    /// An entry for each modulation transfer function that is known.
    pub transfers: Vec<Transfers>,
}

/// A measure of all receptive fields.
#[derive(Debug)]
pub struct MeasureColumn {
    /// Path of the column in files: `measures/best_frequency_hz`.
    pub path: String,
    /// Row of the measure.
    pub row: &'static MeasureRow,
    /// A value for each receptive field.
    pub values: ArrayD<f64>,
}

/// The modulation transfer functions of all receptive fields over one kind of rate.
#[derive(Debug)]
pub struct Transfers {
    /// Path of the rates in files: `modulation/temporal_rates_hz`.
    pub rates_name: &'static str,
    /// Path of the functions in files: `modulation/temporal`.
    pub name: &'static str,
    /// What the rates count.
    pub axis: Axis,
    /// Unit of the rates.
    pub unit: &'static str,
    /// The rates, ascending from 0.
    pub rates: ArrayD<f64>,
    /// `(N or H, rates)`; NaN for a receptive field of zeros.
    pub gains: ArrayD<f64>,
}

impl Measures {
    /// The measures of the effective STRFs of an export.
    pub fn of(exported: &StrfExport) -> Self {
        let axes = Axes {
            lags_ms: &exported.lags_ms,
            frequencies_hz: exported.frequencies_hz.as_deref(),
            channels: &exported.channels,
        };
        let strfs: Vec<_> = exported.effective.axis_iter(ArrayAxis(0)).collect();
        let fields: Vec<Field> =
            strfs.into_par_iter().map(|strf| Field::new(strf, &axes)).collect();
        let column = |row: &'static MeasureRow| {
            let values: Vec<f64> = fields.par_iter().map(row.compute).collect();
            let path = format!("measures/{}", row.part.name);
            MeasureColumn { path, row, values: ndarray::Array1::from(values).into_dyn() }
        };
        let columns = TABLE.iter().map(column).collect();
        let kinds = [transfers(&fields, &TEMPORAL), transfers(&fields, &SPECTRAL)];
        Self { columns, transfers: kinds.into_iter().flatten().collect() }
    }

    /// Every array as files hold it.
    pub fn arrays(&self, first_axis: Axis) -> Vec<Named<'_>> {
        let columns = self.columns.iter().map(|column| Named {
            name: &column.path,
            axes: vec![first_axis],
            unit: column.row.unit,
            is_coordinate: false,
            values: ArrayValues::F64(column.values.view()),
        });
        let transfers = self.transfers.iter().flat_map(|kind| {
            let named = |name, axes, unit, values| Named {
                name,
                axes,
                unit,
                is_coordinate: false,
                values: ArrayValues::F64(values),
            };
            let rates = named(kind.rates_name, vec![kind.axis], kind.unit, kind.rates.view());
            let gains = named(kind.name, vec![first_axis, kind.axis], "1", kind.gains.view());
            [Named { is_coordinate: true, ..rates }, gains]
        });
        columns.chain(transfers).collect()
    }
}

/// How files call a kind of transfer function.
struct TransferKind {
    rates_name: &'static str,
    name: &'static str,
    axis: Axis,
    unit: &'static str,
    pick: fn(&Modulation) -> Option<&Transfer>,
}

const TEMPORAL: TransferKind = TransferKind {
    rates_name: "modulation/temporal_rates_hz",
    name: "modulation/temporal",
    axis: Axis::TemporalRate,
    unit: "Hz",
    pick: |modulation| Some(&modulation.temporal),
};

const SPECTRAL: TransferKind = TransferKind {
    rates_name: "modulation/spectral_rates_per_octave",
    name: "modulation/spectral",
    axis: Axis::SpectralRate,
    unit: "cycles per octave",
    pick: |modulation| modulation.spectral.as_ref(),
};

/// None where no receptive field has such a function.
fn transfers(fields: &[Field], kind: &TransferKind) -> Option<Transfers> {
    let found = |field: &Field| field.modulation.as_ref().and_then(kind.pick).cloned();
    let found: Vec<Option<Transfer>> = fields.iter().map(found).collect();
    let rates = found.iter().flatten().next()?.rates.clone();
    let gain =
        |(row, rate): (usize, usize)| found[row].as_ref().map_or(f64::NAN, |t| t.gains[rate]);
    Some(Transfers {
        rates_name: kind.rates_name,
        name: kind.name,
        axis: kind.axis,
        unit: kind.unit,
        rates: ndarray::Array1::from(rates).into_dyn(),
        gains: Array2::from_shape_fn((found.len(), RATES), gain).into_dyn(),
    })
}
