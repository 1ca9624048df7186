//! Spike times as counts in bins.
use ndarray::ArrayViewMut1;

use super::times::SpikeTimes;

/// One presentation of a stimulus to one neuron.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Presentation {
    /// Spike times in milliseconds from the onset of the stimulus, in any order.
    pub times_ms: SpikeTimes,
    /// From when to when the neuron was recorded, in milliseconds from the onset; empty =
    /// throughout.
    pub recorded_ms: Vec<(f64, f64)>,
}

/// Times in seconds or milliseconds are stored in floats whose difference is exact to less than this.
pub const RESOLUTION_MS: f64 = 0.001;

/// Bins of equal width around a stimulus.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(clippy::struct_field_names, reason = "units stand in names")]
pub struct Window {
    /// Width of a bin in milliseconds.
    pub dt_ms: f64,
    /// Start of the first bin before the onset, in milliseconds.
    pub before_ms: f64,
    /// Times are multiples of this, as they are stored; they are rounded to it before they are
    /// floored.
    pub resolution_ms: f64,
}

/// Where spikes fell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Spikes in a bin.
    pub inside: usize,
    /// Spikes before the first bin.
    pub before: usize,
    /// After the last.
    pub after: usize,
}

impl Tally {
    /// All spikes.
    pub fn total(&self) -> usize {
        self.inside + self.before + self.after
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.inside += other.inside;
        self.before += other.before;
        self.after += other.after;
    }
}

/// What a time may fall short of a bin's edge by the arithmetic of floats, in bins.
const ROUNDING: f64 = 1e-9;

impl Window {
    /// The bin that a time after onset lies in: `floor((t + before) / dt)`; negative before the
    /// first.
    pub fn bin(&self, time_ms: f64) -> f64 {
        let rounded = (time_ms / self.resolution_ms).round() * self.resolution_ms;
        ((rounded + self.before_ms) / self.dt_ms + ROUNDING).floor()
    }

    /// Writes the counts of a presentation, NaN where it was not recorded.
    pub fn count(&self, presentation: &Presentation, mut counts: ArrayViewMut1<f32>) -> Tally {
        let bins = counts.len();
        let mut tally = Tally::default();
        counts.fill(0.0);
        for time_ms in presentation.times_ms.iter() {
            let bin = self.bin(time_ms);
            if bin < 0.0 {
                tally.before += 1;
            } else if bin >= bins as f64 {
                tally.after += 1;
            } else {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "in range"
                )]
                let bin = bin as usize;
                counts[bin] += 1.0;
                tally.inside += 1;
            }
        }
        self.forget_unrecorded(presentation, &mut counts);
        tally
    }

    /// A bin counts as recorded where all of it was.
    fn forget_unrecorded(&self, presentation: &Presentation, counts: &mut ArrayViewMut1<f32>) {
        if presentation.recorded_ms.is_empty() {
            return;
        }
        let slack = ROUNDING + self.resolution_ms;
        for (bin, count) in counts.iter_mut().enumerate() {
            let from = bin as f64 * self.dt_ms - self.before_ms;
            let to = from + self.dt_ms;
            let covers = |(start, end): &(f64, f64)| *start <= from + slack && to <= end + slack;
            if !presentation.recorded_ms.iter().any(covers) {
                *count = f32::NAN;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array1;

    use super::*;

    const WINDOW: Window = Window { dt_ms: 5.0, before_ms: 10.0, resolution_ms: 0.001 };

    fn counted(times_ms: &[f64], recorded_ms: &[(f64, f64)]) -> (Vec<f32>, Tally) {
        let mut counts = Array1::zeros(6);
        let presentation =
            Presentation { times_ms: times_ms.to_vec().into(), recorded_ms: recorded_ms.to_vec() };
        let tally = WINDOW.count(&presentation, counts.view_mut());
        (counts.to_vec(), tally)
    }

    #[test]
    fn spikes_fall_into_the_bins_that_hold_them_in_any_order() {
        let (counts, tally) = counted(&[19.999, -10.0, 0.0, 4.9, 20.0, -10.1, 5.0], &[]);
        assert_eq!(counts, [1.0, 0.0, 2.0, 1.0, 0.0, 1.0]);
        assert_eq!(tally, Tally { inside: 5, before: 1, after: 1 });
        assert_eq!(tally.total(), 7);
    }

    #[test]
    fn a_time_is_rounded_to_what_the_file_can_hold() {
        assert!((WINDOW.bin(4.999_999_9) - 3.0).abs() < 0.5);
        assert!((WINDOW.bin(4.999) - 2.0).abs() < 0.5);
        // 0.3 / 0.1 is 2.9999999999999996.
        let fine = Window { dt_ms: 0.1, before_ms: 0.0, resolution_ms: 1e-6 };
        assert!((fine.bin(0.3) - 3.0).abs() < 0.5);
    }

    #[test]
    fn bins_that_were_not_recorded_as_a_whole_are_nan() {
        let (counts, _) = counted(&[1.0], &[(-5.0, 7.0), (10.0, 20.0)]);
        let known: Vec<bool> = counts.iter().map(|count| !count.is_nan()).collect();
        assert_eq!(known, [false, true, true, false, true, true]);
    }
}
