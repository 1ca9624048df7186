//! A table of recordings, by bird, penetration and site.
use std::path::Path;

use crate::base::error::Result;
use crate::base::wording::{counted, joined};
use crate::dataset::Entity;
use crate::import::report::{ImportReport, listed};
use crate::import::text_tables::TextTable;

/// Columns by which units are called, as in `B12_1_3_c14`.
const KEYS: [&str; 3] = ["bird", "penetration", "site"];

/// The table.
pub struct Recordings {
    table: TextTable,
    keys: Vec<usize>,
}

impl Recordings {
    /// Reads it.
    ///
    /// # Errors
    /// It is no table with these columns.
    pub fn read(path: &Path) -> Result<Self> {
        let table = TextTable::read(path)?;
        let place = |key: &str| table.columns.iter().position(|name| name.to_lowercase() == key);
        let keys: Vec<usize> = KEYS.into_iter().filter_map(place).collect();
        if keys.len() < KEYS.len() {
            let found = joined(&table.columns, "and");
            let expected = joined(&KEYS, "and");
            return Err(table.refused(&format!("found the columns {found}, expected {expected}")));
        }
        Ok(Self { table, keys })
    }

    /// Gives units the attributes of their recording.
    pub fn describe(&self, neurons: &mut [Entity], report: &mut ImportReport) {
        let mut unknown = Vec::new();
        for neuron in neurons {
            let is_of = |name: &String| {
                neuron
                    .id
                    .strip_prefix(name)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
            };
            let named = self.table.rows.iter().map(|row| {
                let parts: Vec<&str> = self.keys.iter().map(|key| row.cell(*key)).collect();
                (parts.join("_"), row)
            });
            let Some((_, row)) = named.into_iter().find(|(name, _)| is_of(name)) else {
                unknown.push(neuron.id.clone());
                continue;
            };
            let columns = self.table.columns.iter().enumerate();
            for (column, name) in columns.filter(|(_, name)| name.as_str() != "id") {
                let value = row.cell(column).to_owned();
                neuron.attributes.entry(name.clone()).or_insert(value);
            }
        }
        if !unknown.is_empty() {
            let count = counted(unknown.len(), "unit");
            let table = self.table.path.display();
            report.warn(format!("{table}: {count} of no recording in it: {}", listed(&unknown)));
        }
    }
}
