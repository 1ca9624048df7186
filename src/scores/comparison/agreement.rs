//! What predictions and the responses to the same clips must have in common.
use crate::base::error::{Error, Result};

/// An error unless clips have the bins that they should have.
pub fn require_bins(found: &[usize], expected: &[usize]) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    let cause = format!("found clips of {found:?} bins, expected {expected:?}");
    Err(Error::failed("comparing predictions with responses", cause))
}

/// An error unless `what` has `neurons` neurons in every clip.
pub fn require_neurons(
    what: &str,
    neurons: usize,
    mut found: impl Iterator<Item = usize>,
) -> Result<()> {
    match found.find(|found| *found != neurons) {
        None => Ok(()),
        Some(found) => {
            let cause = format!("{what} of a clip hold {found} neurons, expected {neurons}");
            Err(Error::failed("comparing predictions with responses", cause))
        }
    }
}
