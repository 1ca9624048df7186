//! How many neurons have which reliability.
use crate::base::wording::counted;
use crate::figures::axes::{self, FRAME};
use crate::figures::canvas::Canvas;
use crate::figures::colour::BLUE;
use crate::figures::marks::{Anchor, Direction, Rect};
use crate::figures::text_styles::{NAME, REMARK};
use crate::figures::ticks::{self, number};
use crate::inspection::overview::Neuron;
use crate::stats::moments::median;

/// About how many bars there are.
const BARS: f64 = 25.0;
const LINE: usize = 36;

/// Counts of values in bins of one width.
#[derive(Debug, PartialEq)]
struct Histogram {
    low: f64,
    high: f64,
    counts: Vec<usize>,
}

impl Histogram {
    /// Bins of a round width from 0 or below to the largest value, at least one.
    fn of(values: &[f64]) -> Self {
        let lowest = values.iter().copied().fold(0.0, f64::min);
        let highest = values.iter().copied().fold(lowest + 0.1, f64::max);
        let width = ticks::round_step((highest - lowest) / BARS);
        let first = (lowest / width + 1e-9).floor();
        let bins = ((highest / width - 1e-9).ceil() - first).max(1.0);
        let mut counts = vec![0; whole(bins)];
        let last = counts.len() - 1;
        for value in values {
            counts[whole(value / width - first + 1e-9).min(last)] += 1;
        }
        Self { low: first * width, high: (first + bins) * width, counts }
    }
}

/// Draws the bars with their axes.
pub(super) fn draw(canvas: &mut Canvas, area: Rect, name_at: usize, neurons: &[Neuron]) {
    let values = defined(neurons);
    axes::frame(canvas, area);
    if values.is_empty() {
        let text = "reliability is undefined for every neuron: it needs 2 repeats that vary";
        let text = canvas.shorten(text, REMARK, area.width - 8 * FRAME);
        let at = (area.centre_x(), area.centre_y());
        return canvas.text(&text, REMARK, at, Anchor::Centre, Direction::Right);
    }
    let Histogram { low, high, counts } = Histogram::of(&values);
    let most = counts.iter().copied().max().unwrap_or(0) as f64 * 1.05;
    for (place, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let share = |place: usize| place as f64 / counts.len() as f64;
        let bar = (share(place), share(place + 1));
        let bar = axes::part(area, bar, (0.0, *count as f64 / most));
        canvas.fill(Rect { width: bar.width.saturating_sub(1).max(1), ..bar }, BLUE);
    }
    axes::left(canvas, area, &ticks::whole_values(0.0, most, 5.0));
    axes::below(canvas, area, &ticks::values(low, high, 6.0));
    axes::name_left(canvas, area, name_at, "neurons");
    axes::name_below(canvas, area, "reliability (mean correlation of two repeats)");
}

/// Writes the numbers beside.
pub(super) fn write(canvas: &mut Canvas, (x, y): (usize, usize), neurons: &[Neuron]) {
    for (line, text) in lines(neurons).into_iter().enumerate() {
        let look = if line == 0 { NAME } else { REMARK };
        canvas.text(&text, look, (x, y + line * LINE), Anchor::Left, Direction::Right);
    }
}

fn lines(neurons: &[Neuron]) -> Vec<String> {
    let values = defined(neurons);
    let (all, undefined) = (neurons.len(), neurons.len() - values.len());
    let above = |limit: f64| values.iter().filter(|value| **value > limit).count();
    let mut lines = vec![counted(all, "neuron"), format!("reliability undefined: {undefined}")];
    if !values.is_empty() {
        lines.push(format!("median: {}", number(median(&values), 2)));
        lines.extend([0.05, 0.1, 0.2].map(|limit| format!("above {limit}: {}", above(limit))));
    }
    lines
}

fn defined(neurons: &[Neuron]) -> Vec<f64> {
    let values = neurons.iter().map(|neuron| neuron.quality.reliability);
    values.filter(|value| !value.is_nan()).collect()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
fn whole(number: f64) -> usize {
    number as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_in_one_bar() {
        let values = [-0.031, 0.0, 0.2, 0.2, 0.399, 0.4];
        let histogram = Histogram::of(&values);
        assert_eq!(histogram.counts.iter().sum::<usize>(), values.len());
        assert_eq!(histogram.counts.len(), 22, "{histogram:?}");
        assert!((histogram.low + 0.04).abs() < 1e-12, "{histogram:?}");
        assert!((histogram.high - 0.4).abs() < 1e-12, "{histogram:?}");
        assert_eq!((histogram.counts[12], histogram.counts[21]), (2, 2), "{histogram:?}");
    }

    #[test]
    fn one_value_has_a_bar_too() {
        assert_eq!(Histogram::of(&[0.0]).counts.iter().sum::<usize>(), 1);
        assert_eq!(Histogram::of(&[1.0]).counts.last(), Some(&1));
    }
}
