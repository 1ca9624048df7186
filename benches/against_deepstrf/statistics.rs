//! Repeated measurements and how they are written.
use std::fmt;

/// Median and range of repeated measurements; written as `12.3 (11.9–13.0)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The middle one, or the mean of the middle two.
    pub median: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
}

impl Spread {
    /// Of at least one measurement.
    pub fn of(values: &[f64]) -> Result<Self, String> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        match (sorted.first(), sorted.last()) {
            (Some(&min), Some(&max)) => {
                let lower = if sorted.len().is_multiple_of(2) { middle - 1 } else { middle };
                Ok(Self { median: f64::midpoint(sorted[lower], sorted[middle]), min, max })
            }
            _ => Err("found no measurement, expected at least one (two epochs or more)".into()),
        }
    }

    /// In another unit.
    pub fn times(self, factor: f64) -> Self {
        let Self { median, min, max } = self;
        Self { median: median * factor, min: min * factor, max: max * factor }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { median, min, max } = self;
        let decimals = decimals(*median);
        write!(f, "{median:.decimals$} ({min:.decimals$}–{max:.decimals$})")
    }
}

/// Decimals that leave three digits.
fn decimals(value: f64) -> usize {
    match value {
        value if value < 1.0 => 3,
        value if value < 10.0 => 2,
        value if value < 100.0 => 1,
        _ => 0,
    }
}
