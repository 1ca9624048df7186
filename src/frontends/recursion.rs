//! Gammatone filters as recursions: the same sums as a convolution with their impulse responses, for
//! the work of a few multiplications a sample, whatever their length.
//!
//! An impulse response `n^q Re(p^n)`, `0 ≤ n < L`, is a sum `Σ_j c_j C(n, j) Re(p^n)` with
//! `c_j = j! S(q, j)` (`C` binomial coefficients, `S` Stirling numbers of the second kind). With
//! `C(n, j) = C(n − 1, j) + C(n − 1, j − 1)`, the complex sums `T_j(t) = Σ_{n<L} C(n, j) p^n x(t − n)`
//! follow from those of the sample before:
//! `T_j(t) = p (T_j + T_{j−1})(t − 1) − p^L C(L, j) x(t − L)`, and `+ x(t)` for `j = 0`.
//! As `|p| < 1`, rounding dies out.
use std::f64::consts::TAU;

use realfft::num_complex::Complex;

use crate::simd::level::dispatch;

/// Filters that are computed side by side.
pub(super) const LANES: usize = 8;
/// Highest order of a filter.
pub(super) const MOST_ORDER: usize = 8;
/// Samples after which sums that have died out are set to zero.
const REST: usize = 1024;
/// What has died out: far below anything that is heard, far above numbers that slow down processors.
const DEAD: f64 = 1e-100;

/// `n^(order − 1) exp(−2π decay n) cos(2π frequency n)` for `0 ≤ n < length`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shape {
    /// From 1 to [`MOST_ORDER`].
    pub(super) order: usize,
    /// Samples.
    pub(super) length: usize,
    /// In cycles a sample.
    pub(super) decay: f64,
    /// In cycles a sample.
    pub(super) frequency: f64,
}

impl Shape {
    /// Values of the impulse response.
    pub(super) fn response(&self) -> Vec<f64> {
        let value = |n: usize| self.power(n) * (n as f64).powi(self.exponent());
        (0..self.length).map(value).collect()
    }

    /// `Re(p^n)`.
    fn power(&self, n: usize) -> f64 {
        let n = n as f64;
        (-TAU * self.decay * n).exp() * (TAU * (self.frequency * n).fract()).cos()
    }

    /// `p^n`.
    fn complex_power(&self, n: usize) -> Complex<f64> {
        let n = n as f64;
        Complex::from_polar((-TAU * self.decay * n).exp(), TAU * (self.frequency * n).fract())
    }

    fn exponent(&self) -> i32 {
        i32::try_from(self.order).unwrap_or(i32::MAX) - 1
    }
}

/// Complex numbers of the filters of a group.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Complexes {
    re: [f64; LANES],
    im: [f64; LANES],
}

impl Complexes {
    const ZERO: Self = Self { re: [0.0; LANES], im: [0.0; LANES] };

    fn set(&mut self, lane: usize, value: Complex<f64>) {
        (self.re[lane], self.im[lane]) = (value.re, value.im);
    }

    /// `p (self + before) − tail · old`.
    #[inline(always)]
    fn next(&self, before: &Self, p: &Self, tail: &Self, old: f64) -> Self {
        let mut next = Self::ZERO;
        for lane in 0..LANES {
            let (re, im) = (self.re[lane] + before.re[lane], self.im[lane] + before.im[lane]);
            next.re[lane] = re * p.re[lane] - im * p.im[lane] - tail.re[lane] * old;
            next.im[lane] = re * p.im[lane] + im * p.re[lane] - tail.im[lane] * old;
        }
        next
    }

    /// Sets to zero what has died out.
    fn rest(&mut self) {
        for value in self.re.iter_mut().chain(&mut self.im) {
            if value.abs() < DEAD {
                *value = 0.0;
            }
        }
    }
}

/// Up to [`LANES`] filters of one order and length, with the sums of what they heard.
#[derive(Debug)]
pub(super) struct Filters {
    order: usize,
    length: usize,
    p: Complexes,
    /// `p^L C(L, j)`.
    tails: [Complexes; MOST_ORDER],
    /// `c_j` over the gain.
    weights: [[f64; LANES]; MOST_ORDER],
    /// `T_j`.
    sums: [Complexes; MOST_ORDER],
    /// The last `length` samples.
    past: Vec<f32>,
    /// Samples heard.
    heard: usize,
}

