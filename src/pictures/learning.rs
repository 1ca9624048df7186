//! Losses and validation scores over epochs.
use super::drawn::{Drawn, HEAD, head};
use super::table::Table;
use crate::base::error::Result;
use crate::figures::canvas::Canvas;
use crate::figures::chart::{Chart, legend};
use crate::figures::colour::{BLUE, VERMILION};
use crate::figures::fonts::Fonts;
use crate::figures::marks::Rect;
use crate::figures::page::{MARGIN, name_at};
use crate::figures::ticks;
use crate::run_file::Monitor;
use crate::runs::trained::Trained;
use crate::training::best::Best;

const WIDTH: usize = 1400;
/// Room for the numbers and the name to the left of a panel.
const LEFT: usize = 190;
const HEIGHT: usize = 340;
/// Room for the legend above a panel.
const ABOVE: usize = 60;
/// Room for the numbers and the name below the lower panel.
const FOOT: usize = 110;

/// Draws losses and scores over the epochs of `history.csv`.
pub(super) fn draw(trained: &Trained) -> Result<Drawn> {
    let Some(history) = Table::read(&trained.folder.history_file())?.filter(|t| t.rows() > 0)
    else {
        return Ok(Drawn::Nothing("the run has no epoch to show".into()));
    };
    let epochs = history.numbers("epoch")?;
    let height = HEAD + 2 * (ABOVE + HEIGHT) + FOOT;
    let mut canvas = Canvas::new(WIDTH, height, Fonts::new()?);
    let (best, remark) = best(trained, &history, &epochs)?;
    head(&mut canvas, trained, &remark);

    let last = epochs.last().copied().unwrap_or(1.0).max(2.0);
    let loss = trained.settings.loss.as_str();
    let panels: [(&str, [&str; 2]); 2] =
        [(loss, ["train_loss", "valid_loss"]), ("validation score", ["valid_cc", "valid_cc_norm"])];
    for (place, (name, columns)) in panels.into_iter().enumerate() {
        let y = HEAD + ABOVE + place * (HEIGHT + ABOVE);
        let area = Rect { x: LEFT, y, width: WIDTH - LEFT - MARGIN, height: HEIGHT };
        let series = [history.numbers(columns[0])?, history.numbers(columns[1])?];
        let values = series.iter().flatten().copied();
        let chart = Chart::around(area, (1.0, last), values);
        if let Some(best) = best {
            chart.rule(&mut canvas, (best, chart.up.0), (best, chart.up.1));
        }
        for (values, colour) in series.iter().zip([BLUE, VERMILION]) {
            let points: Vec<(f64, f64)> =
                epochs.iter().copied().zip(values.iter().copied()).collect();
            chart.curve(&mut canvas, &points, colour);
        }
        chart.left(&mut canvas, name, name_at());
        legend(&mut canvas, area, &[(columns[0], BLUE), (columns[1], VERMILION)]);
        if place == 1 {
            chart.below(&mut canvas, "epoch");
        }
    }
    Ok(Drawn::Picture(Box::new(canvas)))
}

/// The epoch whose weights were kept, and what is said of it.
fn best(trained: &Trained, history: &Table, epochs: &[f64]) -> Result<(Option<f64>, String)> {
    let monitor = trained.monitor()?;
    let stands_in = history.numbers("valid_cc")?;
    let values = history.numbers(monitor.word())?;
    // Where the normalized score is undefined, the plain one decides.
    let undefined = values.iter().all(|value| value.is_nan());
    let (name, values) = match monitor {
        Monitor::ValidCcNorm if undefined => (Monitor::ValidCc.word(), stands_in),
        _ => (monitor.word(), values),
    };
    let mut best = Best::default();
    for (place, value) in values.into_iter().enumerate() {
        best.observe(monitor, place, value);
    }
    let count = epochs.len();
    Ok(match best.score {
        Some(value) => {
            let epoch = epochs[best.epoch];
            let value = ticks::fixed(value, 4);
            let text = format!("{count} epochs; grey: epoch {epoch}, the best {name}, {value}");
            (Some(epoch), text)
        }
        None => (None, format!("{count} epochs; {name} is undefined")),
    })
}
