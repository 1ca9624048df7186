//! Units of time, and signs that the wrong one was taken.
use std::path::Path;

use clap::ValueEnum;

use super::counts::{Presentation, Tally, Window};
use crate::base::error::{Error, Result};
use crate::base::wording::counted;
use crate::import::report::ImportReport;

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

impl Unit {
    /// Each with its word on the command line and its name.
    pub const ALL: [(Self, &'static str, &'static str); 3] = [
        (Self::S, "s", "seconds"),
        (Self::Ms, "ms", "milliseconds"),
        (Self::Us, "us", "microseconds"),
    ];

    /// Milliseconds of one.
    pub fn ms(self) -> f64 {
        match self {
            Self::S => 1000.0,
            Self::Ms => 1.0,
            Self::Us => 0.001,
        }
    }
}

/// Share of the spikes inside clips from which another unit is the likely one.
const LIKELY: f64 = 0.5;

/// The presentations of a stimulus, and its bins.
pub type Lengths<'a> = (&'a [Vec<Presentation>], usize);

/// Times as they were taken.
#[derive(Debug, Clone, Copy)]
pub struct Taken<'a> {
    /// File of the spike times.
    pub file: &'a Path,
    /// Unit in which the times were read.
    pub unit: Unit,
    /// Rate of the sounds, which times may count the samples of.
    pub rate_hz: f64,
}

/// Looks whether the times can be in the unit that they were taken for.
///
/// # Errors
/// All spikes lie outside of all clips; the message names the unit in which they would not.
pub fn check(
    taken: Taken,
    window: Window,
    all: Tally,
    stimuli: &[Lengths],
    report: &mut ImportReport,
) -> Result<()> {
    let none_inside = all.total() > 0 && all.inside == 0;
    // Clips have hundreds of bins, so that chance does not put all of many spikes at the start.
    let all_at_start = all.inside >= 20 && all.at_start == all.inside;
    if !none_inside && !all_at_start {
        return Ok(());
    }
    let total = all.total();
    let likely = likely(taken, window, total, stimuli);
    let advice = match &likely {
        Some((name, option, inside)) => {
            let share = 100.0 * *inside as f64 / total as f64;
            format!("read as {name}, {share:.0} % lie inside: {option}")
        }
        None => {
            "no usual unit puts them inside; check that sounds and spikes belong together".into()
        }
    };
    let (spikes, shown) = (counted(total, "spike"), taken.file.display());
    if none_inside {
        let found = format!("all {spikes} lie outside of the clips, expected them inside");
        return Err(Error::Refused(format!("{shown}: {found}; {advice}")));
    }
    if likely.is_some() {
        let found = format!("all {spikes} lie in the first hundredth of the clips");
        report.warn(format!("{shown}: {found}; {advice}"));
    }
    Ok(())
}

/// The unit in which most spikes lie inside clips, if it is another one.
fn likely(
    Taken { unit, rate_hz, .. }: Taken,
    window: Window,
    total: usize,
    stimuli: &[Lengths],
) -> Option<(String, String, usize)> {
    let inside = |factor: f64| stimuli.iter().map(|one| spread_inside(one, factor, window)).sum();
    let units = Unit::ALL.iter().filter(|(other, ..)| *other != unit).map(|(other, word, name)| {
        ((*name).to_owned(), format!("give --unit {word}"), inside(other.ms() / unit.ms()))
    });
    let samples = (
        format!("samples of {rate_hz} Hz"),
        "divide them by the rate".to_owned(),
        inside(1000.0 / rate_hz / unit.ms()),
    );
    let best =
        units.chain([samples]).max_by_key(|(.., inside): &(String, String, usize)| *inside)?;
    (best.2 as f64 >= LIKELY * total as f64).then_some(best)
}

/// Spikes inside the clip, but not at its very start, were times so many times as long.
fn spread_inside((presentations, bins): &Lengths, factor: f64, window: Window) -> usize {
    let times = presentations.iter().flatten().flat_map(|one| &one.times_ms);
    let inside = |time: &&f64| {
        let bin = window.bin(**time * factor);
        bin * 100.0 >= *bins as f64 && bin < *bins as f64
    };
    times.filter(inside).count()
}
