//! Against repeated fits: weights whose mean over fits is far from zero for their spread.
//!
//! With `m` and `s` the mean and standard deviation of a weight over `n` fits, `t = m / SE` has
//! `n − 1` degrees of freedom. Fits that share their clips differ by their seed only:
//! `SE = s / √n`. Fits to parts of the clips share most of them, so that they differ less than the
//! data would let them: with `r` clips in each and `d` left out, the jackknife estimate is
//! `SE = s √( (r / d) (n − 1) / n )`, for `n` folds (`r / d = n − 1`) `s (n − 1) / √n`.
//!
//! Source: Shao & Wu (1989), Ann. Stat. 17(3):1176-1197, doi:10.1214/aos/1176347263; for STRFs
//! Theunissen et al. (2001), Network 12(3):289-316, doi:10.1080/net.12.3.289.316.
use std::collections::BTreeSet;

use ndarray::{Array4, ArrayView4};
use statrs::function::beta::checked_beta_reg;

use super::{Moments, Significance};

/// Fewest fits of which a spread is taken.
pub const FEWEST: usize = 3;

/// What repeated fits differ in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Differ {
    /// All were fitted to the same clips.
    Seed,
    /// Each was fitted to a part of the clips.
    Clips {
        /// `r / d`: clips in a fit, on average, over clips left out of it.
        kept_over_left_out: f64,
    },
}

impl Differ {
    /// What fits differ in, from the training clips of each.
    pub fn of(fits: &[&[String]]) -> Self {
        let all: BTreeSet<&String> = fits.iter().flat_map(|clips| clips.iter()).collect();
        let kept = fits.iter().map(|clips| clips.len()).sum::<usize>() as f64 / fits.len() as f64;
        let left_out = all.len() as f64 - kept;
        if left_out > 0.0 {
            Self::Clips { kept_over_left_out: kept / left_out }
        } else {
            Self::Seed
        }
    }

    /// `SE / s` of `n` fits.
    fn factor(self, n: f64) -> f64 {
        match self {
            Self::Seed => n.recip().sqrt(),
            Self::Clips { kept_over_left_out } => (kept_over_left_out * (n - 1.0) / n).sqrt(),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Seed => "fits of other seeds",
            Self::Clips { .. } => "fits to other clips",
        }
    }
}

/// The significance of the mean of all fits, [`FEWEST`] or more of one shape, at a rate of false
/// discoveries `alpha`; of fits that differ in their seed alone, which weights are stable.
pub fn of_repeats(fits: &[ArrayView4<f32>], differ: Differ, alpha: f64) -> Significance {
    let (n, factor) = (fits.len() as f64, differ.factor(fits.len() as f64));
    let shape = fits.first().map_or((0, 0, 0, 0), ArrayView4::dim);
    let (mut mean, mut deviation) = (Array4::<f32>::zeros(shape), Array4::<f32>::zeros(shape));
    let p = Array4::from_shape_fn(shape, |at| {
        let values = || fits.iter().map(|fit| f64::from(fit[at]));
        let m = values().sum::<f64>() / n;
        let s = (values().map(|value| (value - m).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
        #[expect(clippy::cast_possible_truncation, reason = "weights are f32")]
        let narrow = |value: f64| value as f32;
        (mean[at], deviation[at]) = (narrow(m), narrow(s));
        two_sided(m, s * factor, n - 1.0)
    });
    let against = format!("{} {}", fits.len(), differ.words());
    let found = Significance::new(p, alpha, Some(Moments { mean, deviation }), &against);
    match differ {
        Differ::Seed => found.of_seeds(),
        Differ::Clips { .. } => found,
    }
}

/// `P(|T| ≥ |m| / SE)` of Student's t: `I_x(ν/2, 1/2)` at `x = ν / (ν + t²)`; NaN where the mean
/// is.
fn two_sided(m: f64, error: f64, freedom: f64) -> f64 {
    if m.abs() <= 0.0 {
        return 1.0;
    }
    let t = m / error;
    checked_beta_reg(freedom / 2.0, 0.5, freedom / (freedom + t * t)).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn probabilities_are_those_of_students_t() {
        // 2 * scipy.stats.t.sf(t, df)
        let known = [
            (1.0, 2.0, 0.422_649_730_810_374_2),
            (2.776_445_105_197_798_7, 4.0, 0.05),
            (12.0, 4.0, 2.764_285_485_029_73e-4),
            (50.0, 9.0, 2.568_952_910_874_797_6e-12),
            (0.05, 999.0, 0.960_132_383_065),
        ];
        for (t, freedom, want) in known {
            let got = two_sided(-t * 0.3, 0.3, freedom);
            assert!((got / want - 1.0).abs() < 1e-6, "{t}, {freedom}: {got}, {want}");
        }
        assert_eq!((two_sided(0.0, 0.0, 3.0), two_sided(0.1, 0.0, 3.0)), (1.0, 0.0));
    }

    #[test]
    fn what_fits_differ_in_follows_from_their_clips() {
        let (a, b, c) = (ids(&["a", "b"]), ids(&["b", "c"]), ids(&["a", "c"]));
        assert_eq!(Differ::of(&[&a, &a, &a]), Differ::Seed);
        let folds = Differ::of(&[&a, &b, &c]);
        assert_eq!(folds, Differ::Clips { kept_over_left_out: 2.0 });
        // Three folds: (n − 1) / √n.
        assert!((folds.factor(3.0) - 2.0 / 3f64.sqrt()).abs() < 1e-12);
        assert!((Differ::Seed.factor(4.0) - 0.5).abs() < 1e-12);
    }
}
