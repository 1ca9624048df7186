//! Units of time in which spikes are stored.
use clap::{Args, ValueEnum};

use crate::base::error::{Error, Result};

/// A unit of time in which spikes are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Unit {
    /// Seconds
    S,
    /// Milliseconds
    Ms,
    /// Microseconds
    Us,
}

/// Which unit spike times have.
#[derive(Debug, Clone, Args)]
pub struct TimeOptions {
    /// Unit of the spike times [default: ms in text, s in NWB, whose format says so]
    #[arg(long, value_enum, conflicts_with = "rate_hz")]
    pub unit: Option<Unit>,
    /// Spike times are numbers of samples at this rate
    #[arg(long, value_name = "HZ", allow_negative_numbers = true)]
    pub rate_hz: Option<f64>,
}

/// What one step of a stored spike time is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TimeStep {
    /// A unit of time.
    Unit(Unit),
    /// One sample at so many a second.
    Sample(f64),
}

impl TimeStep {
    /// Those in which laboratories keep spike times: units, and the clocks of recording systems
    /// (`TDT`'s is 24414.0625 Hz).
    pub const USUAL: [Self; 7] = [
        Self::Unit(Unit::S),
        Self::Unit(Unit::Ms),
        Self::Unit(Unit::Us),
        Self::Sample(20_000.0),
        Self::Sample(24_414.062_5),
        Self::Sample(25_000.0),
        Self::Sample(30_000.0),
    ];

    /// Milliseconds of one.
    pub fn ms(self) -> f64 {
        match self {
            Self::Unit(Unit::S) => 1000.0,
            Self::Unit(Unit::Ms) => 1.0,
            Self::Unit(Unit::Us) => 0.001,
            Self::Sample(rate_hz) => 1000.0 / rate_hz,
        }
    }

    /// `milliseconds`, `samples at 30000 Hz`
    pub fn name(self) -> String {
        match self {
            Self::Unit(Unit::S) => "seconds".into(),
            Self::Unit(Unit::Ms) => "milliseconds".into(),
            Self::Unit(Unit::Us) => "microseconds".into(),
            Self::Sample(rate_hz) => format!("samples at {rate_hz} Hz"),
        }
    }

    /// What says so on the command line.
    pub fn option(self) -> String {
        match self {
            Self::Unit(Unit::S) => "--unit s".into(),
            Self::Unit(Unit::Ms) => "--unit ms".into(),
            Self::Unit(Unit::Us) => "--unit us".into(),
            Self::Sample(rate_hz) => format!("--rate-hz {rate_hz}"),
        }
    }

    /// Whether stored times, in milliseconds if this is their unit, can be numbers of such steps:
    /// samples are counted in whole numbers.
    pub fn counts(self, mut times: impl Iterator<Item = f64>) -> bool {
        let whole = |time: f64| (time - time.round()).abs() <= WHOLE * time.abs().max(1.0);
        matches!(self, Self::Unit(_)) || times.all(whole)
    }
}

/// What a whole number may be off by the arithmetic of floats, relative to itself.
const WHOLE: f64 = 1e-9;

/// How stored times are read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimeScale {
    /// What one step is.
    pub step: TimeStep,
    /// Whether an option says so, which is then obeyed.
    pub given: bool,
    /// Whether an option can say that times are numbers of samples.
    pub can_be_samples: bool,
}

impl TimeScale {
    /// Whether an option can say this.
    pub fn can_be(&self, step: TimeStep) -> bool {
        self.can_be_samples || matches!(step, TimeStep::Unit(_))
    }
}

impl TimeOptions {
    /// As the options say, or else the unit that files of the format have.
    ///
    /// # Errors
    /// A rate that is none.
    pub fn scale(&self, default: Unit) -> Result<TimeScale> {
        let Some(rate_hz) = self.rate_hz else {
            let (unit, given) = (self.unit.unwrap_or(default), self.unit.is_some());
            return Ok(TimeScale { step: TimeStep::Unit(unit), given, can_be_samples: true });
        };
        if !(rate_hz.is_finite() && rate_hz > 0.0) {
            let found = format!("--rate-hz: found {rate_hz}, expected samples a second, above 0");
            return Err(Error::Refused(found));
        }
        Ok(TimeScale { step: TimeStep::Sample(rate_hz), given: true, can_be_samples: true })
    }
}

/// Another unit, and how well it would fit.
#[derive(Debug, Clone, Copy)]
pub struct Alternative {
    /// The unit.
    pub step: TimeStep,
    /// Share of the spikes that lie where they should in this unit.
    pub inside: f64,
    /// Share of the clips or of the session over which they spread then.
    pub spread: f64,
}

/// The units in which most times lie where they should, the best first, with the option for each.
pub fn advice(
    mut alternatives: Vec<Alternative>,
    place: &str,
    option: impl Fn(TimeStep) -> String,
) -> String {
    let worth = |one: &Alternative| one.inside * one.spread;
    alternatives.sort_by(|a, b| worth(b).total_cmp(&worth(a)));
    let text = |(rank, one): (usize, &Alternative)| {
        let share = percent(one.inside);
        let lie = if rank == 0 { format!(" lie {place}") } else { String::new() };
        format!("as {}, {share}{lie} ({})", one.step.name(), option(one.step))
    };
    let texts: Vec<String> = alternatives.iter().enumerate().map(text).collect();
    format!("read {}", texts.join("; "))
}

/// `53 %`, and never 0 or 100 for what is neither.
pub fn percent(share: f64) -> String {
    let rounded = (100.0 * share).round();
    match share {
        share if share > 0.0 && rounded < 1.0 => "less than 1 %".into(),
        share if share < 1.0 && rounded > 99.0 => "more than 99 %".into(),
        _ => format!("{rounded} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternatives_are_named_the_best_first() {
        let one = |step, inside, spread| Alternative { step, inside, spread };
        let all = vec![
            one(TimeStep::Sample(20_000.0), 0.67, 0.9),
            one(TimeStep::Sample(25_000.0), 1.0, 0.7),
            one(TimeStep::Unit(Unit::Us), 1.0, 0.9),
        ];
        assert_eq!(
            advice(all, "inside", TimeStep::option),
            "read as microseconds, 100 % lie inside (--unit us); as samples at 25000 Hz, 100 % \
             (--rate-hz 25000); as samples at 20000 Hz, 67 % (--rate-hz 20000)"
        );
        assert_eq!(
            [percent(0.001), percent(0.999), percent(0.0), percent(1.0)],
            ["less than 1 %", "more than 99 %", "0 %", "100 %"]
        );
    }

    #[test]
    fn samples_are_whole_numbers() {
        let rate = TimeStep::Sample(30_000.0);
        assert!(rate.counts([30_375.000_000_000_004, 0.0, -9.0].into_iter()));
        assert!(!rate.counts([11.093, 25.0].into_iter()));
        assert!(TimeStep::Unit(Unit::S).counts([11.093].into_iter()));
    }
}
