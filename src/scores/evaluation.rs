//! From predictions and responses to a table neuron × score, and the forms in which it is read.
use ndarray::{Array2, Array3, ArrayView1, ArrayView2, ArrayView3, Axis};
use rayon::prelude::*;
use serde_json::{Map, Value, json};

use super::comparison::{Comparison, Divisions, NeuronClip, Workspace, require_neurons};
use super::repeats::reliability::root;
use super::repeats::split_halves::SIDE_BY_SIDE;
use super::rows::{self, Average, BinsTaken, Visibility};
use super::uncertainty::{Resampling, Uncertainty};
use crate::base::error::Result;
use crate::base::table::{self, Notation, aligned};
use crate::stats::moments::{mean, median};

/// Neurons that the terminal shows one by one.
const SHOWN_NEURONS: usize = 20;

/// The scores of a model, one row a neuron; NaN where a score is not defined.
#[derive(Debug, Clone)]
pub struct Scores {
    /// Ids of the neurons.
    pub neurons: Vec<String>,
    /// The largest number of repeats that a clip has recorded.
    pub repeats: Vec<usize>,
    /// Bins with at least one recorded repeat.
    pub bins: Vec<usize>,
    /// `(N, scores)`, columns as [`rows::TABLE`] lists them.
    pub values: Array2<f64>,
    /// How many clips enter each score, `(N, scores)`.
    pub clips: Array2<usize>,
    /// Columns beside the scores.
    pub uncertainty: Uncertainty,
}

/// One score over all neurons.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Name of the score.
    pub score: &'static str,
    /// Mean over the neurons that enter, or the root of that of its square, as
    /// [`rows::Average`] says; NaN where none does.
    pub mean: f64,
    /// Median over the neurons that enter, or that root; NaN where none does.
    pub median: f64,
    /// How many neurons enter: those whose score is a finite number.
    pub neurons: usize,
    /// The fewest and the most clips that enter the score of such a neuron.
    pub clips: (usize, usize),
}

/// The prediction `(N, T)` of a clip and the responses `(N, R, T)` to it, NaN where nothing was
/// recorded or a bin is left out of the scores.
pub type ScoredClip<'a> = (ArrayView2<'a, f32>, ArrayView3<'a, f32>);

/// Scores every neuron over all clips; the same to the last digit on any number of threads.
///
/// # Errors
/// Predictions and responses differ in neurons or bins.
pub fn score(neurons: &[String], clips: &[ScoredClip]) -> Result<Scores> {
    let mut scoring = Scoring::new(neurons, Over::AllClips);
    scoring.add_all(clips)?;
    Ok(scoring.finish())
}

/// Scores that take one clip after the other and keep no single repeats.
#[derive(Debug, Clone)]
pub struct Scoring<'a> {
    neurons: &'a [String],
    over: Over,
    tallies: Vec<Tally>,
    divisions: Divisions,
}

/// What a score is taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Over {
    /// The bins of all clips in a row.
    #[default]
    AllClips,
    /// Each clip by itself; then the mean over the clips for which it is defined.
    EachClip,
}

/// One neuron so far.
#[derive(Debug, Clone, Default)]
struct Tally {
    /// Of all clips; empty between clips that are scored by themselves.
    comparison: Comparison,
    repeats: usize,
    bins: usize,
    /// Of clips scored by themselves, by score: the sum and how many entered.
    scores: Vec<(f64, usize)>,
}

/// The place of the score whose root is averaged in the place of this one.
fn square_of(score: usize) -> Option<usize> {
    match rows::TABLE[score].average {
        Average::Plain => None,
        Average::RootOf(name) => rows::place(name),
    }
}

impl<'a> Scoring<'a> {
    /// No clips yet; `neurons` are the ids.
    pub fn new(neurons: &'a [String], over: Over) -> Self {
        let none = Tally { scores: vec![(0.0, 0); rows::TABLE.len()], ..Tally::default() };
        let tallies = vec![none; neurons.len()];
        Self { neurons, over, tallies, divisions: Divisions::default() }
    }

    /// Takes one more clip.
    ///
    /// # Errors
    /// Prediction and responses differ in neurons or bins.
    pub fn add(&mut self, clip: ScoredClip) -> Result<()> {
        self.add_all(&[clip])
    }

