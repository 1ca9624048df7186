//! Front ends: from sound to the cochleagram that a model hears.
//!
//! Bin `t` of a cochleagram holds the samples from `floor(t · rate · dt / 1000)` to before
//! `floor((t + 1) · rate · dt / 1000)`. Windows end with the last sample of their bin, so that no
//! bin depends on what comes later, bit for bit; before the sound lie zeros.
mod bins;
mod compression;
pub mod gammatone;
mod keys;
pub mod mel;
mod recursion;
mod settings;
mod spectrum;
pub mod stft;

use std::fmt;

use ndarray::Array2;

use crate::base::error::{Error, Problem, Result};
use crate::base::memory;
use crate::base::units;
use crate::config::keys::Values;
use crate::config::part::{Chosen, KeyProblem, Part, Row, ascending};
use crate::sound::{Delay, Sound, resampled};

use bins::{Alignment, Bins};

use compression::Compression;
pub use compression::Finished;
pub use settings::ImportConfig;

/// The bands of a front end, before the rate of a sound is known.
pub trait FilterBank: Send + Sync {
    /// Centres of the bands, ascending, the same for every rate.
    fn frequencies_hz(&self) -> &[f64];

    /// What a sine of full scale at the centre of a band gives in that band at most, as a share of
    /// [`Analyzer::full_scale`]; 1 where bands are as narrow as a frequency.
    fn share_of_full_scale(&self, _band: usize) -> f64 {
        1.0
    }

    /// What analyzes one sound of a rate.
    ///
    /// # Errors
    /// A rate at which it cannot work.
    fn analyzer(&self, rate_hz: f64, bins: Bins, alignment: Alignment)
    -> Result<Box<dyn Analyzer>>;
}

/// The bands of a front end at work on one sound, piece by piece.
pub trait Analyzer: Send {
    /// Takes the next samples and returns the magnitudes of the bins that they complete, bin by
    /// bin, `F` values each.
    fn process(&mut self, samples: &[f32]) -> Vec<f64>;

    /// Samples behind the end of a bin that it waits for; 0 where it is causal.
    fn ahead(&self) -> usize;

    /// Magnitude that decibels are relative to: that of a sine of full scale at one frequency.
    fn full_scale(&self) -> f64;

    /// What the user should know of how it works at this rate.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Builds a front end of the given values.
pub type Build = fn(&Values) -> Result<Box<dyn FilterBank>>;

/// A row of the table of front ends.
#[derive(Debug)]
pub struct FrontendRow {
    /// What it says of itself.
    pub part: Part,
    /// Builds it.
    pub build: Build,
}

impl Row for FrontendRow {
    fn part(&self) -> &Part {
        &self.part
    }

    fn check(&self, values: &Values) -> Vec<KeyProblem> {
        ascending(values)
    }
}

/// The front ends: adding one is one file and one row.
pub static TABLE: &[FrontendRow] = &[
    FrontendRow { part: stft::PART, build: stft::build },
    FrontendRow { part: mel::PART, build: mel::build },
    FrontendRow { part: gammatone::PART, build: gammatone::build },
];

/// A front end with its settings, for bins of one width.
pub struct Frontend {
    bank: Box<dyn FilterBank>,
    compression: Compression,
    alignment: Alignment,
    max_freq_hz: f64,
    /// Rate that sounds are resampled to, if any.
    rate_hz: Option<f64>,
    dt_ms: f64,
    toml: String,
}

impl fmt::Debug for Frontend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frontend").field("toml", &self.toml).finish_non_exhaustive()
    }
}

/// The cochleagram of one sound.
#[derive(Debug, Clone, PartialEq)]
pub struct Cochleagram {
    /// Levels `(F, T)`; decibels are relative to full scale until [`Frontend::finish`].
    pub levels: Array2<f32>,
    /// Samples of the sound, at the rate of the analysis.
    pub samples: u64,
    /// Rate of the analysis in hertz: the sound's own, or `rate_hz`.
    pub rate_hz: f64,
    /// What the user should know of how it was made.
    pub notes: Vec<String>,
}

/// More samples a second than any sound has, of bats included; what is made for a sound grows with them.
const HIGHEST_RATE_HZ: f64 = 1e7;

/// Samples that are analysed at once.
const BLOCK: usize = 1 << 17;

impl Frontend {
    /// The front end that a section `[frontend]` describes, for bins of `dt_ms`.
    ///
    /// # Errors
    /// A bin width that is no positive number, or values that do not go together.
    pub fn new(chosen: &Chosen<FrontendRow>, dt_ms: f64) -> Result<Self> {
        if !(dt_ms > 0.0 && dt_ms.is_finite()) {
            let problem = Problem::new("dt_ms", dt_ms.to_string(), "a number above 0");
            return Err(Error::Refused(problem.to_string()));
        }
        let values = &chosen.values;
        let rate_hz = values.number("rate_hz")?;
        Ok(Self {
            bank: (chosen.row.build)(values)?,
            compression: Compression::new(values)?,
            alignment: Alignment::from_causal(values.flag("causal")?),
            max_freq_hz: values.number("max_freq_hz")?,
            rate_hz: (rate_hz > 0.0).then_some(rate_hz),
            dt_ms,
            toml: ImportConfig { frontend: chosen.clone() }.to_toml()?,
        })
    }

    /// Centres of the bands, ascending, whatever the rate of a sound is.
    pub fn frequencies_hz(&self) -> &[f64] {
        self.bank.frequencies_hz()
    }

