//! Runs against each other, neuron by neuron: two as a scatter, more as strips side by side.
use super::drawn::{Drawn, HEAD};
use crate::base::error::Result;
use crate::figures::axes;
use crate::figures::canvas::Canvas;
use crate::figures::chart::{Chart, dots};
use crate::figures::colour::{BLUE, GREY, Rgb, VERMILION, WHITE, mix};
use crate::figures::fonts::Fonts;
use crate::figures::marks::{Anchor, Direction, Rect};
use crate::figures::page::{self, MARGIN, name_at};
use crate::figures::text_styles::{LABEL, NAME, REMARK};
use crate::figures::ticks;
use crate::runs::comparison::{DRAWS, Pair, Scored, pair, shared};
use crate::stats::bootstrap::interval_of_mean;
use crate::stats::moments::mean;

/// Pixels of the side of a scatter.
const SIDE: usize = 900;
/// Room for the numbers and the name to the left of a scatter.
const LEFT: usize = 170;
/// Room for the legend above a scatter.
const LEGEND: usize = 30;
/// Room for the numbers and the name below a scatter.
const FOOT: usize = 120;
/// Height of strips, and their least and largest width.
const HEIGHT: usize = 760;
const STRIP: (usize, usize) = (240, 420);
/// Room for the names of runs below their strips.
const NAMES: usize = 120;
/// Radius of the dot of a mean.
const MEAN: f32 = 11.0;
/// The share of a strip that dots are spread over, and where the mean lies.
const SPREAD: f64 = 0.36;
const MEAN_AT: f64 = 0.3;

/// Draws a score of all runs, neuron by neuron; `seed` is that of the intervals.
///
/// # Errors
/// Runs were not scored on the same responses, or the score is missing.
pub fn draw(runs: &[Scored], score: &str, seed: u64) -> Result<Drawn> {
    let runs = &shared(runs)?[..];
    let columns: Vec<Vec<f64>> = runs.iter().map(|run| run.column(score)).collect::<Result<_>>()?;
    let all = columns.first().map_or(0, Vec::len);
    let whole = |n: &usize| columns.iter().all(|column| column[*n].is_finite());
    let kept: Vec<usize> = (0..all).filter(whole).collect();
    if kept.is_empty() {
        return Ok(Drawn::Nothing(format!("no neuron has {score} in every run")));
    }
    let columns: Vec<Vec<f64>> =
        columns.iter().map(|column| kept.iter().map(|n| column[*n]).collect()).collect();
    let canvas = match (runs, &columns[..]) {
        ([first, second], [x, y]) => {
            let pair = pair(score, (first, second), DRAWS, seed)?;
            scatter(&pair, (first, second), (x, y))?
        }
        _ => strips(runs, score, (&columns, all), seed)?,
    };
    Ok(Drawn::Picture(Box::new(canvas)))
}

/// The dataset's name, without its folder.
fn data(run: &Scored) -> String {
    run.data.file_name().map_or_else(String::new, |name| format!(", {}", name.display()))
}

/// Draws both scores of every neuron, the first run's to the right.
fn scatter(
    pair: &Pair,
    (first, second): (&Scored, &Scored),
    (x, y): (&[f64], &[f64]),
) -> Result<Canvas> {
    let width = LEFT + SIDE + 2 * MARGIN;
    let mut canvas = Canvas::new(width, HEAD + LEGEND + SIDE + FOOT, Fonts::new()?);
    let title = format!("{}: {} against {}{}", pair.score, second.model, first.model, data(first));
    page::head(&mut canvas, &title, &difference(pair));
    let area = Rect { x: LEFT, y: HEAD + LEGEND, width: SIDE, height: SIDE };
    let ends = Chart::around(area, (0.0, 1.0), x.iter().chain(y).copied()).up;
    let chart = Chart { area, across: ends, up: ends };
    chart.rule(&mut canvas, (ends.0, ends.0), (ends.1, ends.1));
    for point in x.iter().copied().zip(y.iter().copied()) {
        canvas.dot(chart.point(point), radius(x.len()), BLUE);
    }
    if x.len() > 1 {
        canvas.dot(chart.point(pair.means), MEAN, VERMILION);
        dots(&mut canvas, area, &[("neuron", BLUE), ("mean", VERMILION)]);
    }
    let name = |run: &Scored| format!("{}   {}", run.model, run.folder.display());
    let [across, up] = [first, second].map(|run| canvas.shorten(&name(run), LABEL, SIDE));
    chart.left(&mut canvas, &up, name_at());
    chart.below(&mut canvas, &across);
    Ok(canvas)
}

