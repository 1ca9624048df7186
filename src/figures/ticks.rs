//! Round values along an axis whose cells lie at given values.

/// A mark on an axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    /// Where the mark lies, in cells: 0 is the middle of the first.
    pub at: f64,
    /// The value at the mark, as text.
    pub label: String,
}

/// Octaves from 125 Hz, and round values below, in kHz.
const OCTAVES_KHZ: [f64; 14] =
    [0.005, 0.01, 0.02, 0.05, 0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];

/// Marks of a frequency axis at whole bands, or at round kHz: octaves where bands widen with
/// frequency; no two of them closer than `apart` cells.
pub fn frequency(centres_hz: Option<&[f64]>, bands: usize, apart: f64) -> Vec<Tick> {
    let most = bands as f64 / apart;
    let Some(centres_hz) = centres_hz else {
        let bands: Vec<f64> = (0..bands).map(|band| band as f64).collect();
        return spaced(round_values(&bands, most).filter(|v| v.fract() == 0.0), &bands, apart);
    };
    let khz: Vec<f64> = centres_hz.iter().map(|hz| hz / 1000.0).collect();
    let octaves = spaced(OCTAVES_KHZ.into_iter(), &khz, apart);
    if widens(&khz) && octaves.len() > 1 {
        return octaves;
    }
    spaced(round_values(&khz, most), &khz, apart)
}

/// Marks of a lag axis at round values; no two of them closer than `apart` cells.
pub fn lag(lags_ms: &[f64], apart: f64) -> Vec<Tick> {
    spaced(round_values(lags_ms, lags_ms.len() as f64 / apart), lags_ms, apart)
}

/// Marks of a colour bar at round values from −`peak` to `peak`, which lie at 0 and 1.
pub fn colour(peak: f64) -> Vec<Tick> {
    values(-peak, peak, 5.0)
}

/// Marks at round values from `low` to `high`, which lie at 0 and 1, at most about `most` of them.
pub fn values(low: f64, high: f64, most: f64) -> Vec<Tick> {
    if high > low {
        spaced(round_values(&[low, high], most), &[low, high], 0.0)
    } else {
        Vec::new()
    }
}

/// The marks among [`values`] that stand at whole numbers.
pub fn whole_values(low: f64, high: f64, most: f64) -> Vec<Tick> {
    if high <= low {
        return Vec::new();
    }
    spaced(round_values(&[low, high], most).filter(|v| v.fract() == 0.0), &[low, high], 0.0)
}

/// Ticks along an axis of so many cells, as shares of its length.
pub fn in_shares(ticks: Vec<Tick>, cells: usize) -> Vec<Tick> {
    let share = |tick: Tick| Tick { at: (tick.at + 0.5) / cells as f64, ..tick };
    ticks.into_iter().map(share).collect()
}

/// The highest step is more than twice the lowest.
fn widens(centres: &[f64]) -> bool {
    match centres {
        [first, second, .., before, last] => last - before > 2.0 * (second - first),
        _ => false,
    }
}

