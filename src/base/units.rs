//! Milliseconds, bins and samples, hertz and perceptual scales: the only place that converts.

/// Whole bins of `dt_ms` nearest to a duration, at least `least`.
pub fn bins(duration_ms: f64, dt_ms: f64, least: usize) -> usize {
    let bins = (duration_ms / dt_ms).round();
    // A float that is NaN or negative becomes 0 here, one too large the largest usize.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let bins = bins as usize;
    bins.max(least)
}

/// Samples nearest to a duration, 0 of one below 0.
pub fn samples(duration_ms: f64, rate_hz: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let samples = (duration_ms * rate_hz / 1000.0).round() as usize;
    samples
}

/// Odd length in bins of a window that lasts `window_ms`: the whole bins in it, one more if even.
pub fn odd_bins(window_ms: f64, dt_ms: f64) -> usize {
    // A tenth of a millionth of a bin keeps 21.0 / 0.1 from falling just short of 210.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let whole = (window_ms / dt_ms + 1e-7).floor() as usize;
    if whole.is_multiple_of(2) { whole + 1 } else { whole }
}

/// Where the bands of a cochleagram lie when the file does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// `2595 log10(1 + f/700)`, O'Shaughnessy 1987.
    Mel,
    /// Equal steps of cochlear position `x` in `f = 165.4 (10^{2.1 x} − 0.88)`, Greenwood 1990,
    /// doi:10.1121/1.399052.
    Greenwood,
    /// ERB rate `21.4 log10(1 + 0.00437 f)`, Glasberg & Moore 1990,
    /// doi:10.1016/0378-5955(90)90170-T.
    Erb,
    /// Equal ratios.
    Log,
}

impl Scale {
    /// `bands` centre frequencies in Hz, ascending, equally spaced on the scale from `min_hz` to
    /// `max_hz`, both included.
    pub fn centres_hz(self, min_hz: f64, max_hz: f64, bands: usize) -> Vec<f64> {
        let (low, high) = (self.position(min_hz), self.position(max_hz));
        let step = (high - low) / (bands.max(2) - 1) as f64;
        (0..bands).map(|band| self.hz(low + step * band as f64)).collect()
    }

    fn position(self, hz: f64) -> f64 {
        match self {
            Self::Mel => 2595.0 * (1.0 + hz / 700.0).log10(),
            Self::Greenwood => (hz / 165.4 + 0.88).log10() / 2.1,
            Self::Erb => 21.4 * (1.0 + 0.00437 * hz).log10(),
            Self::Log => hz.log10(),
        }
    }

    fn hz(self, value: f64) -> f64 {
        match self {
            Self::Mel => 700.0 * (10f64.powf(value / 2595.0) - 1.0),
            Self::Greenwood => 165.4 * (10f64.powf(2.1 * value) - 0.88),
            Self::Erb => (10f64.powf(value / 21.4) - 1.0) / 0.00437,
            Self::Log => 10f64.powf(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_round_to_whole_bins() {
        assert_eq!(bins(45.0, 5.0, 1), 9);
        assert_eq!(bins(2.0, 5.0, 1), 1);
        assert_eq!(bins(f64::NAN, 5.0, 3), 3);
        assert_eq!(odd_bins(21.0, 5.0), 5);
        assert_eq!(odd_bins(21.0, 0.1), 211);
        assert_eq!(odd_bins(1.0, 5.0), 1);
    }

    #[test]
    fn scales_run_from_end_to_end_and_back() {
        for scale in [Scale::Mel, Scale::Greenwood, Scale::Erb, Scale::Log] {
            let centres = scale.centres_hz(500.0, 20_000.0, 7);
            assert!((centres[0] - 500.0).abs() < 1e-6, "{scale:?}: {centres:?}");
            assert!((centres[6] - 20_000.0).abs() < 1e-6, "{scale:?}: {centres:?}");
            assert!(centres.windows(2).all(|w| w[0] < w[1]), "{scale:?}: {centres:?}");
        }
    }
}
