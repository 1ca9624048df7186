//! The tables of scores of a card.
use ndarray::ArrayView1;

use super::Publication;
use super::markdown::{Column, Text, table};
use crate::base::table::Notation;
use crate::base::wording::stimuli_counted;
use crate::config::part::Row;
use crate::dataset::Clip;
use crate::scores::evaluation::Scores;
use crate::scores::rows::Average;
use crate::scores::{TABLE, Visibility};
use crate::stats::bootstrap::{FEW, Interval, interval_of_mean};

/// Neurons that a card shows one by one.
pub const SHOWN: usize = 20;
/// Bootstraps over neurons.
const DRAWS: usize = 2000;
/// The seed of these.
const SEED: u64 = 0;

impl Publication<'_> {
    /// Every score over neurons that stands for itself.
    pub(super) fn score_table(&self) -> String {
        let header = [
            ("score", Column::Words),
            ("mean over neurons", Column::Numbers),
            ("95 % interval of the mean", Column::Numbers),
            ("median", Column::Numbers),
            ("neurons", Column::Numbers),
            ("what it is", Column::Words),
        ];
        let summary = self.scores.summary();
        let shown = TABLE.iter().zip(&summary);
        let shown = shown.filter(|(row, _)| row.shown == Visibility::Everywhere);
        let rows: Vec<Vec<String>> = shown
            .map(|(row, of_score)| {
                let (score, mean, median) = (of_score.score, of_score.mean, of_score.median);
                let notation = Notation::of(ArrayView1::from(&[mean, median]));
                vec![
                    format!("`{score}`"),
                    number(notation, mean),
                    self.interval(score, row.average, notation),
                    number(notation, median),
                    format!("{} of {}", of_score.neurons, self.scores.neurons.len()),
                    Text::of(row.part().summary).to_string(),
                ]
            })
            .collect();
        table(&header, &rows)
    }

    /// The interval of the mean of a score over neurons.
    fn interval(&self, score: &str, average: Average, notation: Notation) -> String {
        let Some(column) = self.scores.column(score).filter(|_| average == Average::Plain) else {
            return UNDEFINED.into();
        };
        let defined: Vec<f64> = column.iter().copied().filter(|value| value.is_finite()).collect();
        shown_interval(notation, interval_of_mean(&defined, DRAWS, SEED))
    }

    /// What the scores are of, and what the intervals mean.
    pub(super) fn scored_on(&self) -> Vec<String> {
        let test = &self.metadata.stimuli.test;
        let unseen = if self.fit.was_fitted() {
            "which the fit has not seen"
        } else {
            "of which nobody knows here whether the model was fitted to them"
        };
        let mut said = vec![format!(
            "On the {} ({:.1} s of sound), {unseen}, all in a row; the model was scored anew when it was \
             published. An interval of a mean is of {DRAWS} bootstraps over neurons: how it would vary with \
             other neurons of this kind.",
            test_stimuli(test.len()),
            self.seconds(test)
        )];
        if self.scores.neurons.len() < FEW {
            said.push(format!("Intervals over fewer than {FEW} neurons are too narrow."));
        }
        said
    }

    /// The first neurons one by one.
    pub(super) fn neuron_table(&self) -> String {
        let Scores { neurons, repeats, bins, .. } = &self.scores;
        let texts = |values: &[usize]| values.iter().map(usize::to_string).collect::<Vec<_>>();
        let ids = neurons.iter().map(|id| Text::of(id).to_string()).collect();
        let mut columns = vec![
            ("neuron", Column::Words, ids),
            ("repeats", Column::Numbers, texts(repeats)),
            ("bins", Column::Numbers, texts(bins)),
        ];
        for name in ["cc", "cc_norm", "cc_max"] {
            let values = self.scores.column(name).into_iter().flatten();
            let cells = values.map(|value| number(Notation::Decimals, *value)).collect();
            columns.push((name, Column::Numbers, cells));
            columns.extend(self.ends(name).map(|ends| ("95 %", Column::Numbers, ends)));
        }
        let header: Vec<(&str, Column)> =
            columns.iter().map(|(name, column, _)| (*name, *column)).collect();
        let row = |n: usize| columns.iter().map(|(_, _, cells)| cells[n].clone()).collect();
        let rows: Vec<Vec<String>> = (0..neurons.len().min(SHOWN)).map(row).collect();
        table(&header, &rows)
    }

    /// The interval of a score of each neuron, where any has one.
    fn ends(&self, name: &str) -> Option<Vec<String>> {
        let columns = &self.scores.uncertainty.columns;
        let column = |end: &str| {
            let whole = format!("{name}_{end}");
            columns.iter().find(|(known, _)| **known == whole).map(|(_, values)| values)
        };
        let (low, high) = (column("low")?, column("high")?);
        let intervals = low.iter().zip(high).map(|(low, high)| Interval { low: *low, high: *high });
        let shown = intervals.map(|interval| shown_interval(Notation::Decimals, interval));
        low.iter().any(|end| end.is_finite()).then(|| shown.collect())
    }

    /// What is said below the table of neurons.
    pub(super) fn of_neurons(&self) -> Vec<String> {
        let mut said = Vec::new();
        let all = self.scores.neurons.len();
        if all > SHOWN {
            said.push(format!("The first {SHOWN} of {all}; `scores.csv` has all of them."));
        }
        said.push(
            "`scores.csv` has more scores of each neuron, `scores.json` their summary.".into(),
        );
        let uncertainty = &self.scores.uncertainty;
        said.extend(uncertainty.notes.iter().map(|note| format!("Of each neuron: {note}.")));
        said.extend(uncertainty.warnings.iter().map(|warning| format!("Caution: {warning}.")));
        said
    }

    /// Seconds of sound of stimuli.
    pub(super) fn seconds(&self, ids: &[String]) -> f64 {
        let clips = self.recording.clips.iter();
        let used = clips.filter(|clip| ids.contains(&clip.stimulus.id));
        let bins: usize = used.map(Clip::bins).sum();
        bins as f64 * self.metadata.dt_ms / 1000.0
    }
}

/// What stands for a number that is not defined.
const UNDEFINED: &str = "–";

fn test_stimuli(count: usize) -> String {
    stimuli_counted(count).replacen(' ', " test ", 1)
}

fn number(notation: Notation, value: f64) -> String {
    if value.is_finite() { notation.write(value) } else { UNDEFINED.into() }
}

fn shown_interval(notation: Notation, Interval { low, high }: Interval) -> String {
    if low.is_nan() {
        return UNDEFINED.into();
    }
    format!("{} to {}", notation.write(low), notation.write(high))
}
