//! Which samples a bin holds, and which samples an analysis of it sees.
use crate::base::units;

/// Bins of `dt_ms` laid over samples: bin `t` holds the samples from `edge(t)` to before
/// `edge(t + 1)`, `edge(t) = floor(t · rate · dt / 1000)`.
///
/// Bins need not be whole numbers of samples: their edges are rounded one by one, so that bins do
/// not drift away from the sound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bins {
    /// Samples of a bin, on average.
    hop: f64,
}

/// What an edge may fall short of a sample by the rounding of `t · hop`, in samples.
const ROUNDING: f64 = 1e-6;

impl Bins {
    /// Bins of so many milliseconds in a sound of this rate.
    pub fn new(rate_hz: f64, dt_ms: f64) -> Self {
        Self { hop: rate_hz * dt_ms / 1000.0 }
    }

    /// First sample of bin `t`.
    pub fn edge(self, t: u64) -> u64 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let edge = (t as f64 * self.hop + ROUNDING).floor() as u64;
        edge
    }

    /// Whole bins in so many samples.
    pub fn whole(self, samples: u64) -> u64 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let about = (samples as f64 / self.hop).round() as u64;
        let fits = |t: &u64| self.edge(*t) <= samples;
        [about + 1, about, about.saturating_sub(1)].into_iter().find(fits).unwrap_or_default()
    }

    /// Samples nearest to so many bins, at least one.
    pub fn samples(self, bins: u32) -> usize {
        units::bins(f64::from(bins) * self.hop, 1.0, 1)
    }

    /// Samples of a bin, rounded up.
    pub fn longest(self) -> usize {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let longest = (self.hop - ROUNDING).ceil() as usize;
        longest
    }
}

/// Where a window lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alignment {
    /// It ends with the last sample of its bin.
    Causal,
    /// Its middle is the middle of its bin.
    Centred,
}

impl Alignment {
    /// What the key `causal` says.
    pub fn from_causal(causal: bool) -> Self {
        if causal { Self::Causal } else { Self::Centred }
    }
}

/// One window of samples for each bin, as samples come; zeros lie before the first.
///
/// `T` is what is known of one sample: itself, or what filters make of it.
#[derive(Debug)]
pub struct Windows<T> {
    bins: Bins,
    /// Samples of a window.
    length: usize,
    alignment: Alignment,
    /// Samples from `first` on.
    samples: Vec<T>,
    /// Index of the first of them in the sound; negative before it.
    first: i64,
    /// The next bin.
    next: u64,
}

impl<T: Copy + Default> Windows<T> {
    /// Windows of `length` samples before any sample came.
    pub fn new(bins: Bins, length: usize, alignment: Alignment) -> Self {
        let samples = vec![T::default(); length];
        let first = -i64::try_from(length).unwrap_or(i64::MAX);
        Self { bins, length, alignment, samples, first, next: 0 }
    }

    /// Samples behind the end of a bin that its window may see.
    pub fn ahead(bins: Bins, length: usize, alignment: Alignment) -> usize {
        match alignment {
            Alignment::Causal => 0,
            Alignment::Centred => length.saturating_sub(bins.longest()) / 2 + 2,
        }
    }

    /// The next samples; those that no window needs any more are forgotten.
    pub fn push(&mut self, samples: impl IntoIterator<Item = T>) {
        let start = self.end(self.next) - length_of(self.length);
        let past = usize::try_from(start - self.first).unwrap_or(0).min(self.samples.len());
        self.samples.drain(..past);
        self.first += length_of(past);
        self.samples.extend(samples);
    }

    /// The windows of the bins that can be told now, each once.
    pub fn ready(&mut self) -> Vec<&[T]> {
        let held = self.first + length_of(self.samples.len());
        let from = self.next;
        while self.end(self.next) <= held && length_of_bin(self.bins, self.next) <= held {
            self.next += 1;
        }
        (from..self.next).map(|t| self.window(t)).collect()
    }

    fn window(&self, t: u64) -> &[T] {
        let end = usize::try_from(self.end(t) - self.first).unwrap_or(0);
        &self.samples[end - self.length..end]
    }

