//! The rates of modulation at which modulation transfer functions are largest.
use super::MeasureRow;
use super::field::Field;
use super::transfer::{Modulation, Transfer};
use crate::config::part::Part;

/// The row of the best temporal modulation rate.
pub const BEST_TEMPORAL_RATE: MeasureRow = MeasureRow {
    part: Part {
        name: "best_temporal_rate_hz",
        summary: "rate at which the temporal modulation transfer function is largest; 0 = low-pass",
        source: "Chi et al. (1999), J. Acoust. Soc. Am. 106(5):2719-2732, doi:10.1121/1.428100",
        keys: &[],
    },
    unit: "Hz",
    formula: "argmax_ω sqrt(Σ_c ∫ |S(c,Ω,±ω)|² dΩ), refined by a parabola",
    compute: |field| best(field, |modulation| Some(&modulation.temporal)),
};

/// The row of the best spectral modulation rate.
pub const BEST_SPECTRAL_RATE: MeasureRow = MeasureRow {
    part: Part {
        name: "best_spectral_rate_per_octave",
        summary: "rate at which the spectral modulation transfer function is largest; 0 = low-pass",
        source: "Chi et al. (1999), J. Acoust. Soc. Am. 106(5):2719-2732, doi:10.1121/1.428100",
        keys: &[],
    },
    unit: "cycles per octave",
    formula: "argmax_Ω sqrt(Σ_c ∫ |S(c,Ω,ω)|² dω), refined by a parabola",
    compute: |field| best(field, |modulation| modulation.spectral.as_ref()),
};

fn best(field: &Field, pick: fn(&Modulation) -> Option<&Transfer>) -> f64 {
    let transfer = field.modulation.as_ref().and_then(pick);
    transfer.map_or(f64::NAN, Transfer::best)
}
