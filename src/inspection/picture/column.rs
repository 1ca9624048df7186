//! The panels of one neuron: sound, single repeats, PSTH.
use ndarray::ArrayView2;

use super::Example;
use super::excerpt::{Excerpt, Unit};
use crate::figures::axes;
use crate::figures::canvas::{Anchor, Canvas, Rect, Run};
use crate::figures::colour::{BLUE, GREY, INK, NOT_A_NUMBER, Rgb, WHITE, diverging, mix, rising};
use crate::figures::fonts::{Type, Weight};
use crate::figures::looks::{NAME, REMARK, TICK};
use crate::figures::ticks::{self, Tick, number};

const RANK: Type = Type { weight: Weight::Bold, ..NAME };
/// Distance of the lines of text above the panels.
const LINE: usize = 36;
/// White between the repeats of a raster that has room for it.
const BETWEEN_REPEATS: f64 = 0.2;

/// Draws the three panels with their marks and numbers.
pub(super) fn draw(
    canvas: &mut Canvas,
    [sound, repeats, psth]: [Rect; 3],
    example: &Example,
    frequencies_hz: Option<&[f64]>,
) {
    let excerpt = &example.excerpt;
    draw_sound(canvas, sound, excerpt.cochleagram.view());
    axes::left(canvas, sound, &frequencies(excerpt, frequencies_hz, sound));
    draw_repeats(canvas, repeats, excerpt);
    axes::left(canvas, repeats, &repeat_numbers(excerpt.responses.nrows()));
    draw_psth(canvas, psth, excerpt);
    for area in [sound, repeats, psth] {
        axes::frame(canvas, area);
    }
    axes::below(canvas, psth, &ticks::values(0.0, excerpt.seconds, 5.0));
}

/// Writes which neuron it is, how good it is, and what is shown.
pub(super) fn names(canvas: &mut Canvas, area: Rect, example: &Example) {
    let lines = [title(example), reliability(example), level(example), stretch(&example.excerpt)];
    for (line, text) in lines.iter().enumerate() {
        let look = if line == 0 { RANK } else { REMARK };
        let text = canvas.shorten(text, look, area.width);
        let baseline = area.y - 16 - (lines.len() - 1 - line) * LINE;
        canvas.text(&text, look, (area.x, baseline), Anchor::Left, Run::Right);
    }
}

fn title(Example { rank, neuron, .. }: &Example) -> String {
    if rank.is_empty() { neuron.id.clone() } else { format!("{rank}: {}", neuron.id) }
}

/// What is defined of how alike the repeats are.
fn reliability(Example { neuron, .. }: &Example) -> String {
    let quality = &neuron.quality;
    let numbers =
        [("reliability", quality.reliability), ("CC max", quality.cc_max), ("SNR", quality.snr)];
    let defined = numbers.into_iter().filter(|(_, value)| !value.is_nan());
    let texts: Vec<String> =
        defined.map(|(name, value)| format!("{name} {}", number(value, 3))).collect();
    if texts.is_empty() { "reliability undefined".to_owned() } else { texts.join("   ") }
}

/// The mean response, and for a signal what the colours of single repeats stand for.
fn level(Example { neuron, excerpt, .. }: &Example) -> String {
    let quality = &neuron.quality;
    let repeats = if quality.repeats == 1 { "repeat" } else { "repeats" };
    let repeats = format!("{} {repeats}", quality.repeats);
    match excerpt.unit {
        Unit::Counts => format!("{} spikes/s   {repeats}", number(quality.rate_hz, 3)),
        Unit::Signal => {
            let colours = number(peak(excerpt).into(), 3);
            format!("mean {}   {repeats} in colours of ±{colours}", number(quality.mean, 3))
        }
    }
}

/// Which part of which clip is shown.
fn stretch(excerpt: &Excerpt) -> String {
    let Excerpt { stimulus, seconds, clip_seconds, column_ms, bins_in_column, .. } = excerpt;
    let shown = if seconds < clip_seconds {
        format!(", {seconds:.1} of {clip_seconds:.1} s")
    } else {
        String::new()
    };
    let steps = if *bins_in_column > 1 {
        format!(", in steps of {} ms", number(*column_ms, 4))
    } else {
        String::new()
    };
    format!("stimulus {stimulus}{shown}{steps}")
}

/// Writes the names of the axes beside and below.
pub(super) fn axis_names(
    canvas: &mut Canvas,
    [sound, repeats, psth]: [Rect; 3],
    baseline: usize,
    example: &Example,
    in_hz: bool,
) {
    let band = if in_hz { "frequency (kHz)" } else { "band" };
    let response = match example.excerpt.unit {
        Unit::Counts => "PSTH (spikes/s)",
        Unit::Signal => "mean response",
    };
    axes::name_left(canvas, sound, baseline, band);
    axes::name_left(canvas, repeats, baseline, "repeat");
    axes::name_left(canvas, psth, baseline, response);
}