    /// Takes more clips that lie in memory, all of a few neurons before those of the next: what is
    /// known of these stays close to the processor.
    ///
    /// # Errors
    /// Predictions and responses differ in neurons or bins.
    pub fn add_all(&mut self, clips: &[ScoredClip]) -> Result<()> {
        let neurons = self.neurons.len();
        let predicted = clips.iter().map(|(prediction, _)| prediction.nrows());
        require_neurons("the predictions", neurons, predicted)?;
        let recorded = clips.iter().map(|(_, responses)| responses.dim().0);
        require_neurons("the responses", neurons, recorded)?;
        for (_, responses) in clips {
            self.divisions.extend(responses.dim().1);
        }
        let (divisions, over) = (&self.divisions, self.over);
        let add = |workspace: &mut Workspace, (group, tallies): (usize, &mut [Tally])| {
            let first = group * SIDE_BY_SIDE;
            clips.iter().try_for_each(|(prediction, responses)| {
                let row = |n| (prediction.row(n), responses.index_axis(Axis(0), n));
                let rows: Vec<NeuronClip> = (first..first + tallies.len()).map(row).collect();
                add_side_by_side(tallies, &rows, over, (divisions, workspace))
            })
        };
        let groups = self.tallies.par_chunks_mut(SIDE_BY_SIDE).enumerate();
        groups.try_for_each_init(Workspace::default, add)
    }

    /// The scores over all clips.
    pub fn finish(self) -> Scores {
        self.finish_with(&Resampling::default())
    }

    /// The scores over all clips, and how sure they are; scores of single clips have no such
    /// columns.
    pub fn finish_with(self, resampling: &Resampling) -> Scores {
        let Self { neurons, over, mut tallies, .. } = self;
        let uncertainty = match over {
            Over::AllClips => {
                let whole = tallies.iter_mut().map(|tally| std::mem::take(&mut tally.comparison));
                let whole: Vec<Comparison> = whole.collect();
                tallies.par_iter_mut().zip(&whole).for_each(|(tally, whole)| tally.add(whole));
                Uncertainty::new(neurons, &whole, resampling)
            }
            Over::EachClip => Uncertainty::default(),
        };
        let shape = (tallies.len(), rows::TABLE.len());
        let entry = |(n, score): (usize, usize)| tallies[n].scores[score];
        let own = |at: (usize, usize)| match entry(at) {
            (_, 0) => f64::NAN,
            (sum, _) if over == Over::AllClips => sum,
            (sum, clips) => sum / clips as f64,
        };
        Scores {
            neurons: neurons.to_vec(),
            repeats: tallies.iter().map(|tally| tally.repeats).collect(),
            bins: tallies.iter().map(|tally| tally.bins).collect(),
            values: Array2::from_shape_fn(shape, |(n, score)| match square_of(score) {
                Some(square) => root(own((n, square))),
                None => own((n, score)),
            }),
            clips: Array2::from_shape_fn(shape, |at| entry(at).1),
            uncertainty,
        }
    }
}

/// Scores the predictions `(N, T)` for clips; `responses` gives the single repeats `(N, R, T)` to
/// each, which are let go one after the other.
pub fn score_predictions(
    predictions: &[Array2<f32>],
    scoring: &mut Scoring,
    mut responses: impl FnMut(usize) -> Result<Array3<f32>>,
) -> Result<()> {
    for (clip, prediction) in predictions.iter().enumerate() {
        scoring.add((prediction.view(), responses(clip)?.view()))?;
    }
    Ok(())
}

/// One more clip of a few neurons.
fn add_side_by_side(
    tallies: &mut [Tally],
    clips: &[NeuronClip],
    over: Over,
    (divisions, workspace): (&Divisions, &mut Workspace),
) -> Result<()> {
    let mut neurons: Vec<&mut Comparison> =
        tallies.iter_mut().map(|tally| &mut tally.comparison).collect();
    Comparison::add_side_by_side(&mut neurons, clips, divisions, workspace)?;
    if over == Over::EachClip {
        tallies.iter_mut().for_each(Tally::add_own);
    }
    Ok(())
}

impl Tally {
    /// Takes the scores of its own comparison, which it gives up.
    fn add_own(&mut self) {
        let compared = std::mem::take(&mut self.comparison);
        self.add(&compared);
    }

    /// Takes the scores of one clip, or of all.
    fn add(&mut self, compared: &Comparison) {
        self.repeats = self.repeats.max(compared.repeats());
        self.bins += compared.bins();
        for ((sum, clips), row) in self.scores.iter_mut().zip(rows::TABLE) {
            let score = (row.compute)(compared);
            if !score.is_nan() {
                *sum += score;
                *clips += match row.taken {
                    BinsTaken::Recorded => compared.clips(),
                    BinsTaken::Repeated => compared.repeated_clips(),
                };
            }
        }
    }
}

