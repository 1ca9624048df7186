//! Membrane potentials as means of bins.
use std::sync::Arc;

use ndarray::{Array3, ArrayViewMut1};

use super::trace::Trace;
use crate::base::error::Result;
use crate::base::units;
use crate::base::wording::counted_that;
use crate::import::report::ImportReport;
use crate::import::sessions::counts::Window;
use crate::import::sessions::hearing::SoundOptions;
use crate::import::unrecorded::unrecorded;

/// Times of samples are taken as they are, but for the rounding of floats.
const RESOLUTION_MS: f64 = 1e-6;

/// A presentation of a sound to a cell.
#[derive(Debug, Clone)]
pub struct Occurrence {
    /// What the cell did all the time.
    pub trace: Arc<Trace>,
    /// The sample at the onset, from 0.
    pub sample: usize,
    /// How long the sound lasted, where the file says so.
    pub duration_ms: Option<f64>,
}

/// The presentations of a sound to each cell.
pub struct Answers {
    /// In their order; none where a cell did not hear the sound.
    pub of_neurons: Vec<Vec<Occurrence>>,
}

/// What of presentations is missing.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Said {
    cut_short: usize,
    beyond: usize,
}

impl Said {
    /// Says it.
    pub fn tell(&self, report: &mut ImportReport) {
        let Self { cut_short, beyond } = *self;
        if cut_short > 0 {
            let end = counted_that(cut_short, "presentation", ["ends", "end"]);
            report.inferred(format!("{end} before the sound: the rest is not recorded"));
        }
        if beyond > 0 {
            let reach = counted_that(beyond, "presentation", ["reaches", "reach"]);
            report.inferred(format!("{reach} beyond the trace: the rest is not recorded"));
        }
    }
}

impl Answers {
    /// Means `(N, R, T)` of so many bins; NaN where something was not recorded.
    ///
    /// # Errors
    /// There is no memory for them.
    pub fn binned(
        &self,
        options: &SoundOptions,
        bins: usize,
        said: &mut Said,
    ) -> Result<Array3<f32>> {
        let (dt_ms, before_ms) = (options.dt_ms, options.hearing.before_ms);
        let window = Window { dt_ms, before_ms, resolution_ms: RESOLUTION_MS };
        let sound_ms = bins as f64 * dt_ms - before_ms - options.hearing.after_ms;
        let repeats = self.of_neurons.iter().map(Vec::len).max().unwrap_or(0);
        let mut means = unrecorded((self.of_neurons.len(), repeats, bins))?;
        for (mut rows, occurrences) in means.outer_iter_mut().zip(&self.of_neurons) {
            for (row, occurrence) in rows.outer_iter_mut().zip(occurrences) {
                // Half a bin: durations are rounded in one way or another.
                let short = |end: &f64| end + dt_ms / 2.0 < sound_ms;
                let end_ms = occurrence.duration_ms.filter(short);
                said.cut_short += usize::from(end_ms.is_some());
                let whole = occurrence.means(window, end_ms.unwrap_or(f64::INFINITY), row);
                said.beyond += usize::from(!whole);
            }
        }
        Ok(means)
    }
}

impl Occurrence {
    /// Writes the mean of each bin that was recorded as a whole up to an end; whether the trace covers
    /// all of them.
    fn means(&self, window: Window, end_ms: f64, mut means: ArrayViewMut1<f32>) -> bool {
        let Trace { mv, rate_hz } = &*self.trace;
        let bins = means.len();
        let mut sums = vec![(0.0, 0_usize); bins];
        let mut missing = vec![false; bins];
        let lead = units::samples(window.before_ms, *rate_hz) + 1;
        let all = units::samples(bins as f64 * window.dt_ms, *rate_hz) + lead + 2;
        for position in 0..all {
            let bin = window.bin((position as f64 - lead as f64) * 1000.0 / rate_hz);
            if bin < 0.0 || bin >= bins as f64 {
                continue;
            }
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
            let bin = bin as usize;
            let sample = (self.sample + position).checked_sub(lead);
            match sample.and_then(|sample| mv.get(sample)) {
                Some(value) => sums[bin] = (sums[bin].0 + value, sums[bin].1 + 1),
                None => missing[bin] = true,
            }
        }
        for (bin, (mean, (sum, count))) in means.iter_mut().zip(sums).enumerate() {
            let to = (bin + 1) as f64 * window.dt_ms - window.before_ms;
            if !missing[bin] && count > 0 && to <= end_ms + RESOLUTION_MS {
                #[expect(clippy::cast_possible_truncation, reason = "responses are f32")]
                let value = (sum / count as f64) as f32;
                *mean = value;
            }
        }
        !missing.contains(&true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array1;

    /// The means of four bins of 2 ms at 1 kHz, one bin before the onset.
    fn means(sample: usize, end_ms: f64) -> (Vec<f32>, bool) {
        let mv = (0..12).map(f64::from).collect();
        let trace = Arc::new(Trace { mv, rate_hz: 1000.0 });
        let window = Window { dt_ms: 2.0, before_ms: 2.0, resolution_ms: RESOLUTION_MS };
        let occurrence = Occurrence { trace, sample, duration_ms: None };
        let mut means = Array1::from_elem(4, f32::NAN);
        let whole = occurrence.means(window, end_ms, means.view_mut());
        (means.to_vec(), whole)
    }

    #[test]
    fn a_bin_is_the_mean_of_its_samples() {
        assert_eq!(means(4, f64::INFINITY), (vec![2.5, 4.5, 6.5, 8.5], true));
    }

    #[test]
    fn bins_that_were_not_recorded_as_a_whole_are_nan() {
        let known = |(means, whole): (Vec<f32>, bool)| {
            (means.iter().map(|mean| !mean.is_nan()).collect::<Vec<bool>>(), whole)
        };
        assert_eq!(known(means(1, f64::INFINITY)), (vec![false, true, true, true], false));
        assert_eq!(known(means(7, f64::INFINITY)), (vec![true, true, true, false], false));
        assert_eq!(known(means(4, 3.0)), (vec![true, true, false, false], true));
    }
}