fn draw_sound(canvas: &mut Canvas, area: Rect, cochleagram: ArrayView2<f32>) {
    let low = cochleagram.iter().copied().fold(f32::INFINITY, f32::min);
    let high = cochleagram.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    draw_cells(canvas, area, cochleagram, 0.0, |level| rising(level, (low, high)));
}

fn draw_repeats(canvas: &mut Canvas, area: Rect, excerpt: &Excerpt) {
    let (Excerpt { unit, responses, .. }, peak) = (excerpt, peak(excerpt));
    let colour = |value: f32| match unit {
        _ if value.is_nan() => mix(NOT_A_NUMBER, WHITE, 0.5),
        Unit::Counts => spikes(value),
        Unit::Signal => diverging(value, peak),
    };
    let room = area.height >= 4 * responses.nrows();
    let between = if *unit == Unit::Counts && room { BETWEEN_REPEATS } else { 0.0 };
    // The first repeat is on top.
    draw_cells(canvas, area, responses.slice(ndarray::s![..;-1, ..]), between, colour);
}

/// The largest magnitude of what was recorded.
fn peak(excerpt: &Excerpt) -> f32 {
    let recorded = excerpt.responses.iter().filter(|response| !response.is_nan());
    recorded.fold(0.0, |peak, response| peak.max(response.abs()))
}

/// White for none, darker for more.
fn spikes(count: f32) -> Rgb {
    const REST_OF_WHITE: f32 = 0.35;
    mix(INK, WHITE, REST_OF_WHITE.powf(count))
}

/// Draws `(rows, columns)`, the first row at the bottom.
fn draw_cells(
    canvas: &mut Canvas,
    area: Rect,
    values: ArrayView2<f32>,
    between: f64,
    colour: impl Fn(f32) -> Rgb,
) {
    let (rows, columns) = values.dim();
    for ((row, column), value) in values.indexed_iter() {
        let share = |place: usize, of: usize| place as f64 / of as f64;
        let across = (share(column, columns), share(column + 1, columns));
        let height = 1.0 / rows as f64;
        let bottom = share(row, rows) + height * between / 2.0;
        let cell = axes::part(area, across, (bottom, bottom + height * (1.0 - between)));
        canvas.fill(cell, colour(*value));
    }
}

fn draw_psth(canvas: &mut Canvas, area: Rect, excerpt: &Excerpt) {
    let psth = excerpt.psth.iter().copied().filter(|y| y.is_finite()).map(f64::from);
    let (low, high) = psth.fold((0.0, 0.0), |(low, high): (f64, f64), y| (low.min(y), high.max(y)));
    let margin = 0.05 * (high - low);
    let high = if high > low { high + margin } else { low + 1.0 };
    let low = if low < 0.0 { low - margin } else { low };
    let share = |y: f64| (y - low) / (high - low);
    let columns = excerpt.psth.len() as f64;
    for (column, y) in excerpt.psth.iter().enumerate() {
        let across = (column as f64 / columns, (column + 1) as f64 / columns);
        if y.is_nan() {
            canvas.fill(axes::part(area, across, (0.0, 1.0)), mix(NOT_A_NUMBER, WHITE, 0.5));
            continue;
        }
        let y = f64::from(*y);
        if y != 0.0 {
            canvas.fill(axes::part(area, across, (share(y.min(0.0)), share(y.max(0.0)))), BLUE);
        }
    }
    if low < 0.0 {
        canvas.fill(axes::part(area, (0.0, 1.0), (share(0.0), share(0.0))), GREY);
    }
    axes::left(canvas, area, &ticks::values(low, high, 4.0));
    axes::name_below(canvas, area, "time (s)");
}

/// Marks of an area whose height the bands share.
fn frequencies(excerpt: &Excerpt, centres_hz: Option<&[f64]>, area: Rect) -> Vec<Tick> {
    let bands = excerpt.cochleagram.nrows();
    let line = f64::from(TICK.em) * 1.35 * bands as f64 / area.height as f64;
    in_shares(ticks::frequency(centres_hz, bands, line), bands)
}

/// Ticks at the middles of so many cells.
fn in_shares(ticks: Vec<Tick>, cells: usize) -> Vec<Tick> {
    let share = |tick: Tick| Tick { at: (tick.at + 0.5) / cells as f64, ..tick };
    ticks.into_iter().map(share).collect()
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