    /// The section `[frontend]` with every value filled in.
    pub fn toml(&self) -> String {
        self.toml.clone()
    }

    /// The cochleagram of a sound, which is read once, from start to end.
    ///
    /// # Errors
    /// What the sound cannot be read for; bands above half its rate; a sound of less than one bin.
    pub fn cochleagram(&self, sound: Sound) -> Result<Cochleagram> {
        let mut notes = Vec::new();
        // A sound that is resampled to a higher rate holds no higher frequencies than before.
        self.check_rate(sound.rate_hz)?;
        let sound = self.at_common_rate(sound, &mut notes)?;
        let rate_hz = sound.rate_hz;
        self.check_rate(rate_hz)?;
        let bins = Bins::new(rate_hz, self.dt_ms);
        let mut analyzer = self.bank.analyzer(rate_hz, bins, self.alignment)?;
        notes.extend(analyzer.notes());
        let (samples, levels) = self.analyze(sound, analyzer.as_mut())?;
        let levels = self.shaped(levels, samples, bins)?;
        Ok(Cochleagram { levels, samples, rate_hz, notes })
    }

    /// What needs the cochleagrams of all stimuli: decibels relative to the loudest, 0 at the
    /// bottom of the range. To be called once.
    pub fn finish(&self, cochleagrams: &mut [Array2<f32>]) -> Finished {
        self.compression.finish(cochleagrams, |band| self.bank.share_of_full_scale(band))
    }

    fn at_common_rate<'a>(&self, sound: Sound<'a>, notes: &mut Vec<String>) -> Result<Sound<'a>> {
        let own_hz = sound.rate_hz;
        let Some(rate_hz) = self.rate_hz.filter(|rate_hz| (rate_hz - own_hz).abs() > 1e-9) else {
            return Ok(sound);
        };
        let delay = match self.alignment {
            Alignment::Causal => Delay::Kept,
            Alignment::Centred => Delay::CutOff,
        };
        let (sound, late_ms) = resampled(sound, rate_hz, delay)?;
        let late = match delay {
            Delay::Kept => format!("; it is late by {late_ms:.2} ms, the delay of the filter"),
            Delay::CutOff => String::new(),
        };
        notes.push(format!("front end: resampled from {own_hz} Hz to {rate_hz} Hz{late}"));
        Ok(sound)
    }

    /// Bands above half of the rate hold nothing.
    fn check_rate(&self, rate_hz: f64) -> Result<()> {
        if rate_hz > HIGHEST_RATE_HZ {
            return Err(Error::Refused(format!(
                "found a sound of {rate_hz} samples a second, expected at most {HIGHEST_RATE_HZ}; its header \
                 is damaged: write the file again"
            )));
        }
        let (half_hz, max_freq_hz) = (rate_hz / 2.0, self.max_freq_hz);
        if max_freq_hz <= half_hz {
            return Ok(());
        }
        let expected = format!("at most {half_hz}, half the rate of a sound of {rate_hz} Hz");
        let hint = format!(
            "set frontend.max_freq_hz to {half_hz} or less for all sounds, or leave this sound out"
        );
        let problem = Problem::new("frontend.max_freq_hz", max_freq_hz.to_string(), expected);
        Err(Error::Refused(problem.hint(hint).to_string()))
    }

    /// How many samples a sound has, and its levels bin by bin.
    fn analyze(&self, sound: Sound, analyzer: &mut dyn Analyzer) -> Result<(u64, Vec<f32>)> {
        let (mut samples, mut levels) = (0, Vec::new());
        let (full_scale, ahead) = (analyzer.full_scale(), analyzer.ahead());
        let mut process = |block: &[f32]| -> Result<()> {
            let magnitudes = analyzer.process(block);
            // As levels, and laid out by bands. A file of a few bytes may hold hours of silence.
            memory::take_values::<[f32; 2]>(magnitudes.len()).map_err(|cause| {
                Error::Refused(format!("the cochleagram of this sound: {cause}"))
            })?;
            let magnitudes = magnitudes.into_iter();
            levels.extend(magnitudes.map(|value| self.compression.level(value, full_scale)));
            Ok(())
        };
        let mut block = Vec::with_capacity(BLOCK);
        for piece in sound.pieces {
            let piece = piece?;
            samples += piece.len() as u64;
            block.extend(piece);
            if block.len() >= BLOCK {
                process(&block)?;
                block.clear();
            }
        }
        block.resize(block.len() + ahead, 0.0);
        process(&block)?;
        Ok((samples, levels))
    }

    /// The levels of all whole bins as `(F, T)`.
    fn shaped(&self, mut levels: Vec<f32>, samples: u64, bins: Bins) -> Result<Array2<f32>> {
        let failed = |source| Error::failed("shaping a cochleagram", source);
        let whole = usize::try_from(bins.whole(samples))
            .map_err(|source| Error::failed("counting bins", source))?;
        if whole == 0 {
            return Err(Error::Refused(format!(
                "found a sound of {samples} samples, expected at least one bin of {} ms; leave it \
                 out, or take shorter bins",
                self.dt_ms
            )));
        }
        let bands = self.frequencies_hz().len();
        levels.truncate(whole * bands);
        let by_bin = Array2::from_shape_vec((whole, bands), levels).map_err(failed)?;
        Ok(by_bin.reversed_axes().as_standard_layout().into_owned())
    }
}

/// Whole samples nearest to a duration, at least one.
fn samples(duration_ms: f64, rate_hz: f64) -> usize {
    units::bins(duration_ms, 1000.0 / rate_hz, 1)
}
