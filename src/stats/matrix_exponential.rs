//! The exponential of a matrix.
use faer::{Mat, Scale};

/// Terms of the series of a matrix whose norm is at most a half.
const TERMS: usize = 18;

/// `exp(A)` of the matrix `(size, size)` that a function gives, row by row: the series of `A / 2ᵏ`,
/// squared `k` times.
pub fn matrix_exponential(size: usize, at: impl Fn(usize, usize) -> f64) -> Vec<f64> {
    let matrix = Mat::from_fn(size, size, &at);
    let largest = (0..size)
        .map(|row| (0..size).map(|column| matrix[(row, column)].abs()).sum::<f64>())
        .fold(0.0, f64::max);
    let mut small = matrix;
    let mut halvings = 0;
    while largest * 0.5_f64.powi(halvings) > 0.5 {
        halvings += 1;
    }
    small *= Scale(0.5_f64.powi(halvings));
    let (mut sum, mut term) = (Mat::<f64>::identity(size, size), Mat::identity(size, size));
    for n in 1..=TERMS {
        term = Scale((n as f64).recip()) * (&term * &small);
        sum += &term;
    }
    for _ in 0..halvings {
        sum = &sum * &sum;
    }
    (0..size).flat_map(|row| (0..size).map(move |column| (row, column))).map(|at| sum[at]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotations_and_decays_come_out() {
        let angle = 7.3_f64;
        let rotation = matrix_exponential(2, |i, j| angle * (i as f64 - j as f64));
        let want = [angle.cos(), -angle.sin(), angle.sin(), angle.cos()];
        let decays = matrix_exponential(3, |i, j| if i == j { -30.0 * i as f64 } else { 0.0 });
        for (found, want) in rotation.iter().zip(want) {
            assert!((found - want).abs() < 1e-12, "{rotation:?}");
        }
        for (i, found) in decays.iter().enumerate() {
            let want = if i % 4 == 0 { (-30.0 * (i / 4) as f64).exp() } else { 0.0 };
            assert!((found - want).abs() < 1e-14, "{decays:?}");
        }
    }
}
