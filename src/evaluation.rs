//! From predictions and responses to a table neuron × score, and the forms in which it is read.
use ndarray::{Array2, ArrayView1, ArrayView2, ArrayView3, Axis};
use rayon::prelude::*;
use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::metrics::statistics::{mean, median};
use crate::metrics::{self, Comparison, Divisions, Shown};
use crate::table::{Notation, aligned};

/// Neurons that the terminal shows one by one.
const SHOWN_NEURONS: usize = 20;

/// The scores of a model, one row a neuron; NaN where a score is not defined.
#[derive(Debug, Clone)]
pub struct Scores {
    /// Ids.
    pub neurons: Vec<String>,
    /// The largest number of repeats that a clip has recorded.
    pub repeats: Vec<usize>,
    /// Bins with at least one recorded repeat.
    pub bins: Vec<usize>,
    /// `(N, scores)`, columns as [`metrics::TABLE`] lists them.
    pub values: Array2<f64>,
}

/// One score over all neurons.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Name of the score.
    pub score: &'static str,
    /// Mean over the neurons that enter; NaN where none does.
    pub mean: f64,
    /// Median over the neurons that enter; NaN where none does.
    pub median: f64,
    /// How many neurons enter: those whose score is a finite number.
    pub neurons: usize,
}

/// The prediction `(N, T)` of a clip and the responses `(N, R, T)` to it, NaN where nothing was
/// recorded or a bin is left out of the scores.
pub type ScoredClip<'a> = (ArrayView2<'a, f32>, ArrayView3<'a, f32>);

/// Scores every neuron over all clips; the same to the last digit on any number of threads.
///
/// # Errors
/// Predictions and responses differ in neurons or bins.
pub fn score(neurons: &[String], clips: &[ScoredClip]) -> Result<Scores> {
    let mut scoring = Scoring::new(neurons);
    clips.iter().try_for_each(|clip| scoring.add(*clip))?;
    Ok(scoring.finish())
}

/// Scores that take one clip after the other and keep no single repeats.
#[derive(Debug, Clone)]
pub struct Scoring<'a> {
    neurons: &'a [String],
    comparisons: Vec<Comparison>,
    divisions: Divisions,
}

impl<'a> Scoring<'a> {
    /// No clips yet; `neurons` are the ids.
    pub fn new(neurons: &'a [String]) -> Self {
        let comparisons = vec![Comparison::default(); neurons.len()];
        Self { neurons, comparisons, divisions: Divisions::default() }
    }

    /// Takes one more clip.
    ///
    /// # Errors
    /// Prediction and responses differ in neurons or bins.
    pub fn add(&mut self, (prediction, responses): ScoredClip) -> Result<()> {
        let neurons = self.neurons.len();
        let once = std::iter::once;
        metrics::require_neurons("the predictions", neurons, once(prediction.nrows()))?;
        metrics::require_neurons("the responses", neurons, once(responses.dim().0))?;
        self.divisions.extend(responses.dim().1);
        let divisions = &self.divisions;
        self.comparisons.par_iter_mut().enumerate().try_for_each(|(n, comparison)| {
            comparison.add(prediction.row(n), responses.index_axis(Axis(0), n), divisions)
        })
    }

    /// The scores over all clips.
    pub fn finish(self) -> Scores {
        let scores_of = |comparison: &Comparison| -> Vec<f64> {
            metrics::TABLE.iter().map(|row| (row.compute)(comparison)).collect()
        };
        let rows: Vec<Vec<f64>> = self.comparisons.par_iter().map(scores_of).collect();
        let shape = (rows.len(), metrics::TABLE.len());
        Scores {
            neurons: self.neurons.to_vec(),
            repeats: self.comparisons.iter().map(Comparison::repeats).collect(),
            bins: self.comparisons.iter().map(Comparison::bins).collect(),
            values: Array2::from_shape_fn(shape, |(n, score)| rows[n][score]),
        }
    }
}

