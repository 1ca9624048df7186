//! The file formats of exported STRFs: adding one is one file and one row.
use std::path::Path;

use clap::ValueEnum;

use crate::base::error::Result;
use crate::base::files::Existing;
use crate::strf::arrays::Named;
use crate::strf::measures::Measures;
use crate::strf::strf_export::StrfExport;

mod csv;
mod hdf5;
mod netcdf;
mod npz;

/// What a file of STRFs calls itself.
pub const FORMAT: &str = "strf-strfs";

/// Version of the layout that [`FORMAT`] names.
pub const VERSION: u32 = 1;

/// File format of exported receptive fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// One HDF5 file
    #[value(alias = "h5")]
    Hdf5,
    /// One NumPy archive
    Npz,
    /// One NetCDF-4 file, for xarray
    #[value(alias = "nc")]
    Netcdf,
    /// A folder of CSV tables
    Csv,
}

/// A row of the table of file formats.
#[derive(Debug)]
pub struct FormatRow {
    /// What the export is called where the user does not say.
    pub default_name: &'static str,
    write: fn(&Content, &Path, Existing) -> Result<()>,
}

/// What every format writes.
struct Content<'a> {
    exported: &'a StrfExport,
    measures: Measures,
}

impl Content<'_> {
    /// Every array, in the order in which files hold them.
    fn arrays(&self) -> Vec<Named<'_>> {
        let mut arrays = self.exported.arrays();
        arrays.extend(self.measures.arrays(self.exported.first_axis()));
        arrays
    }
}

/// The row of a format.
pub fn row(format: ExportFormat) -> &'static FormatRow {
    match format {
        ExportFormat::Hdf5 => &FormatRow { default_name: "strfs.h5", write: hdf5::write },
        ExportFormat::Npz => &FormatRow { default_name: "strfs.npz", write: npz::write },
        ExportFormat::Netcdf => &FormatRow { default_name: "strfs.nc", write: netcdf::write },
        ExportFormat::Csv => &FormatRow { default_name: "strfs", write: csv::write },
    }
}

/// Writes every array of an export and its measures with their axes and units: one file, or one folder for CSV.
///
/// # Errors
/// Where an array does not fit its axes, where `path` exists and is to be kept, or where it cannot
/// be written; nothing is left behind then.
pub fn export(
    exported: &StrfExport,
    format: ExportFormat,
    path: &Path,
    existing: Existing,
) -> Result<()> {
    exported.check()?;
    let content = Content { exported, measures: Measures::of(exported) };
    (row(format).write)(&content, path, existing)
}
