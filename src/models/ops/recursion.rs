//! Exponentially fading memory as a recursion: its cost does not depend on how far back it
//! reaches. In f64, since what leaves a window is subtracted again.

/// How far back a window reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// This many bins, the present one included.
    Bins(usize),
    /// To the first bin of the clip.
    Unlimited,
}

impl Length {
    /// The length within a clip of `bins` bins; there a window cannot reach further.
    pub fn within(self, bins: usize) -> usize {
        match self {
            Self::Bins(length) => length.min(bins),
            Self::Unlimited => bins,
        }
    }
}

/// `Σ_{k<L} a^k x(t−k)` as `t` grows, with the derivative by `a`, for `N` series side by side: each
/// step waits for the one before, so that several series take hardly longer than one. Zeros lie
/// before the first bin.
#[derive(Debug, Clone, Copy)]
pub struct Fading<const N: usize> {
    /// The weight of each bin relative to the next one.
    decay: [f64; N],
    /// Bins after which a value has left.
    length: usize,
    /// `a^L`, the weight of a value that has just left.
    left: [f64; N],
    /// Its derivative by `a`.
    left_slope: [f64; N],
    /// The sums so far.
    pub sum: [f64; N],
    /// Their derivatives by `a`.
    pub slope: [f64; N],
}

#[expect(clippy::needless_range_loop, reason = "several arrays run side by side")]
impl<const N: usize> Fading<N> {
    /// Nothing seen yet, by windows of `length` bins.
    pub fn new(decay: [f64; N], length: usize) -> Self {
        let bins = length as f64;
        let left = decay.map(|a| a.powf(bins));
        let left_slope = decay.map(|a| if length == 0 { 0.0 } else { bins * a.powf(bins - 1.0) });
        let (sum, slope) = ([0.0; N], [0.0; N]);
        Self { decay, length, left, left_slope, sum, slope }
    }

    /// The bin that leaves the windows when bin `t` comes in.
    #[inline(always)]
    pub fn leaving(&self, t: usize) -> Option<usize> {
        t.checked_sub(self.length)
    }

    /// Takes in a bin, and what lies at [`Fading::leaving`].
    #[inline(always)]
    pub fn step(&mut self, new: [f64; N], old: Option<[f64; N]>) {
        for i in 0..N {
            self.sum[i] = self.decay[i].mul_add(self.sum[i], new[i]);
        }
        if let Some(old) = old {
            for i in 0..N {
                self.sum[i] -= self.left[i] * old[i];
            }
        }
    }

    /// The same, and the derivatives.
    #[inline(always)]
    pub fn step_with_slope(&mut self, new: [f64; N], old: Option<[f64; N]>) {
        for i in 0..N {
            self.slope[i] = self.decay[i].mul_add(self.slope[i], self.sum[i]);
        }
        if let Some(old) = old {
            for i in 0..N {
                self.slope[i] -= self.left_slope[i] * old[i];
            }
        }
        self.step(new, old);
    }
}

/// `Σ_{k<L} a^k` and its derivative by `a`, by doubling.
pub fn geometric(a: f64, length: usize) -> (f64, f64) {
    let (mut sum, mut power) = ((0.0, 0.0), (1.0, 0.0));
    // From the highest bit down: S(2n) = S(n) (1 + aⁿ), S(n+1) = 1 + a S(n).
    for bit in (0..usize::BITS - length.leading_zeros()).rev() {
        sum = (sum.0 * (1.0 + power.0), sum.1 * (1.0 + power.0) + sum.0 * power.1);
        power = (power.0 * power.0, 2.0 * power.0 * power.1);
        if (length >> bit) & 1 == 1 {
            sum = (1.0 + a * sum.0, sum.0 + a * sum.1);
            power = (power.0 * a, power.1 * a + power.0);
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_and_their_slopes_are_those_of_the_sum() {
        let x: Vec<f64> = (0..30).map(|i| f64::from((i * 17 + 5) % 13) - 6.0).collect();
        let sum = |a: f64, length: usize, t: usize| -> f64 {
            (0..length.min(t + 1)).map(|k| a.powf(k as f64) * x[t - k]).sum()
        };
        for (a, length) in [(0.7, 1), (0.7, 2), (0.95, 7), (0.5, 30), (0.9, 90)] {
            let decays = [a, 0.8 * a];
            let mut fading = Fading::new(decays, length);
            for t in 0..x.len() {
                fading.step_with_slope([x[t]; 2], fading.leaving(t).map(|then| [x[then]; 2]));
                let slope = |a: f64| (sum(a + 1e-6, length, t) - sum(a - 1e-6, length, t)) / 2e-6;
                let sums = [0, 1].map(|i| fading.sum[i] - sum(decays[i], length, t));
                let slopes = [0, 1].map(|i| fading.slope[i] - slope(decays[i]));
                assert!(sums.iter().all(|error| error.abs() < 1e-10), "{a} {length} {t}");
                assert!(slopes.iter().all(|error| error.abs() < 1e-6), "{a} {length} {t}");
            }
        }
    }

    #[test]
    fn geometric_sums_and_their_slopes_are_those_of_the_series() {
        for a in [0.0, 0.3, 0.97, 1.0] {
            for length in [0, 1, 2, 3, 7, 131, 650] {
                let power = |k: usize| f64::powf(a, k as f64);
                let sum: f64 = (0..length).map(power).sum();
                let slope: f64 = (1..length).map(|k| k as f64 * power(k - 1)).sum();
                let (found, found_slope) = geometric(a, length);
                assert!((found - sum).abs() <= 1e-12 * sum, "{a} {length}");
                assert!((found_slope - slope).abs() <= 1e-12 * slope, "{a} {length}");
            }
        }
    }
}
