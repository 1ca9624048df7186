//! Receptive fields such as auditory neurons have: an excited band, inhibition after it.
//!
//! Bands are counted from 0. Times are in bins before now, each bin standing for its middle.
use std::f64::consts::TAU;

use ndarray::{Array1, Array2, Array3, Axis};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Sizes of a receptive field.
#[derive(Debug, Clone, Copy)]
pub(super) struct FieldShape {
    /// Channels `C` of the prefilter.
    pub(super) channels: usize,
    /// Bands `F`.
    pub(super) bands: usize,
    /// Lags `K`.
    pub(super) lags: usize,
}

/// A kind of receptive field.
#[derive(Debug)]
pub(super) struct FieldRow {
    /// Name of the parameterization that can hold it exactly.
    pub(super) name: &'static str,
    /// One channel `(F, K)` in lag order, in arbitrary units.
    channel: fn(&mut ChaCha8Rng, FieldShape, Tuning) -> Array2<f64>,
}

/// The kinds of receptive fields.
pub(super) static TABLE: &[FieldRow] = &[
    FieldRow { name: "full", channel: sweeping },
    FieldRow { name: "separable", channel: separable },
    FieldRow { name: "dcls", channel: gaussians },
    FieldRow { name: "gaussian", channel: gaussian },
];

/// Names of the shapes, in the table's order.
pub fn names() -> Vec<&'static str> {
    TABLE.iter().map(|row| row.name).collect()
}

impl FieldRow {
    /// The receptive field `(C, F, K)` of a neuron, in lag order and arbitrary units: channels
    /// share the best band and latency, but not their sign.
    pub(super) fn draw(&self, rng: &mut ChaCha8Rng, grid: FieldShape) -> Array3<f64> {
        let tuning = Tuning::draw(rng, grid);
        let mut field = Array3::zeros((grid.channels, grid.bands, grid.lags));
        for mut channel in field.axis_iter_mut(Axis(0)) {
            let sign = if rng.random_bool(SUPPRESSED) { -1.0 } else { 1.0 };
            let weight: f64 = rng.random_range(0.4..1.0);
            channel.assign(&((self.channel)(rng, grid, tuning) * (sign * weight)));
        }
        field
    }
}

/// Share of channels that silence the neuron first.
const SUPPRESSED: f64 = 0.25;
/// Gaussians of a channel.
const GAUSSIANS: usize = 3;
/// What the parameterization of that kind adds to the mass of a Gaussian.
const LEAST_MASS: f64 = 1e-7;

/// The narrowest Gaussian of frequency, as a share of all bands: wider than what the parameterization
/// of that kind can hold.
const LEAST_SHARE: f64 = 0.06;

/// What a neuron listens to.
#[derive(Debug, Clone, Copy)]
struct Tuning {
    /// Centre of the band that it answers to.
    band: f64,
    /// Standard deviation of that band.
    bandwidth: f64,
    /// When it answers most.
    latency: f64,
}

impl Tuning {
    fn draw(rng: &mut impl Rng, grid: FieldShape) -> Self {
        let (bands, lags) = (grid.bands as f64, grid.lags as f64);
        Self {
            band: (bands - 1.0) * rng.random_range(0.1..0.9),
            bandwidth: (bands * rng.random_range(0.04..0.1)).max(0.6),
            latency: (lags * rng.random_range(0.15..0.3)).max(0.5),
        }
    }
}

/// A Gabor function of frequency whose centre moves with time, times a temporal course.
fn sweeping(rng: &mut ChaCha8Rng, grid: FieldShape, tuning: Tuning) -> Array2<f64> {
    let Tuning { band, bandwidth, latency } = tuning;
    let velocity = rng.random_range(-0.5..0.5) * bandwidth / latency;
    let (side_bands, course) = (Gabor::draw(rng, bandwidth), course(rng, grid, latency));
    Array2::from_shape_fn((grid.bands, grid.lags), |(f, k)| {
        let centre = band + velocity * (middle(k) - latency);
        side_bands.at(f as f64 - centre) * course[k]
    })
}

/// A Gabor function of frequency times a temporal course.
fn separable(rng: &mut ChaCha8Rng, grid: FieldShape, tuning: Tuning) -> Array2<f64> {
    let Tuning { band, bandwidth, latency } = tuning;
    let (side_bands, course) = (Gabor::draw(rng, bandwidth), course(rng, grid, latency));
    Array2::from_shape_fn((grid.bands, grid.lags), |(f, k)| {
        side_bands.at(f as f64 - band) * course[k]
    })
}

/// A Gaussian of frequency times a temporal course; bands lie in equal steps of the logarithm.
fn gaussian(rng: &mut ChaCha8Rng, grid: FieldShape, tuning: Tuning) -> Array2<f64> {
    let Tuning { band, bandwidth, latency } = tuning;
    let width = bandwidth.max(LEAST_SHARE * grid.bands.saturating_sub(1) as f64);
    let course = course(rng, grid, latency);
    Array2::from_shape_fn((grid.bands, grid.lags), |(f, k)| {
        let x = (f as f64 - band) / width;
        (-0.5 * x * x).exp() * course[k]
    })
}

