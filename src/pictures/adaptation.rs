//! How a prefilter adapts: its kernels over lag, and its time constants and weights over frequency.
use super::drawn::{Drawn, HEAD, head};
use crate::base::error::Result;
use crate::figures::axes;
use crate::figures::canvas::Canvas;
use crate::figures::chart::{Chart, legend};
use crate::figures::colour::{BLUE, GREY, INK, Rgb, VERMILION, WHITE, mix, rising};
use crate::figures::fonts::Fonts;
use crate::figures::grid::{NUMBERS_AND_NAME, PanelGrid};
use crate::figures::marks::Rect;
use crate::figures::page::MARGIN;
use crate::figures::text_styles::TICK;
use crate::figures::ticks;
use crate::models::prefilters::AdaptationKernels;
use crate::runs::trained::Trained;

/// Bands whose kernels are shown.
const BANDS: usize = 5;
const PANEL: (usize, usize) = (800, 420);
/// White between two rows, for the name of an axis and a legend.
const BETWEEN_ROWS: usize = 40;
/// Room for the legend above a row.
const LEGEND: usize = 40;
/// The curves of the channels.
const CHANNELS: [Rgb; 2] = [BLUE, VERMILION];

/// Draws kernels, time constants and weights of the prefilters, one below the other.
pub(super) fn draw(trained: &Trained) -> Result<Drawn> {
    let adaptations = trained.network.adaptations()?;
    if adaptations.is_empty() {
        let reason = match trained.architecture.prefilters.as_slice() {
            [] => "the model has no prefilter",
            _ => "no prefilter of the model is an adaptation filter",
        };
        return Ok(Drawn::Nothing(reason.into()));
    }
    let (mut grids, mut size, mut top) = (Vec::new(), (0, 0), HEAD);
    for (names, kernels) in &adaptations {
        let columns = names.len().max(1 + usize::from(kernels.past.is_some()));
        let upper =
            PanelGrid { panels: names.len(), columns, panel: PANEL, top, left: NUMBERS_AND_NAME };
        let lower =
            PanelGrid { top: upper.size().1 - MARGIN + BETWEEN_ROWS, panels: columns, ..upper };
        let (width, height) = lower.size();
        (size, top) = ((width.max(size.0), height), height);
        grids.push((upper, lower));
    }
    let mut canvas = Canvas::new(size.0, size.1, Fonts::new()?);
    let remark = if adaptations.iter().any(|(_, kernels)| kernels.learns) {
        "as fitted; grey: before training"
    } else {
        "fixed: nothing of it was trained"
    };
    head(&mut canvas, trained, &format!("{remark}; before rectification"));
    for ((names, kernels), (upper, lower)) in adaptations.iter().zip(&grids) {
        over_lag(&mut canvas, (kernels, trained.metadata.dt_ms), names, upper);
        over_frequency(&mut canvas, kernels, names, lower);
    }
    Ok(Drawn::Picture(Box::new(canvas)))
}

/// Bands spread over frequency, from the lowest to the highest.
fn some_bands(all: usize) -> Vec<usize> {
    let shown = all.min(BANDS);
    (0..shown).map(|place| place * (all - 1) / (shown - 1).max(1)).collect()
}

/// A frequency as a legend names it.
fn khz(hz: f64) -> String {
    format!("{} kHz", ticks::number(hz / 1000.0, 2))
}

/// Kernels of some bands, a panel for each channel. The present bin outweighs each bin of the past
/// by far, so it is told in words.
fn over_lag(
    canvas: &mut Canvas,
    (kernels, dt_ms): (&AdaptationKernels, f64),
    names: &[&str],
    grid: &PanelGrid,
) {
    let bands = some_bands(kernels.centres_hz.len());
    let colour = |place: usize| rising(place as f32, (0.0, bands.len() as f32 - 0.4));
    let (_c, _f, bins) = kernels.weights.dim();
    for (channel, name) in names.iter().enumerate() {
        let past = |band: usize| {
            let weight = move |lag: usize| kernels.weights[[channel, band, lag]];
            (1..bins).map(move |lag| (lag as f64 * dt_ms, weight(lag)))
        };
        let values = bands.iter().flat_map(|band| past(*band).map(|(_, weight)| weight));
        let across = (0.0, (bins.max(3) - 1) as f64 * dt_ms);
        let chart = Chart::around(grid.area(channel), across, values.chain([0.0]));
        chart.rule(canvas, (0.0, 0.0), (across.1, 0.0));
        for (place, band) in bands.iter().enumerate() {
            chart.curve(canvas, &past(*band).collect::<Vec<_>>(), colour(place));
        }
        let now: Vec<f64> = bands.iter().map(|band| kernels.weights[[channel, *band, 0]]).collect();
        grid.name(canvas, channel, &format!("{name}: {} at lag 0", span(&now)));
        axes::frame(canvas, chart.area);
        axes::left(canvas, chart.area, &ticks::values(chart.up.0, chart.up.1, 5.0));
        axes::below(canvas, chart.area, &ticks::values(across.0, across.1, 6.0));
    }
    let labels: Vec<String> = bands.iter().map(|band| khz(kernels.centres_hz[*band])).collect();
    let curves: Vec<(&str, Rgb)> =
        labels.iter().enumerate().map(|(place, label)| (label.as_str(), colour(place))).collect();
    legend(canvas, axes::above(grid.area(0), LEGEND), &curves);
    grid.name_left_of(canvas, 0, "weight of a past bin");
    grid.name_below(canvas, "lag (ms)");
}

