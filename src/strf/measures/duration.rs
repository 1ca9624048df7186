//! When a receptive field begins and how long it lasts.
use super::MeasureRow;
use super::field::Field;
use super::profile::{half_maximum, largest};
use crate::config::part::Part;

/// The row of [`onset_latency_ms`].
pub const ONSET_LATENCY: MeasureRow = MeasureRow {
    part: Part {
        name: "onset_latency_ms",
        summary: "shortest lag at which the receptive field reaches half its strength; 0 where it does now",
        source: "",
        keys: &[],
    },
    unit: "ms",
    formula: "where e(k) = sqrt(Σ_c Σ_f w²) last rises to half its maximum, before the maximum",
    compute: onset_latency_ms,
};

/// The row of [`duration_ms`].
pub const DURATION: MeasureRow = MeasureRow {
    part: Part {
        name: "duration_ms",
        summary: "how long the receptive field has at least half its strength around its strongest lag",
        source: "",
        keys: &[],
    },
    unit: "ms",
    formula: "where e(k) = sqrt(Σ_c Σ_f w²) falls to half its maximum − onset latency",
    compute: duration_ms,
};

/// The lag before the maximum of `e(k) = sqrt(Σ_c Σ_f w(c,f,k)²)` at which it passes half of it;
/// 0 where it stays above half down to the present bin, NaN for a field of zeros.
pub fn onset_latency_ms(field: &Field) -> f64 {
    half_strength(field).0
}

/// From the onset latency to the lag where `e(k)` falls to half of its maximum; NaN for a field of
/// zeros or where the window ends before.
pub fn duration_ms(field: &Field) -> f64 {
    let (onset, end) = half_strength(field);
    end - onset
}

fn half_strength(field: &Field) -> (f64, f64) {
    let envelope = field.envelope();
    match largest(&envelope).filter(|_| field.modulation.is_some()) {
        Some(at) => {
            let (onset, end) = half_maximum(&field.lags_ms, &envelope, at);
            (onset.unwrap_or(field.lags_ms[0]), end.unwrap_or(f64::NAN))
        }
        None => (f64::NAN, f64::NAN),
    }
}