/// Multiples of 1, 2 or 5 times a power of ten between the ends of `cells`, at most about `most`
/// of them and at most six.
fn round_values(cells: &[f64], most: f64) -> impl DoubleEndedIterator<Item = f64> + use<> {
    let (low, high) = (cells.first().copied().unwrap_or(0.0), cells.last().copied().unwrap_or(0.0));
    let step = round_step((high - low) / most.clamp(1.0, 5.0));
    let first = (low / step - 1e-9).ceil();
    let count = ((high / step + 1e-9).floor() - first).max(0.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most six")]
    let count = count as usize;
    (0..=count).map(move |i| (first + i as f64) * step)
}

/// The next larger 1, 2 or 5 times a power of ten.
pub fn round_step(least: f64) -> f64 {
    let least = least.max(f64::MIN_POSITIVE);
    let power = 10f64.powf(least.log10().floor());
    // Rounding may leave a step of 0.2 just above 0.2.
    let fits = |times: &f64| times * power >= least * (1.0 - 1e-9);
    [1.0, 2.0, 5.0].into_iter().find(fits).unwrap_or(10.0) * power
}

/// Those of `values`, ascending, that lie on the axis; from the top, each at least `apart` cells
/// below the one before.
fn spaced(values: impl DoubleEndedIterator<Item = f64>, cells: &[f64], apart: f64) -> Vec<Tick> {
    let mut ticks: Vec<Tick> = Vec::new();
    for value in values.rev() {
        let Some(at) = position(cells, value) else { continue };
        if ticks.last().is_none_or(|above| above.at - at >= apart) {
            ticks.push(Tick { at, label: number(value, 6) });
        }
    }
    ticks.reverse();
    ticks
}

/// Where `value` lies among the cells, by straight lines between their middles; none more than
/// half a cell beyond the ends.
fn position(cells: &[f64], value: f64) -> Option<f64> {
    let last = cells.len().checked_sub(1)?;
    if last == 0 {
        return ((cells[0] - value).abs() < 1e-9).then_some(0.0);
    }
    let below = cells.partition_point(|cell| *cell <= value).clamp(1, last) - 1;
    let at = below as f64 + (value - cells[below]) / (cells[below + 1] - cells[below]);
    (at >= -0.5 && at <= last as f64 + 0.5).then_some(at)
}

/// Marks from `low` to `high`, both above 0, whose logarithms lie at 0 and 1: powers of ten, and 2
/// and 5 times them where few powers are in between.
pub fn logarithmic(low: f64, high: f64) -> Vec<Tick> {
    let (from, to) = (low.log10(), high.log10());
    if !(to > from && from.is_finite() && to.is_finite()) {
        return Vec::new();
    }
    let steps: &[f64] = if to - from > 3.0 { &[1.0] } else { &[1.0, 2.0, 5.0] };
    #[expect(clippy::cast_possible_truncation, reason = "powers of ten of a float")]
    let powers = from.floor() as i32..=to.ceil() as i32;
    let values = powers.flat_map(|power| steps.iter().map(move |step| step * 10f64.powi(power)));
    let within = values.filter(|value| (low..=high).contains(value));
    within
        .map(|value| Tick { at: (value.log10() - from) / (to - from), label: number(value, 2) })
        .collect()
}

/// `value` with so many decimals, and a minus as wide as a plus.
pub fn fixed(value: f64, decimals: usize) -> String {
    format!("{value:.decimals$}").replace('-', "−")
}

/// `value` with at most so many significant digits, and a minus as wide as a plus.
pub fn number(value: f64, digits: i32) -> String {
    let trimmed = |text: &str| match text.split_once('.') {
        Some(_) => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        None => text.to_owned(),
    };
    let least = |digits| usize::try_from(digits).unwrap_or(0);
    let scientific = format!("{value:.*e}", least(digits - 1));
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let text = match exponent.parse::<i32>() {
        // Of the digits, those before the point are not behind it.
        Ok(exponent @ -3..5) => {
            let behind = least(digits - 1 - exponent);
            trimmed(&format!("{value:.behind$}"))
        }
        _ => format!("{}e{exponent}", trimmed(mantissa)),
    };
    text.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::units::Scale;

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn bands_that_widen_are_marked_at_octaves() {
        let centres = Scale::Log.centres_hz(500.0, 20_000.0, 34);
        let ticks = frequency(Some(&centres), 34, 2.0);
        assert_eq!(labels(&ticks), ["0.5", "1", "2", "4", "8", "16"]);
        assert!(ticks[0].at.abs() < 1e-9, "{ticks:?}");
        let octave = 33.0 * 2f64.ln() / 40f64.ln();
        assert!((ticks[3].at - 3.0 * octave).abs() < 0.02, "{ticks:?}");
    }

    #[test]
    fn octaves_that_would_touch_are_left_out() {
        let centres = Scale::Log.centres_hz(500.0, 20_000.0, 34);
        assert_eq!(labels(&frequency(Some(&centres), 34, 7.0)), ["1", "4", "16"]);
    }

    #[test]
    fn bands_of_one_width_are_marked_at_equal_steps() {
        let centres: Vec<f64> = (1..33).map(|band| 250.0 * f64::from(band)).collect();
        let ticks = frequency(Some(&centres), 32, 3.0);
        assert_eq!(labels(&ticks), ["2", "4", "6", "8"]);
        assert!((ticks[1].at - 15.0).abs() < 1e-9, "{ticks:?}");
    }

    #[test]
    fn bands_without_frequencies_are_counted() {
        assert_eq!(labels(&frequency(None, 34, 2.0)), ["0", "10", "20", "30"]);
        assert_eq!(labels(&frequency(None, 3, 0.2)), ["0", "1", "2"]);
    }

    #[test]
    fn numbers_keep_their_significant_digits_only() {
        let two = [0.0, 0.123, 0.000_12, -3.96, 20.0, 1234.0, 250_000.0].map(|v| number(v, 2));
        assert_eq!(two, ["0", "0.12", "1.2e−4", "−4", "20", "1234", "2.5e5"]);
        assert_eq!(number(0.2 + 0.1, 6), "0.3");
    }

    #[test]
    fn logarithms_are_marked_at_round_values() {
        assert_eq!(labels(&logarithmic(3.0, 120.0)), ["5", "10", "20", "50", "100"]);
        let decades = ["1", "10", "100", "1000", "10000", "1e5"];
        assert_eq!(labels(&logarithmic(0.5, 2e5)), decades);
        let ticks = logarithmic(1.0, 100.0);
        assert!((ticks[3].at - 0.5).abs() < 1e-12 && ticks[3].label == "10", "{ticks:?}");
        assert!(logarithmic(5.0, 5.0).is_empty());
    }

    #[test]
    fn lags_are_marked_at_round_milliseconds() {
        let lags: Vec<f64> = (0..9).map(|k| 5.0 * f64::from(k)).collect();
        let ticks = lag(&lags, 1.0);
        assert_eq!(labels(&ticks), ["0", "10", "20", "30", "40"]);
        assert!((ticks[3].at - 6.0).abs() < 1e-9, "{ticks:?}");
        assert_eq!(labels(&lag(&lags, 3.0)), ["0", "20", "40"]);
        assert_eq!(labels(&lag(&[0.0], 1.0)), ["0"]);
    }
}
