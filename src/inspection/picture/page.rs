//! Where everything lies on the page.
use super::{Example, column, histogram};
use crate::base::error::Result;
use crate::figures::axes::AROUND_TICK;
use crate::figures::canvas::Canvas;
use crate::figures::fonts::Fonts;
use crate::figures::marks::Rect;
use crate::figures::page::{self, BETWEEN, FIRST_COLUMN, MARGIN, Panel, WIDTH};
use crate::figures::text_styles::REMARK;
use crate::inspection::inspect::Inspection;

const HEAD: usize = 104;
/// Four lines above the panels of a neuron.
const NAMES: usize = 152;
/// Sound, repeats and PSTH.
const PANELS: [Panel; 3] = [(0, 260), (BETWEEN, 320), (BETWEEN, 220)];
/// Marks, numbers and the name of the axis below panels.
const FOOT: usize = 100;
const BETWEEN_PARTS: usize = 64;
const HISTOGRAM: usize = 300;
/// To the right of the histogram.
const REMARKS: usize = 420;

/// The whole page.
pub(super) fn draw(
    inspection: &Inspection,
    frequencies_hz: Option<&[f64]>,
    examples: &[Example],
) -> Result<Canvas> {
    let top = MARGIN + HEAD + NAMES;
    let below = top + page::height(&PANELS) + FOOT + BETWEEN_PARTS;
    let height = below + HISTOGRAM + FOOT + MARGIN;
    let mut canvas = Canvas::new(WIDTH, height, Fonts::new()?);
    page::head(&mut canvas, &inspection.file, &remark(inspection));
    let name_at = page::name_at();
    for (place, example) in examples.iter().enumerate() {
        let areas = page::column((place, examples.len()), top, PANELS);
        column::draw(&mut canvas, areas, example, frequencies_hz);
        column::names(&mut canvas, areas[0], example);
        if place == 0 {
            column::axis_names(&mut canvas, areas, name_at, example, frequencies_hz.is_some());
        }
    }
    let width = WIDTH - FIRST_COLUMN - MARGIN - REMARKS;
    let area = Rect { x: FIRST_COLUMN, y: below, width, height: HISTOGRAM };
    histogram::draw(&mut canvas, area, name_at, &inspection.per_neuron);
    let beside = (area.right() + 3 * AROUND_TICK, area.y + REMARK.capital());
    histogram::write(&mut canvas, beside, &inspection.per_neuron);
    Ok(canvas)
}

/// What is in the file.
fn remark(inspection: &Inspection) -> String {
    let Inspection { stimuli, bins, bands, neurons, dt_ms, .. } = inspection;
    format!(
        "neurons: {}   stimuli: {} of {:.1} s in all, in bins of {dt_ms} ms   bands: {}   \
         grey: not recorded",
        neurons.count, stimuli.count, bins.seconds, bands.count
    )
}
