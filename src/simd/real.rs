//! The two types of numbers that operations are written for: f32, in which models are fitted, and
//! f64, in which their gradients are held against finite differences.
//!
//! Elementary functions of f32 are polynomials without branches, so that loops over them become
//! vector instructions; they are within a few units in the last place.
use candle_core::WithDType;
use pulp::Simd;

use super::level::dispatch;

/// A float with what vectorized loops need of it.
#[expect(clippy::return_self_not_must_use, reason = "numbers are not builders")]
pub trait Real: WithDType + Default + std::ops::Neg<Output = Self> {
    /// As many of them as a vector register holds.
    type Vector<S: Simd>: Copy;

    /// Most of them that any vector register holds.
    const MOST_LANES: usize;

    /// The same value in every lane.
    fn splat<S: Simd>(simd: S, value: Self) -> Self::Vector<S>;
    /// The whole vectors of a row, and the values behind them.
    fn vectors<S: Simd>(row: &[Self]) -> (&[Self::Vector<S>], &[Self]);
    /// `a + b` in every lane.
    fn add_lanes<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// `a · b + c` in every lane.
    fn mul_add<S: Simd>(
        simd: S,
        a: Self::Vector<S>,
        b: Self::Vector<S>,
        c: Self::Vector<S>,
    ) -> Self::Vector<S>;
    /// The sum of all lanes.
    fn sum_lanes<S: Simd>(simd: S, vector: Self::Vector<S>) -> Self;

    /// `eˣ`.
    fn exp(self) -> Self;
    /// The natural logarithm of a positive number.
    fn ln(self) -> Self;
    /// `log(1 + x)` for `x` in [0, 1].
    fn ln_1p(self) -> Self;
    /// The hyperbolic tangent.
    fn tanh(self) -> Self;
    /// The magnitude.
    fn abs(self) -> Self;
    /// The square root.
    fn sqrt(self) -> Self;

    /// The larger one; itself where it is NaN.
    #[inline(always)]
    fn at_least(self, other: Self) -> Self {
        if other > self { other } else { self }
    }

    /// The smaller one; itself where it is NaN.
    #[inline(always)]
    fn at_most(self, other: Self) -> Self {
        if other < self { other } else { self }
    }

    /// A constant of a formula.
    #[inline(always)]
    fn constant(value: f64) -> Self {
        Self::from_f64(value)
    }

    /// `1 / (1 + e⁻ˣ)`.
    #[inline(always)]
    fn sigmoid(self) -> Self {
        let (zero, one) = (Self::constant(0.0), Self::constant(1.0));
        let tail = (-self.abs()).exp();
        let share = one / (one + tail);
        if self >= zero { share } else { tail * share }
    }

    /// [`Real::softplus`] and [`Real::sigmoid`], its slope.
    #[inline(always)]
    fn softplus_and_slope(self) -> (Self, Self) {
        (self.softplus(), self.sigmoid())
    }

    /// `log(1 + eˣ)` without overflow.
    #[inline(always)]
    fn softplus(self) -> Self {
        self.at_least(Self::constant(0.0)) + (-self.abs()).exp().ln_1p()
    }
}

/// The first value where it holds, else the second: a choice without a branch.
#[inline(always)]
pub fn pick<R>(holds: bool, first: R, second: R) -> R {
    if holds { first } else { second }
}

/// Runs a function with the best vector instructions of this machine, which loops in it become.
///
/// Takes functions that can be called again: the compiler inlines no others into code for other
/// instructions. Give it a closure marked `#[inline(always)]` that does nothing but call a function
/// so marked: what a closure captures is looked up again for every value, arguments are not.
pub fn vectorized<T>(run: impl FnMut() -> T) -> T {
    struct Run<F>(F);

    impl<T, F: FnMut() -> T> pulp::WithSimd for Run<F> {
        type Output = T;

        #[inline(always)]
        fn with_simd<S: Simd>(mut self, _simd: S) -> T {
            (self.0)()
        }
    }

    dispatch(Run(run))
}

/// A polynomial by Horner's rule, the coefficient of the highest power first.
#[inline(always)]
fn polynomial<const N: usize>(x: f32, coefficients: [f32; N]) -> f32 {
    let mut sum = 0.0;
    for coefficient in coefficients {
        sum = sum * x + coefficient;
    }
    sum
}

