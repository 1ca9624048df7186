//! Several runs against each other.
use std::path::Path;

use askama::Template;
use askama::filters::HtmlSafe;

use super::html::{Cell, PictureSection, Table};
use crate::pictures::comparison;
use crate::runs::comparison::{Pair, Scored, notes};

/// The names of the columns of the table of pairs.
const HEADER: [&str; 9] = [
    "comparison",
    "score",
    "neurons",
    "first",
    "second",
    "difference",
    "95 %",
    "p",
    "p of all together",
];

/// The section that compares runs.
#[derive(Template)]
#[template(path = "report/compared.html")]
pub struct ComparisonSection {
    /// What is to be said of runs that do not have the same neurons.
    notes: Vec<String>,
    table: Table,
    figures: Vec<PictureSection>,
}

impl HtmlSafe for ComparisonSection {}

impl ComparisonSection {
    /// Pairs of runs, which are called by `names`, and a picture of each of the scores; `seed` is
    /// that of the bootstrap over neurons.
    pub fn new(
        (runs, names): (&[Scored], &[String]),
        pairs: &[Pair],
        scores: &[&str],
        seed: u64,
    ) -> Self {
        let called = |folder: &Path| {
            let place = runs.iter().position(|run| run.folder == folder);
            place.map_or_else(|| folder.display().to_string(), |place| names[place].clone())
        };
        let rows = pairs.iter().map(|pair| row(pair, called)).collect();
        let figure = |score: &&str| {
            let drawn = comparison::draw(runs, score, seed);
            PictureSection::new(&format!("each neuron's {score}"), drawn)
        };
        let notes = notes(pairs);
        Self {
            notes,
            table: Table::new(HEADER.map(str::to_owned).into(), rows),
            figures: scores.iter().map(figure).collect(),
        }
    }
}

/// The cells of a pair of runs, under [`HEADER`].
fn row(pair: &Pair, called: impl Fn(&Path) -> String) -> Vec<Cell> {
    let number = |value: f64| if value.is_nan() { "–".to_owned() } else { format!("{value:.3}") };
    let signed =
        |value: f64| if value.is_nan() { "–".to_owned() } else { format!("{value:+.3}") };
    let p = |p: f64| if p.is_nan() { "–".to_owned() } else { format!("{p:.2e}") };
    let texts = [
        format!("{} → {}", called(&pair.first), called(&pair.second)),
        pair.score.clone(),
        format!("{} of {}", pair.neurons, pair.of),
        number(pair.means.0),
        number(pair.means.1),
        signed(pair.difference),
        format!("{} to {}", signed(pair.interval.low), signed(pair.interval.high)),
        p(pair.p),
        p(pair.p_corrected),
    ];
    texts.map(|text| Cell::Plain(text.replace('-', "−"))).into()
}
