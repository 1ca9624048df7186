//! Sounds rich enough to tell receptive fields by: levels in dB above threshold, never negative.
use std::f64::consts::TAU;

use clap::ValueEnum;
use ndarray::Array2;
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

use super::Settings;
use super::StimulusKind;
use crate::base::rng;
use crate::dataset::{Inverse, LevelKind, SoundLevel};
use crate::models::dims::Dims;

/// Mean level in dB.
const MEAN_DB: f64 = 40.0;
/// Standard deviation of levels in dB.
const SPREAD_DB: f64 = 10.0;
/// Mean length of a chord in milliseconds.
const CHORD_MS: f64 = 20.0;
/// Ripples of one stimulus.
const RIPPLES: usize = 200;
/// Modulation frequency at which amplitudes have halved, in cycles a bin or band: a quarter of the
/// highest. Were they to fall from the lowest on, fast modulations would be too faint to fit by.
const HALF: f64 = 0.125;
/// Slowest modulation of natural sound in hertz: below the rate of syllables.
const SLOWEST_HZ: f64 = 1.0;
/// Highest modulation frequency, in cycles a bin or band.
const HIGHEST: f64 = 0.5;

/// As the attribute `type` of stimuli says.
pub(super) fn name(sound: StimulusKind) -> String {
    sound.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// What levels are: decibels above threshold, where amplitude is 1.
pub(super) fn level() -> SoundLevel {
    let inverse = Inverse { base: 10f64.powf(0.05), offset: 0.0, scale: 1.0 };
    SoundLevel { inverse: Some(inverse), ..SoundLevel::of(LevelKind::Db) }
}

/// The cochleagram `(F, T)` of the stimulus `id`.
pub(super) fn draw(settings: &Settings, dims: &Dims, id: &str) -> Array2<f32> {
    let mut rng = rng::generator(settings.seed, &format!("sound of {id}"));
    let cut = settings.bins - settings.fewest_bins();
    let bins = settings.bins - rng.random_range(0..=cut);
    let levels = match settings.sound {
        StimulusKind::Chords => chords(&mut rng, dims, bins),
        StimulusKind::Ripples => {
            let draw = |_| Ripple::draw(&mut rng);
            superpose(&(0..RIPPLES).map(draw).collect::<Vec<_>>(), dims.bands, bins)
        }
        StimulusKind::Natural => {
            let draw = |_| Ripple::draw_natural(&mut rng, dims);
            superpose(&(0..RIPPLES).map(draw).collect::<Vec<_>>(), dims.bands, bins)
        }
        StimulusKind::White => {
            Array2::from_shape_simple_fn((dims.bands, bins), || StandardNormal.sample(&mut rng))
        }
    };
    #[expect(clippy::cast_possible_truncation, reason = "cochleagrams are f32")]
    levels.mapv(|level| (MEAN_DB + SPREAD_DB * level).max(0.0) as f32)
}

/// Dynamic random chords: every band draws a normal level that holds until the next chord.
///
/// Chords last from one bin to nearly twice 20 ms: were they all of one length, modulations of
/// that period would not occur.
///
/// Source: deCharms, Blake & Merzenich (1998), Science 280(5368):1439-1444,
/// doi:10.1126/science.280.5368.1439. Differs from it: there chords hold tones or none.
fn chords(rng: &mut impl Rng, dims: &Dims, bins: usize) -> Array2<f64> {
    let longest = 2 * dims.bins(CHORD_MS) - 1;
    let mut levels = Array2::zeros((dims.bands, bins));
    let mut from = 0;
    while from < bins {
        let to = bins.min(from + rng.random_range(1..=longest));
        for mut band in levels.rows_mut() {
            let level: f64 = StandardNormal.sample(rng);
            band.iter_mut().take(to).skip(from).for_each(|value| *value = level);
        }
        from = to;
    }
    levels
}

/// One moving ripple `a cos(2π (ω t + Ω f) + φ)`, bins and bands counted from 0.
struct Ripple {
    /// `a`.
    amplitude: f64,
    /// `ω` in cycles a bin, from −½ to ½.
    rate: f64,
    /// `Ω` in cycles a band, from 0 to ½.
    density: f64,
    /// `φ` in cycles.
    phase: f64,
}

impl Ripple {
    /// Every modulation is equally likely, but its amplitude falls as in natural sounds:
    /// `a = 1/((1 + |ω|/ω₀) (1 + Ω/Ω₀))`.
    ///
    /// Source: Singh & Theunissen (2003), J. Acoust. Soc. Am. 114(6):3394-3411,
    /// doi:10.1121/1.1624067.
    fn draw(rng: &mut impl Rng) -> Self {
        let (rate, density) = (rng.random_range(-0.5..0.5), rng.random_range(0.0..0.5));
        let fall = |frequency: f64| 1.0 / (1.0 + frequency.abs() / HALF);
        Self { amplitude: fall(rate) * fall(density), rate, density, phase: rng.random() }
    }

    /// Power is spread over modulations as `1/(ω² Ω²)`, from `ω` of 1 Hz and `Ω` of one cycle over
    /// all bands on: amplitudes fall as one over frequency, up and down equally likely.
    ///
    /// Every octave holds as many ripples, each of amplitude `a = 1/√(|ω| Ω)`: were frequencies
    /// drawn evenly, one slow ripple would drown all others.
    ///
    /// Sources: Attias & Schreiner (1997), Advances in Neural Information Processing Systems 9;
    /// Singh & Theunissen (2003), J. Acoust. Soc. Am. 114(6):3394-3411, doi:10.1121/1.1624067.
    /// Differs from them: one exponent for all sounds, time and frequency independent.
    fn draw_natural(rng: &mut impl Rng, dims: &Dims) -> Self {
        let mut octaves = |lowest: f64| {
            let lowest = lowest.min(HIGHEST);
            lowest * (HIGHEST / lowest).powf(rng.random())
        };
        let speed = octaves(SLOWEST_HZ * dims.dt_ms / 1000.0);
        let density = octaves(1.0 / dims.bands as f64);
        let rate = if rng.random() { speed } else { -speed };
        let amplitude = 1.0 / (speed * density).sqrt();
        Self { amplitude, rate, density, phase: rng.random() }
    }
}

/// The sum of moving ripples `(F, T)`, of variance 1.
///
/// Source: Escabí & Schreiner (2002), J. Neurosci. 22(10):4114-4131,
/// doi:10.1523/JNEUROSCI.22-10-04114.2002. Differs from it: there each ripple wanders.
fn superpose(ripples: &[Ripple], bands: usize, bins: usize) -> Array2<f64> {
    let power: f64 = ripples.iter().map(|ripple| ripple.amplitude.powi(2) / 2.0).sum();
    // cos(t + f) = cos t cos f − sin t sin f: one matrix product makes all ripples.
    let over_bins = Array2::from_shape_fn((2 * ripples.len(), bins), |(i, t)| {
        let Ripple { rate, phase, .. } = ripples[i / 2];
        let angle = TAU * (rate * t as f64 + phase);
        if i % 2 == 0 { angle.cos() } else { -angle.sin() }
    });
    let over_bands = Array2::from_shape_fn((bands, 2 * ripples.len()), |(f, i)| {
        let Ripple { density, amplitude, .. } = ripples[i / 2];
        let angle = TAU * density * f as f64;
        amplitude * if i % 2 == 0 { angle.cos() } else { angle.sin() }
    });
    over_bands.dot(&over_bins) / power.sqrt()
}
