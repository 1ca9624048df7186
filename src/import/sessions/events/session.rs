//! A session of events, their sounds, and the spikes of neurons.
use std::path::PathBuf;

use super::alignment::Alignment;
use super::stimuli::stimuli;
use super::{EventOptions, Events};
use crate::base::error::Result;
use crate::import::format::Imported;
use crate::import::report::ImportReport;
use crate::import::sessions::clock::{OnClock, SessionClock, Trains};
use crate::import::sessions::counts::RESOLUTION_MS;
use crate::import::sessions::hearing::SoundOptions;
use crate::import::sessions::session::Session;
use crate::import::sessions::unit::TimeScale;

/// Where events and sounds lie, and how they are read.
pub struct EventSources<'a> {
    /// The table of events.
    pub table: &'a PathBuf,
    /// How it is read.
    pub columns: &'a EventOptions,
    /// Folders of sounds.
    pub sounds: &'a [PathBuf],
    /// How sound becomes cochleagrams.
    pub sound: &'a SoundOptions,
}

/// Neurons on the clock of a session.
pub struct Recorded {
    /// The file or folder, for messages.
    pub file: PathBuf,
    /// The neurons that are taken, and their spikes.
    pub trains: Trains,
    /// First and last spike of all neurons, also of those that are not taken, in milliseconds.
    pub span_ms: Option<(f64, f64)>,
    /// In which unit spike times were read, where the files leave it open.
    pub scale: Option<TimeScale>,
}

impl EventSources<'_> {
    /// The table; `rate_hz` is that of the samples that it may count.
    ///
    /// # Errors
    /// As of [`Events::read`].
    pub fn events(&self, rate_hz: Option<f64>, report: &mut ImportReport) -> Result<Events> {
        Events::read(self.table, self.columns, rate_hz, report)
    }

    /// Cochleagrams and counts at the presentations.
    ///
    /// # Errors
    /// Sounds are missing or cannot be read, or events and spikes do not lie on one clock.
    pub fn imported(
        &self,
        events: &Events,
        recorded: Recorded,
        report: &mut ImportReport,
    ) -> Result<Imported> {
        let stimuli = stimuli(events, self.sounds, self.sound.dt_ms, report)?;
        let Recorded { file, trains, span_ms, scale } = recorded;
        let alignment = Alignment::new(events, &stimuli, span_ms);
        if let Some(alignment) = &alignment {
            alignment.check_unit(report)?;
        }
        let on_clock = OnClock::new(stimuli, &trains, self.sound, report);
        if let Some(scale) = scale {
            let place = file.display().to_string();
            let (place, spikes, presented) = (&*place, &*trains.spikes, &*on_clock.presented_ms);
            SessionClock { place, scale, spikes, presented }.check(report)?;
        }
        if let Some(alignment) = &alignment {
            alignment.check_spikes(&on_clock, &trains, report)?;
        }
        let (neurons, stimuli, onset_scale) = (trains.neurons, on_clock.stimuli, None);
        let session = Session { file, neurons, stimuli, onset_scale, resolution_ms: RESOLUTION_MS };
        session.imported(self.sound, report)
    }
}
