//! Exponentially fading memory as a recursion: its cost does not depend on how far back it
//! reaches. In f64, since what leaves a window is subtracted again.

/// `Σ_{k<L} a^k x(t−k)` as `t` grows, with the derivative by `a`; zeros before the first bin.
#[derive(Debug, Clone, Copy)]
pub struct Fading {
    /// The weight of each bin relative to the next one.
    decay: f64,
    /// Bins after which a value has left, where it leaves.
    length: usize,
    /// `a^L`, the weight of a value that has just left.
    left: f64,
    /// Its derivative by `a`.
    left_slope: f64,
    /// The sum so far.
    pub sum: f64,
    /// Its derivative by `a`.
    pub slope: f64,
}

impl Fading {
    /// Nothing seen yet, by a window of `length` bins.
    pub fn new(decay: f64, length: usize) -> Self {
        let bins = length as f64;
        let left_slope = if length == 0 { 0.0 } else { bins * decay.powf(bins - 1.0) };
        Self { decay, length, left: decay.powf(bins), left_slope, sum: 0.0, slope: 0.0 }
    }

    /// What has left the window when bin `t` comes in.
    #[inline(always)]
    fn leaving(&self, t: usize, at: impl Fn(usize) -> f64) -> Option<f64> {
        t.checked_sub(self.length).map(at)
    }

    /// Takes in bin `t` of what `at` gives.
    #[inline(always)]
    pub fn step(&mut self, t: usize, at: impl Fn(usize) -> f64) {
        self.sum = self.decay * self.sum + at(t);
        if let Some(old) = self.leaving(t, at) {
            self.sum -= self.left * old;
        }
    }

    /// The same, and the derivative.
    #[inline(always)]
    pub fn step_with_slope(&mut self, t: usize, at: impl Fn(usize) -> f64) {
        self.slope = self.decay * self.slope + self.sum;
        if let Some(old) = self.leaving(t, &at) {
            self.slope -= self.left_slope * old;
        }
        self.step(t, at);
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
            let mut fading = Fading::new(a, length);
            for t in 0..x.len() {
                fading.step_with_slope(t, |t| x[t]);
                let slope = (sum(a + 1e-6, length, t) - sum(a - 1e-6, length, t)) / 2e-6;
                assert!((fading.sum - sum(a, length, t)).abs() < 1e-10, "{a} {length} {t}");
                assert!((fading.slope - slope).abs() < 1e-6, "{a} {length} {t}");
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
