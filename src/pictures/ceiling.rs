//! The correlation of each neuron against its noise ceiling.
use super::drawn::{Drawn, HEAD, head};
use super::table::Table;
use crate::base::error::Result;
use crate::figures::canvas::Canvas;
use crate::figures::chart::Chart;
use crate::figures::colour::BLUE;
use crate::figures::fonts::Fonts;
use crate::figures::marks::Rect;
use crate::figures::page::{MARGIN, name_at};
use crate::runs::trained::Trained;
use crate::stats::moments::median;

const SIDE: usize = 800;
const LEFT: usize = 170;
const FOOT: usize = 120;
/// Radius of the dot of a neuron.
const DOT: f32 = 7.0;

/// Draws the correlation of each neuron against its noise ceiling, as `scores.csv` has them.
pub(super) fn draw(trained: &Trained) -> Result<Drawn> {
    let Some(scores) = Table::read(&trained.folder.scores_file())? else {
        return Ok(Drawn::Nothing("the run has no scores yet".into()));
    };
    let (cc, ceiling) = (scores.numbers("cc")?, scores.numbers("cc_max")?);
    let pairs: Vec<(f64, f64)> =
        ceiling.into_iter().zip(cc).filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
    if pairs.is_empty() {
        let why = "no neuron has a noise ceiling, which takes two repeats of a test stimulus";
        return Ok(Drawn::Nothing(why.into()));
    }
    let width = LEFT + SIDE + 2 * MARGIN;
    let mut canvas = Canvas::new(width, HEAD + SIDE + FOOT, Fonts::new()?);
    let ratios: Vec<f64> = pairs.iter().map(|(ceiling, cc)| cc / ceiling).collect();
    let remark = format!(
        "{} of {} neurons with a noise ceiling; median CC / CC max {:.2}",
        pairs.len(),
        scores.rows(),
        median(&ratios)
    );
    head(&mut canvas, trained, &remark);

    let lowest = pairs.iter().map(|(_, cc)| *cc).fold(0.0, f64::min);
    let low = if lowest < 0.0 { (lowest * 10.0).floor() / 10.0 } else { 0.0 };
    let area = Rect { x: LEFT, y: HEAD, width: SIDE, height: SIDE };
    let chart = Chart { area, across: (low, 1.0), up: (low, 1.0) };
    chart.rule(&mut canvas, (low, low), (1.0, 1.0));
    let radius = if pairs.len() > 200 { DOT / 2.0 } else { DOT };
    for pair in &pairs {
        canvas.dot(chart.point(*pair), radius, BLUE);
    }
    chart.left(&mut canvas, "CC of prediction and PSTH", name_at());
    chart.below(&mut canvas, "noise ceiling (CC max)");
    Ok(Drawn::Picture(Box::new(canvas)))
}
