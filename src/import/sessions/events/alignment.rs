//! Whether events and spikes lie on one clock.
use super::Events;
use crate::base::error::Result;
use crate::base::wording::counted;
use crate::import::report::ImportReport;
use crate::import::sessions::clock::{OnClock, Stimulus, Trains, seconds};
use crate::import::sessions::unit::{Alternative, TimeStep, Unit, advice, percent};

/// Share of the events that lie in the time of the spikes in a unit that fits.
const MOST: f64 = 0.5;
/// Share of that time over which they spread in a unit that fits.
const SPREAD: f64 = 0.05;
/// Share of the presentations that may begin while another sound lasts.
const OVERLAPPING: f64 = 0.5;

/// Events beside the spikes of a recording.
pub struct Alignment<'a> {
    events: &'a Events,
    /// First and last spike of all that there are, in milliseconds.
    spikes_ms: (f64, f64),
    /// Onset and length of each presentation in milliseconds.
    presented: Vec<(f64, f64)>,
}

impl<'a> Alignment<'a> {
    /// Of events that have sounds; nothing where there are no spikes.
    pub fn new(
        events: &'a Events,
        stimuli: &[Stimulus],
        spikes_ms: Option<(f64, f64)>,
    ) -> Option<Self> {
        let onsets = |one: &Stimulus| {
            let length_ms = one.length_ms;
            one.shown.iter().map(move |shown| (shown.start_ms, length_ms)).collect::<Vec<_>>()
        };
        let mut presented: Vec<(f64, f64)> = stimuli.iter().flat_map(onsets).collect();
        presented.sort_by(|a, b| a.0.total_cmp(&b.0));
        Some(Self { events, spikes_ms: spikes_ms?, presented })
    }

    /// Says from when to when events and spikes lie.
    ///
    /// # Errors
    /// Most events lie outside of the time of the spikes, inside in another unit, and no option
    /// says the unit.
    pub fn check_unit(&self, report: &mut ImportReport) -> Result<()> {
        let (from, to) = self.onsets_ms();
        let (first, last) = self.spikes_ms;
        report.inferred(format!(
            "events lie between {} and {} s, spikes between {} and {} s on the clock of the spikes",
            seconds(from),
            seconds(to),
            seconds(first),
            seconds(last)
        ));
        let inside = self.inside(1.0);
        if inside >= MOST || self.events.given {
            self.tell_outside(report);
            return Ok(());
        }
        let fitting = self.alternatives();
        if fitting.is_empty() {
            self.tell_outside(report);
            return Ok(());
        }
        let step = self.events.step;
        Err(self.events.refused(&format!(
            "as {}, {} of the events lie in the time of the spikes, from {} to {} s, expected \
             most; {}; give the option of the right unit, or {} if it is right as it is",
            step.name(),
            percent(inside),
            seconds(first),
            seconds(last),
            advice(fitting, "there", option),
            option(step)
        )))
    }

    /// Looks at the spikes during presentations and before them.
    ///
    /// # Errors
    /// No spike lies in any presentation.
    pub fn check_spikes(
        &self,
        on_clock: &OnClock,
        trains: &Trains,
        report: &mut ImportReport,
    ) -> Result<()> {
        let total = trains.total();
        if total == 0 {
            return Ok(());
        }
        if on_clock.presented_ms.iter().all(|span| trains.between(*span) == 0) {
            let (first, last) = self.spikes_ms;
            let (from, to) = self.onsets_ms();
            return Err(self.events.refused(&format!(
                "none of {} lies in a presentation: events lie between {} and {} s, spikes between \
                 {} and {} s, expected both on one clock; check --events-unit, and shift the events \
                 with --events-offset-s",
                counted(total, "spike"),
                seconds(from),
                seconds(to),
                seconds(first),
                seconds(last)
            )));
        }
        let driven = self.presented.iter().any(|(onset, length)| {
            trains.between((*onset, onset + length)) > trains.between((onset - length, *onset))
        });
        if !driven {
            report.warn(format!(
                "{}: no presentation holds more spikes than the time before it, as if events and \
                 spikes were on different clocks; check --events-unit and --events-offset-s",
                self.events.path.display()
            ));
        }
        Ok(())
    }

    fn onsets_ms(&self) -> (f64, f64) {
        let ends = |one: Option<&(f64, f64)>| one.map_or(f64::NAN, |(onset, _)| *onset);
        (ends(self.presented.first()), ends(self.presented.last()))
    }

    fn tell_outside(&self, report: &mut ImportReport) {
        let outside = self.presented.iter().filter(|(onset, _)| !self.is_inside(*onset)).count();
        if outside > 0 {
            report.warn(format!(
                "{}: {} of {} lie before the first or after the last spike of all units, where \
                 perhaps nothing was recorded",
                self.events.path.display(),
                outside,
                counted(self.presented.len(), "event")
            ));
        }
    }

    /// Whether a sound at this onset may have been heard: recordings begin at 0.
    fn is_inside(&self, onset_ms: f64) -> bool {
        onset_ms >= self.spikes_ms.0.min(0.0) && onset_ms <= self.spikes_ms.1
    }

    /// Onsets in milliseconds, were times so many times as long.
    fn scaled(&self, factor: f64) -> impl Iterator<Item = f64> + '_ {
        let shift = self.events.offset_ms;
        self.presented.iter().map(move |(onset, _)| (onset - shift) * factor + shift)
    }

    fn inside(&self, factor: f64) -> f64 {
        let inside = self.scaled(factor).filter(|onset| self.is_inside(*onset)).count();
        inside as f64 / self.presented.len().max(1) as f64
    }

    fn alternatives(&self) -> Vec<Alternative> {
        let samples = self.events.rate_hz.map(TimeStep::Sample);
        let steps = [TimeStep::Unit(Unit::S), TimeStep::Unit(Unit::Ms)].into_iter().chain(samples);
        let others = steps.filter(|step| *step != self.events.step);
        let fitted = others.map(|step| {
            let factor = step.ms() / self.events.step.ms();
            let onsets: Vec<f64> = self.scaled(factor).collect();
            let length = self.spikes_ms.1 - self.spikes_ms.0.min(0.0);
            let ends = (onsets.first().copied(), onsets.last().copied());
            let spread = (ends.1.unwrap_or(0.0) - ends.0.unwrap_or(0.0)) / length;
            (Alternative { step, inside: self.inside(factor), spread }, self.overlapping(&onsets))
        });
        let fits = |(one, overlapping): &(Alternative, f64)| {
            let enough = one.spread >= SPREAD || self.presented.len() == 1;
            one.inside >= MOST && enough && *overlapping <= OVERLAPPING
        };
        fitted.filter(fits).map(|(one, _)| one).collect()
    }

    /// Share of the sounds that would begin while the one before lasts.
    fn overlapping(&self, onsets: &[f64]) -> f64 {
        let lengths = self.presented.iter().map(|(_, length)| length);
        let pairs = onsets.windows(2).zip(lengths);
        let overlapping = pairs.filter(|(pair, length)| pair[1] - pair[0] < **length).count();
        overlapping as f64 / onsets.len().max(2) as f64
    }
}

/// What says the unit of events on the command line.
fn option(step: TimeStep) -> String {
    match step {
        TimeStep::Unit(Unit::S) => "--events-unit s".into(),
        TimeStep::Unit(Unit::Ms) => "--events-unit ms".into(),
        TimeStep::Unit(Unit::Us) => "--events-unit us".into(),
        TimeStep::Sample(_) => "--events-unit samples".into(),
    }
}
