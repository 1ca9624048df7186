//! Shifts and scales cochleagrams by statistics of the training clips.
use ndarray::{Array2, ArrayView1, Axis};
use serde::{Deserialize, Serialize};

use crate::run_file::Standardize;

/// `(x − mean) / scale`, by band.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standardization {
    /// `F` values in the unit of the cochleagram.
    pub mean: Vec<f32>,
    /// `F` values in the unit of the cochleagram, none of them 0.
    pub scale: Vec<f32>,
}

/// A standardization and the bands that it could only centre.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// What to apply.
    pub standardization: Standardization,
    /// Bands whose level never changes: their scale is 1. All or none unless by band.
    pub flat_bands: Vec<usize>,
}

impl Standardization {
    /// Takes the statistics of all bins of the given `(F, T)` cochleagrams, which share `F`:
    /// mean and population standard deviation.
    pub fn fit(cochleagrams: &[&Array2<f32>], kind: Standardize) -> Fitted {
        let bands = cochleagrams.first().map_or(0, |first| first.nrows());
        let band = |f| Moments::of(|| cochleagrams.iter().map(move |x| x.row(f)));
        let all = || Moments::of(|| cochleagrams.iter().flat_map(|x| x.axis_iter(Axis(0))));
        let moments: Vec<Moments> = match kind {
            Standardize::Band => (0..bands).map(band).collect(),
            Standardize::Global => vec![all(); bands],
            Standardize::Scale => vec![Moments { mean: 0.0, ..all() }; bands],
            Standardize::None => vec![Moments { mean: 0.0, deviation: 1.0 }; bands],
        };
        Self::from_moments(&moments)
    }

    fn from_moments(moments: &[Moments]) -> Fitted {
        let flat_bands = (0..moments.len()).filter(|f| moments[*f].deviation == 0.0).collect();
        let scale = |m: &Moments| if m.deviation == 0.0 { 1.0 } else { m.deviation };
        #[expect(clippy::cast_possible_truncation, reason = "cochleagrams are f32")]
        let standardization = Self {
            mean: moments.iter().map(|m| m.mean as f32).collect(),
            scale: moments.iter().map(|m| scale(m) as f32).collect(),
        };
        Fitted { standardization, flat_bands }
    }

    /// The `(F, T)` cochleagram in units of `scale`; `F` is that of the fit.
    pub fn apply(&self, cochleagram: &Array2<f32>) -> Array2<f32> {
        let column = |values| ArrayView1::from(values).insert_axis(Axis(1));
        (cochleagram - &column(&self.mean)) / column(&self.scale)
    }
}

/// Mean and population standard deviation.
#[derive(Debug, Clone, Copy)]
struct Moments {
    mean: f64,
    deviation: f64,
}

impl Moments {
    /// Two passes: the square of a level of 100 dB would swallow small deviations.
    fn of<'a, Rows: Iterator<Item = ArrayView1<'a, f32>>>(rows: impl Fn() -> Rows) -> Self {
        let count: usize = rows().map(|row| row.len()).sum();
        let sum = |term: &dyn Fn(f64) -> f64| -> f64 {
            rows().map(|row| row.iter().map(|x| term(f64::from(*x))).sum::<f64>()).sum()
        };
        let first = rows().next().and_then(|row| row.first().copied());
        if rows().all(|row| row.iter().all(|x| Some(*x) == first)) {
            // The mean of equal numbers would be off by its rounding.
            return Self { mean: first.map_or(0.0, f64::from), deviation: 0.0 };
        }
        let mean = sum(&|x| x) / count as f64;
        let variance = sum(&|x| (x - mean) * (x - mean)) / count as f64;
        Self { mean, deviation: variance.sqrt() }
    }
}
