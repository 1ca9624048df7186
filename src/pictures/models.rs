//! Models of a sweep below each other: how well they predict what their fits did not see.
use super::drawn::{Drawn, HEAD};
use crate::base::error::Result;
use crate::base::wording::{counted, stimuli_counted};
use crate::figures::axes;
use crate::figures::canvas::Canvas;
use crate::figures::chart::{Chart, dots};
use crate::figures::colour::{BLUE, GREY, VERMILION, WHITE, mix};
use crate::figures::fonts::Fonts;
use crate::figures::marks::{Anchor, Direction, Rect};
use crate::figures::page::{self, MARGIN};
use crate::figures::text_styles::{LABEL, NAME};
use crate::figures::ticks;
use crate::sweeps::findings::{Estimate, FOLDS, Finding, Findings};

/// Room for the names of models.
const NAMES: usize = 420;
/// Pixels of the width of the chart.
const WIDTH: usize = 1000;
/// Room for numbers to the right of it.
const NUMBERS: usize = 370;
/// Pixels from one model to the next.
const ROW: usize = 64;
/// Room for the legend above the chart, and for numbers and name below it.
const LEGEND: usize = 30;
const FOOT: usize = 120;
/// Radius of dots.
const DOT: f32 = 9.0;
/// How far the dot of several fits together lies below that of one.
const BELOW: f64 = 0.26;

/// Draws one of the scores of [`crate::sweeps::findings::SCORES`] by its place; `data` names the dataset,
/// `ceiling` is the best that the noise of the recording allows, where there is such.
///
/// # Errors
/// The fonts of the program cannot be read.
pub fn draw(findings: &Findings, place: usize, data: &str, ceiling: Option<f64>) -> Result<Drawn> {
    let shown: Vec<&Finding> = findings.all.iter().filter(|own| own.stimuli == FOLDS).collect();
    let score = |own: &&Finding| own.scores[place].single.mean;
    if shown.iter().all(|own| score(own).is_nan()) {
        return Ok(Drawn::Nothing("no model has this score".to_owned()));
    }
    let area = Rect { x: NAMES, y: HEAD + LEGEND, width: WIDTH, height: ROW * shown.len() };
    let (width, height) = (NAMES + WIDTH + NUMBERS, HEAD + LEGEND + area.height + FOOT);
    let mut canvas = Canvas::new(width, height, Fonts::new()?);
    let name = shown[0].scores[place].score;
    let models = shown.iter().filter(|own| !own.is_choice).count();
    let title = format!("{name} of {}, {data}", counted(models, "model"));
    let mut remark = remark(&shown, place, findings);
    if ceiling.is_some() {
        remark += "; dark line: what noise allows";
    }
    page::head(&mut canvas, &title, &remark);
    let ends = shown.iter().flat_map(|own| values(own, place)).chain(ceiling);
    let around = Chart::around(area, (0.0, 1.0), ends);
    let across = around.up;
    let chart = Chart { area, across, up: (shown.len() as f64 - 0.5, -0.5) };
    axes::frame(&mut canvas, area);
    if let Some(ceiling) = ceiling.filter(|ceiling| ceiling.is_finite()) {
        chart.rule(&mut canvas, (ceiling, chart.up.0), (ceiling, chart.up.1));
    }
    if let Some(reference) = shown.iter().find(|own| own.name == findings.against) {
        let at = reference.scores[place].single.mean;
        let ends = [chart.up.0, chart.up.1].map(|y| chart.point((at, y)));
        canvas.line(&ends, 2.0, mix(GREY, WHITE, 0.6));
    }
    for (row, own) in shown.iter().enumerate() {
        draw_model(&mut canvas, &chart, (row, own), place);
    }
    chart.below(&mut canvas, name);
    let mut kinds = vec![("one fit and its 95 % interval over stimuli", BLUE)];
    if shown.iter().any(|own| own.scores[place].ensemble.is_some()) {
        kinds.push(("all fits of a stimulus together", VERMILION));
    }
    dots(&mut canvas, area, &kinds);
    Ok(Drawn::Picture(Box::new(canvas)))
}

/// Says what the numbers are over.
fn remark(shown: &[&Finding], place: usize, findings: &Findings) -> String {
    let neurons =
        shown[0].scores[place].of_neurons.iter().filter(|value| value.is_finite()).count();
    format!(
        "{}, {}, each predicted by fits that did not see it; pale line: {}",
        counted(neurons, "neuron"),
        stimuli_counted(shown[0].clips),
        findings.against
    )
}

/// All that a model has to show.
fn values(own: &Finding, place: usize) -> Vec<f64> {
    let of = |estimate: Estimate| [estimate.mean, estimate.interval.low, estimate.interval.high];
    let scored = &own.scores[place];
    std::iter::once(scored.single).chain(scored.ensemble).flat_map(of).collect()
}

fn draw_model(canvas: &mut Canvas, chart: &Chart, (row, own): (usize, &Finding), place: usize) {
    let (at, scored) = (row as f64, &own.scores[place]);
    let baseline = chart.area.y + row * ROW + ROW / 2 + NAME.capital() / 2;
    let name = canvas.shorten(&own.name, LABEL, NAMES - MARGIN - 24);
    canvas.text(&name, LABEL, (NAMES - 24, baseline), Anchor::Right, Direction::Right);
    let aside = if scored.ensemble.is_some() { BELOW } else { 0.0 };
    let all =
        [(Some(scored.single), at - aside / 2.0, BLUE), (scored.ensemble, at + aside, VERMILION)];
    for (estimate, y, colour) in all {
        let Some(Estimate { mean, interval }) = estimate.filter(|own| own.mean.is_finite()) else {
            continue;
        };
        if interval.low.is_finite() {
            let ends = [interval.low, interval.high].map(|end| chart.point((end, y)));
            canvas.line(&ends, 4.0, colour);
        }
        canvas.dot(chart.point((mean, y)), DOT, colour);
    }
    let best = scored.ensemble.unwrap_or(scored.single).mean;
    let numbers = if best.is_nan() { "–".to_owned() } else { numbers(own, place) };
    let at = (chart.area.right() + 24, baseline);
    canvas.text(&numbers, NAME, at, Anchor::Left, Direction::Right);
}

/// `0.705   +0.050, q = 0.0001`
fn numbers(own: &Finding, place: usize) -> String {
    let scored = &own.scores[place];
    let score = ticks::fixed(scored.single.mean, 3);
    let Some(difference) = scored.difference else { return score };
    let q = match difference.q {
        q if q.is_nan() => String::new(),
        q => format!(", q = {}", ticks::number(q, 2)),
    };
    format!("{score}   {:+.3}{q}", difference.estimate.mean).replace('-', "−")
}