impl Scores {
    /// The scores called `name`, one a neuron.
    pub fn column(&self, name: &str) -> Option<ArrayView1<'_, f64>> {
        Some(self.values.column(rows::place(name)?))
    }

    /// Every score over the neurons that have it.
    pub fn summary(&self) -> Vec<Summary> {
        let of_score = |(place, score): (usize, &'static str)| {
            let clips = self.clips.column(place);
            match square_of(place) {
                Some(square) => Summary::new(score, self.values.column(square), clips).rooted(),
                None => Summary::new(score, self.values.column(place), clips),
            }
        };
        rows::names().into_iter().enumerate().map(of_score).collect()
    }

    /// The whole table as CSV with the header `neuron,repeats,bins,cc,…`, then `cc_low,…,p,q` where
    /// they were asked for: every number with the fewest digits that give it back exactly, `NaN`
    /// where undefined.
    pub fn csv(&self) -> Result<String> {
        let header = ["neuron", "repeats", "bins"].into_iter().chain(rows::names());
        let more = &self.uncertainty.columns;
        let header = header.chain(more.iter().map(|(name, _)| *name));
        let row = |(n, values): (usize, ArrayView1<f64>)| {
            let counts = [self.repeats[n].to_string(), self.bins[n].to_string()];
            let scores = values.iter().chain(more.iter().map(|(_, column)| &column[n]));
            let scores = scores.map(|value| format!("{value:?}"));
            let name = std::iter::once(self.neurons[n].clone());
            name.chain(counts).chain(scores).collect::<Vec<_>>()
        };
        let rows = self.values.rows().into_iter().enumerate().map(row);
        table::csv("writing the table of scores", header, rows)
    }

    /// The same with a further column in [`Scores::csv`].
    #[must_use]
    pub fn with_column(mut self, name: &'static str, values: Vec<f64>) -> Self {
        self.uncertainty.columns.push((name, values));
        self
    }

    /// The summary as JSON, beside what was run: `{"run": …, "neurons": N, "scores": {"cc":
    /// {"mean": …, "median": …, "neurons": …, "clips": [fewest, most]}, …}}`, and `"uncertainty"`
    /// where it was asked for; null where undefined.
    pub fn json(&self, run: Map<String, Value>) -> Value {
        let entry = |s: Summary| {
            let clips = [s.clips.0, s.clips.1];
            let value = json!({
                "mean": s.mean, "median": s.median, "neurons": s.neurons, "clips": clips,
            });
            (s.score.to_owned(), value)
        };
        let scores: Map<String, Value> = self.summary().into_iter().map(entry).collect();
        let mut json = json!({ "run": run, "neurons": self.neurons.len(), "scores": scores });
        if !self.uncertainty.summary.is_null() {
            json["uncertainty"] = self.uncertainty.summary.clone();
        }
        json
    }

    /// The table for a terminal: the first neurons one by one, then every score over all neurons.
    /// `rest` says where the other neurons are found, e.g. `see runs/nrf/scores.csv`.
    pub fn table(&self, rest: &str) -> String {
        let more = match self.neurons.len().saturating_sub(SHOWN_NEURONS) {
            0 => String::new(),
            more => format!("... and {more} more: {rest}\n"),
        };
        let notes: String = self.uncertainty.notes.iter().flat_map(|n| ["\n", n, "\n"]).collect();
        aligned(&self.neuron_rows()) + &more + "\n" + &aligned(&self.summary_rows()) + &notes
    }

    fn neuron_rows(&self) -> Vec<Vec<String>> {
        let shown: Vec<usize> = (0..rows::TABLE.len())
            .filter(|score| rows::TABLE[*score].shown == Visibility::Everywhere)
            .collect();
        let names = shown.iter().map(|score| rows::names()[*score]);
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
        let header = ["score", "mean", "median", "neurons", "clips"].map(str::to_owned).to_vec();
        let row = |(s, notation): (Summary, Notation)| {
            let neurons = format!("{} of {}", s.neurons, self.neurons.len());
            let (mean, median) = (notation.write(s.mean), notation.write(s.median));
            vec![s.score.to_owned(), mean, median, neurons, s.clips_text()]
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
    fn new(score: &'static str, column: ArrayView1<f64>, clips: ArrayView1<usize>) -> Self {
        let entering = column.iter().zip(clips).filter(|(value, _)| value.is_finite());
        let (defined, clips): (Vec<f64>, Vec<usize>) = entering.unzip();
        let ends = (clips.iter().min(), clips.iter().max());
        let clips = (ends.0.copied().unwrap_or(0), ends.1.copied().unwrap_or(0));
        let (mean, median) = (mean(&defined), median(&defined));
        Self { score, mean, median, neurons: defined.len(), clips }
    }

    /// That of a score, where this is of its square.
    fn rooted(self) -> Self {
        Self { mean: root(self.mean), median: root(self.median), ..self }
    }

    /// How many clips enter: `12`, or `8-12` where it differs between neurons.
    fn clips_text(&self) -> String {
        match self.clips {
            (fewest, most) if fewest == most => most.to_string(),
            (fewest, most) => format!("{fewest}-{most}"),
        }
    }
}
