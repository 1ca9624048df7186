//! Responses and losses in units of their own: a fit goes the same way whatever the unit of the
//! responses is and however much each neuron fires.
use candle_core::{Result, Tensor};

use crate::base::error;
use crate::models::batch::{Member, Sample};
use crate::models::loss::{Criterion, LossRow, OverNeurons};
use crate::models::outputs::ResponseRange;
use crate::run_file::LossScale;

/// The share of responses that lie below [`ResponseRange::low`].
const LOW: f64 = 0.02;
/// The share of responses that lie below [`ResponseRange::high`].
const HIGH: f64 = 0.995;

/// Neurons whose responses are copied at once.
const AT_ONCE: usize = 64;

/// In what units responses and losses are while a model is fitted.
#[derive(Debug, Clone)]
pub struct Relative {
    /// What the responses of each neuron are divided by: its standard deviation where each is fitted by
    /// itself, else the root mean square of all.
    pub units: Vec<f64>,
    /// Where the divided responses of each neuron lie over recorded training bins.
    pub ranges: Vec<ResponseRange>,
    /// What the loss of each neuron is multiplied by.
    scales: Vec<f64>,
    /// The loss of a prediction without error over the training bins.
    floors: Vec<f64>,
    loss: &'static LossRow,
    by_neuron: bool,
    /// What the losses of neurons come to together.
    pub over: OverNeurons,
}

/// What a model can do with units of responses.
#[derive(Debug, Clone, Copy, Default)]
pub struct Divisible {
    /// Whether it can take a unit back.
    pub can_rescale: bool,
    /// Whether each neuron is fitted by itself: what it comes to does not depend on the others.
    pub is_apart: bool,
}

impl Relative {
    /// Of the training clips.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn new(
        train: &[Sample],
        (loss, scale): (&'static LossRow, LossScale),
        Divisible { can_rescale, is_apart }: Divisible,
    ) -> error::Result<Self> {
        let mut deviations: Vec<f64> = Vec::new();
        each_recorded(train, |row| deviations.push(moments(&row).1))?;
        let varying: Vec<f64> = deviations.iter().copied().filter(|sd| *sd > 0.0).collect();
        let by_neuron = scale == LossScale::Variance;
        let mean_square = varying.iter().map(|sd| sd * sd).sum::<f64>() / varying.len() as f64;
        let unit = |own: &f64| match if is_apart { *own } else { mean_square.sqrt() } {
            size if by_neuron && can_rescale && size.is_finite() && size > 0.0 => size,
            _ => 1.0,
        };
        let mut relative = Self {
            units: deviations.iter().map(unit).collect(),
            ranges: Vec::new(),
            scales: Vec::new(),
            floors: Vec::new(),
            loss,
            by_neuron,
            over: if is_apart { OverNeurons::Sum } else { OverNeurons::Mean },
        };
        let units = relative.units.clone();
        let mut units = units.into_iter();
        each_recorded(train, |mut row| {
            let unit = units.next().unwrap_or(1.0);
            for y in &mut row {
                *y /= unit;
            }
            let range = range(&mut row);
            let null = relative.mean_deviance(&row, range.mean);
            let scale = match () {
                () if !by_neuron => 1.0,
                () if null > 0.0 && moments(&row).1 > 0.0 => 1.0 / null,
                () => 0.0,
            };
            let floor = row.iter().map(|y| loss.at_bin(*y, *y)).sum::<f64>() / row.len() as f64;
            relative.floors.push(if by_neuron { floor } else { 0.0 });
            relative.scales.push(scale);
            relative.ranges.push(range);
        })?;
        Ok(relative)
    }

    fn mean_deviance(&self, row: &[f64], prediction: f64) -> f64 {
        let at = |y: &f64| self.loss.at_bin(prediction, *y) - self.loss.at_bin(*y, *y);
        row.iter().map(at).sum::<f64>() / row.len() as f64
    }

