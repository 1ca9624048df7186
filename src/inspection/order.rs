//! The order in which neurons are listed.
use std::cmp::Ordering;

use super::inspect::Inspection;
use super::overview::Neuron;
use crate::scores::quality::{measure, names};

/// The order by name.
const ID: &str = "id";

/// What neurons can be sorted by: their id, or a measure of quality.
pub fn sort_keys() -> Vec<&'static str> {
    std::iter::once(ID).chain(names()).collect()
}

impl Inspection {
    /// Sorts the neurons by one of [`sort_keys`]: ids alphabetically, numbers from the largest, the
    /// undefined ones last; equal ones stay in the order they have.
    pub fn sort(&mut self, key: &str) {
        match measure(key) {
            Some(measure) => self
                .per_neuron
                .sort_by(|a, b| downwards((measure.of)(&a.quality), (measure.of)(&b.quality))),
            None => self.per_neuron.sort_by(|a, b| a.id.cmp(&b.id)),
        }
    }
}

/// The neurons from the most reliable; where that is undefined, from the highest mean.
pub(super) fn by_reliability(neurons: &[Neuron]) -> Vec<&Neuron> {
    let mut sorted: Vec<&Neuron> = neurons.iter().collect();
    sorted.sort_by(|Neuron { quality: a, .. }, Neuron { quality: b, .. }| {
        downwards(a.reliability, b.reliability).then(downwards(a.mean, b.mean))
    });
    sorted
}

/// Larger numbers first, NaN last.
fn downwards(a: f64, b: f64) -> Ordering {
    a.is_nan().cmp(&b.is_nan()).then(b.partial_cmp(&a).unwrap_or(Ordering::Equal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn larger_numbers_come_first_and_undefined_ones_last() {
        let mut numbers = [0.5, f64::NAN, -1.0, f64::NAN, 2.0, f64::NEG_INFINITY];
        numbers.sort_by(|a, b| downwards(*a, *b));
        assert_eq!(numbers[..4], [2.0, 0.5, -1.0, f64::NEG_INFINITY]);
        assert!(numbers[4..].iter().all(|number| number.is_nan()));
    }
}
