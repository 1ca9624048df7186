//! Whether spike times on the clock of a session can be in the unit in which they were read.
//!
//! In the right unit they lie over the span of the presentations. Where sounds filled only a part
//! of a session most lie outside of it too, so that the own unit is refused only where another one
//! fits.
use std::sync::Arc;

use super::presented::seconds;
use crate::base::error::{Error, Result};
use crate::base::wording::counted;
use crate::import::report::ImportReport;
use crate::import::sessions::times::SpikeTrain;
use crate::import::sessions::unit::{Alternative, TimeScale, TimeStep, advice, percent};

/// Share of the spikes that lie in the span of the presentations in a unit that fits.
const MOST: f64 = 0.5;
/// The same where the own unit gives a rate that no neuron has: sounds may have filled a part.
const SOME: f64 = 0.05;
/// Share of that span over which they spread in a unit that fits.
const SPREAD: f64 = 0.5;
/// Parts of the span that are looked at for spikes.
const PARTS: usize = 10;
/// Mean rates of neurons, in spikes a second.
const RATES_HZ: (f64, f64) = (0.02, 100.0);

/// Spikes and presentations on the clock of a session, in milliseconds.
pub struct SessionClock<'a> {
    /// Where spike times lie, for messages.
    pub place: &'a str,
    /// In which unit spike times were read.
    pub scale: TimeScale,
    /// Spike times of each neuron.
    pub spikes: &'a [Arc<SpikeTrain>],
    /// From when to when sounds were presented, ascending; none overlap.
    pub presented: &'a [(f64, f64)],
}

/// Where spikes lie if their times were so many times as long.
struct Fit {
    /// Spikes at presentations.
    near: usize,
    /// Spikes between the first presentation and the end of the last, as a share.
    in_span: f64,
    /// Share of that span over which they spread.
    spread: f64,
    /// Spikes a second of a neuron.
    rate_hz: f64,
}

impl SessionClock<'_> {
    /// Looks whether the unit can be right; says where many spikes drop.
    ///
    /// # Errors
    /// No spike is at a presentation, or another unit fits better and no option names one.
    pub fn check(&self, report: &mut ImportReport) -> Result<()> {
        let total = self.total();
        if total == 0 {
            return Ok(());
        }
        let own = self.fit(1.0);
        if own.near == 0 {
            return Err(self.nothing_near(&own, total));
        }
        if !self.scale.given && own.in_span < MOST {
            let fitting = self.alternatives(|fit| fit.is_better_than(&own));
            if !fitting.is_empty() {
                return Err(self.wrong_unit(&own, total, fitting));
            }
        }
        let outside = (total - own.near) as f64 / total as f64;
        if outside > MOST {
            report.warn(format!(
                "{}: {} of the spikes lie outside of all presentations and are \
                 dropped, as they may where sounds filled a part of the session",
                self.place,
                percent(outside)
            ));
        }
        Ok(())
    }

    fn wrong_unit(&self, own: &Fit, total: usize, fitting: Vec<Alternative>) -> Error {
        let (from, to) = self.span();
        Error::Refused(format!(
            "{}: as {}, {} of {} lie in the span of the presentations, from {} to {} \
             s, expected most; {}; give the option of the right unit, or {} if it is right as it is",
            self.place,
            self.scale.step.name(),
            percent(own.in_span),
            counted(total, "spike"),
            seconds(from),
            seconds(to),
            advice(fitting, "there", TimeStep::option),
            self.scale.step.option()
        ))
    }

    fn nothing_near(&self, own: &Fit, total: usize) -> Error {
        let spans = || self.spikes.iter().filter_map(|train| train.span_ms());
        let first = spans().map(|span| span.0).fold(f64::INFINITY, f64::min);
        let last = spans().map(|span| span.1).fold(f64::NEG_INFINITY, f64::max);
        let (from, to) = self.span();
        let mut fitting = self.alternatives(|fit| fit.near > 0 && fit.is_better_than(own));
        if fitting.is_empty() {
            fitting = self.alternatives(|fit| fit.near > 0 && fit.spread >= SPREAD);
        }
        let advice = if fitting.is_empty() {
            "no usual unit lays them there; check that both are on one clock".into()
        } else {
            let advice = advice(fitting, "in their span", TimeStep::option);
            format!("{advice}; give the option of the right unit")
        };
        Error::Refused(format!(
            "{}: read as {}, all {} lie between {} and {} s, expected some at the \
             presentations, which lie between {} and {} s; {advice}",
            self.place,
            self.scale.step.name(),
            counted(total, "spike"),
            seconds(first),
            seconds(last),
            seconds(from),
            seconds(to)
        ))
    }

    fn alternatives(&self, fits: impl Fn(&Fit) -> bool) -> Vec<Alternative> {
        let others = |step: &TimeStep| *step != self.scale.step && self.scale.can_be(*step);
        let others = TimeStep::USUAL.into_iter().filter(others);
        let fitted = others.map(|step| (step, self.fit(step.ms() / self.scale.step.ms())));
        let fitting = fitted.filter(|(_, fit)| fits(fit)).map(|(step, fit)| Alternative {
            step,
            inside: fit.in_span,
            spread: fit.spread,
        });
        fitting.collect()
    }

    fn total(&self) -> usize {
        self.spikes.iter().map(|train| train.len()).sum()
    }

    /// From the first presentation to the end of the last.
    fn span(&self) -> (f64, f64) {
        let from = self.presented.first().map_or(0.0, |first| first.0);
        (from, self.presented.last().map_or(0.0, |last| last.1))
    }

    /// How many spikes lie from one time to another, were they at so many times theirs.
    fn between(&self, (from, to): (f64, f64), factor: f64) -> usize {
        let stored = (from / factor, to / factor);
        self.spikes.iter().map(|train| train.between(stored).len()).sum()
    }

    fn fit(&self, factor: f64) -> Fit {
        let total = self.total();
        let (from, to) = self.span();
        let part = (to - from) / PARTS as f64;
        let parts = (0..PARTS).map(|index| from + index as f64 * part);
        let filled = parts.filter(|start| self.between((*start, start + part), factor) > 0).count();
        let near = self.presented.iter().map(|one| self.between(*one, factor)).sum();
        Fit {
            near,
            in_span: self.between((from, to), factor) as f64 / total as f64,
            spread: filled as f64 / PARTS.min(total) as f64,
            rate_hz: self.rate_hz(factor),
        }
    }

    fn rate_hz(&self, factor: f64) -> f64 {
        let spans = || self.spikes.iter().filter_map(|train| train.span_ms());
        let first = spans().map(|span| span.0).fold(f64::INFINITY, f64::min);
        let last = spans().map(|span| span.1).fold(f64::NEG_INFINITY, f64::max);
        let seconds = (last - first) * factor / 1000.0;
        self.total() as f64 / spans().count() as f64 / seconds
    }
}