/// A sum of Gaussians, each of unit mass on the grid before it is weighted.
fn gaussians(rng: &mut ChaCha8Rng, grid: FieldShape, tuning: Tuning) -> Array2<f64> {
    let mut sum = Array2::zeros((grid.bands, grid.lags));
    for bell in Bell::draw(rng, tuning) {
        let values = bell.values(grid);
        sum.scaled_add(bell.weight / (values.sum() + LEAST_MASS), &values);
    }
    sum
}

/// A Gaussian of frequency and time.
#[derive(Debug, Clone, Copy)]
struct Bell {
    band: f64,
    time: f64,
    bandwidth: f64,
    duration: f64,
    weight: f64,
}

impl Bell {
    /// The first excites, the second silences later, the third excites later still.
    fn draw(rng: &mut impl Rng, tuning: Tuning) -> [Self; GAUSSIANS] {
        let Tuning { band, bandwidth, latency } = tuning;
        [0.0, 1.0, 2.0].map(|place: f64| Self {
            band: band + bandwidth * rng.random_range(-1.5..1.5),
            time: latency * (1.0 + place * rng.random_range(0.6..1.0)),
            bandwidth,
            duration: (0.5 * latency).max(0.5),
            weight: (-1f64).powf(place) * rng.random_range(0.5..1.0),
        })
    }

    /// `(F, K)`, 1 at the centre.
    fn values(&self, grid: FieldShape) -> Array2<f64> {
        Array2::from_shape_fn((grid.bands, grid.lags), |(f, k)| {
            let x = (f as f64 - self.band) / self.bandwidth;
            let t = (middle(k) - self.time) / self.duration;
            (-0.5 * (x * x + t * t)).exp()
        })
    }
}

/// A Gaussian times a cosine: a band with flanks of the other sign.
struct Gabor {
    width: f64,
    /// Length of the cosine's cycle in bands.
    period: f64,
}

impl Gabor {
    fn draw(rng: &mut impl Rng, width: f64) -> Self {
        Self { width, period: width * rng.random_range(4.0..8.0) }
    }

    /// At so many bands from the centre.
    fn at(&self, distance: f64) -> f64 {
        let x = distance / self.width;
        (-0.5 * x * x).exp() * (TAU * distance / self.period).cos()
    }
}

/// Response to a click `(K)`: a peak of height 1, then a slower one of the other sign.
fn course(rng: &mut impl Rng, grid: FieldShape, latency: f64) -> Array1<f64> {
    let sharpness = rng.random_range(2.0..5.0);
    let (later, strength) = (rng.random_range(1.8..2.6), rng.random_range(0.3..0.8));
    // A gamma function of time that peaks at 1 when `time` is `peak`.
    let gamma = |time: f64, peak: f64| (time / peak * (1.0 - time / peak).exp()).powf(sharpness);
    Array1::from_shape_fn(grid.lags, |k| {
        gamma(middle(k), latency) - strength * gamma(middle(k), later * latency)
    })
}

/// The middle of a bin.
fn middle(lag: usize) -> f64 {
    lag as f64 + 0.5
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use candle_core::{DType, Device};

    use super::*;
    use crate::base::rng;
    use crate::models::dims::Axis;
    use crate::models::parameterizations::KernelDims;
    use crate::models::params::{ParamSpec, Params, Start};
    use crate::run_file::RunConfig;

    #[test]
    fn the_parameterization_of_gaussians_makes_the_same_field_of_the_same_gaussians() {
        let grid = FieldShape { channels: 1, bands: 13, lags: 9 };
        let drawn = || rng::generator(1, "a field");
        let tuning = Tuning { band: 6.3, bandwidth: 1.1, latency: 2.2 };
        let field = gaussians(&mut drawn(), grid, tuning);

        let bells = Bell::draw(&mut drawn(), tuning);
        let both = |first: fn(&Bell) -> f64, second: fn(&Bell) -> f64| {
            Start::Values(bells.iter().map(first).chain(bells.iter().map(second)).collect())
        };
        let params = Params::new(0, DType::F64, &Device::Cpu);
        let scope = params.scope("");
        let get =
            |name, start| scope.get(name, (2, 1, 1, 3), ParamSpec::not_decayed(start)).unwrap();
        // Its time runs from the oldest bin; 9 − 1 − k is the lag k.
        get("P", both(|bell| bell.band, |bell| 8.5 - bell.time));
        get("SIG", both(|bell| bell.bandwidth - 0.27, |bell| bell.duration - 0.27));
        let weights = Start::Values(bells.iter().map(|bell| bell.weight).collect());
        scope.get("weight", (1, 1, 3), ParamSpec::not_decayed(weights)).unwrap();

        let text = "[model]\ntype = \"ln\"\n[parameterization]\ntype = \"dcls\"\ngaussians = 3\n";
        let chosen = RunConfig::architecture(text, Path::new("test")).unwrap().parameterization;
        let (owner, frequencies_hz) = (Axis::Neuron, None);
        let dims =
            KernelDims { outputs: 1, channels: 1, bands: 13, lags: 9, owner, frequencies_hz };
        let kernel = (chosen.row.build)(&chosen.values, dims, &scope).unwrap();
        let kernel = kernel.weight().unwrap().flip(&[3]).unwrap().flatten_all().unwrap();
        for (i, (got, want)) in kernel.to_vec1::<f64>().unwrap().iter().zip(&field).enumerate() {
            assert!((got - want).abs() < 1e-12, "{i}: {got}, not {want}");
        }
    }
}
