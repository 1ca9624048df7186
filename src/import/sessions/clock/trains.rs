//! Neurons and what they did in a session.
use std::sync::Arc;

use super::shown::Shown;
use crate::dataset::Entity;
use crate::import::sessions::counts::Presentation;
use crate::import::sessions::counts::RESOLUTION_MS;
use crate::import::sessions::times::{SpikeTimes, SpikeTrain};

/// The neurons of a session.
pub struct Trains {
    /// Ids and attributes.
    pub neurons: Vec<Entity>,
    /// Spike times of each.
    pub spikes: Vec<Arc<SpikeTrain>>,
    /// When each was observed, in milliseconds; empty = throughout.
    pub observed: Vec<Vec<(f64, f64)>>,
}

impl Trains {
    /// For each neuron, what it did at each presentation, from so many milliseconds before the
    /// onset to so many after it.
    pub fn presentations(
        &self,
        shown: &[Shown],
        (before_ms, after_ms): (f64, f64),
    ) -> Vec<Vec<Presentation>> {
        let of_neuron = |(train, observed): (&Arc<SpikeTrain>, &Vec<(f64, f64)>)| {
            let at = |one: &Shown| {
                let onset_ms = one.start_ms;
                let range =
                    train.between((early(onset_ms - before_ms), early(onset_ms + after_ms)));
                let times_ms = SpikeTimes::Part { train: Arc::clone(train), range, onset_ms };
                Presentation { times_ms, recorded_ms: recorded(one, observed, before_ms) }
            };
            shown.iter().map(at).collect()
        };
        self.spikes.iter().zip(&self.observed).map(of_neuron).collect()
    }

    /// How many spikes lie from one time to another.
    pub fn between(&self, (from_ms, to_ms): (f64, f64)) -> usize {
        let span = (early(from_ms), early(to_ms));
        self.spikes.iter().map(|train| train.between(span).len()).sum()
    }

    /// How many there are.
    pub fn total(&self) -> usize {
        self.spikes.iter().map(|train| train.len()).sum()
    }
}

/// Half a step of the clock earlier, as times are rounded to a whole one.
fn early(time_ms: f64) -> f64 {
    time_ms - RESOLUTION_MS / 2.0
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