impl Scores {
    /// The scores called `name`, one a neuron.
    pub fn column(&self, name: &str) -> Option<ArrayView1<'_, f64>> {
        let place = metrics::names().iter().position(|known| *known == name)?;
        Some(self.values.column(place))
    }

    /// Every score over the neurons that have it.
    pub fn summary(&self) -> Vec<Summary> {
        let columns = metrics::names().into_iter().zip(self.values.columns());
        columns.map(|(score, column)| Summary::new(score, column)).collect()
    }

    /// The whole table as CSV with the header `neuron,repeats,bins,cc,…`: every number with the
    /// fewest digits that give it back exactly, `NaN` where undefined.
    pub fn csv(&self) -> Result<String> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let doing = "writing the table of scores";
        let header = ["neuron", "repeats", "bins"].into_iter().chain(metrics::names());
        writer.write_record(header).map_err(|e| Error::failed(doing, e))?;
        for (n, values) in self.values.rows().into_iter().enumerate() {
            let counts = [self.repeats[n].to_string(), self.bins[n].to_string()];
            let scores = values.into_iter().map(|value| format!("{value:?}"));
            let record = std::iter::once(self.neurons[n].clone()).chain(counts).chain(scores);
            writer.write_record(record).map_err(|e| Error::failed(doing, e))?;
        }
        let bytes = writer.into_inner().map_err(|e| Error::failed(doing, e.into_error()))?;
        String::from_utf8(bytes).map_err(|e| Error::failed(doing, e))
    }

    /// The summary as JSON, beside what was run: `{"run": …, "neurons": N, "scores": {"cc":
    /// {"mean": …, "median": …, "neurons": …}, …}}`; null where undefined.
    pub fn json(&self, run: Map<String, Value>) -> Value {
        let entry = |s: Summary| {
            let value = json!({ "mean": s.mean, "median": s.median, "neurons": s.neurons });
            (s.score.to_owned(), value)
        };
        let scores: Map<String, Value> = self.summary().into_iter().map(entry).collect();
        json!({ "run": run, "neurons": self.neurons.len(), "scores": scores })
    }

    /// The table for a terminal: the first neurons one by one, then every score over all neurons.
    /// `rest` says where the other neurons are found, e.g. `see runs/nrf/scores.csv`.
    pub fn table(&self, rest: &str) -> String {
        let more = match self.neurons.len().saturating_sub(SHOWN_NEURONS) {
            0 => String::new(),
            more => format!("... and {more} more: {rest}\n"),
        };
        aligned(&self.neuron_rows()) + &more + "\n" + &aligned(&self.summary_rows())
    }

    fn neuron_rows(&self) -> Vec<Vec<String>> {
        let shown: Vec<usize> = (0..metrics::TABLE.len())
            .filter(|score| metrics::TABLE[*score].shown == Shown::Everywhere)
            .collect();
        let names = shown.iter().map(|score| metrics::names()[*score]);
        let header = ["neuron", "repeats", "bins"].into_iter().chain(names).map(str::to_owned);
        let notations = self.notations();
        let row = |n: usize| {
            let counts = [self.repeats[n].to_string(), self.bins[n].to_string()];
            let scores =
                shown.iter().map(|score| notations[*score].write(self.values[(n, *score)]));
            std::iter::once(self.neurons[n].clone()).chain(counts).chain(scores).collect()
        };
        let rows = (0..self.neurons.len().min(SHOWN_NEURONS)).map(row);
        std::iter::once(header.collect()).chain(rows).collect()
    }

    fn summary_rows(&self) -> Vec<Vec<String>> {
        let header = ["score", "mean", "median", "neurons"].map(str::to_owned).to_vec();
        let row = |(s, notation): (Summary, Notation)| {
            let neurons = format!("{} of {}", s.neurons, self.neurons.len());
            vec![s.score.to_owned(), notation.write(s.mean), notation.write(s.median), neurons]
        };
        let rows = self.summary().into_iter().zip(self.notations()).map(row);
        std::iter::once(header).chain(rows).collect()
    }

    /// One for each score.
    fn notations(&self) -> Vec<Notation> {
        self.values.columns().into_iter().map(Notation::of).collect()
    }
}

impl Summary {
    fn new(score: &'static str, column: ArrayView1<f64>) -> Self {
        let defined: Vec<f64> = column.iter().copied().filter(|v| v.is_finite()).collect();
        Self { score, mean: mean(&defined), median: median(&defined), neurons: defined.len() }
    }
}