impl Filters {
    /// Filters of these shapes, divided by these gains, before any sample came.
    pub(super) fn new(shapes: &[Shape], gains: &[f64]) -> Self {
        let (order, length) = shapes.first().map_or((1, 1), |shape| (shape.order, shape.length));
        let mut filters = Self {
            order,
            length,
            p: Complexes::ZERO,
            tails: [Complexes::ZERO; MOST_ORDER],
            weights: [[0.0; LANES]; MOST_ORDER],
            sums: [Complexes::ZERO; MOST_ORDER],
            past: vec![0.0; length],
            heard: 0,
        };
        for (lane, (shape, gain)) in shapes.iter().zip(gains).enumerate() {
            filters.p.set(lane, shape.complex_power(1));
            let end = shape.complex_power(length);
            for j in 0..order {
                filters.tails[j].set(lane, end * binomial(length, j));
                filters.weights[j][lane] = coefficient(order - 1, j) / gain;
            }
        }
        filters
    }

    /// The outputs at the next samples.
    pub(super) fn process(&mut self, samples: &[f32]) -> Vec<[f64; LANES]> {
        let kept = self.past.len();
        self.past.extend_from_slice(samples);
        let past = std::mem::take(&mut self.past);
        let mut outputs = vec![[0.0; LANES]; samples.len()];
        let mut from = 0;
        while from < samples.len() {
            let until_rest = REST - self.heard % REST;
            let to = samples.len().min(from + until_rest);
            let old = &past[from + kept - self.length..to + kept - self.length];
            self.run(&samples[from..to], old, &mut outputs[from..to]);
            self.heard += to - from;
            if self.heard.is_multiple_of(REST) {
                self.sums.iter_mut().for_each(Complexes::rest);
            }
            from = to;
        }
        self.past = past;
        let forgotten = self.past.len() - self.length;
        self.past.drain(..forgotten);
        outputs
    }

    /// Samples, those of `length` before them, and the outputs to be written.
    fn run(&mut self, samples: &[f32], old: &[f32], outputs: &mut [[f64; LANES]]) {
        let steps = Steps { samples, old, outputs };
        match self.order {
            1 => self.run_order::<1>(steps),
            2 => self.run_order::<2>(steps),
            3 => self.run_order::<3>(steps),
            4 => self.run_order::<4>(steps),
            5 => self.run_order::<5>(steps),
            6 => self.run_order::<6>(steps),
            7 => self.run_order::<7>(steps),
            _ => self.run_order::<MOST_ORDER>(steps),
        }
    }

    fn run_order<const ORDER: usize>(&mut self, steps: Steps) {
        dispatch(FilterRun::<ORDER> { filters: self, steps });
    }
}

/// Samples, those of a filter's length before them, and the outputs to be written.
struct Steps<'a> {
    samples: &'a [f32],
    old: &'a [f32],
    outputs: &'a mut [[f64; LANES]],
}

/// A run of filters of one order with the instructions of this processor.
struct FilterRun<'a, const ORDER: usize> {
    filters: &'a mut Filters,
    steps: Steps<'a>,
}

impl<const ORDER: usize> pulp::NullaryFnOnce for FilterRun<'_, ORDER> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { filters, steps } = self;
        let (p, mut sums) = (filters.p, [Complexes::ZERO; ORDER]);
        let (mut tails, mut weights) = ([Complexes::ZERO; ORDER], [[0.0; LANES]; ORDER]);
        sums.copy_from_slice(&filters.sums[..ORDER]);
        tails.copy_from_slice(&filters.tails[..ORDER]);
        weights.copy_from_slice(&filters.weights[..ORDER]);
        let inputs = steps.samples.iter().zip(steps.old);
        for ((sample, old), output) in inputs.zip(steps.outputs) {
            let (sample, old) = (f64::from(*sample), f64::from(*old));
            for j in (1..ORDER).rev() {
                sums[j] = sums[j].next(&sums[j - 1], &p, &tails[j], old);
            }
            sums[0] = sums[0].next(&Complexes::ZERO, &p, &tails[0], old);
            for lane in 0..LANES {
                sums[0].re[lane] += sample;
            }
            *output = weighted(&weights, &sums);
        }
        filters.sums[..ORDER].copy_from_slice(&sums);
    }
}

