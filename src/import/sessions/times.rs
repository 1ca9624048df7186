//! Spike times, held once for all presentations that take a part of them.
use std::ops::Range;
use std::sync::Arc;

/// Spike times of a neuron on the clock of a session, ascending.
#[derive(Debug, Clone, PartialEq)]
pub struct SpikeTrain {
    /// Milliseconds of one stored step.
    step_ms: f64,
    stored: Stored,
}

/// Steps from the zero of the clock.
#[derive(Debug, Clone, PartialEq)]
enum Stored {
    /// Whole and below 2^32: samples of 39 hours at 30 kHz.
    Narrow(Vec<u32>),
    Wide(Vec<f64>),
}

impl SpikeTrain {
    /// Times in milliseconds, which are put in order; whether they had to be.
    pub fn of_ms(times_ms: Vec<f64>) -> (Self, bool) {
        Self { step_ms: 1.0, stored: Stored::Wide(times_ms) }.sorted()
    }

    /// No spikes yet, and room for so many, in steps of so many milliseconds.
    pub fn with_capacity(step_ms: f64, spikes: usize) -> Self {
        Self { step_ms, stored: Stored::Narrow(Vec::with_capacity(spikes)) }
    }

    /// Adds a spike at so many steps.
    pub fn push(&mut self, steps: f64) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "compared")]
        let narrow = steps as u32;
        match &mut self.stored {
            Stored::Narrow(stored) if f64::from(narrow) - steps == 0.0 => stored.push(narrow),
            Stored::Narrow(stored) => {
                let mut wide = Vec::with_capacity(stored.capacity());
                wide.extend(stored.iter().copied().map(f64::from));
                wide.push(steps);
                self.stored = Stored::Wide(wide);
            }
            Stored::Wide(stored) => stored.push(steps),
        }
    }

    /// In order; whether it was not.
    pub fn sorted(mut self) -> (Self, bool) {
        let unsorted = match &self.stored {
            Stored::Narrow(stored) => !stored.is_sorted(),
            Stored::Wide(stored) => !stored.is_sorted(),
        };
        match &mut self.stored {
            Stored::Narrow(stored) if unsorted => stored.sort_unstable(),
            Stored::Wide(stored) if unsorted => stored.sort_by(f64::total_cmp),
            _ => {}
        }
        (self, unsorted)
    }

    /// How many spikes there are.
    pub fn len(&self) -> usize {
        match &self.stored {
            Stored::Narrow(stored) => stored.len(),
            Stored::Wide(stored) => stored.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Times of the first and the last spike in milliseconds.
    pub fn span_ms(&self) -> Option<(f64, f64)> {
        (!self.is_empty()).then(|| (self.ms(0), self.ms(self.len() - 1)))
    }

    /// How many spikes lie before a time.
    pub fn before(&self, limit_ms: f64) -> usize {
        let step_ms = self.step_ms;
        match &self.stored {
            Stored::Narrow(stored) => {
                stored.partition_point(|steps| f64::from(*steps) * step_ms < limit_ms)
            }
            Stored::Wide(stored) => stored.partition_point(|steps| steps * step_ms < limit_ms),
        }
    }

    /// The spikes from one time to another, that one left out.
    pub fn between(&self, (from_ms, to_ms): (f64, f64)) -> Range<usize> {
        let from = self.before(from_ms);
        from..self.before(to_ms).max(from)
    }

    fn ms(&self, index: usize) -> f64 {
        let steps = match &self.stored {
            Stored::Narrow(stored) => stored.get(index).copied().map_or(f64::NAN, f64::from),
            Stored::Wide(stored) => stored.get(index).copied().unwrap_or(f64::NAN),
        };
        steps * self.step_ms
    }
}

/// Spike times in milliseconds from an onset, in any order.
#[derive(Debug, Clone, PartialEq)]
pub enum SpikeTimes {
    /// As they were read.
    Own(Vec<f64>),
    /// A part of what a neuron did in a session.
    Part {
        /// The spikes of the session.
        train: Arc<SpikeTrain>,
        /// Which of them.
        range: Range<usize>,
        /// The onset on the clock of the session.
        onset_ms: f64,
    },
}

impl SpikeTimes {
    /// How many spikes there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Own(times) => times.len(),
            Self::Part { range, .. } => range.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The times one after the other.
    pub fn iter(&self) -> impl Iterator<Item = f64> + '_ {
        (0..self.len()).map(|index| match self {
            Self::Own(times) => times[index],
            Self::Part { train, range, onset_ms } => train.ms(range.start + index) - onset_ms,
        })
    }
}

impl Default for SpikeTimes {
    fn default() -> Self {
        Self::Own(Vec::new())
    }
}

impl From<Vec<f64>> for SpikeTimes {
    fn from(times_ms: Vec<f64>) -> Self {
        Self::Own(times_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_train_holds_what_it_is_given_narrow_or_wide() {
        for samples in [vec![30.0, 60.0, 90.0], vec![30.0, 60.5, 90.0], vec![30.0, 9e9, 60.0]] {
            let mut train = SpikeTrain::with_capacity(1000.0 / 30_000.0, 3);
            for sample in &samples {
                train.push(*sample);
            }
            let (train, unsorted) = train.sorted();
            assert_eq!(unsorted, !samples.is_sorted(), "{samples:?}");
            let mut want = samples.clone();
            want.sort_by(f64::total_cmp);
            let (train, range) = (Arc::new(train), 0..3);
            let times = SpikeTimes::Part { train, range, onset_ms: 1.0 };
            for (time, sample) in times.iter().zip(&want) {
                assert!((time - (sample / 30.0 - 1.0)).abs() < 1e-6, "{time} {sample}");
            }
            assert_eq!(times.len(), 3);
        }
    }

    #[test]
    fn parts_begin_with_the_first_time_and_end_before_the_last() {
        let (train, _) = SpikeTrain::of_ms(vec![5.0, 1.0, 3.0, 3.0, 9.0]);
        assert_eq!(train.between((3.0, 9.0)), 1..4);
        assert_eq!(train.between((9.5, 20.0)), 5..5);
        assert_eq!(train.between((4.0, 2.0)), 3..3);
        assert_eq!(train.span_ms(), Some((1.0, 9.0)));
    }
}