/// Says by how much the second run of a pair scores higher.
fn difference(pair: &Pair) -> String {
    let Pair { neurons, of, difference, interval, p, .. } = pair;
    if *neurons == 1 {
        let count = if *of == 1 { "1 neuron".to_owned() } else { format!("1 of {of} neurons") };
        return format!("{count}; difference {difference:+.3}").replace('-', "−");
    }
    let interval = if interval.low.is_finite() {
        format!(" (95 %: {:+.3} to {:+.3})", interval.low, interval.high)
    } else {
        String::new()
    };
    let p = if p.is_finite() { format!("; p = {}", ticks::number(*p, 2)) } else { String::new() };
    let count = format!("{neurons} of {of} neurons");
    format!("{count}; mean difference {difference:+.3}{interval}{p}").replace('-', "−")
}

/// Draws a strip of dots for each run, each neuron's joined by a line.
fn strips(
    runs: &[Scored],
    score: &str,
    (columns, all): (&[Vec<f64>], usize),
    seed: u64,
) -> Result<Canvas> {
    let strip = ((page::WIDTH - LEFT - MARGIN) / runs.len()).clamp(STRIP.0, STRIP.1);
    let width = LEFT + strip * runs.len() + MARGIN;
    let mut canvas = Canvas::new(width, HEAD + LEGEND + HEIGHT + NAMES, Fonts::new()?);
    let title = format!("{score} of {} runs{}", runs.len(), data(&runs[0]));
    let neurons = columns[0].len();
    let remark = format!("{neurons} of {all} neurons: those that have it in every run");
    page::head(&mut canvas, &title, &remark);
    let area = Rect { x: LEFT, y: HEAD + LEGEND, width: strip * runs.len(), height: HEIGHT };
    let across = (-0.5, runs.len() as f64 - 0.5);
    let chart = Chart::around(area, across, columns.iter().flatten().copied());
    for neuron in 0..neurons {
        let points: Vec<_> = columns.iter().enumerate().map(|at| dot_at(at, neuron)).collect();
        let points: Vec<_> = points.into_iter().map(|point| chart.point(point)).collect();
        canvas.line(&points, 1.5, pale());
    }
    for column in columns.iter().enumerate() {
        for neuron in 0..neurons {
            canvas.dot(chart.point(dot_at(column, neuron)), radius(neurons), BLUE);
        }
    }
    for (place, (run, column)) in runs.iter().zip(columns).enumerate() {
        mean_of(&mut canvas, &chart, (place, column), seed);
        name_run(&mut canvas, &chart, (place, strip), (run, column));
    }
    chart.left(&mut canvas, score, name_at());
    let names = [("neuron", BLUE), ("mean and its 95 % interval over neurons", VERMILION)];
    dots(&mut canvas, area, &names);
    Ok(canvas)
}

/// Where a neuron's dot lies in a run's strip: aside by the same share in every run.
fn dot_at((place, column): (usize, &Vec<f64>), neuron: usize) -> (f64, f64) {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    let aside = ((neuron as f64 + 0.5) * GOLDEN).fract() - 0.5;
    (place as f64 - 0.1 + SPREAD * aside, column[neuron])
}

fn mean_of(canvas: &mut Canvas, chart: &Chart, (place, column): (usize, &[f64]), seed: u64) {
    let (at, mean) = (place as f64 + MEAN_AT, mean(column));
    let interval = interval_of_mean(column, DRAWS, seed);
    if interval.low.is_finite() {
        let ends = [interval.low, interval.high].map(|end| chart.point((at, end)));
        canvas.line(&ends, 5.0, VERMILION);
    }
    canvas.dot(chart.point((at, mean)), MEAN, VERMILION);
}

/// Writes model, run folder and mean below a strip.
fn name_run(
    canvas: &mut Canvas,
    chart: &Chart,
    (place, strip): (usize, usize),
    (run, column): (&Scored, &[f64]),
) {
    let x = chart.area.x + place * strip + strip / 2;
    let folder = run.folder.display().to_string();
    let mean = format!("mean {:.3}", mean(column)).replace('-', "−");
    let lines = [(run.model.clone(), NAME), (folder, REMARK), (mean, REMARK)];
    for (line, (text, look)) in lines.into_iter().enumerate() {
        let text = canvas.shorten(&text, look, strip - 16);
        let baseline = chart.area.bottom() + axes::AROUND_TICK + (line + 1) * 30 - 8;
        canvas.text(&text, look, (x, baseline), Anchor::Centre, Direction::Right);
    }
}

/// Radius of the dots of so many neurons.
fn radius(neurons: usize) -> f32 {
    if neurons > 150 { 4.0 } else { 6.5 }
}

fn pale() -> Rgb {
    mix(GREY, WHITE, 0.75)
}
