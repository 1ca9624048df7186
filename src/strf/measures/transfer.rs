//! Modulation transfer functions: how the power of a receptive field is spread over the rates of
//! temporal and spectral modulation.
//!
//! `S(Ω, ω) = Σ_f Σ_k Δx(f) w(c,f,k) exp(−2πi (Ω x(f) + ω τ(k)))` with `x(f)` in octaves, `Δx` the
//! octaves that stand for band `f` and `τ(k)` the lag in seconds; `P = Σ_c |S|²`. The temporal
//! function is `sqrt(∫ P(Ω, |ω|) dΩ)`, the spectral one `sqrt(∫ P(Ω, ω) dω)`, each divided by its
//! largest value; integrals are sums over [`RATES`] rates, ends halved. Sums stand where a fast
//! transform would, for bands need not lie equally far apart.
//!
//! Sources: Chi, Gao, Guyton, Ru & Shamma (1999), J. Acoust. Soc. Am. 106(5):2719-2732,
//! doi:10.1121/1.428100; Woolley, Fremouw, Hsu & Theunissen (2005), Nat. Neurosci. 8(10):1371-1379,
//! doi:10.1038/nn1536.
use std::f64::consts::TAU;

use super::profile;

/// Rates at which a function is known, from 0 to half the rate of sampling.
pub const RATES: usize = 65;

/// Both modulation transfer functions of a receptive field.
#[derive(Debug, Clone)]
pub struct Modulation {
    /// The temporal function, over Hz.
    pub temporal: Transfer,
    /// The spectral function, over cycles per octave, where the frequencies of at least two bands
    /// are known.
    pub spectral: Option<Transfer>,
}

/// A modulation transfer function, 1 where it is largest.
#[derive(Debug, Clone)]
pub struct Transfer {
    /// [`RATES`] rates, ascending from 0.
    pub rates: Vec<f64>,
    /// The gain at each.
    pub gains: Vec<f64>,
}

impl Modulation {
    /// The functions of finite weights `(C, F, K)`, row after row, of which one is not 0, at `K`
    /// lags and, where they are known, `F` band centres in octaves.
    pub(super) fn of(
        weights: &[f64],
        (bands, lags): (usize, usize),
        lags_ms: &[f64],
        octaves: Option<&[f64]>,
    ) -> Self {
        let octaves = octaves.filter(|octaves| octaves.len() > 1);
        let spectral = spectral_waves(octaves, bands);
        let seconds: Vec<f64> = lags_ms.iter().map(|ms| ms / 1000.0).collect();
        let temporal = Waves::new(&seconds, rates(&seconds), None);
        let mut power = Powers { temporal: [0.0; RATES], spectral: [0.0; RATES] };
        for channel in weights.chunks_exact(bands * lags) {
            for rate in 0..RATES {
                let column = spectral.sums(rate, channel, lags);
                power.add(rate, &column, &temporal);
            }
        }
        let spectral = octaves.map(|_| Transfer::of(spectral.rates, &power.spectral));
        Self { temporal: Transfer::of(temporal.rates, &power.temporal), spectral }
    }
}

impl Transfer {
    fn of(rates: Vec<f64>, powers: &[f64]) -> Self {
        let largest = powers.iter().copied().fold(0.0, f64::max);
        Self { rates, gains: powers.iter().map(|power| (power / largest).sqrt()).collect() }
    }

    /// The rate of the largest gain, between the [`RATES`] by a parabola.
    pub fn best(&self) -> f64 {
        let at = profile::largest(&self.gains);
        at.map_or(f64::NAN, |at| profile::vertex(&self.rates, &self.gains, at))
    }
}

/// From 0 to half the mean rate at which these places ascend; 0 alone for a single place.
fn rates(places: &[f64]) -> Vec<f64> {
    let span = places.last().zip(places.first()).map_or(0.0, |(last, first)| last - first);
    if span <= 0.0 {
        return vec![0.0; RATES];
    }
    let highest = (places.len() - 1) as f64 / span / 2.0;
    (0..RATES).map(|rate| rate as f64 / (RATES - 1) as f64 * highest).collect()
}

/// Bands whose frequencies are not known are summed at each rate of their own: nothing but the
/// total power over spectral rates is used then.
fn spectral_waves(octaves: Option<&[f64]>, bands: usize) -> Waves {
    if let Some(octaves) = octaves {
        return Waves::new(octaves, rates(octaves), Some(&widths(octaves)));
    }
    let counted: Vec<f64> = (0..bands).map(|band| band as f64).collect();
    Waves::new(&counted, rates(&counted), None)
}

/// Half the distance between the neighbours of each place, at an end the distance to the only one.
fn widths(places: &[f64]) -> Vec<f64> {
    let last = places.len() - 1;
    let width = |at: usize| match at {
        0 => places[1] - places[0],
        at if at == last => places[last] - places[last - 1],
        at => (places[at + 1] - places[at - 1]) / 2.0,
    };
    (0..places.len()).map(width).collect()
}

/// `width(i) · (cos, sin)(2π rate x(i))` for every rate and place `x(i)`.
struct Waves {
    rates: Vec<f64>,
    waves: Vec<Vec<(f64, f64)>>,
}

impl Waves {
    fn new(places: &[f64], rates: Vec<f64>, widths: Option<&[f64]>) -> Self {
        let wave = |rate: f64, at: usize| {
            let (sin, cos) = (TAU * rate * places[at]).sin_cos();
            let width = widths.map_or(1.0, |widths| widths[at]);
            (width * cos, width * sin)
        };
        let row = |rate: &f64| (0..places.len()).map(|at| wave(*rate, at)).collect();
        let waves = rates.iter().map(row).collect();
        Self { rates, waves }
    }

    /// `Σ_f width(f) w(f,k) exp(−2πi rate x(f))` for each of `lags` columns of a channel.
    fn sums(&self, rate: usize, channel: &[f64], lags: usize) -> Vec<(f64, f64)> {
        let mut sums = vec![(0.0, 0.0); lags];
        for (row, (cos, sin)) in channel.chunks(lags).zip(&self.waves[rate]) {
            for (sum, weight) in sums.iter_mut().zip(row) {
                sum.0 += weight * cos;
                sum.1 -= weight * sin;
            }
        }
        sums
    }
}

/// Power by temporal and by spectral rate.
struct Powers {
    temporal: [f64; RATES],
    spectral: [f64; RATES],
}

/// A rate of 0 is met from both sides, and so is the highest: half of each counts in an integral.
fn share(rate: usize) -> f64 {
    if rate == 0 || rate == RATES - 1 { 0.5 } else { 1.0 }
}

impl Powers {
    /// Adds what one spectral rate of one channel has at the positive and negative temporal rates.
    fn add(&mut self, spectral: usize, column: &[(f64, f64)], temporal: &Waves) {
        for (rate, (sum, waves)) in self.temporal.iter_mut().zip(&temporal.waves).enumerate() {
            let (mut forward, mut back) = ((0.0, 0.0), (0.0, 0.0));
            for ((re, im), (cos, sin)) in column.iter().zip(waves) {
                forward.0 += re * cos + im * sin;
                forward.1 += im * cos - re * sin;
                back.0 += re * cos - im * sin;
                back.1 += im * cos + re * sin;
            }
            let square = |(re, im): (f64, f64)| re * re + im * im;
            let power = square(forward) + square(back);
            *sum += share(spectral) * power;
            self.spectral[spectral] += share(rate) * power;
        }
    }
}
