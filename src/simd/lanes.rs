//! Loops over series of bins that become vector instructions where
//! [`vectorized`](super::real::vectorized) code calls them: sums run in lanes, which are added
//! at the end, the same on every machine.

/// Sums that run side by side; as many numbers as the widest vector register holds.
pub const LANES: usize = 8;

/// Sums over two series of equal length of some terms of both.
#[inline(always)]
pub fn sums<X: Copy, const N: usize>(
    x: &[X],
    y: &[f64],
    mut terms: impl FnMut(f64, f64) -> [f64; N],
) -> [f64; N]
where
    f64: From<X>,
{
    let mut sums = [[0.0; LANES]; N];
    let ((xs, x_rest), (ys, y_rest)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
    let mut take = |lane: usize, x: f64, y: f64| {
        for (sum, term) in sums.iter_mut().zip(terms(x, y)) {
            sum[lane] += term;
        }
    };
    for (xs, ys) in xs.iter().zip(ys) {
        for lane in 0..LANES {
            take(lane, f64::from(xs[lane]), ys[lane]);
        }
    }
    for (lane, (x, y)) in x_rest.iter().zip(y_rest).enumerate() {
        take(lane, f64::from(*x), *y);
    }
    sums.map(|lanes| lanes.iter().sum())
}

/// Copies a series, and gives its sum.
#[inline(always)]
pub fn copy(series: &[f32], to: &mut [f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let ((whole, rest), (to, to_rest)) = (series.as_chunks::<LANES>(), to.as_chunks_mut());
    for (ys, to) in whole.iter().zip(to) {
        let to: &mut [f64; LANES] = to;
        for lane in 0..LANES {
            to[lane] = f64::from(ys[lane]);
            sums[lane] += to[lane];
        }
    }
    for ((y, to), sum) in rest.iter().zip(to_rest).zip(&mut sums) {
        *to = f64::from(*y);
        *sum += *to;
    }
    sums.iter().sum()
}

/// Subtracts a level, and gives the sum of what is left.
#[inline(always)]
pub fn subtract(series: &mut [f64], level: f64) -> f64 {
    let mut sums = [0.0; LANES];
    let (whole, rest) = series.as_chunks_mut::<LANES>();
    for ys in whole {
        for (y, sum) in ys.iter_mut().zip(&mut sums) {
            *y -= level;
            *sum += *y;
        }
    }
    for (y, sum) in rest.iter_mut().zip(&mut sums) {
        *y -= level;
        *sum += *y;
    }
    sums.iter().sum()
}

/// The natural logarithm of a positive normal number, within two units in the last place; without
/// branches, so that loops over it become vector instructions.
#[inline(always)]
pub fn ln(x: f64) -> f64 {
    const MANTISSA: u32 = 52;
    const ONE: u64 = 0x3ff0_0000_0000_0000;
    // 2⁵²: a small integer in its lowest bits is a number beyond it.
    const HOLDER: f64 = 4_503_599_627_370_496.0;
    const LN_2_HIGH: f64 = 0.693_147_180_369_123_8; // its lowest 21 bits are 0
    const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    let bits = x.to_bits();
    // x = 2ⁿ m with m between √½ and √2.
    let above = f64::from_bits((bits & ((1 << MANTISSA) - 1)) | ONE);
    let exponent = f64::from_bits((bits >> MANTISSA) | HOLDER.to_bits()) - (HOLDER + 1023.0);
    let large = above > std::f64::consts::SQRT_2;
    let m = if large { 0.5 * above } else { above };
    let n = if large { exponent + 1.0 } else { exponent };
    // log(m) = 2 artanh(s), 2s + 2s³/3 + 2s⁵/5 + …, with |s| below 0.172.
    let s = (m - 1.0) / (m + 1.0);
    let square = s * s;
    let mut series = 2.0 / 21.0;
    for odd in [19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0] {
        series = series * square + 2.0 / odd;
    }
    let of_m = 2.0 * s + s * (square * series);
    let result = n * LN_2_HIGH + (n * LN_2_LOW + of_m);
    if x < f64::INFINITY { result } else { x }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_right_to_two_units_in_the_last_place() {
        let mut generator = crate::base::rng::generator(3, "logarithms");
        let mut any = || f64::from(rand::RngCore::next_u32(&mut generator)) / 4_294_967_296.0;
        let points = (0..200_000).map(|i| match i % 3 {
            0 => any() * 3.0 + 1e-12,
            1 => (any() * 80.0 - 40.0).exp(),
            _ => 1.0 + (any() - 0.5) * 1e-3,
        });
        for x in points.chain([1.0, 2.0, 0.5, 1e-300, 1e300, std::f64::consts::SQRT_2]) {
            let (got, want) = (ln(x), x.ln());
            assert!((got - want).abs() <= 2.0 * f64::EPSILON * want.abs(), "{x}: {got}, {want}");
        }
        assert_eq!(ln(f64::INFINITY).to_bits(), f64::INFINITY.to_bits());
        assert!(ln(f64::NAN).is_nan());
    }

    #[test]
    fn sums_in_lanes_are_over_every_bin() {
        let x: Vec<f64> = (0..29).map(f64::from).collect();
        let y: Vec<f64> = x.iter().map(|x| 2.0 * x - 5.0).collect();
        let [all, products] = sums(&x, &y, |x, y| [x, x * y]);
        let want: f64 = x.iter().zip(&y).map(|(x, y)| x * y).sum();
        assert_eq!((all, products), (28.0 * 29.0 / 2.0, want));
    }
}
