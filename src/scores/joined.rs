//! Scores of all neurons out of those of groups of them.
use ndarray::{Axis, ShapeError};

use super::evaluation::Scores;
use crate::base::error::{Cause, Error, Result};

impl Scores {
    /// The rows of all neurons, of scores of some each.
    ///
    /// # Errors
    /// Their columns differ, or there are none.
    pub fn joined(mut parts: impl Iterator<Item = Self>) -> Result<Self> {
        let first = parts.next().ok_or_else(|| Error::Stopped("there are no scores".into()))?;
        parts.try_fold(first, |mut all, part| {
            all.append(part)?;
            Ok(all)
        })
    }

    /// Adds the rows of other neurons, with the same columns.
    fn append(&mut self, others: Self) -> Result<()> {
        let failed = |source: Cause| Error::failed("putting scores together", source);
        let names = |scores: &Self| -> Vec<&str> {
            scores.uncertainty.columns.iter().map(|(name, _)| *name).collect()
        };
        if names(self) != names(&others) {
            return Err(failed(format!("found {:?} and {:?}", names(self), names(&others)).into()));
        }
        let failed = |source: ShapeError| failed(source.into());
        self.values.append(Axis(0), others.values.view()).map_err(failed)?;
        self.clips.append(Axis(0), others.clips.view()).map_err(failed)?;
        self.neurons.extend(others.neurons);
        self.repeats.extend(others.repeats);
        self.bins.extend(others.bins);
        let columns = &mut self.uncertainty.columns;
        for ((_, column), (_, more)) in columns.iter_mut().zip(others.uncertainty.columns) {
            column.extend(more);
        }
        Ok(())
    }
}
