//! How well a prediction follows the PSTH, frequency by frequency.
use super::{Average, BinsTaken, MetricRow, Visibility};
use crate::config::part::Part;
use crate::scores::comparison::Comparison;
use crate::stats::moments::{mean_of_defined, ratio};

const SOURCE: &str = "Hsu, Borst & Theunissen (2004), Network 15(2):91-109, \
                      doi:10.1088/0954-898X_15_2_002";

/// The row of [`coherence`].
pub const COHERENCE: MetricRow = MetricRow {
    part: Part {
        name: "coherence",
        summary: "squared coherence of prediction and PSTH, the mean over frequencies",
        source: SOURCE,
        keys: &[],
    },
    shown: Visibility::InFiles,
    taken: BinsTaken::Recorded,
    average: Average::Plain,
    compute: coherence,
};

/// The row of [`coherence_max`].
pub const COHERENCE_MAX: MetricRow = MetricRow {
    part: Part {
        name: "coherence_max",
        summary: "the best coherence that noise allows, from two halves of the repeats",
        source: SOURCE,
        keys: &[],
    },
    shown: Visibility::InFiles,
    taken: BinsTaken::Repeated,
    average: Average::Plain,
    compute: coherence_max,
};

/// The mean over frequencies from 0 to half the sampling rate of
/// `|S_py|² / (S_pp S_yy)`, spectra of the prediction `p` and the PSTH `y` summed over all segments
/// of all clips; 0 to 1. NaN with fewer than 2 segments.
///
/// Segments are 256 bins, or the clip where it is shorter, and overlap by half. Each has its mean
/// subtracted, its missing bins set to that, and a Hann window laid over it; one with half its bins
/// missing is left out. Unrelated series have about `1 / segments`, not 0.
///
/// Source: Hsu, Borst & Theunissen (2004), doi:10.1088/0954-898X_15_2_002. Differs: Hann windows as
/// in `SciPy` and `deepSTRF`, not tapers and a jackknife.
pub fn coherence(comparison: &Comparison) -> f64 {
    let spectra = &comparison.spectra;
    if spectra.segments < 2 {
        return f64::NAN;
    }
    mean_of_defined(
        spectra.lines().map(|line| ratio(line.cross.norm_sqr(), line.prediction * line.psth)),
    )
}

/// The mean over the same frequencies of `1 − S_nn / S_yy`: the squared coherence that the true
/// mean response would have with the PSTH. 1 without noise; may come out below 0 by chance.
///
/// `n` is the difference between the means of odd and even repeats, scaled so that it varies as
/// much as the noise in the PSTH: half of it for halves of equal size. With `ρ` the coherence of two
/// such halves the formula is `2ρ / (1 + ρ)`, as the source has it. Over the segments of which
/// most bins have both; NaN with fewer than 2 of them.
///
/// Source: Hsu, Borst & Theunissen (2004), doi:10.1088/0954-898X_15_2_002. Differs: one division of
/// the repeats.
pub fn coherence_max(comparison: &Comparison) -> f64 {
    let spectra = &comparison.spectra;
    if spectra.noisy_segments < 2 {
        return f64::NAN;
    }
    mean_of_defined(spectra.lines().map(|line| 1.0 - ratio(line.noise, line.noisy_psth)))
}