/// `2 artanh(s) = log((1 + s)/(1 − s))` for `|s|` up to a third.
#[inline(always)]
fn twice_artanh(s: f32) -> f32 {
    let odd = [2.0 / 13.0, 2.0 / 11.0, 2.0 / 9.0, 2.0 / 7.0, 0.4, 2.0 / 3.0, 2.0];
    s * polynomial(s * s, odd)
}

/// Adding it to a number below 2²² rounds that to an integer, which then lies in the lowest bits.
const ROUNDER: f32 = 12_582_912.0;
/// Bits of the mantissa of f32.
const MANTISSA: u32 = 23;

impl Real for f32 {
    type Vector<S: Simd> = S::f32s;

    const MOST_LANES: usize = 16;

    #[inline(always)]
    fn splat<S: Simd>(simd: S, value: Self) -> S::f32s {
        simd.splat_f32s(value)
    }

    #[inline(always)]
    fn vectors<S: Simd>(row: &[Self]) -> (&[S::f32s], &[Self]) {
        S::as_simd_f32s(row)
    }

    #[inline(always)]
    fn add_lanes<S: Simd>(simd: S, a: S::f32s, b: S::f32s) -> S::f32s {
        simd.add_f32s(a, b)
    }

    #[inline(always)]
    fn mul_add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, c: S::f32s) -> S::f32s {
        simd.mul_add_e_f32s(a, b, c)
    }

    #[inline(always)]
    fn sum_lanes<S: Simd>(simd: S, vector: S::f32s) -> Self {
        simd.reduce_sum_f32s(vector)
    }

    #[inline(always)]
    fn exp(self) -> Self {
        // eˣ = 2ⁿ eʳ with |r| ≤ log(2)/2; ln 2 in two parts, so that r is exact.
        const LN_2_HIGH: f32 = 0.693_359_4;
        const LN_2_LOW: f32 = -2.121_944_4e-4;
        const LOWEST: f32 = -87.0;
        let x = self.at_least(LOWEST).at_most(88.0);
        let rounded = x * std::f32::consts::LOG2_E + ROUNDER;
        let n = rounded - ROUNDER;
        let r = x - n * LN_2_HIGH - n * LN_2_LOW;
        let series = [1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0];
        let power = Self::from_bits((rounded.to_bits() << MANTISSA).wrapping_add(0x3f80_0000));
        let whole = polynomial(r, series) * power;
        if self < LOWEST { 0.0 } else { whole }
    }

    #[inline(always)]
    fn ln(self) -> Self {
        // x = 2ⁿ m with m between √½ and √2.
        const SQRT_HALF_BITS: u32 = 0x3f35_04f3;
        let offset = self.to_bits().wrapping_sub(SQRT_HALF_BITS);
        let exponent = offset.cast_signed() >> MANTISSA;
        let m = Self::from_bits((offset & 0x007f_ffff).wrapping_add(SQRT_HALF_BITS));
        #[expect(clippy::cast_precision_loss, reason = "an exponent has eight bits")]
        let n = exponent as Self;
        n * std::f32::consts::LN_2 + twice_artanh((m - 1.0) / (m + 1.0))
    }

    #[inline(always)]
    fn ln_1p(self) -> Self {
        twice_artanh(self / (2.0 + self))
    }

    #[inline(always)]
    fn softplus_and_slope(self) -> (Self, Self) {
        // One division serves both: t/(2 + t) for the logarithm, and 1/(1 + t).
        let tail = Real::exp(-Real::abs(self));
        let (one, two) = (1.0 + tail, 2.0 + tail);
        let inverse = 1.0 / (one * two);
        let share = two * inverse;
        let slope = if self >= 0.0 { share } else { tail * share };
        (self.at_least(0.0) + twice_artanh(tail * one * inverse), slope)
    }

    #[inline(always)]
    fn tanh(self) -> Self {
        let magnitude = self.abs();
        let tail = Real::exp(-2.0 * magnitude);
        let far = (1.0 - tail) / (1.0 + tail);
        let series = [
            21_844.0 / 6_081_075.0,
            -1_382.0 / 155_925.0,
            62.0 / 2_835.0,
            -17.0 / 315.0,
            2.0 / 15.0,
            -1.0 / 3.0,
            1.0,
        ];
        let near = magnitude * polynomial(magnitude * magnitude, series);
        let size = if magnitude < 0.4 { near } else { far };
        if self < 0.0 { -size } else { size }
    }

    #[inline(always)]
    fn abs(self) -> Self {
        Self::from_bits(self.to_bits() & 0x7fff_ffff)
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        f32::sqrt(self)
    }
}

