//! What weighs against what: excitation against inhibition, ON against OFF.
use super::MeasureRow;
use super::field::Field;
use crate::config::part::Part;

/// The row of [`ei_ratio`].
pub const EI_RATIO: MeasureRow = MeasureRow {
    part: Part {
        name: "ei_ratio",
        summary: "excitation by inhibition: sum of the positive weights by that of the negative ones; infinite without inhibition",
        source: "",
        keys: &[],
    },
    unit: "1",
    formula: "Σ max(w, 0) / Σ max(−w, 0)",
    compute: ei_ratio,
};

/// The row of [`ei_index`].
pub const EI_INDEX: MeasureRow = MeasureRow {
    part: Part {
        name: "ei_index",
        summary: "excitation against inhibition, from −1 (inhibition only) to 1 (excitation only)",
        source: "",
        keys: &[],
    },
    unit: "1",
    formula: "Σ w / Σ |w|",
    compute: ei_index,
};

/// The row of [`on_off_index`].
pub const ON_OFF_INDEX: MeasureRow = MeasureRow {
    part: Part {
        name: "on_off_index",
        summary: "weight of the ON channel against the OFF channel, from −1 (OFF only) to 1 (ON only)",
        source: "",
        keys: &[],
    },
    unit: "1",
    formula: "(Σ |w_on| − Σ |w_off|) / (Σ |w_on| + Σ |w_off|)",
    compute: on_off_index,
};

/// `E / I` with `E = Σ max(w, 0)` and `I = Σ max(−w, 0)`; infinite where `I` is 0, NaN where both
/// are.
pub fn ei_ratio(field: &Field) -> f64 {
    let sum = |sign: f64| field.weights().iter().map(|w| (sign * w).max(0.0)).sum::<f64>();
    if field.modulation.is_some() { sum(1.0) / sum(-1.0) } else { f64::NAN }
}

/// `(E − I) / (E + I)`; NaN for a field of zeros.
pub fn ei_index(field: &Field) -> f64 {
    field.weights().iter().sum::<f64>() / magnitude(field.weights())
}

/// `(A_on − A_off) / (A_on + A_off)` with `A = Σ_f Σ_k |w|` of a channel; NaN without channels of
/// these names or for a field of zeros.
pub fn on_off_index(field: &Field) -> f64 {
    let Some((on, off)) = field.on_off else { return f64::NAN };
    let (on, off) = (magnitude(field.channel(on)), magnitude(field.channel(off)));
    (on - off) / (on + off)
}

fn magnitude(weights: &[f64]) -> f64 {
    weights.iter().map(|weight| weight.abs()).sum()
}
