//! Where everything lies on the page.
use super::{Example, column, histogram};
use crate::error::Result;
use crate::figures::axes::AROUND_TICK;
use crate::figures::canvas::{Anchor, Canvas, Rect, Run};
use crate::figures::fonts::Fonts;
use crate::figures::looks::{LABEL, REMARK, TITLE};
use crate::inspection::Inspection;

const WIDTH: usize = 2250;
const MARGIN: usize = 40;
const HEAD: usize = 104;
/// Four lines above the panels of a neuron.
const NAMES: usize = 152;
/// Sound, repeats and PSTH.
const HEIGHTS: [usize; 3] = [260, 320, 220];
const BETWEEN_PANELS: usize = 28;
/// Numbers to the left of a panel.
const NUMBERS: usize = 100;
/// The names of the axes to the left of the page.
const AXIS_NAMES: usize = 44;
/// Marks, numbers and the name of the axis below panels.
const FOOT: usize = 100;
const BETWEEN_PARTS: usize = 64;
const HISTOGRAM: usize = 300;
/// To the right of the histogram.
const REMARKS: usize = 420;

/// Pixels of the width of each of `count` panels side by side.
pub(super) fn column_pixels(count: usize) -> usize {
    let count = count.max(1);
    (WIDTH - 2 * MARGIN - AXIS_NAMES) / count - NUMBERS
}

/// The whole page.
pub(super) fn draw(
    inspection: &Inspection,
    frequencies_hz: Option<&[f64]>,
    examples: &[Example],
) -> Result<Canvas> {
    let panels = HEIGHTS.iter().sum::<usize>() + 2 * BETWEEN_PANELS;
    let top = MARGIN + HEAD + NAMES;
    let below = top + panels + FOOT + BETWEEN_PARTS;
    let height = below + HISTOGRAM + FOOT + MARGIN;
    let mut canvas = Canvas::new(WIDTH, height, Fonts::new()?);
    head(&mut canvas, inspection);
    for (place, example) in examples.iter().enumerate() {
        let areas = areas(place, examples.len(), top);
        column::draw(&mut canvas, areas, example, frequencies_hz);
        column::names(&mut canvas, areas[0], example);
        if place == 0 {
            column::axis_names(&mut canvas, areas, name_at(), example, frequencies_hz.is_some());
        }
    }
    let left = MARGIN + AXIS_NAMES + NUMBERS;
    let width = WIDTH - left - MARGIN - REMARKS;
    let area = Rect { x: left, y: below, width, height: HISTOGRAM };
    histogram::draw(&mut canvas, area, name_at(), &inspection.per_neuron);
    let beside = (area.right() + 3 * AROUND_TICK, area.y + REMARK.capital());
    histogram::write(&mut canvas, beside, &inspection.per_neuron);
    Ok(canvas)
}

/// The baseline of the names of left axes.
fn name_at() -> usize {
    MARGIN + LABEL.capital()
}

/// The three panels of a neuron.
fn areas(place: usize, count: usize, top: usize) -> [Rect; 3] {
    let width = column_pixels(count);
    let x = MARGIN + AXIS_NAMES + NUMBERS + place * (width + NUMBERS);
    let mut y = top;
    HEIGHTS.map(|height| {
        let area = Rect { x, y, width, height };
        y += height + BETWEEN_PANELS;
        area
    })
}

/// The file and what is in it.
fn head(canvas: &mut Canvas, inspection: &Inspection) {
    let room = WIDTH - 2 * MARGIN;
    let title = canvas.shorten(&inspection.file, TITLE, room);
    canvas.text(&title, TITLE, (MARGIN, MARGIN + TITLE.capital()), Anchor::Left, Run::Right);
    let Inspection { stimuli, bins, bands, neurons, dt_ms, .. } = inspection;
    let remark = format!(
        "neurons: {}   stimuli: {} of {:.1} s in all, in bins of {dt_ms} ms   bands: {}   \
         grey: not recorded",
        neurons.count, stimuli.count, bins.seconds, bands.count
    );
    let remark = canvas.shorten(&remark, REMARK, room);
    let at = (MARGIN, MARGIN + TITLE.capital() + 2 * REMARK.capital() + 10);
    canvas.text(&remark, REMARK, at, Anchor::Left, Run::Right);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_of_one_two_or_three_neurons_lie_side_by_side_on_the_page() {
        for count in 1..=3 {
            let columns: Vec<[Rect; 3]> =
                (0..count).map(|place| areas(place, count, 300)).collect();
            for pair in columns.windows(2) {
                assert_eq!(pair[0][0].right() + NUMBERS, pair[1][0].x, "{count}");
            }
            for [sound, repeats, psth] in &columns {
                assert!(sound.bottom() < repeats.y && repeats.bottom() < psth.y, "{count}");
                assert!(psth.right() <= WIDTH - MARGIN, "{count}: {psth:?}");
            }
        }
    }
}
