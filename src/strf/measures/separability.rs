//! How nearly a receptive field is one spectral profile times one temporal profile.
use ndarray::ArrayView2;

use super::MeasureRow;
use super::field::Field;
use crate::config::part::Part;
use crate::stats::eigen::largest;

/// The row of [`separability`].
pub const SEPARABILITY: MeasureRow = MeasureRow {
    part: Part {
        name: "separability",
        summary: "share of the power in the first singular value; 1 = one spectral times one temporal profile",
        source: "Depireux, Simon, Klein & Shamma (2001), J. Neurophysiol. 85(3):1220-1234, doi:10.1152/jn.2001.85.3.1220",
        keys: &[],
    },
    unit: "1",
    formula: "σ1² / Σ σi², σ the singular values of the (C·F) × K matrix",
    compute: separability,
};

/// `σ₁² / Σ σᵢ²` of the `(C·F, K)` matrix of weights, the bands of several channels under each
/// other; NaN for a field of zeros.
///
/// The squares are the eigenvalues of the `(K, K)` matrix of inner products. Depireux et al. give `1 −` this as their index of inseparability.
pub fn separability(field: &Field) -> f64 {
    if field.modulation.is_none() {
        return f64::NAN;
    }
    let (channels, bands, lags) = field.shape();
    let rows = ArrayView2::from_shape((channels * bands, lags), field.weights());
    rows.map_or(f64::NAN, |weights| {
        let squares = weights.t().dot(&weights);
        largest(squares.view(), 1).values[0] / squares.diag().sum()
    })
}
