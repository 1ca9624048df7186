//! From magnitudes to the levels of a cochleagram.
use ndarray::Array2;
use realfft::num_complex::Complex;

use crate::base::error::Result;
use crate::config::keys::Values;
use crate::dataset::{Inverse, LevelKind, SoundLevel};

/// What a level in decibels is relative to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LevelReference {
    /// The loudest band and bin of all stimuli.
    Loudest,
    /// A sine of full scale.
    FullScale,
}

/// How a magnitude is compressed.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Law {
    /// Decibels.
    Db { reference: LevelReference, range_db: f64 },
    /// `ln(max(x, floor))`.
    Log { floor: f64 },
    /// `x^(1/3)`.
    CubeRoot,
    /// `ln(1 + x)`.
    Log1p,
    /// `x`.
    None,
}

/// What is summed or averaged before compression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Magnitude {
    /// Absolute values.
    Amplitude,
    /// Squares.
    Power,
}

impl Magnitude {
    /// What the key `magnitude` says.
    pub(super) fn new(values: &Values) -> Result<Self> {
        Ok(if values.text("magnitude")? == "power" { Self::Power } else { Self::Amplitude })
    }

    /// Of a complex number.
    pub(super) fn of(self, value: Complex<f64>) -> f64 {
        match self {
            Self::Amplitude => value.norm_sqr().sqrt(),
            Self::Power => value.norm_sqr(),
        }
    }

    /// Of a number that is never negative.
    pub(super) fn of_amplitude(self, amplitude: f64) -> f64 {
        match self {
            Self::Amplitude => amplitude,
            Self::Power => amplitude * amplitude,
        }
    }

    /// Decibels of a factor of ten.
    fn decibels(self) -> f64 {
        match self {
            Self::Amplitude => 20.0,
            Self::Power => 10.0,
        }
    }
}

/// The keys `magnitude`, `compression` and what belongs to them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Compression {
    law: Law,
    magnitude: Magnitude,
}

/// What is known once all cochleagrams are there.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// What the user should know of it.
    pub notes: Vec<String>,
    /// What the levels are.
    pub level: SoundLevel,
}

/// Share of a sine of full scale that stands for silence in decibels: −400 dB of amplitude.
const SILENCE: f64 = 1e-20;

impl Compression {
    /// As the section `[frontend]` says.
    pub(super) fn new(values: &Values) -> Result<Self> {
        let reference = match values.text("reference")? {
            "full_scale" => LevelReference::FullScale,
            _ => LevelReference::Loudest,
        };
        let law = match values.text("compression")? {
            "db" => Law::Db { reference, range_db: values.number("range_db")? },
            "log" => Law::Log { floor: values.number("log_floor")? },
            "cube_root" => Law::CubeRoot,
            "log1p" => Law::Log1p,
            _ => Law::None,
        };
        Ok(Self { law, magnitude: Magnitude::new(values)? })
    }

    /// The level of a magnitude, where a sine of full scale has the magnitude `full_scale`.
    ///
    /// Decibels are relative to `full_scale` and reach below 0 still: [`Compression::finish`] moves
    /// them.
    #[expect(clippy::cast_possible_truncation, reason = "cochleagrams are f32")]
    pub(super) fn level(self, magnitude: f64, full_scale: f64) -> f32 {
        let level = match self.law {
            Law::Db { .. } => {
                self.magnitude.decibels() * (magnitude / full_scale).max(SILENCE).log10()
            }
            Law::Log { floor } => magnitude.max(floor).ln(),
            Law::CubeRoot => magnitude.cbrt(),
            Law::Log1p => magnitude.ln_1p(),
            Law::None => magnitude,
        };
        level as f32
    }

    /// What needs all stimuli: `max(0, level − reference + range_db)` of decibels; other levels are
    /// left as they are. `share` is what a sine of full scale at the centre of a band gives in it.
    pub(super) fn finish(
        self,
        cochleagrams: &mut [Array2<f32>],
        share: impl Fn(usize) -> f64,
    ) -> Finished {
        let Law::Db { reference, range_db } = self.law else {
            return Finished { notes: Vec::new(), level: self.meaning(0.0) };
        };
        let (band, loudest) = loudest(cochleagrams);
        let (top, note) = match reference {
            LevelReference::FullScale => (0.0, None),
            LevelReference::Loudest => {
                let of_sine = self.magnitude.decibels() * share(band).log10();
                let note = format!(
                    "front end: the loudest band and bin of the {} stimuli is {:.1} dB relative to a \
                     sine of full scale at the centre of that band; it becomes {range_db} dB",
                    cochleagrams.len(),
                    loudest - of_sine
                );
                (loudest, Some(note))
            }
        };
        let silence = self.magnitude.decibels() * SILENCE.log10();
        let silent = loudest <= silence;
        let bottom = if silent { 0.0 } else { top - range_db };
        #[expect(clippy::cast_possible_truncation, reason = "cochleagrams are f32")]
        let finished = |level: f32| (f64::from(level) - bottom).max(0.0) as f32;
        for levels in cochleagrams {
            levels.mapv_inplace(finished);
        }
        let notes = match note {
            _ if silent => vec!["front end: all stimuli are silent: every level is 0".into()],
            note => note.into_iter().collect(),
        };
        Finished { notes, level: self.meaning(bottom) }
    }

    /// What its levels are; `bottom` is how many decibels lie below 0. Magnitudes of decibels are shares
    /// of a sine of full scale.
    fn meaning(self, bottom: f64) -> SoundLevel {
        let of_power = self.magnitude == Magnitude::Power;
        let natural = |offset| Inverse { base: std::f64::consts::E, offset, scale: 1.0 };
        let (kind, inverse) = match self.law {
            Law::Db { .. } => {
                let base = 10f64.powf(1.0 / self.magnitude.decibels());
                let scale = base.powf(bottom);
                (LevelKind::Db, Some(Inverse { base, offset: 0.0, scale }))
            }
            Law::Log { .. } => (LevelKind::Log, Some(natural(0.0))),
            Law::Log1p => (LevelKind::Log, Some(natural(1.0))),
            Law::CubeRoot => (LevelKind::CubeRoot, None),
            Law::None if of_power => return SoundLevel::of(LevelKind::Power),
            Law::None => return SoundLevel::of(LevelKind::Amplitude),
        };
        SoundLevel { kind, inverse, of_power }
    }
}

/// The loudest of all levels, and its band.
fn loudest(cochleagrams: &[Array2<f32>]) -> (usize, f64) {
    let all = cochleagrams.iter().flat_map(|levels| levels.indexed_iter());
    let loudest =
        all.fold(
            (0, f32::NEG_INFINITY),
            |loudest, ((band, _), level)| {
                if *level > loudest.1 { (band, *level) } else { loudest }
            },
        );
    (loudest.0, f64::from(loudest.1))
}
