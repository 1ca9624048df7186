//! A file of a cell: a trace, and triggers that say what was heard when.
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::median;
use crate::base::error::{Error, Result};
use crate::base::units;
use crate::import::arrays::mat::{FieldValue, StructFile};

const RESPONSE: &str = "response";
const TRIGGERS: &str = "triggers";

/// A membrane potential.
#[derive(Debug, PartialEq)]
pub struct Trace {
    /// Millivolts, less the running median.
    pub mv: Vec<f64>,
    /// Samples a second.
    pub rate_hz: f64,
}

/// What a trigger says.
pub struct Trigger {
    /// Number in the file, from 1.
    pub number: usize,
    /// What kind of stimulus it was, where the file says so.
    pub kind: String,
    /// What the sound is called, where the file says so.
    pub description: String,
    /// How long it lasted, where the file says so.
    pub duration_ms: Option<f64>,
    /// The first sample, from 1; NaN where there is none.
    pub time: f64,
}

/// A file of a cell.
pub struct TraceFile {
    /// Where it lies.
    pub path: PathBuf,
    /// The membrane potential.
    pub trace: Arc<Trace>,
    /// What was heard when.
    pub triggers: Vec<Trigger>,
}

/// Whether a file may be one of a cell.
///
/// # Errors
/// It cannot be read.
pub fn is_trace(path: &Path) -> Result<bool> {
    let file = StructFile::open(path)?;
    Ok(file.has(RESPONSE) || file.has(TRIGGERS))
}

impl TraceFile {
    /// Reads a file, and subtracts a running median of so many seconds, or nothing.
    ///
    /// # Errors
    /// It is damaged, or lacks a trace, its rate or triggers.
    pub fn read(path: &Path, median_s: f64) -> Result<Self> {
        let mut file = StructFile::open(path)?;
        let scale = file.number("response.scale")?;
        let rate_hz = file.number("response.sf")?;
        if rate_hz <= 0.0 {
            let expected = "samples a second, above 0";
            return Err(file.refused("response.sf", &rate_hz.to_string(), expected));
        }
        let stored: Vec<f64> = file.numbers("response.trace")?;
        if let Some(bad) = stored.iter().find(|value| !value.is_finite()) {
            return Err(file.refused("response.trace", &bad.to_string(), "finite numbers"));
        }
        let mut mv: Vec<f64> = stored.iter().map(|value| value * scale).collect();
        if median_s > 0.0 {
            let side = units::samples(1000.0 * median_s / 2.0, rate_hz);
            let slow = median::running(&mv, side);
            mv.iter_mut().zip(slow).for_each(|(value, slow)| *value -= slow);
        }
        let triggers = triggers(&mut file, path)?;
        Ok(Self { path: path.into(), trace: Arc::new(Trace { mv, rate_hz }), triggers })
    }

    /// What is wrong with a trigger.
    pub fn refused(&self, trigger: &Trigger, what: &str) -> Error {
        let (shown, number) = (self.path.display(), trigger.number);
        Error::Refused(format!("{shown}: trigger {number}: {what}"))
    }
}

fn triggers(file: &mut StructFile, path: &Path) -> Result<Vec<Trigger>> {
    let times = file.each::<f64>("triggers.time")?;
    let field = |file: &mut StructFile, name: &str| -> Result<Vec<FieldValue<f64>>> {
        let values = file.each::<f64>(name)?;
        // No struct has the field.
        let none = values.is_empty() || matches!(values[..], [FieldValue::Nothing]);
        Ok(if none { vec![FieldValue::Nothing; times.len()] } else { values })
    };
    let kinds = field(file, "triggers.type")?;
    let descriptions = field(file, "triggers.param.description")?;
    let durations = field(file, "triggers.param.duration")?;
    let alike = [&kinds, &descriptions, &durations].iter().all(|all| all.len() == times.len());
    if times.iter().all(|time| *time == FieldValue::Nothing) || !alike {
        let found = if alike { "no time" } else { "several values of one field" };
        return Err(Error::Refused(format!(
            "{}: triggers: found {found}, expected structs with the fields time, type and param, \
             which holds a description and a duration",
            path.display()
        )));
    }
    let all = times.into_iter().zip(kinds).zip(descriptions.into_iter().zip(durations));
    let trigger = |(number, ((time, kind), (description, duration)))| Trigger {
        number,
        kind: text(kind),
        description: text(description),
        duration_ms: number_of(&duration),
        time: number_of(&time).unwrap_or(f64::NAN),
    };
    Ok((1..).zip(all).map(trigger).collect())
}

fn text(value: FieldValue<f64>) -> String {
    match value {
        FieldValue::Text(text) => text.trim().to_owned(),
        _ => String::new(),
    }
}

fn number_of(value: &FieldValue<f64>) -> Option<f64> {
    match value {
        FieldValue::Numbers(numbers) if numbers.len() == 1 => numbers.first().copied(),
        _ => None,
    }
}