impl Fit {
    /// Whether another unit lays the spikes over the span of the presentations.
    fn is_better_than(&self, own: &Self) -> bool {
        let part = own.rate_hz < RATES_HZ.0 && self.rate_hz >= RATES_HZ.0;
        let enough = if part { SOME } else { MOST };
        self.in_span >= enough && self.spread >= SPREAD && self.rate_hz <= RATES_HZ.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::progress::{Console, Verbosity};
    use crate::import::sessions::unit::Unit;

    const SECONDS: TimeScale =
        TimeScale { step: TimeStep::Unit(Unit::S), given: false, can_be_samples: true };

    /// Half a second of sound every two seconds, from second 1 on.
    fn trials(count: usize) -> Vec<(f64, f64)> {
        (0..count).map(|n| (1000.0 + 2000.0 * n as f64, 1500.0 + 2000.0 * n as f64)).collect()
    }

    /// A spike every 100 ms for so many seconds, stored so many times as large.
    fn spikes(seconds: usize, factor: f64) -> Vec<Arc<SpikeTrain>> {
        let times = (0..10 * seconds).map(|n| (100.0 * n as f64 + 7.0) * factor).collect();
        vec![Arc::new(SpikeTrain::of_ms(times).0)]
    }

    /// The options of the units that fit, in the order in which the message has them.
    fn named(spikes: &[Arc<SpikeTrain>], presented: Vec<(f64, f64)>) -> Vec<String> {
        let mut report = ImportReport::new(&Console::new(Verbosity::Quiet));
        let (place, presented) = ("a.nwb", &*presented);
        let clock = SessionClock { place, scale: SECONDS, spikes, presented };
        let Err(error) = clock.check(&mut report) else { return Vec::new() };
        let text = error.to_string();
        let options = text.split('(').skip(1).filter_map(|rest| rest.split_once(')'));
        options.map(|(option, _)| option.to_owned()).collect()
    }

    #[test]
    fn stored_units_are_named_the_best_first() {
        assert_eq!(named(&spikes(21, 1.0), trials(10)), [""; 0]);
        assert_eq!(named(&spikes(21, 1000.0), trials(10)), ["--unit ms"]);
        assert_eq!(named(&spikes(21, 1e6), trials(10)), ["--unit us"]);
        let samples = named(&spikes(21, 25_000.0), trials(10));
        assert_eq!(samples[0], "--rate-hz 25000");
        assert!(samples.contains(&"--rate-hz 24414.0625".into()), "{samples:?}");
        assert!(!samples.iter().any(|option| option.contains("unit")), "{samples:?}");
    }

    #[test]
    fn sounds_in_a_part_of_a_session_are_good_recordings() {
        for (session_s, from) in [(3600, 0), (3600, 3000), (20_000, 0)] {
            let presented = trials(10).into_iter();
            let presented =
                presented.map(|(a, b)| (a + 1e3 * f64::from(from), b + 1e3 * f64::from(from)));
            assert_eq!(named(&spikes(session_s, 1.0), presented.collect()), [""; 0], "{session_s}");
        }
        // The same stored as samples: nearly none lies at a presentation, and the rate is none of a
        // neuron.
        let samples = named(&spikes(100, 30_000.0), trials(10));
        assert_eq!(samples[0], "--rate-hz 30000");
    }
}
