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
    if !scores.has("cc_max_squared") {
        let why = "the run was scored by an earlier program, whose cc_max is no ceiling of cc; \
                   score it anew with strf eval";
        return Ok(Drawn::Nothing(why.into()));
    }
    let [cc, norm, ceiling] = ["cc", "cc_norm", "cc_max"].map(|name| scores.numbers(name));
    let (cc, norm) = (cc?, norm?);
    let pairs = pairs(&ceiling?, &norm, &cc);
    if pairs.is_empty() {
        let why = "no neuron has a noise ceiling, which takes two repeats of a test stimulus";
        return Ok(Drawn::Nothing(why.into()));
    }
    let width = LEFT + SIDE + 2 * MARGIN;
    let mut canvas = Canvas::new(width, HEAD + SIDE + FOOT, Fonts::new()?);
    head(&mut canvas, trained, &remark(&pairs, &norm));

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

/// Ceiling and correlation of each neuron that has both. Where some bins have a single repeat the
/// correlation is over the others, as the ceiling is.
fn pairs(ceiling: &[f64], norm: &[f64], cc: &[f64]) -> Vec<(f64, f64)> {
    let same_bins = |((ceiling, norm), cc): ((&f64, &f64), &f64)| {
        (*ceiling, if norm.is_finite() { norm * ceiling } else { *cc })
    };
    let all = ceiling.iter().zip(norm).zip(cc).map(same_bins);
    all.filter(|(x, y)| x.is_finite() && y.is_finite()).collect()
}

/// How many neurons have a ceiling, and how near they come to it.
fn remark(pairs: &[(f64, f64)], norm: &[f64]) -> String {
    let ratios: Vec<f64> = norm.iter().copied().filter(|norm| norm.is_finite()).collect();
    let above = pairs.iter().filter(|(ceiling, _)| *ceiling > 0.0).count();
    let ratio = if ratios.is_empty() {
        String::new()
    } else {
        format!("; median CC / CC max {:.2}", median(&ratios)).replace('-', "−")
    };
    let at_0 = match pairs.len() - above {
        0 => String::new(),
        none => format!(", {none} without signal at 0"),
    };
    format!("{above} of {} neurons with a noise ceiling{at_0}{ratio}", norm.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correlations_are_over_the_bins_of_their_ceilings() {
        // The second has bins with a single repeat, the third no signal, the fourth no repeats.
        let (ceiling, norm) = ([0.8, 0.5, 0.0, f64::NAN], [0.5, 0.5, f64::NAN, f64::NAN]);
        let pairs = pairs(&ceiling, &norm, &[0.4, 0.9, 0.1, 0.3]);
        assert_eq!(pairs, [(0.8, 0.4), (0.5, 0.25), (0.0, 0.1)]);
        assert_eq!(
            remark(&pairs, &norm),
            "2 of 4 neurons with a noise ceiling, 1 without signal at 0; median CC / CC max 0.50"
        );
    }
}
