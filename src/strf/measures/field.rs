//! One receptive field as its measures see it: in f64, with its axes and what several of them need.
use ndarray::{ArrayView3, Axis};

use super::profile;
use super::transfer::Modulation;

/// An STRF `(C, F, K)` with its axes.
#[derive(Debug)]
pub struct Field {
    /// `C` channels of `F` bands of `K` lags, row after row.
    weights: Vec<f64>,
    shape: (usize, usize, usize),
    /// `K` lags in milliseconds, ascending.
    pub lags_ms: Vec<f64>,
    /// `F` centres of bands, `log2` of Hz, where the dataset gives them.
    pub octaves: Option<Vec<f64>>,
    /// The places of the channels called `ON` and `OFF`, where there are such.
    pub on_off: Option<(usize, usize)>,
    /// Where the largest weight lies: channel, band, lag; none where no weight is above 0.
    pub peak: Option<(usize, usize, usize)>,
    /// How its power is spread over modulation rates; none where it is 0 or NaN everywhere.
    pub modulation: Option<Modulation>,
}

/// The axes that all receptive fields of an export share.
#[derive(Debug)]
pub struct Axes<'a> {
    /// `K` lags in milliseconds, ascending.
    pub lags_ms: &'a [f64],
    /// `F` centres of bands in Hz, ascending, where the dataset gives them.
    pub frequencies_hz: Option<&'a [f64]>,
    /// Names of the `C` channels.
    pub channels: &'a [String],
}

impl Field {
    /// The field of weights `(C, F, K)` that fit the axes.
    pub fn new(weights: ArrayView3<f32>, axes: &Axes) -> Self {
        let place = |name: &str| axes.channels.iter().position(|channel| channel == name);
        let logarithm = |centres: &[f64]| centres.iter().map(|hz| hz.log2()).collect();
        let mut field = Self {
            weights: weights.iter().map(|weight| f64::from(*weight)).collect(),
            shape: weights.dim(),
            lags_ms: axes.lags_ms.to_vec(),
            octaves: axes.frequencies_hz.map(logarithm),
            on_off: place("ON").zip(place("OFF")),
            peak: None,
            modulation: None,
        };
        let finite = weights.iter().all(|weight| weight.is_finite());
        if finite && field.weights.iter().any(|weight| *weight != 0.0) {
            field.peak = field.largest();
            field.modulation = Some(Modulation::of(
                &field.weights,
                (field.shape.1, field.shape.2),
                &field.lags_ms,
                field.octaves.as_deref(),
            ));
        }
        field
    }

    fn largest(&self) -> Option<(usize, usize, usize)> {
        let (_c, bands, lags) = self.shape;
        let at = profile::largest(&self.weights).filter(|at| self.weights[*at] > 0.0)?;
        Some((at / (bands * lags), at / lags % bands, at % lags))
    }

    /// Lengths of the axes `(C, F, K)`.
    pub fn shape(&self) -> (usize, usize, usize) {
        self.shape
    }

    /// All weights, channel after channel, band after band.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The `F · K` weights of a channel.
    pub fn channel(&self, channel: usize) -> &[f64] {
        let (_c, bands, lags) = self.shape;
        &self.weights[channel * bands * lags..(channel + 1) * bands * lags]
    }

    /// The `K` weights of a band of a channel.
    pub fn over_lags(&self, channel: usize, band: usize) -> &[f64] {
        let lags = self.shape.2;
        &self.channel(channel)[band * lags..(band + 1) * lags]
    }

    /// The `F` weights of a channel at a lag.
    pub fn over_bands(&self, channel: usize, lag: usize) -> Vec<f64> {
        self.channel(channel).iter().skip(lag).step_by(self.shape.2).copied().collect()
    }

    /// `e(k) = sqrt(Σ_c Σ_f w(c,f,k)²)`: how strongly each lag counts.
    pub fn envelope(&self) -> Vec<f64> {
        let (channels, bands, lags) = self.shape;
        let rows = ndarray::ArrayView2::from_shape((channels * bands, lags), &self.weights);
        let power =
            |rows: ndarray::ArrayView2<f64>| rows.mapv(|w| w * w).sum_axis(Axis(0)).to_vec();
        let power = rows.map(power).unwrap_or_default();
        power.into_iter().map(f64::sqrt).collect()
    }
}