impl Real for f64 {
    type Vector<S: Simd> = S::f64s;

    const MOST_LANES: usize = 8;

    #[inline(always)]
    fn splat<S: Simd>(simd: S, value: Self) -> S::f64s {
        simd.splat_f64s(value)
    }

    #[inline(always)]
    fn vectors<S: Simd>(row: &[Self]) -> (&[S::f64s], &[Self]) {
        S::as_simd_f64s(row)
    }

    #[inline(always)]
    fn add_lanes<S: Simd>(simd: S, a: S::f64s, b: S::f64s) -> S::f64s {
        simd.add_f64s(a, b)
    }

    #[inline(always)]
    fn mul_add<S: Simd>(simd: S, a: S::f64s, b: S::f64s, c: S::f64s) -> S::f64s {
        simd.mul_add_e_f64s(a, b, c)
    }

    #[inline(always)]
    fn sum_lanes<S: Simd>(simd: S, vector: S::f64s) -> Self {
        simd.reduce_sum_f64s(vector)
    }

    fn exp(self) -> Self {
        f64::exp(self)
    }

    fn ln(self) -> Self {
        f64::ln(self)
    }

    fn ln_1p(self) -> Self {
        f64::ln_1p(self)
    }

    fn tanh(self) -> Self {
        f64::tanh(self)
    }

    fn abs(self) -> Self {
        f64::abs(self)
    }

    fn sqrt(self) -> Self {
        f64::sqrt(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The largest error of `f` against f64, in units of the last place of the exact value.
    fn worst(points: impl Iterator<Item = f32>, f: fn(f32) -> f32, exact: fn(f64) -> f64) -> f64 {
        let error = |x: f32| {
            let want = exact(f64::from(x));
            (f64::from(f(x)) - want).abs() / (f64::from(f32::EPSILON) * want.abs().max(1e-37))
        };
        points.map(error).fold(0.0, f64::max)
    }

    fn between(low: f32, high: f32) -> impl Iterator<Item = f32> {
        let step = (high - low) / 100_000.0;
        (0u16..=50_000).flat_map(move |i| {
            let x = low + step * 2.0 * f32::from(i);
            [x, x + step]
        })
    }

    #[test]
    fn elementary_functions_are_right_to_a_few_units_in_the_last_place() {
        let exp = worst(between(-86.0, 87.0), Real::exp, f64::exp);
        let ln = worst(between(1e-9, 40.0), Real::ln, f64::ln);
        let ln_1p = worst(between(0.0, 1.0), Real::ln_1p, f64::ln_1p);
        let tanh = worst(between(-9.0, 9.0), Real::tanh, f64::tanh);
        let sigmoid = worst(between(-80.0, 30.0), Real::sigmoid, |x| 1.0 / (1.0 + (-x).exp()));
        let softplus = worst(between(-80.0, 80.0), Real::softplus, |x| x.exp().ln_1p());
        let softplus_of_both =
            worst(between(-80.0, 80.0), |x| x.softplus_and_slope().0, |x| x.exp().ln_1p());
        let slope =
            worst(between(-80.0, 30.0), |x| x.softplus_and_slope().1, |x| 1.0 / (1.0 + (-x).exp()));
        let errors = [exp, ln, ln_1p, tanh, sigmoid, softplus, softplus_of_both, slope];
        assert!(errors.iter().all(|error| *error < 4.0), "{errors:?}");
    }

    #[test]
    fn elementary_functions_stay_finite_at_the_ends_of_their_range() {
        assert_eq!(Real::softplus(-1e30_f32).to_bits(), 0.0_f32.to_bits());
        assert!((Real::softplus(1e30_f32) - 1e30).abs() < 1e24);
        assert_eq!(Real::sigmoid(1e30_f32).to_bits(), 1.0_f32.to_bits());
        assert!(Real::sigmoid(-1e30_f32) < 1e-37);
        assert_eq!((Real::tanh(1e30_f32), Real::tanh(-1e30_f32)), (1.0, -1.0));
        assert!(Real::exp(1e30_f32).is_finite());
        let of_nan = [Real::exp, Real::softplus, Real::sigmoid, Real::tanh].map(|f| f(f32::NAN));
        assert!(of_nan.iter().all(|value| value.is_nan()), "{of_nan:?}");
    }
}