    /// Whether the responses of a neuron vary.
    pub fn varies(&self, neuron: usize) -> bool {
        self.scales[neuron] > 0.0
    }

    /// Whether responses are divided at all.
    pub fn divides(&self) -> bool {
        self.units.iter().any(|unit| unit.total_cmp(&1.0).is_ne())
    }

    /// A clip with divided responses.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn member(&self, mut clip: Member) -> Result<Member> {
        if self.divides() {
            let factors: Vec<f64> = self.units.iter().map(|unit| 1.0 / unit).collect();
            let factors = Tensor::new(factors, clip.psth.device())?.to_dtype(clip.psth.dtype())?;
            clip.psth = clip.psth.broadcast_mul(&factors.reshape((1, self.units.len(), 1))?)?;
        }
        Ok(clip)
    }

    /// What a fit makes small.
    pub fn criterion(&self) -> Criterion<'_> {
        let scales = self.by_neuron.then_some(self.scales.as_slice());
        Criterion { loss: self.loss, scales, over: self.over }
    }

    /// The mean loss over neurons, of what [`Relative::criterion`] makes small.
    pub fn mean_loss(&self, value: f64) -> f64 {
        match self.over {
            OverNeurons::Mean => value,
            OverNeurons::Sum => value / self.units.len().max(1) as f64,
        }
    }

    /// What a prediction costs at a bin, in units of the neuron's own, apart from what a prediction
    /// without error costs. Both are divided responses.
    pub fn at_bin(&self, neuron: usize, prediction: f64, psth: f64) -> f64 {
        let loss = self.loss.at_bin(prediction, psth);
        if !self.by_neuron {
            return loss;
        }
        self.scales[neuron] * (loss - self.loss.at_bin(psth, psth))
    }

    /// The loss of a prediction without error as it enters the loss of a neuron.
    pub fn floor_of(&self, neuron: usize) -> f64 {
        self.floors[neuron] * self.scales[neuron]
    }

    /// The mean of [`Relative::floors`] as it enters the mean loss over neurons.
    pub fn floor(&self) -> f64 {
        let floors = (0..self.floors.len()).map(|neuron| self.floor_of(neuron));
        floors.sum::<f64>() / self.floors.len().max(1) as f64
    }
}

/// Hands out the recorded responses of each neuron in turn, clip after clip.
fn each_recorded(samples: &[Sample], mut take: impl FnMut(Vec<f64>)) -> Result<()> {
    let neurons = samples.first().map_or(Ok(0), |sample| sample.member.psth.dim(1))?;
    for from in (0..neurons).step_by(AT_ONCE) {
        let mut rows: Vec<Vec<f64>> = vec![Vec::new(); AT_ONCE.min(neurons - from)];
        for Sample { member, .. } in samples {
            let psth = member.psth.squeeze(0)?.narrow(0, from, rows.len())?.to_vec2::<f32>()?;
            for (row, own) in rows.iter_mut().zip(psth) {
                row.extend(own.into_iter().filter(|y| !y.is_nan()).map(f64::from));
            }
        }
        rows.into_iter().for_each(&mut take);
    }
    Ok(())
}

/// Mean and standard deviation; 0 where values differ by rounding alone.
fn moments(row: &[f64]) -> (f64, f64) {
    let count = row.len().max(1) as f64;
    let mean = row.iter().sum::<f64>() / count;
    let variance = row.iter().map(|y| (y - mean) * (y - mean)).sum::<f64>() / count;
    (mean, crate::stats::moments::beyond_rounding(variance, mean).sqrt())
}

fn range(row: &mut [f64]) -> ResponseRange {
    let (mean, deviation) = moments(row);
    row.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place in a list"
    )]
    let at = |share: f64| {
        row.get((share * row.len().saturating_sub(1) as f64).round() as usize).copied()
    };
    let (low, high) = (at(LOW).unwrap_or_default(), at(HIGH).unwrap_or_default());
    let deviation = if deviation > 0.0 { deviation } else { 1.0 };
    ResponseRange { mean, deviation, low, high }
}
