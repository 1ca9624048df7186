//! Tables of numbers as a terminal shows them, and as CSV.
use ndarray::ArrayView1;

use super::error::{Error, Result};

/// How a column of numbers is written on the terminal.
#[derive(Debug, Clone, Copy)]
pub enum Notation {
    /// `0.123`
    Decimals,
    /// `1.23e-5`, where three decimals would show nothing or too much.
    Scientific,
}

impl Notation {
    /// The one that shows what there is in a column.
    pub fn of(column: ArrayView1<f64>) -> Self {
        let sizes = column.iter().map(|value| value.abs()).filter(|size| size.is_finite());
        let largest = sizes.fold(0.0, f64::max);
        let plain = largest == 0.0 || (0.01..1e6).contains(&largest);
        if plain { Self::Decimals } else { Self::Scientific }
    }

    /// A number of the column.
    pub fn write(self, value: f64) -> String {
        match self {
            Self::Decimals => format!("{value:.3}"),
            Self::Scientific => format!("{value:.2e}"),
        }
    }
}

/// Rows of equal length as lines: the first column to the left, the others to the right.
pub fn aligned(rows: &[Vec<String>]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..rows.first().map_or(0, Vec::len)).filter_map(width).collect();
    let cell = |(column, (cell, width)): (usize, (&String, &usize))| match column {
        0 => format!("{cell:<width$}"),
        _ => format!("  {cell:>width$}"),
    };
    let line =
        |row: &Vec<String>| row.iter().zip(&widths).enumerate().map(cell).collect::<String>();
    rows.iter().map(|row| line(row) + "\n").collect()
}

/// A header and rows as long as it as CSV; `doing` names the work in an error.
pub fn csv<'a, R: IntoIterator<Item = String>>(
    doing: &str,
    header: impl IntoIterator<Item = &'a str>,
    rows: impl IntoIterator<Item = R>,
) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(header).map_err(|e| Error::failed(doing, e))?;
    for row in rows {
        writer.write_record(row).map_err(|e| Error::failed(doing, e))?;
    }
    let bytes = writer.into_inner().map_err(|e| Error::failed(doing, e.into_error()))?;
    String::from_utf8(bytes).map_err(|e| Error::failed(doing, e))
}
