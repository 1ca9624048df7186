//! Means, variances and correlations of series of bins, in f64.

/// What a sum of squares may have lost to rounding, relative to what was summed; below this share
/// a variance counts as zero.
pub const ROUNDING: f64 = 1e-12;

/// The mean of values; NaN of nothing.
pub fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

/// The median: the middle value, or the mean of the two in the middle; NaN of nothing.
pub fn median(x: &[f64]) -> f64 {
    let mut sorted = x.to_vec();
    sorted.sort_by(f64::total_cmp);
    match (sorted.get(sorted.len().wrapping_sub(1) / 2), sorted.get(sorted.len() / 2)) {
        (Some(below), Some(above)) => f64::midpoint(*below, *above),
        _ => f64::NAN,
    }
}

/// The unbiased covariance of two series of equal length; NaN with fewer than 2 bins.
pub fn covariance(x: &[f64], y: &[f64]) -> f64 {
    if x.len() < 2 {
        return f64::NAN;
    }
    let (mean_x, mean_y) = (mean(x), mean(y));
    let products = x.iter().zip(y).map(|(x, y)| (x - mean_x) * (y - mean_y));
    products.sum::<f64>() / (x.len() - 1) as f64
}

/// The unbiased variance of a series; NaN with fewer than 2 bins, exactly 0 for a constant.
pub fn variance(x: &[f64]) -> f64 {
    beyond_rounding(covariance(x, x), mean(x))
}

/// A variance, 0 where it is none: the mean of equal values may be off by its last digit, which
/// leaves a variance behind.
pub fn beyond_rounding(variance: f64, mean: f64) -> f64 {
    let rounding = (ROUNDING * mean).powi(2);
    if variance <= rounding { 0.0 } else { variance }
}

/// Pearson's correlation of two series; NaN with fewer than 2 bins or where either series is
/// constant.
pub fn correlation(x: &[f64], y: &[f64]) -> f64 {
    ratio(covariance(x, y), variance(x).sqrt() * variance(y).sqrt())
}

/// How two series vary together over some bins, which grow by those of other series.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct PairMoments {
    /// Bins.
    pub n: f64,
    /// Mean of the first series.
    pub x: f64,
    /// Mean of the second one.
    pub y: f64,
    /// Sum of squares of the first series about its mean.
    pub xx: f64,
    /// Of the second one.
    pub yy: f64,
    /// Sum of products of both about their means.
    pub xy: f64,
}

impl PairMoments {
    /// Of two series of equal length.
    pub fn of(x: &[f64], y: &[f64]) -> Self {
        if x.is_empty() {
            return Self::default();
        }
        let (mean_x, mean_y) = (mean(x), mean(y));
        let mut moments =
            Self { n: x.len() as f64, x: mean_x, y: mean_y, xx: 0.0, yy: 0.0, xy: 0.0 };
        for (x, y) in x.iter().zip(y) {
            let (x, y) = (x - mean_x, y - mean_y);
            moments.xx += x * x;
            moments.yy += y * y;
            moments.xy += x * y;
        }
        moments
    }

    /// Takes the bins of two more series, which follow those known.
    pub fn add(&mut self, more: &Self) {
        let n = self.n + more.n;
        if more.n <= 0.0 {
            return;
        }
        let (x, y) = (more.x - self.x, more.y - self.y);
        let share = more.n / n;
        let weight = self.n * share;
        self.xx += more.xx + weight * x * x;
        self.yy += more.yy + weight * y * y;
        self.xy += more.xy + weight * x * y;
        self.x += x * share;
        self.y += y * share;
        self.n = n;
    }

    /// Pearson's correlation; NaN with fewer than 2 bins or where either series is constant.
    pub fn correlation(&self) -> f64 {
        let freedom = if self.n < 2.0 { f64::NAN } else { self.n - 1.0 };
        let varies = |squares: f64, mean: f64| beyond_rounding(squares / freedom, mean).sqrt();
        ratio(self.xy / freedom, varies(self.xx, self.x) * varies(self.yy, self.y))
    }
}

