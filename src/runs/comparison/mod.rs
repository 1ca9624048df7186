//! Runs against each other, neuron by neuron.
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::base::error::{Error, Result};
use crate::base::table::{self, aligned};
use crate::stats::bootstrap::{Interval, interval_of_mean};
use crate::stats::moments::{mean, median};
use crate::stats::wilcoxon::signed_rank;

mod scored;

pub use scored::Scored;

/// Bootstraps over neurons.
pub const DRAWS: usize = 2000;

/// Longest list that a message shows.
const SHOWN: usize = 120;

/// Two runs by one score, over the neurons for which both have it.
#[derive(Debug, Clone)]
pub struct Pair {
    /// Name of the score.
    pub score: String,
    /// The run that differences are taken from.
    pub first: PathBuf,
    /// The run that differences lead to.
    pub second: PathBuf,
    /// How many neurons have both scores.
    pub neurons: usize,
    /// How many neurons there are.
    pub of: usize,
    /// Mean scores of the first and the second run over those neurons.
    pub means: (f64, f64),
    /// Mean of second − first.
    pub difference: f64,
    /// Median of second − first.
    pub median: f64,
    /// 95 % interval of the mean, over neurons.
    pub interval: Interval,
    /// Of Wilcoxon's signed-rank test.
    pub p: f64,
}

/// Every pair of runs by every score.
///
/// # Errors
/// Runs differ in data, bin width, treatment of responses, stimuli, neurons, repeats or bins; or a
/// score is missing.
pub fn pairs(runs: &[Scored], scores: &[String], draws: usize, seed: u64) -> Result<Vec<Pair>> {
    require_same_grounds(runs)?;
    let mut pairs = Vec::new();
    for score in scores {
        for (place, first) in runs.iter().enumerate() {
            for second in &runs[place + 1..] {
                pairs.push(pair(score, (first, second), draws, seed)?);
            }
        }
    }
    Ok(pairs)
}

/// Fails unless all runs were scored on the same responses.
///
/// # Errors
/// The first run that was not, and in what it differs.
pub fn require_same_grounds(runs: &[Scored]) -> Result<()> {
    let Some((first, others)) = runs.split_first() else { return Ok(()) };
    others.iter().try_for_each(|other| require_same(first, other))
}

fn require_same(first: &Scored, other: &Scored) -> Result<()> {
    let ids = |run: &Scored| run.rows.keys().cloned().collect::<Vec<_>>().join(", ");
    let counts = |run: &Scored| {
        let rows = run.rows.iter();
        let text = rows.map(|(id, row)| format!("{id}: {} x {}", row.repeats, row.bins));
        text.collect::<Vec<_>>().join(", ")
    };
    let mut grounds: Vec<_> = first
        .grounds
        .iter()
        .zip(&other.grounds)
        .map(|((what, first), (_, other))| (*what, first.clone(), other.clone()))
        .collect();
    grounds.push(("neurons", ids(first), ids(other)));
    grounds.push(("repeats x bins", counts(first), counts(other)));
    match grounds.iter().find(|(_, first, other)| first != other) {
        None => Ok(()),
        Some((what, expected, found)) => Err(Error::Refused(format!(
            "{}: found {what} {}, expected {} as in {}; compare runs that were scored on the same \
             responses",
            other.folder.display(),
            short(found),
            short(expected),
            first.folder.display()
        ))),
    }
}

/// A list that is not too long to read.
fn short(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        None if text.is_empty() => "nothing".to_owned(),
        None => text.to_owned(),
        Some((end, _)) => format!("{}...", &text[..end]),
    }
}

/// Two runs by a score.
///
/// # Errors
/// The score is missing.
pub fn pair(
    score: &str,
    (first, second): (&Scored, &Scored),
    draws: usize,
    seed: u64,
) -> Result<Pair> {
    let both = first.column(score)?.into_iter().zip(second.column(score)?);
    let (a, b): (Vec<f64>, Vec<f64>) = both.filter(|(a, b)| a.is_finite() && b.is_finite()).unzip();
    let differences: Vec<f64> = a.iter().zip(&b).map(|(a, b)| b - a).collect();
    Ok(Pair {
        score: score.to_owned(),
        first: first.folder.clone(),
        second: second.folder.clone(),
        neurons: differences.len(),
        of: first.rows.len(),
        means: (mean(&a), mean(&b)),
        difference: mean(&differences),
        median: median(&differences),
        interval: interval_of_mean(&differences, draws, seed),
        p: signed_rank(&differences),
    })
}

/// The pairs as a table for a terminal.
pub fn table(pairs: &[Pair]) -> String {
    let header = ["comparison", "score", "neurons", "first", "second", "difference", "95 %", "p"];
    let row = |pair: &Pair| {
        let number = |value: f64| format!("{value:.3}");
        vec![
            format!("{} -> {}", pair.first.display(), pair.second.display()),
            pair.score.clone(),
            format!("{} of {}", pair.neurons, pair.of),
            number(pair.means.0),
            number(pair.means.1),
            format!("{:+.3}", pair.difference),
            format!("{:+.3} to {:+.3}", pair.interval.low, pair.interval.high),
            format!("{:.2e}", pair.p),
        ]
    };
    let rows: Vec<Vec<String>> =
        std::iter::once(header.map(str::to_owned).to_vec()).chain(pairs.iter().map(row)).collect();
    aligned(&rows)
}

/// The pairs as JSON; null where undefined.
pub fn json(pairs: &[Pair]) -> Value {
    let entry = |pair: &Pair| {
        json!({
            "score": pair.score, "first": pair.first.display().to_string(),
            "second": pair.second.display().to_string(), "neurons": pair.neurons, "of": pair.of,
            "mean_first": pair.means.0, "mean_second": pair.means.1,
            "difference": pair.difference, "median_difference": pair.median,
            "low": pair.interval.low, "high": pair.interval.high, "p": pair.p,
        })
    };
    Value::Array(pairs.iter().map(entry).collect())
}

/// The pairs as CSV, every number with the fewest digits that give it back; NaN where undefined.
///
/// # Errors
/// A path that has no name in UTF-8.
pub fn csv(pairs: &[Pair]) -> Result<String> {
    let header = "score,first,second,neurons,of,mean_first,mean_second,difference,\
                  median_difference,low,high,p";
    let row = |pair: &Pair| {
        let names = [
            pair.score.clone(),
            pair.first.display().to_string(),
            pair.second.display().to_string(),
            pair.neurons.to_string(),
            pair.of.to_string(),
        ];
        let (means, ends) = (pair.means, pair.interval);
        let numbers = [means.0, means.1, pair.difference, pair.median, ends.low, ends.high, pair.p];
        let numbers = numbers.iter().map(|number| format!("{number:?}"));
        names.into_iter().chain(numbers).collect::<Vec<_>>()
    };
    table::csv("writing the comparison as CSV", header.split(','), pairs.iter().map(row))
}
