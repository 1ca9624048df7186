//! What was presented in a session, with what neurons did.
use super::shown::Shown;
use super::trains::Trains;
use crate::base::wording::{counted, counted_that};
use crate::dataset::Entity;
use crate::import::report::ImportReport;
use crate::import::sessions::hearing::{OpenSound, Presented, SoundOptions};

/// A stimulus, its sound, and when it was presented.
pub struct Stimulus {
    /// Id and attributes.
    pub entity: Entity,
    /// Opens the sound.
    pub open: OpenSound,
    /// How long the sound lasts.
    pub length_ms: f64,
    /// What to call the sound in messages.
    pub name: String,
    /// The presentations, in their order.
    pub shown: Vec<Shown>,
}

/// Stimuli with what neurons did at each presentation.
pub struct OnClock {
    /// What neurons heard, and did.
    pub stimuli: Vec<Presented>,
    /// From when to when clips lie on the clock, in milliseconds, ascending; none overlap.
    pub presented_ms: Vec<(f64, f64)>,
}

/// What of sounds and spikes is left out or doubtful, of one session or several.
#[derive(Default)]
pub struct ClockTally {
    cut_short: usize,
    overlapping: usize,
    outside: usize,
    spikes: usize,
}

impl ClockTally {
    /// Says it.
    pub fn tell(&self, report: &mut ImportReport) {
        let Self { cut_short, overlapping, outside, spikes } = *self;
        if cut_short > 0 {
            let end = counted_that(cut_short, "presentation", ["ends", "end"]);
            report.inferred(format!("{end} before the sound: the rest is not recorded"));
        }
        if overlapping > 0 {
            let begin = counted_that(overlapping, "presentation", ["begins", "begin"]);
            report.inferred(format!(
                "{begin} before the sound before ends: each takes all spikes of its own time"
            ));
        }
        if outside > 0 {
            let spikes = counted(spikes, "spike");
            report.dropped(format!("{outside} of {spikes} outside of all presentations"));
        }
    }
}

impl OnClock {
    /// Takes the spikes at each presentation, and says what of sound and spikes is left out.
    pub fn new(
        stimuli: Vec<Stimulus>,
        trains: &Trains,
        sound: &SoundOptions,
        report: &mut ImportReport,
    ) -> Self {
        let mut tally = ClockTally::default();
        let on_clock = Self::counted(stimuli, trains, sound, &mut tally);
        tally.tell(report);
        on_clock
    }

    /// Takes the spikes at each presentation, and counts what is left out.
    pub fn counted(
        stimuli: Vec<Stimulus>,
        trains: &Trains,
        sound: &SoundOptions,
        tally: &mut ClockTally,
    ) -> Self {
        let (mut sounds, mut clips) = (Vec::new(), Vec::new());
        let mut presented = Vec::with_capacity(stimuli.len());
        for Stimulus { entity, open, length_ms, name, mut shown } in stimuli {
            for one in &mut shown {
                // Half a bin: ends of intervals are rounded in one way or another.
                let short = |end: &f64| end + sound.dt_ms / 2.0 < length_ms;
                one.cut_short_ms = one.length_ms.filter(short);
                tally.cut_short += usize::from(one.cut_short_ms.is_some());
            }
            let margin = (sound.hearing.before_ms, length_ms + sound.hearing.after_ms);
            sounds.extend(shown.iter().map(|one| (one.start_ms, one.start_ms + length_ms)));
            let around = |one: &Shown| (one.start_ms - margin.0, one.start_ms + margin.1);
            clips.extend(shown.iter().map(around));
            let presentations = trains.presentations(&shown, margin);
            presented.push(Presented { stimulus: entity, open, name, presentations });
        }
        tally.overlapping += overlapping(sounds);
        let presented_ms = apart(clips);
        let near: usize = presented_ms.iter().map(|span| trains.between(*span)).sum();
        let all = trains.total();
        tally.spikes += all;
        tally.outside += all.saturating_sub(near);
        Self { stimuli: presented, presented_ms }
    }
}

/// How many sounds begin while another one lasts.
fn overlapping(mut sounds: Vec<(f64, f64)>) -> usize {
    // Sounds that follow each other without a gap may overlap by what is rounded.
    const SLACK_MS: f64 = 1.0;
    sounds.sort_by(|a, b| a.0.total_cmp(&b.0));
    let overlap = |pair: &&[(f64, f64)]| pair[1].0 + SLACK_MS < pair[0].1;
    sounds.windows(2).filter(overlap).count()
}

/// Intervals in order, those that overlap as one.
fn apart(mut intervals: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    intervals.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut apart: Vec<(f64, f64)> = Vec::with_capacity(intervals.len());
    for (from, to) in intervals {
        match apart.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => apart.push((from, to)),
        }
    }
    apart
}

/// Milliseconds in seconds, to a millisecond.
pub fn seconds(ms: f64) -> f64 {
    ms.round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_that_overlap_become_one() {
        let found = apart(vec![(5.0, 7.0), (0.0, 2.0), (1.0, 3.0), (3.0, 4.0)]);
        assert_eq!(found, [(0.0, 4.0), (5.0, 7.0)]);
    }
}
