//! Values brought to mean 0 and variance 1, and the way back.
use super::number::Number;
use crate::simd::real::vectorized;
use crate::simd::sums::{dot, total};

/// Added to variances.
const EPS: f64 = 1e-5;

/// By what deviations of a variance are multiplied to have variance 1.
pub fn inverse_deviation(variance: f64) -> f64 {
    1.0 / (variance + EPS).sqrt()
}

/// Brings values of a mean and a variance to mean 0 and variance 1.
pub fn standardize<R: Number>(values: &mut [R], (mean, variance): (f64, f64)) {
    let [mean, inverse] = [mean, inverse_deviation(variance)].map(R::from_f64);
    shift(values, -mean);
    affine(values, inverse, R::constant(0.0));
}

/// `scale · x + by` for every value.
pub fn affine<R: Number>(values: &mut [R], scale: R, by: R) {
    vectorized(
        #[inline(always)]
        || affine_row(values, scale, by),
    );
}

#[inline(always)]
fn affine_row<R: Number>(values: &mut [R], scale: R, by: R) {
    for x in values {
        *x = scale * *x + by;
    }
}

/// From normalized drives and the gradients behind the norm to the gradients before it.
#[inline(always)]
pub fn through_norm<R: Number>(drive: &mut [R], grads: &[R], [gain, mean, slope]: [R; 3]) {
    for (x, grad) in drive.iter_mut().zip(grads) {
        *x = gain * (*grad - mean - *x * slope);
    }
}

/// Mean and biased variance.
pub fn moments<R: Number>(rows: &[&mut [R]]) -> (f64, f64) {
    let count = rows.iter().map(|row| row.len()).sum::<usize>().max(1) as f64;
    let mean = rows.iter().map(|row| total(row)).sum::<f64>() / count;
    let centre = R::from_f64(mean);
    let square = |row: &&mut [R]| {
        let mut deviations = row.to_vec();
        shift(&mut deviations, -centre);
        dot(&deviations, &deviations)
    };
    (mean, rows.iter().map(square).sum::<f64>() / count)
}

/// `x + by` for every value: exact where a mean is taken away from what lies near it.
fn shift<R: Number>(values: &mut [R], by: R) {
    affine(values, R::constant(1.0), by);
}