/// `numerator / denominator`; NaN unless the denominator is above 0.
pub fn ratio(numerator: f64, denominator: f64) -> f64 {
    if denominator > 0.0 { numerator / denominator } else { f64::NAN }
}

/// The place of each value among all, from 0; equal values, in single precision, share their mean
/// place.
pub fn ranks(x: &[f64]) -> Vec<f64> {
    let mut order: Vec<(u32, usize)> =
        x.iter().enumerate().map(|(place, x)| (sort_key(*x), place)).collect();
    order.sort_unstable();
    let mut ranks = vec![0.0; x.len()];
    let mut before = 0;
    for equal in order.chunk_by(|(a, _), (b, _)| a == b) {
        let rank = before as f64 + (equal.len() as f64 - 1.0) / 2.0;
        for (_, place) in equal {
            ranks[*place] = rank;
        }
        before += equal.len();
    }
    ranks
}

/// A key that sorts numbers as their values in single precision sort.
#[expect(clippy::cast_possible_truncation, reason = "single precision is meant")]
pub fn sort_key(x: f64) -> u32 {
    key(x as f32)
}

/// A key that sorts numbers in single precision as their values sort.
pub fn key(x: f32) -> u32 {
    const SIGN: u32 = 1 << 31;
    let bits = (x + 0.0).to_bits(); // + 0.0 makes both zeros one
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

/// The mean of the defined values; NaN where there is none.
pub fn mean_of_defined(values: impl Iterator<Item = f64>) -> f64 {
    let defined = values.filter(|value| !value.is_nan());
    let (sum, count) = defined.fold((0.0, 0usize), |(sum, count), value| (sum + value, count + 1));
    sum / count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_of_values_lies_between_the_two_in_the_middle() {
        assert_eq!(median(&[4.0, 1.0, 2.0, 8.0]).to_bits(), 3.0_f64.to_bits());
        assert_eq!(median(&[4.0, 1.0, 2.0]).to_bits(), 2.0_f64.to_bits());
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn moments_of_pieces_are_those_of_the_whole() {
        let x: Vec<f64> = (0..90).map(|t| f64::from(t * t % 31) + f64::from(t / 30)).collect();
        let y: Vec<f64> = (0..90).map(|t| 1e4 + f64::from(t * 7 % 13)).collect();
        let mut pieces = PairMoments::default();
        for piece in [0..30, 30..31, 31..31, 31..90] {
            pieces.add(&PairMoments::of(&x[piece.clone()], &y[piece]));
        }
        let want = correlation(&x, &y);
        assert!((pieces.correlation() - want).abs() < 1e-12, "{}", pieces.correlation());
        assert!((pieces.x - mean(&x)).abs() < 1e-12 && (pieces.y - mean(&y)).abs() < 1e-9);
        assert!((pieces.xx / 89.0 - variance(&x)).abs() < 1e-9);
    }

    #[test]
    fn pieces_that_are_constant_have_no_correlation() {
        let mut pieces = PairMoments::default();
        for bins in [7, 11, 13] {
            pieces.add(&PairMoments::of(&vec![0.1; bins], &vec![1.0 / 3.0; bins]));
        }
        assert!(pieces.correlation().is_nan());
        assert!(PairMoments::default().correlation().is_nan());
        assert!(PairMoments::of(&[1.0], &[2.0]).correlation().is_nan());
    }

    #[test]
    fn a_constant_has_no_variance_whatever_its_scale() {
        for constant in [1.0 / 3.0, 1e-20 / 3.0, 1e20 / 3.0] {
            assert_eq!(variance(&[constant; 1001]).to_bits(), 0.0_f64.to_bits(), "{constant}");
            let almost: Vec<f64> = (0..1001)
                .map(|i| if i == 7 { constant * (1.0 + 1e-7) } else { constant })
                .collect();
            assert!(variance(&almost) > 0.0, "{constant}");
        }
    }
}