/// `Σ_j weight_j Re T_j`.
#[inline(always)]
fn weighted<const ORDER: usize>(
    weights: &[[f64; LANES]; ORDER],
    sums: &[Complexes; ORDER],
) -> [f64; LANES] {
    let mut output = [0.0; LANES];
    for (weights, sums) in weights.iter().zip(sums) {
        for lane in 0..LANES {
            output[lane] += weights[lane] * sums.re[lane];
        }
    }
    output
}

/// `C(n, j)`.
fn binomial(n: usize, j: usize) -> f64 {
    (0..j).map(|i| (n as f64 - i as f64) / (i + 1) as f64).product()
}

/// `j! S(q, j)`: how often the `j` binomial polynomials of lower order stand in `n^q`,
/// `n^q = Σ_j j! S(q, j) C(n, j)`.
fn coefficient(q: usize, j: usize) -> f64 {
    if q == 0 || j == 0 {
        return if q == j { 1.0 } else { 0.0 };
    }
    j as f64 * (coefficient(q - 1, j) + coefficient(q - 1, j - 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng;
    use rand::Rng;

    #[test]
    fn a_power_is_a_sum_of_binomial_coefficients() {
        for q in 0..MOST_ORDER {
            for n in [0, 1, 2, 5, 11] {
                let sum: f64 = (0..=q).map(|j| coefficient(q, j) * binomial(n, j)).sum();
                let power = (n as f64).powi(i32::try_from(q).unwrap());
                assert!((sum - power).abs() <= 1e-12 * power, "{n}^{q}: {sum}");
            }
        }
    }

    /// `Σ_n response(n) x(t − n)`, written as it stands.
    fn convolved(response: &[f64], samples: &[f32]) -> Vec<f64> {
        let at = |t: usize| {
            let terms = response.iter().zip(samples[..=t].iter().rev());
            terms.map(|(weight, sample)| weight * f64::from(*sample)).sum()
        };
        (0..samples.len()).map(at).collect()
    }

    #[test]
    fn a_recursion_is_a_convolution_with_the_impulse_response() {
        let mut rng = rng::generator(3, "noise");
        let mut samples: Vec<f32> = (0..2500).map(|_| rng.random_range(-1.0..1.0)).collect();
        samples[1200..1900].fill(0.0);
        for order in 1..=MOST_ORDER {
            let frequencies = [0.01, 0.06, 0.13, 0.22, 0.31];
            let shapes = frequencies.map(|frequency| Shape {
                order,
                length: 217,
                decay: 0.002 + 0.02 * frequency,
                frequency,
            });
            let gains = [0.5, 1.0, 2.0, 3.0, 7.0];
            let mut filters = Filters::new(&shapes, &gains);
            let got: Vec<_> =
                samples.chunks(313).flat_map(|piece| filters.process(piece)).collect();
            for (lane, (shape, gain)) in shapes.iter().zip(gains).enumerate() {
                let got: Vec<f64> = got.iter().map(|values| values[lane] * gain).collect();
                let apart = apart(&got, &convolved(&shape.response(), &samples));
                assert!(apart < 1e-12, "order {order}, band {lane}: {apart:e}");
            }
        }
    }

    /// The largest difference as a share of the largest value.
    fn apart(got: &[f64], want: &[f64]) -> f64 {
        assert_eq!(got.len(), want.len());
        let largest = want.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
        let apart = got.iter().zip(want).map(|(got, want)| (got - want).abs());
        apart.fold(0.0, f64::max) / largest
    }

    #[test]
    fn outputs_do_not_depend_on_how_samples_come() {
        let shape = Shape { order: 4, length: 50, decay: 0.01, frequency: 0.1 };
        let samples: Vec<f32> = (0..3000).map(|n| (n as f32 * 0.37).sin()).collect();
        let whole = Filters::new(&[shape], &[1.0]).process(&samples);
        for piece in [1, 7, 1024, 1500] {
            let mut filters = Filters::new(&[shape], &[1.0]);
            let cut: Vec<_> =
                samples.chunks(piece).flat_map(|piece| filters.process(piece)).collect();
            assert!(cut == whole, "pieces of {piece}");
        }
    }

    #[test]
    fn silence_dies_out_to_zero() {
        let shape = Shape { order: 4, length: 5000, decay: 0.01, frequency: 0.1 };
        let mut filters = Filters::new(&[shape], &[1.0]);
        filters.process(&[1.0]);
        filters.process(&vec![0.0; 40_000]);
        assert_eq!(filters.sums[3], Complexes::ZERO);
    }
}