    /// The sample behind the window of bin `t`.
    fn end(&self, t: u64) -> i64 {
        let (from, to) = (signed(self.bins.edge(t)), signed(self.bins.edge(t + 1)));
        match self.alignment {
            Alignment::Causal => to,
            Alignment::Centred => (from + to + length_of(self.length)).div_euclid(2),
        }
    }
}

/// The sample behind bin `t`: a bin is told once it is whole.
fn length_of_bin(bins: Bins, t: u64) -> i64 {
    signed(bins.edge(t + 1))
}

fn signed(sample: u64) -> i64 {
    i64::try_from(sample).unwrap_or(i64::MAX)
}

fn length_of(samples: usize) -> i64 {
    i64::try_from(samples).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_of_whole_and_broken_numbers_of_samples_do_not_drift() {
        let whole = Bins::new(32_000.0, 5.0);
        assert_eq!((whole.edge(1), whole.edge(7), whole.edge(1_000_000)), (160, 1120, 160_000_000));
        let third = Bins::new(30_000.0, 0.7);
        assert_eq!((1..=3).map(|t| third.edge(t)).collect::<Vec<_>>(), [21, 42, 63]);
        // 48828 Hz and 5 ms: 244.14 samples a bin, a whole number every 50 bins.
        let broken = Bins::new(48_828.0, 5.0);
        assert_eq!((broken.edge(1), broken.edge(7), broken.edge(8)), (244, 1708, 1953));
        assert_eq!((broken.edge(50), broken.edge(50_000_000)), (12_207, 12_207_000_000));
    }

    #[test]
    fn only_whole_bins_are_counted() {
        let bins = Bins::new(48_828.0, 5.0);
        assert_eq!([243, 244, 12_206, 12_207].map(|samples| bins.whole(samples)), [0, 1, 49, 50]);
        assert_eq!(Bins::new(32_000.0, 5.0).whole(55_105), 344);
    }

    fn windows(length: usize, alignment: Alignment, piece: usize) -> Vec<Vec<i32>> {
        let mut windows = Windows::new(Bins::new(1000.0, 3.5), length, alignment);
        let mut found = Vec::new();
        for samples in (1..=20).collect::<Vec<i32>>().chunks(piece) {
            windows.push(samples.iter().copied());
            found.extend(windows.ready().into_iter().map(<[i32]>::to_vec));
        }
        found
    }

    #[test]
    fn a_causal_window_ends_with_its_bin_and_zeros_lie_before_the_sound() {
        let found = windows(5, Alignment::Causal, 20);
        // Edges 0, 3, 7, 10, 14, 17; samples count from 1.
        let want: [&[i32]; 5] = [
            &[0, 0, 1, 2, 3],
            &[3, 4, 5, 6, 7],
            &[6, 7, 8, 9, 10],
            &[10, 11, 12, 13, 14],
            &[13, 14, 15, 16, 17],
        ];
        assert_eq!(found, want);
    }

    #[test]
    fn a_centred_window_has_its_bin_in_the_middle() {
        let found = windows(5, Alignment::Centred, 20);
        let want: [&[i32]; 5] = [
            &[0, 1, 2, 3, 4],
            &[3, 4, 5, 6, 7],
            &[7, 8, 9, 10, 11],
            &[10, 11, 12, 13, 14],
            &[14, 15, 16, 17, 18],
        ];
        assert_eq!(found, want);
        let short = windows(1, Alignment::Centred, 20);
        assert_eq!(short, [[2], [5], [9], [12], [16]]);
    }

    #[test]
    fn windows_do_not_depend_on_how_samples_come() {
        let lengths = [1, 2, 5, 9].into_iter();
        let cases = lengths.flat_map(|length| [1, 3, 7].map(|piece| (length, piece)));
        for (length, piece) in cases {
            for alignment in [Alignment::Causal, Alignment::Centred] {
                let whole = windows(length, alignment, 20);
                assert_eq!(windows(length, alignment, piece), whole, "{alignment:?} {length}");
            }
        }
    }
}
