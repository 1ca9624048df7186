//! Validation losses along the paths of penalties.
use std::collections::BTreeMap;

use super::drawn::{Drawn, HEAD, head};
use super::table::Table;
use crate::base::error::Result;
use crate::figures::canvas::Canvas;
use crate::figures::chart::Chart;
use crate::figures::colour::{BLUE, GREY, VERMILION};
use crate::figures::fonts::Fonts;
use crate::figures::marks::Rect;
use crate::figures::page::{MARGIN, name_at};
use crate::runs::trained::Trained;

const WIDTH: usize = 1400;
/// Room for the numbers and the name to the left of a panel.
const LEFT: usize = 190;
const HEIGHT: usize = 400;
/// Room above a panel.
const ABOVE: usize = 50;
/// Room for the numbers and the name below a panel.
const BELOW: usize = 110;
/// Neurons that are drawn one by one at most.
const SHOWN: usize = 40;

/// One penalty's path: for each neuron, points of the logarithm of the strength and the loss.
type Path = BTreeMap<String, Vec<(f64, f64)>>;

/// Draws the validation loss over the strength of each penalty that was chosen.
pub(super) fn draw(trained: &Trained) -> Result<Drawn> {
    let table = Table::read(&trained.folder.penalties_file())?.filter(|table| table.rows() > 0);
    let Some(table) = table else {
        return Ok(Drawn::Nothing("no strength of a penalty was chosen in this fit".into()));
    };
    let mut paths: BTreeMap<String, Path> = BTreeMap::new();
    let (strengths, losses) = (table.numbers("strength")?, table.numbers("valid_loss")?);
    let (rounds, kinds) = (table.numbers("round")?, table.texts("penalty")?);
    for (row, (kind, neuron)) in kinds.into_iter().zip(table.texts("neuron")?).enumerate() {
        let name = if rounds[row] > 1.0 { format!("{kind}, round {}", rounds[row]) } else { kind };
        let path = paths.entry(name).or_default().entry(neuron).or_default();
        path.push((strengths[row].max(f64::MIN_POSITIVE).log10(), losses[row]));
    }
    let height = HEAD + paths.len() * (ABOVE + HEIGHT + BELOW);
    let mut canvas = Canvas::new(WIDTH, height, Fonts::new()?);
    head(
        &mut canvas,
        trained,
        "validation loss over the strength of the penalty: mean where all have one, and each neuron",
    );
    for (place, (name, path)) in paths.iter().enumerate() {
        let y = HEAD + ABOVE + place * (ABOVE + HEIGHT + BELOW);
        let area = Rect { x: LEFT, y, width: WIDTH - LEFT - MARGIN, height: HEIGHT };
        panel(&mut canvas, area, (name, path));
    }
    Ok(Drawn::Picture(Box::new(canvas)))
}

fn panel(canvas: &mut Canvas, area: Rect, (name, path): (&str, &Path)) {
    let all = path.values().flatten();
    let strengths = all.clone().map(|(strength, _)| *strength);
    let (low, high) = strengths
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
    let mut sums: BTreeMap<i64, (f64, f64, f64)> = BTreeMap::new();
    for (strength, loss) in all.clone().filter(|(_, loss)| loss.is_finite()) {
        #[expect(clippy::cast_possible_truncation, reason = "a place on an axis")]
        let sum = sums.entry((strength * 1e6).round() as i64).or_default();
        *sum = (*strength, sum.1 + loss, sum.2 + 1.0);
    }
    // Over other neurons at every strength, a mean would follow from which these are.
    let of_all = sums.values().filter(|(_, _, count)| *count >= path.len() as f64);
    let mean: Vec<(f64, f64)> = of_all.map(|(x, sum, count)| (*x, sum / count)).collect();
    let chart = Chart::around(area, (low, high.max(low + 1.0)), all.map(|(_, loss)| *loss));
    if let Some(best) = mean.iter().min_by(|a, b| a.1.total_cmp(&b.1)) {
        chart.rule(canvas, (best.0, chart.up.0), (best.0, chart.up.1));
    }
    let sorted = |points: &[(f64, f64)]| {
        let mut points = points.to_vec();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        points
    };
    if path.len() > 1 {
        for points in path.values().take(SHOWN) {
            chart.curve(canvas, &sorted(points), GREY);
        }
    }
    chart.curve(canvas, &mean, if path.len() > 1 { VERMILION } else { BLUE });
    chart.left(canvas, "validation loss", name_at());
    chart.below(canvas, &format!("log10 of the strength of {name}"));
}
