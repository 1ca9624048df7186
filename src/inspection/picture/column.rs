//! The panels of one neuron: sound, single repeats, PSTH.
use super::Example;
use super::excerpt::{Excerpt, Unit};
use crate::base::wording::counted;
use crate::figures::axes;
use crate::figures::canvas::Canvas;
use crate::figures::colour::{BLUE, GREY, NOT_A_NUMBER, WHITE, mix};
use crate::figures::marks::{Anchor, Direction, Rect, TextStyle, Weight};
use crate::figures::rasters::{self, Shades};
use crate::figures::text_styles::{NAME, REMARK};
use crate::figures::ticks::{self, number};

const RANK: TextStyle = TextStyle { weight: Weight::Bold, ..NAME };
/// Distance of the lines of text above the panels.
const LINE: usize = 36;

/// Draws the three panels with their marks and numbers.
pub(super) fn draw(
    canvas: &mut Canvas,
    [sound, repeats, psth]: [Rect; 3],
    example: &Example,
    frequencies_hz: Option<&[f64]>,
) {
    let excerpt = &example.excerpt;
    rasters::sound(canvas, sound, excerpt.cochleagram.view(), frequencies_hz);
    let shades = match excerpt.unit {
        Unit::Counts => Shades::Counts,
        Unit::Signal => Shades::Signal { peak: peak(excerpt) },
    };
    rasters::repeats(canvas, repeats, excerpt.responses.view(), shades);
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
        canvas.text(&text, look, (area.x, baseline), Anchor::Left, Direction::Right);
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
    let repeats = counted(quality.repeats, "repeat");
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

/// The largest magnitude of what was recorded.
fn peak(excerpt: &Excerpt) -> f32 {
    let recorded = excerpt.responses.iter().filter(|response| !response.is_nan());
    recorded.fold(0.0, |peak, response| peak.max(response.abs()))
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
