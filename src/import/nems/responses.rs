//! Responses at the presentations of a stimulus: sums of samples, or counts of spikes.
use ndarray::{Array2, ArrayViewMut2, s};

use super::clips::{ClipsFound, EpochPlace, NemsClips};
use super::epochs::Epoch;
use super::signal::SignalData;
use crate::base::error::{Error, Result};
use crate::base::wording::counted;
use crate::import::report::ImportReport;
use crate::import::sessions::counts::{Presentation, RESOLUTION_MS, Tally, Window};
use crate::import::sessions::times::SpikeTimes;

/// Of all spikes, the share that may lie beyond the recording.
const MOST_BEYOND: f64 = 0.1;

impl NemsClips<'_> {
    /// Samples of the responses in a bin of the sound.
    pub(super) fn step(&self, report: &mut ImportReport) -> Result<usize> {
        let Self { sound, responses, .. } = self;
        let shown = &responses.file;
        if matches!(responses.data, SignalData::Tiles(_)) {
            return Err(Error::Refused(format!(
                "{shown}: found a tile for each stimulus, expected responses at each presentation"
            )));
        }
        if matches!(responses.data, SignalData::Points(_)) {
            return Ok(1);
        }
        let ratio = responses.rate_hz / sound.rate_hz;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let step = ratio.round() as usize;
        if step == 0 || (ratio - ratio.round()).abs() > 1e-6 * ratio {
            return Err(Error::Refused(format!(
                "{shown}: found {} samples a second, expected a multiple of the {} of {}; bring \
                 both to one rate in NEMS and save the recording again",
                responses.rate_hz, sound.rate_hz, sound.name
            )));
        }
        if step > 1 {
            report.inferred(format!(
                "counts of {} at {} Hz are summed over {step} samples, to bins of {} ms",
                responses.name,
                responses.rate_hz,
                self.dt_ms()
            ));
        }
        Ok(step)
    }

    /// The responses `(N, T)` to a presentation.
    pub(super) fn respond(
        &self,
        place: EpochPlace,
        epoch: &Epoch,
        step: usize,
        counts: &mut ArrayViewMut2<f32>,
        found: &mut ClipsFound,
    ) -> Result<()> {
        match &self.responses.data {
            SignalData::Raster(raster) => {
                let place = EpochPlace { bins: counts.ncols(), ..place };
                found.late += usize::from(self.sums(raster, place, step, counts)?);
            }
            SignalData::Points(cells) => found.tally += self.counts(cells, epoch, counts),
            SignalData::Tiles(_) => (),
        }
        Ok(())
    }

    /// Sums of the samples of a presentation, NaN where one is missing; whether it goes on after the
    /// last sample.
    fn sums(
        &self,
        raster: &Array2<f32>,
        place: EpochPlace,
        step: usize,
        sums: &mut ArrayViewMut2<f32>,
    ) -> Result<bool> {
        let known = (raster.ncols() / step).saturating_sub(place.start).min(place.bins);
        for ((cell, bin), sum) in sums.slice_mut(s![.., ..known]).indexed_iter_mut() {
            let from = (place.start + bin) * step;
            let samples = raster.slice(s![cell, from..from + step]);
            let is_count = |value: &f32| value.is_nan() || (*value >= 0.0 && value.fract() == 0.0);
            let odd = samples.iter().find(|value| !is_count(value));
            if let (Some(odd), 2..) = (odd, step) {
                return Err(Error::Refused(format!(
                    "{}: found {odd} at {} Hz, expected counts of spikes, which can be summed over \
                     bins of {} ms; bring {} and {} to one rate in NEMS and save the recording again",
                    self.responses.file,
                    self.responses.rate_hz,
                    self.dt_ms(),
                    self.sound.name,
                    self.responses.name
                )));
            }
            *sum = if step == 1 { samples[0] } else { samples.sum() };
        }
        Ok(known < place.bins)
    }

    /// Counts of the spikes of a presentation.
    fn counts(
        &self,
        cells: &[(String, Vec<f64>)],
        epoch: &Epoch,
        counts: &mut ArrayViewMut2<f32>,
    ) -> Tally {
        let window = Window { dt_ms: self.dt_ms(), before_ms: 0.0, resolution_ms: RESOLUTION_MS };
        let mut tally = Tally::default();
        for ((_, times_s), row) in cells.iter().zip(counts.outer_iter_mut()) {
            let inside = &times_s[within(times_s, epoch)];
            let times_ms = inside.iter().map(|time_s| (time_s - epoch.start_s) * 1000.0);
            let times_ms = SpikeTimes::Own(times_ms.collect());
            let presentation = Presentation { times_ms, recorded_ms: Vec::new() };
            tally += window.count(&presentation, row);
        }
        tally
    }

    /// Counts the spikes that no presentation holds, and refuses times that are on another clock.
    pub(super) fn check_spikes(
        &self,
        cells: &[(String, Vec<f64>)],
        tally: Tally,
        report: &mut ImportReport,
    ) -> Result<()> {
        let length_s = match &self.sound.data {
            SignalData::Raster(raster) => raster.ncols() as f64 / self.sound.rate_hz,
            _ => 0.0,
        };
        let end_s = self.epochs.end_s.max(length_s);
        let all = || cells.iter().flat_map(|(_, times)| times.iter().copied());
        let total = all().count();
        let beyond = all().filter(|time| *time < 0.0 || *time > end_s).count();
        let file = &self.responses.file;
        let spikes = counted(total, "spike");
        let hint = "times of spikes are seconds from the start of the recording";
        if beyond as f64 > MOST_BEYOND * total as f64 {
            return Err(Error::Refused(format!(
                "{file}: found {beyond} of {spikes} beyond the recording, which ends at {end_s} s, \
                 expected nearly all in it; {hint}"
            )));
        }
        if total > 0 && tally.inside == 0 {
            return Err(Error::Refused(format!(
                "{file}: found no spike of {total} in any presentation, expected some; {hint}"
            )));
        }
        let held = |(_, times): &(String, Vec<f64>)| {
            let mut held = vec![false; times.len()];
            for epoch in self.epochs.stimuli.iter().flat_map(|(_, epochs)| epochs) {
                held[within(times, epoch)].fill(true);
            }
            held.iter().filter(|held| **held).count()
        };
        let outside = total - cells.iter().map(held).sum::<usize>();
        if outside > 0 {
            report.dropped(format!(
                "{outside} of {spikes} outside of all presentations, {beyond} of them beyond the \
                 recording"
            ));
        }
        if tally.after > 0 {
            let cut = counted(tally.after, "spike");
            report.dropped(format!("{cut} after the last whole bin of a presentation"));
        }
        Ok(())
    }
}

/// Which of sorted times lie in an epoch.
fn within(times_s: &[f64], epoch: &Epoch) -> std::ops::Range<usize> {
    // Half of what times are exact to: they are rounded before they are counted.
    let slack_s = RESOLUTION_MS / 2000.0;
    let before = |edge_s: f64| times_s.partition_point(|time_s| *time_s < edge_s - slack_s);
    let (from, to) = (before(epoch.start_s), before(epoch.end_s));
    from..to.max(from)
}
