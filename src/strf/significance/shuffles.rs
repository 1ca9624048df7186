//! Against fits to shuffled responses: weights larger than those that chance gives.
//!
//! A fit is free where sound has little variance, and fits differ in how far they were trained. So
//! each band is brought to what shuffled fits make of it, and each STRF to its own background:
//! `v = |w| / b(c,f)` with `b(c,f)` the root mean square over the `K` lags of the `M` shuffled fits,
//! each of them first divided by its own root mean square; `z = v / median v` over the `C·F·K` weights
//! of an STRF. The `b` of a shuffled fit itself is that of the others.
//! `p = (1 + #{z_m ≥ z}) / (1 + M C F K)`, counted over all weights of all shuffled fits of the
//! neuron.
//!
//! Source: pooled over weights as Tusher, Tibshirani & Chu (2001), Proc. Natl. Acad. Sci. USA
//! 98(9):5116-5121, doi:10.1073/pnas.091062498; never 0 as Phipson & Smyth (2010), Stat. Appl.
//! Genet. Mol. Biol. 9(1):39, doi:10.2202/1544-6115.1585. The scales are ours.
use ndarray::{Array2, Array3, Array4, ArrayView3, ArrayView4, Axis};

use super::Significance;
use crate::stats::moments::median;

/// Fewest shuffled fits that weights are held against.
pub const FEWEST: usize = 5;

/// The significance of a fit against [`FEWEST`] or more shuffled ones of its shape, at a rate of
/// false discoveries `alpha`.
pub fn of_shuffles(fit: ArrayView4<f32>, nulls: &[ArrayView4<f32>], alpha: f64) -> Significance {
    let mut p = Array4::zeros(fit.dim());
    for (row, mut of_row) in p.axis_iter_mut(Axis(0)).enumerate() {
        let nulls: Vec<_> = nulls.iter().map(|null| null.index_axis(Axis(0), row)).collect();
        of_row.assign(&of_neuron(fit.index_axis(Axis(0), row), &nulls));
    }
    let against = format!("{} fits to shuffled responses", nulls.len());
    Significance::new(p, alpha, None, &against)
}

/// The p of each weight `(C, F, K)` of a neuron.
fn of_neuron(fit: ArrayView3<f32>, nulls: &[ArrayView3<f32>]) -> Array3<f64> {
    let (channels, bands, lags) = fit.dim();
    let powers: Vec<Array2<f64>> = nulls.iter().map(shares_of_power).collect();
    let all = powers.iter().fold(Array2::zeros((channels, bands)), |sum, power| sum + power);
    let of_nulls = nulls.iter().zip(&powers).flat_map(|(null, own)| {
        let others = (&all - own) / ((nulls.len() - 1) * lags) as f64;
        sizes(*null, &others).into_iter()
    });
    let mut chance: Vec<f64> = of_nulls.collect();
    chance.sort_by(f64::total_cmp);
    let squares = &all / (nulls.len() * lags) as f64;
    sizes(fit, &squares).mapv(|z| {
        let reached = chance.len() - chance.partition_point(|null| *null < z);
        (1 + reached) as f64 / (1 + chance.len()) as f64
    })
}

/// `(C, F)`: the sum of squares over lags, over the mean square of all weights.
fn shares_of_power(strf: &ArrayView3<f32>) -> Array2<f64> {
    let squares = strf.mapv(|weight| f64::from(weight).powi(2));
    let mean = squares.mean().unwrap_or(0.0);
    let bands = squares.sum_axis(Axis(2));
    if mean > 0.0 { bands / mean } else { bands }
}

/// `z` of each weight, from the mean squares `(C, F)` of bands; 0 where a weight is 0.
fn sizes(strf: ArrayView3<f32>, squares: &Array2<f64>) -> Array3<f64> {
    let of_band = Array3::from_shape_fn(strf.dim(), |(c, f, k)| {
        let (weight, square) = (f64::from(strf[[c, f, k]].abs()), squares[[c, f]]);
        // A band that shuffled fits leave at 0 says nothing of the size of chance.
        if weight > 0.0 { weight / square.max(f64::MIN_POSITIVE).sqrt() } else { 0.0 }
    });
    let background = background(&of_band);
    if background > 0.0 { of_band / background } else { of_band }
}

/// The median of sizes; their root mean square where that is 0, as where a parameterization leaves
/// most weights at 0.
fn background(sizes: &Array3<f64>) -> f64 {
    let values: Vec<f64> = sizes.iter().copied().collect();
    match median(&values) {
        middle if middle > 0.0 => middle,
        _ => (values.iter().map(|size| size * size).sum::<f64>() / values.len() as f64).sqrt(),
    }
}
