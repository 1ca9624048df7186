//! Several runs against each other.
use super::html::{Cell, escaped, figure, table};
use crate::pictures::comparison;
use crate::runs::comparison::{Pair, Scored};

/// What a picture shows, and the picture or why there is none.
type Figure = (String, Result<String, String>);

/// The picture of a score of all runs.
pub fn picture(runs: &[Scored], score: &str, seed: u64) -> Figure {
    let name = format!("each neuron's {score}");
    let drawn = match comparison::draw(runs, score, seed) {
        Ok(drawn) => drawn.svg(&name),
        Err(error) => Err(error.to_string()),
    };
    (name, drawn)
}

/// The section that compares runs, which are called by names.
pub fn section(
    (runs, names): (&[Scored], &[String]),
    pairs: &[Pair],
    figures: &[Figure],
) -> String {
    let called = |folder: &std::path::Path| {
        let place = runs.iter().position(|run| run.folder == folder);
        place.map_or_else(|| folder.display().to_string(), |place| names[place].clone())
    };
    let number = |value: f64| if value.is_nan() { "–".to_owned() } else { format!("{value:.3}") };
    let signed =
        |value: f64| if value.is_nan() { "–".to_owned() } else { format!("{value:+.3}") };
    let row = |pair: &Pair| {
        let interval = format!("{} to {}", signed(pair.interval.low), signed(pair.interval.high));
        let p = if pair.p.is_nan() { "–".to_owned() } else { format!("{:.2e}", pair.p) };
        let texts = [
            format!("{} → {}", called(&pair.first), called(&pair.second)),
            pair.score.clone(),
            format!("{} of {}", pair.neurons, pair.of),
            number(pair.means.0),
            number(pair.means.1),
            signed(pair.difference),
            interval,
            p,
        ];
        texts.map(|text| Cell::Plain(text.replace('-', "−"))).into()
    };
    let rows: Vec<Vec<Cell>> = pairs.iter().map(row).collect();
    let header = ["comparison", "score", "neurons", "first", "second", "difference", "95 %", "p"];
    let explained = "Second minus first, neuron by neuron, over the neurons for which both have \
                     the score: the mean difference with its 95 % interval (bootstrap over \
                     neurons) and the two-sided p of Wilcoxon's signed-rank test.";
    let figures: String = figures.iter().map(|(name, drawn)| figure(name, drawn)).collect();
    format!(
        "<section id=\"compared\">\n<h2>Comparison</h2>\n<p>{}</p>\n{}{figures}</section>\n",
        escaped(explained),
        table(&header, &rows)
    )
}
