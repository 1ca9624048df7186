//! Cochleagrams and single repeats as cells of colour.
use ndarray::{ArrayView2, s};

use super::text_styles::TICK;
use crate::figures::axes;
use crate::figures::canvas::Canvas;
use crate::figures::colour::{INK, NOT_A_NUMBER, Rgb, WHITE, diverging, mix, rising};
use crate::figures::marks::Rect;
use crate::figures::ticks::{self, Tick};

/// White between the repeats of a raster that has room for it.
const BETWEEN_REPEATS: f64 = 0.2;

/// What the shades of single repeats stand for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shades {
    /// Spikes: white for none, darker for more.
    Counts,
    /// Any signal: blue to red.
    Signal {
        /// What the full colours stand for.
        peak: f32,
    },
}

/// Draws a cochleagram `(F, T)` with the marks of its frequencies.
pub fn sound(
    canvas: &mut Canvas,
    area: Rect,
    cochleagram: ArrayView2<f32>,
    frequencies_hz: Option<&[f64]>,
) {
    let low = cochleagram.iter().copied().fold(f32::INFINITY, f32::min);
    let high = cochleagram.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    cells(canvas, area, cochleagram, 0.0, |level| rising(level, (low, high)));
    axes::left(canvas, area, &frequencies(cochleagram.nrows(), frequencies_hz, area));
}

/// Draws single repeats `(R, T)`, the first one on top, with their numbers.
pub fn repeats(canvas: &mut Canvas, area: Rect, responses: ArrayView2<f32>, shades: Shades) {
    let colour = |value: f32| match shades {
        _ if value.is_nan() => mix(NOT_A_NUMBER, WHITE, 0.5),
        Shades::Counts => spikes(value),
        Shades::Signal { peak } => diverging(value, peak),
    };
    let room = area.height >= 4 * responses.nrows();
    let between = if shades == Shades::Counts && room { BETWEEN_REPEATS } else { 0.0 };
    cells(canvas, area, responses.slice(s![..;-1, ..]), between, colour);
    axes::left(canvas, area, &repeat_numbers(responses.nrows()));
}

/// The colour of a number of spikes: white for none, darker for more.
fn spikes(count: f32) -> Rgb {
    const REST_OF_WHITE: f32 = 0.35;
    mix(INK, WHITE, REST_OF_WHITE.powf(count))
}

/// Draws values `(rows, columns)` as cells of colour, the first row at the bottom.
fn cells(
    canvas: &mut Canvas,
    area: Rect,
    values: ArrayView2<f32>,
    between: f64,
    colour: impl Fn(f32) -> Rgb,
) {
    let (rows, columns) = values.dim();
    let share = |place: usize, of: usize| place as f64 / of as f64;
    let cell = |((row, column), value): ((usize, usize), &f32)| {
        let across = (share(column, columns), share(column + 1, columns));
        let height = 1.0 / rows as f64;
        let bottom = share(row, rows) + height * between / 2.0;
        let up = (bottom, bottom + height * (1.0 - between));
        (axes::part(area, across, up), colour(*value))
    };
    canvas.image(area, values.indexed_iter().map(cell));
}

/// Marks of an area whose height so many bands share.
fn frequencies(bands: usize, centres_hz: Option<&[f64]>, area: Rect) -> Vec<Tick> {
    let line = f64::from(TICK.em) * 1.35 * bands as f64 / area.height as f64;
    ticks::in_shares(ticks::frequency(centres_hz, bands, line), bands)
}

/// Round numbers of repeats, the first one on top.
fn repeat_numbers(repeats: usize) -> Vec<Tick> {
    let last = repeats as f64;
    let middle = |repeat: f64| 1.0 - (repeat - 0.5) / last.max(1.0);
    let mut ticks = vec![Tick { at: middle(1.0), label: "1".into() }];
    for tick in ticks::whole_values(0.0, last, 5.0) {
        let repeat = tick.at * last;
        if repeat > 1.5 {
            ticks.push(Tick { at: middle(repeat), label: tick.label });
        }
    }
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_are_numbered_from_the_top() {
        let labels = |repeats| -> Vec<String> {
            repeat_numbers(repeats).into_iter().map(|tick| tick.label).collect()
        };
        assert_eq!(labels(1), ["1"]);
        assert_eq!(labels(3), ["1", "2", "3"]);
        assert_eq!(labels(20), ["1", "5", "10", "15", "20"]);
        let ticks = repeat_numbers(4);
        assert!((ticks[0].at - 0.875).abs() < 1e-12 && (ticks[3].at - 0.125).abs() < 1e-12);
    }

    #[test]
    fn more_spikes_are_darker_and_none_is_white() {
        let lightness = |count: f32| spikes(count).map(u32::from).iter().sum::<u32>();
        assert_eq!(spikes(0.0), WHITE);
        assert!(lightness(1.0) > lightness(2.0) && lightness(2.0) > lightness(5.0));
    }
}