/// One number, or the lowest and the highest of several.
fn span(values: &[f64]) -> String {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (low, high) = (ticks::number(low, 2), ticks::number(high, 2));
    if low == high { low } else { format!("{low} to {high}") }
}

/// Time constants and weights of the past over the bands.
fn over_frequency(
    canvas: &mut Canvas,
    kernels: &AdaptationKernels,
    names: &[&str],
    grid: &PanelGrid,
) {
    let before = kernels.learns.then_some(("before training", pale()));
    let taus = kernels.tau_ms.outer_iter().map(|tau| tau.to_vec()).zip(CHANNELS);
    let first = before.map(|(_, colour)| (kernels.first_tau_ms.clone(), colour));
    // Logarithms: a band whose time constant has run away leaves the others to be seen.
    let logarithms =
        |(tau, colour): (Vec<f64>, Rgb)| (tau.into_iter().map(f64::log10).collect(), colour);
    let curves: Vec<_> = first.into_iter().chain(taus).map(logarithms).collect();
    let chart = bands_panel(canvas, kernels, grid.area(0), &curves, None);
    let (low, high) = chart.up;
    axes::left(canvas, chart.area, &ticks::logarithmic(10f64.powf(low), 10f64.powf(high)));
    let channels = names.iter().copied().zip(CHANNELS).filter(|_| names.len() > 1);
    legend(canvas, grid.area(0), &channels.chain(before).collect::<Vec<_>>());
    grid.name_left_of(canvas, 0, "time constant (ms)");
    if let Some(past) = &kernels.past {
        let first = before.map(|(_, colour)| (vec![kernels.first_past; past.len()], colour));
        let curves: Vec<_> = first.into_iter().chain([(past.clone(), INK)]).collect();
        let chart = bands_panel(canvas, kernels, grid.area(1), &curves, Some(0.0));
        axes::left(canvas, chart.area, &ticks::values(chart.up.0, chart.up.1, 5.0));
        legend(canvas, grid.area(1), &[("ON and OFF", INK)]);
        grid.name_left_of(canvas, 1, "weight w");
    }
    grid.name_below(canvas, "frequency (kHz)");
}

fn pale() -> Rgb {
    mix(GREY, WHITE, 0.4)
}

/// Values `(F)` of every band, and one more that the axis holds; bands stand at equal distances, as
/// in pictures of receptive fields.
fn bands_panel(
    canvas: &mut Canvas,
    kernels: &AdaptationKernels,
    area: Rect,
    curves: &[(Vec<f64>, Rgb)],
    also: Option<f64>,
) -> Chart {
    let bands = kernels.centres_hz.len();
    let values = curves.iter().flat_map(|(values, _)| values.iter().copied());
    let chart = Chart::around(area, (-0.5, bands as f64 - 0.5), values.chain(also));
    for (values, colour) in curves {
        let points: Vec<(f64, f64)> =
            values.iter().enumerate().map(|(band, value)| (band as f64, *value)).collect();
        chart.curve(canvas, &points, *colour);
    }
    axes::frame(canvas, area);
    let widest = canvas.text_width("0.125", TICK) + axes::AROUND_TICK;
    let apart = widest as f64 * bands as f64 / area.width as f64;
    let marks = ticks::frequency(Some(&kernels.centres_hz), bands, apart);
    axes::below(canvas, area, &ticks::in_shares(marks, bands));
    chart
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_are_shown_of_the_lowest_and_the_highest_band_and_of_some_between() {
        assert_eq!(some_bands(34), [0, 8, 16, 24, 33]);
        assert_eq!(some_bands(3), [0, 1, 2]);
        assert_eq!(some_bands(1), [0]);
    }

    #[test]
    fn weights_that_differ_are_told_as_a_span() {
        assert_eq!(span(&[1.0, 1.0]), "1");
        assert_eq!(span(&[-0.75, -0.61, -0.8]), "−0.8 to −0.61");
    }
}
