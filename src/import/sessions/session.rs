//! Sounds and the spikes that followed them, and the recording out of them.
use std::path::PathBuf;

use ndarray::{Array2, Array3};

use super::counts::{Tally, Window};
use super::hearing::{Heard, Presented, SoundOptions, heard};
use super::onset_times::{ClipTimes, OnsetTimes};
use super::unit::TimeScale;
use crate::base::error::Result;
use crate::base::wording::counted;
use crate::dataset::{Clip, Entity, Recording};
use crate::import::format::Imported;
use crate::import::report::ImportReport;
use crate::import::unrecorded::unrecorded;

/// Stimuli and responses as they were recorded.
pub struct Session {
    /// The file or folder, for messages.
    pub file: PathBuf,
    /// The neurons.
    pub neurons: Vec<Entity>,
    /// What they heard.
    pub stimuli: Vec<Presented>,
    /// In which unit times from onsets were read; none where they lie on the clock of a session,
    /// which has been checked.
    pub onset_scale: Option<TimeScale>,
    /// Times are multiples of this, in milliseconds.
    pub resolution_ms: f64,
}

/// The cochleagram of each stimulus.
pub struct HeardSounds {
    /// In the order of the stimuli.
    pub cochleagrams: Vec<Array2<f32>>,
    /// Rate of the first sound, where there is one; else NaN.
    pub rate_hz: f64,
    /// Width of a bin in milliseconds.
    pub dt_ms: f64,
    /// Silence before the sound in milliseconds.
    pub before_ms: f64,
    /// Silence after it.
    pub after_ms: f64,
}

/// Cochleagrams with counts.
pub struct Answered {
    /// The file or folder, for messages.
    pub file: PathBuf,
    /// The neurons.
    pub neurons: Vec<Entity>,
    /// What they heard and did.
    pub clips: Vec<Clip>,
}

impl Session {
    /// Cochleagrams and counts.
    ///
    /// # Errors
    /// The front end's settings, a sound that cannot be read, or times that lie outside of all
    /// clips.
    pub fn imported(self, options: &SoundOptions, report: &mut ImportReport) -> Result<Imported> {
        let Heard { cochleagrams, rate_hz, level, frequencies_hz, frontend } =
            heard(&self.stimuli, options, report)?;
        let (dt_ms, hearing) = (options.dt_ms, &options.hearing);
        let (before_ms, after_ms) = (hearing.before_ms, hearing.after_ms);
        let heard = HeardSounds { cochleagrams, rate_hz, dt_ms, before_ms, after_ms };
        let Answered { file, neurons, clips } = self.answered(heard, report)?;
        let (level, frequencies_hz) = (Some(level), Some(frequencies_hz));
        let splits = None;
        let recording = Recording { file, dt_ms, level, frequencies_hz, neurons, clips, splits };
        Ok(Imported { recording, frontend: Some(frontend) })
    }

    /// Counts in the bins of cochleagrams.
    ///
    /// # Errors
    /// Times lie outside of all clips, or another unit fits them better.
    pub fn answered(self, heard: HeardSounds, report: &mut ImportReport) -> Result<Answered> {
        let HeardSounds { cochleagrams, rate_hz, dt_ms, before_ms, after_ms } = heard;
        let window = Window { dt_ms, before_ms, resolution_ms: self.resolution_ms };
        if let Some(scale) = self.onset_scale {
            let clips = self.clip_times(&cochleagrams, window, after_ms);
            let (file, neurons, clips) = (&*self.file, &*self.neurons, &*clips);
            OnsetTimes { file, scale, rate_hz, window, clips, neurons }.check(report)?;
        }
        let responses = self.responses(window, &cochleagrams, report)?;
        let stimuli = self.stimuli.into_iter().map(|presented| presented.stimulus);
        let clips = stimuli.zip(cochleagrams).zip(responses);
        let clips = clips.map(|((stimulus, cochleagram), responses)| Clip {
            stimulus,
            cochleagram,
            responses,
        });
        Ok(Answered { file: self.file, neurons: self.neurons, clips: clips.collect() })
    }

    /// The presentations, and how long clips and sounds are.
    fn clip_times(
        &self,
        cochleagrams: &[Array2<f32>],
        window: Window,
        after_ms: f64,
    ) -> Vec<ClipTimes<'_>> {
        let mut clips = Vec::with_capacity(cochleagrams.len());
        for (Presented { name, presentations, .. }, cochleagram) in
            self.stimuli.iter().zip(cochleagrams)
        {
            let bins = cochleagram.ncols();
            let sound_ms = bins as f64 * window.dt_ms - window.before_ms - after_ms;
            let sound_ms = sound_ms.max(window.dt_ms);
            clips.push(ClipTimes { name, presentations, bins, sound_ms });
        }
        clips
    }

    /// Counts `(N, R, T)` for every stimulus.
    ///
    /// # Errors
    /// There is no memory for them.
    fn responses(
        &self,
        window: Window,
        cochleagrams: &[Array2<f32>],
        report: &mut ImportReport,
    ) -> Result<Vec<Array3<f32>>> {
        let mut all = Tally::default();
        let mut silent = 0;
        let mut responses = Vec::with_capacity(cochleagrams.len());
        for (presented, cochleagram) in self.stimuli.iter().zip(cochleagrams) {
            let (counts, tally, empty) = counts(presented, window, cochleagram.ncols())?;
            all += tally;
            silent += empty;
            responses.push(counts);
        }
        tell(all, silent, report);
        Ok(responses)
    }
}

fn tell(all: Tally, silent: usize, report: &mut ImportReport) {
    let outside = all.before + all.after;
    if outside > 0 {
        report.dropped(format!(
            "{outside} of {}: {} before the first bin, {} after the last",
            counted(all.total(), "spike"),
            all.before,
            all.after
        ));
    }
    if silent > 0 {
        report.inferred(format!("{} without spikes", counted(silent, "repeat")));
    }
}

/// Counts of all neurons, where the spikes fell, and how many repeats have none.
fn counts(
    presented: &Presented,
    window: Window,
    bins: usize,
) -> Result<(Array3<f32>, Tally, usize)> {
    let all = &presented.presentations;
    let repeats = all.iter().map(Vec::len).max().unwrap_or(0);
    let mut counts = unrecorded((all.len(), repeats, bins))?;
    let (mut tally, mut empty) = (Tally::default(), 0);
    for (mut rows, presentations) in counts.outer_iter_mut().zip(all) {
        for (row, presentation) in rows.outer_iter_mut().zip(presentations) {
            tally += window.count(presentation, row);
            empty += usize::from(presentation.times_ms.is_empty());
        }
    }
    Ok((counts, tally, empty))
}
