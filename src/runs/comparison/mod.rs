//! Runs against each other, neuron by neuron.
use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::base::error::{Error, Result};
use crate::base::table::{self, aligned};
use crate::stats::bootstrap::{FEW, Interval, interval_of_mean};
use crate::stats::family_wise;
use crate::stats::moments::{mean, median};
use crate::stats::wilcoxon::signed_rank;

mod scored;

use scored::NeuronRow;
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
    /// How many neurons are in both runs.
    pub of: usize,
    /// How many neurons the first and the second run have.
    pub in_runs: (usize, usize),
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
    /// The same for all pairs and scores together.
    pub p_corrected: f64,
}

/// Every pair of runs by every score, over the neurons that both runs of a pair have.
///
/// # Errors
/// Runs differ in data, bin width, treatment of responses or stimuli, share no neuron, or differ in
/// the repeats or bins of one that they share; or a score is missing.
pub fn pairs(runs: &[Scored], scores: &[String], draws: usize, seed: u64) -> Result<Vec<Pair>> {
    let mut pairs = Vec::new();
    for score in scores {
        for (place, first) in runs.iter().enumerate() {
            for second in &runs[place + 1..] {
                pairs.push(pair(score, (first, second), draws, seed)?);
            }
        }
    }
    let p: Vec<f64> = pairs.iter().map(|pair| pair.p).collect();
    let corrected = family_wise::corrected(&p);
    pairs.iter_mut().zip(corrected).for_each(|(pair, p)| pair.p_corrected = p);
    Ok(pairs)
}

impl Pair {
    /// Whether its interval is over so few neurons that it is too narrow.
    fn is_of_few(&self) -> bool {
        self.interval.low.is_finite() && self.neurons < FEW
    }
}

/// What is to be said of pairs of runs that do not have the same neurons, or have few of them, one
/// sentence each.
pub fn notes(pairs: &[Pair]) -> Vec<String> {
    let mut notes: Vec<String> = Vec::new();
    if pairs.iter().any(Pair::is_of_few) {
        notes.push(format!("95 % intervals over fewer than {FEW} neurons are too narrow"));
    }
    let unequal = pairs.iter().filter(|pair| pair.in_runs != (pair.of, pair.of));
    for Pair { first, second, of, in_runs, .. } in unequal {
        let note = format!(
            "{} and {} are compared on the {of} neurons that both have, of {} and {}",
            first.display(),
            second.display(),
            in_runs.0,
            in_runs.1
        );
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    notes
}

/// The runs with the neurons that all of them have.
///
/// # Errors
/// Runs were not scored on the same responses, or share no neuron.
pub fn shared(runs: &[Scored]) -> Result<Vec<Scored>> {
    let Some((first, others)) = runs.split_first() else { return Ok(Vec::new()) };
    let in_all = |id: &&str| others.iter().all(|other| other.rows.contains_key(*id));
    let ids: BTreeSet<&str> = first.rows.keys().map(String::as_str).filter(in_all).collect();
    let of_all: Vec<Scored> = runs.iter().map(|run| run.of(&ids)).collect();
    if let (true, Some(other)) = (ids.is_empty(), others.iter().find(|run| !run.rows.is_empty())) {
        let names = |run: &Scored| run.rows.keys().cloned().collect::<Vec<_>>().join(", ");
        let expected = format!("one or more of {}", names(first));
        return Err(differing(other, first, ("neurons", &expected, &names(other))));
    }
    others.iter().try_for_each(|other| require_same(first, other))?;
    Ok(of_all)
}

/// Fails unless two runs were scored on the same responses of the neurons that both have.
fn require_same(first: &Scored, other: &Scored) -> Result<()> {
    let counts = |row: &NeuronRow| format!("{} x {}", row.repeats, row.bins);
    let mut grounds: Vec<_> = first
        .grounds
        .iter()
        .zip(&other.grounds)
        .map(|((what, first), (_, other))| (*what, first.clone(), other.clone()))
        .collect();
    let [expected, found] = of_both(first, other, counts);
    grounds.push(("repeats x bins", expected, found));
    grounds.extend(data(first, other));
    match grounds.iter().find(|(_, first, other)| first != other) {
        None => Ok(()),
        Some((what, expected, found)) => Err(differing(other, first, (what, expected, found))),
    }
}

/// Something of each neuron that both runs have, as each of them has it.
fn of_both(first: &Scored, other: &Scored, what: impl Fn(&NeuronRow) -> String) -> [String; 2] {
    [(first, other), (other, first)].map(|(run, than)| {
        let rows = run.rows.iter().filter(|(id, _)| than.rows.contains_key(*id));
        rows.map(|(id, row)| format!("{id}: {}", what(row))).collect::<Vec<_>>().join(", ")
    })
}

/// What the datasets of two runs are: their files, where the scores do not say what these held.
fn data(first: &Scored, other: &Scored) -> Vec<(&'static str, String, String)> {
    let (Some(own), Some(theirs)) = (&first.content, &other.content) else {
        let file = |run: &Scored| run.data.display().to_string();
        return vec![("data", file(first), file(other))];
    };
    let hash = |row: &NeuronRow| row.responses.clone().unwrap_or_else(|| "?".to_owned());
    let [expected, found] = of_both(first, other, hash);
    vec![
        ("bins and bands with the hash", own.axes.clone(), theirs.axes.clone()),
        ("sound with the hash", own.part.sound.clone(), theirs.part.sound.clone()),
        ("responses with the hashes", expected, found),
    ]
}

/// Why a run is not compared with a first one.
fn differing(other: &Scored, first: &Scored, (what, expected, found): (&str, &str, &str)) -> Error {
    Error::Refused(format!(
        "{}: found {what} {}, expected {} as in {}; compare runs that were scored on the same \
         responses",
        other.folder.display(),
        short(found),
        short(expected),
        first.folder.display()
    ))
}

/// A list that is not too long to read.
fn short(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        None if text.is_empty() => "nothing".to_owned(),
        None => text.to_owned(),
        Some((end, _)) => format!("{}...", &text[..end]),
    }
}

