//! The start of one clip and how one neuron answered it, in columns that a panel has room for.
use ndarray::{Array1, Array2, Array3, ArrayView1, ArrayView2, Axis, s};

use crate::dataset::{Clip, ResponseLocation};
use crate::figures::page::shown_bins;
use crate::stats::moments::mean_of_defined;

/// What the values of responses are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Spikes in a bin: shown as sums, and as spikes per second.
    Counts,
    /// Any signal: shown as means.
    Signal,
}

/// Several bins of a clip make a column where there are more bins than columns.
#[derive(Debug)]
pub(super) struct Excerpt {
    pub(super) unit: Unit,
    pub(super) stimulus: String,
    /// Of the excerpt.
    pub(super) seconds: f64,
    /// Of the whole clip.
    pub(super) clip_seconds: f64,
    /// How many bins make a column.
    pub(super) bins_in_column: usize,
    /// The width of a column.
    pub(super) column_ms: f64,
    /// `(F, columns)`: means.
    pub(super) cochleagram: Array2<f32>,
    /// `(R, columns)`: spikes, or the mean of a signal; NaN where nothing was recorded.
    pub(super) responses: Array2<f32>,
    /// The mean over repeats: spikes per second, or the signal; NaN where nothing was recorded.
    pub(super) psth: Array1<f32>,
}

impl Excerpt {
    /// The start of `clip` in at most so many columns; `responses` `(1, R, T)` are the neuron's.
    pub(super) fn new(
        clip: &Clip<ResponseLocation>,
        responses: &Array3<f32>,
        (dt_ms, unit): (f64, Unit),
        most_columns: usize,
    ) -> Self {
        let bins = shown_bins(clip.bins(), dt_ms);
        let group = bins.div_ceil(most_columns);
        let repeats = responses.index_axis(Axis(0), 0);
        let repeats = repeats.slice(s![.., ..bins]);
        let means = in_columns(repeats, group, mean_of_recorded);
        let per_second = if unit == Unit::Counts { 1000.0 / dt_ms } else { 1.0 };
        Self {
            unit,
            stimulus: clip.stimulus.id.clone(),
            seconds: bins as f64 * dt_ms / 1000.0,
            clip_seconds: clip.bins() as f64 * dt_ms / 1000.0,
            bins_in_column: group,
            column_ms: group as f64 * dt_ms,
            cochleagram: in_columns(
                clip.cochleagram.slice(s![.., ..bins]),
                group,
                mean_of_recorded,
            ),
            psth: psth(means.view(), per_second),
            responses: match unit {
                Unit::Counts => in_columns(repeats, group, sum_of_recorded),
                Unit::Signal => means,
            },
        }
    }
}

/// Reduces each run of `group` bins of every row of `(rows, T)`.
fn in_columns(
    values: ArrayView2<f32>,
    group: usize,
    reduce: fn(ArrayView1<f32>) -> f64,
) -> Array2<f32> {
    let (rows, bins) = values.dim();
    Array2::from_shape_fn((rows, bins.div_ceil(group)), |(row, column)| {
        let (start, end) = (column * group, bins.min((column + 1) * group));
        narrow(reduce(values.slice(s![row, start..end])))
    })
}

/// The mean over the repeats `(R, columns)`, times a factor.
fn psth(repeats: ArrayView2<f32>, factor: f64) -> Array1<f32> {
    let columns = repeats.columns().into_iter();
    columns.map(|column| narrow(factor * mean_of_recorded(column))).collect()
}

fn mean_of_recorded(values: ArrayView1<f32>) -> f64 {
    mean_of_defined(values.iter().map(|value| f64::from(*value)))
}

/// NaN of nothing.
fn sum_of_recorded(values: ArrayView1<f32>) -> f64 {
    let recorded = || values.iter().filter(|value| !value.is_nan());
    if recorded().next().is_none() {
        return f64::NAN;
    }
    recorded().map(|value| f64::from(*value)).sum()
}

#[expect(clippy::cast_possible_truncation, reason = "responses are f32")]
fn narrow(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, arr2};

    use super::*;

    const GONE: f32 = f32::NAN;

    #[test]
    fn spikes_are_summed_and_rates_averaged_where_recorded() {
        let repeats = arr2(&[
            [0.0, 1.0, 2.0, 0.0, 1.0],
            [1.0, GONE, 0.0, 0.0, 3.0],
            [GONE, GONE, GONE, GONE, GONE],
        ]);
        let spikes = in_columns(repeats.view(), 2, sum_of_recorded);
        assert_eq!(spikes.slice(s![..2, ..]), arr2(&[[1.0, 2.0, 1.0], [1.0, 0.0, 3.0]]));
        assert!(spikes.row(2).iter().all(|spikes| spikes.is_nan()));
        let means = in_columns(repeats.view(), 2, mean_of_recorded);
        assert_eq!(psth(means.view(), 100.0), Array1::from(vec![75.0, 50.0, 200.0]));
    }
}