/// Two runs by a score, over the neurons that both have; its p is corrected for itself alone.
///
/// # Errors
/// As [`pairs`].
pub fn pair(
    score: &str,
    (first, second): (&Scored, &Scored),
    draws: usize,
    seed: u64,
) -> Result<Pair> {
    let in_runs = (first.rows.len(), second.rows.len());
    let both = shared(&[first.clone(), second.clone()])?;
    let columns = both.iter().map(|run| run.column(score)).collect::<Result<Vec<_>>>()?;
    let both = columns[0].iter().copied().zip(columns[1].iter().copied());
    let (a, b): (Vec<f64>, Vec<f64>) = both.filter(|(a, b)| a.is_finite() && b.is_finite()).unzip();
    let differences: Vec<f64> = a.iter().zip(&b).map(|(a, b)| b - a).collect();
    let p = signed_rank(&differences);
    Ok(Pair {
        score: score.to_owned(),
        first: first.folder.clone(),
        second: second.folder.clone(),
        neurons: differences.len(),
        of: columns[0].len(),
        in_runs,
        means: (mean(&a), mean(&b)),
        difference: mean(&differences),
        median: median(&differences),
        interval: interval_of_mean(&differences, draws, seed),
        p,
        p_corrected: p,
    })
}

/// The pairs as a table for a terminal.
pub fn table(pairs: &[Pair]) -> String {
    let header = [
        "comparison",
        "score",
        "neurons",
        "first",
        "second",
        "difference",
        "95 %",
        "p",
        "corrected",
    ];
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
            format!("{:.2e}", pair.p_corrected),
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
            "too_few_for_interval": pair.is_of_few(), "p_corrected": pair.p_corrected, "neurons_of_first": pair.in_runs.0,
            "neurons_of_second": pair.in_runs.1,
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
                  median_difference,low,high,p,p_corrected";
    let row = |pair: &Pair| {
        let names = [
            pair.score.clone(),
            pair.first.display().to_string(),
            pair.second.display().to_string(),
            pair.neurons.to_string(),
            pair.of.to_string(),
        ];
        let (means, ends) = (pair.means, pair.interval);
        let numbers = [
            means.0,
            means.1,
            pair.difference,
            pair.median,
            ends.low,
            ends.high,
            pair.p,
            pair.p_corrected,
        ];
        let numbers = numbers.iter().map(|number| format!("{number:?}"));
        names.into_iter().chain(numbers).collect::<Vec<_>>()
    };
    table::csv("writing the comparison as CSV", header.split(','), pairs.iter().map(row))
}
