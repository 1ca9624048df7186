//! Where the excitatory peak of a receptive field lies, and how wide it is.
use super::MeasureRow;
use super::field::Field;
use super::profile::{half_maximum, largest, vertex};
use crate::config::part::Part;

/// The row of [`best_frequency_hz`].
pub const BEST_FREQUENCY: MeasureRow = MeasureRow {
    part: Part {
        name: "best_frequency_hz",
        summary: "frequency of the largest positive weight",
        source: "Atencio & Schreiner (2008), J. Neurosci. 28(15):3897-3910, doi:10.1523/JNEUROSCI.5366-07.2008",
        keys: &[],
    },
    unit: "Hz",
    formula: "2^x, x the vertex of the parabola over log2 f through the peak and its neighbours",
    compute: best_frequency_hz,
};

/// The row of [`bandwidth_octaves`].
pub const BANDWIDTH: MeasureRow = MeasureRow {
    part: Part {
        name: "bandwidth_octaves",
        summary: "width of the excitatory peak over frequency at half its height",
        source: "Atencio & Schreiner (2008), J. Neurosci. 28(15):3897-3910, doi:10.1523/JNEUROSCI.5366-07.2008",
        keys: &[],
    },
    unit: "octaves",
    formula: "distance of the two places at the peak's lag where w falls to half of the peak",
    compute: bandwidth_octaves,
};

/// The row of [`best_latency_ms`].
pub const BEST_LATENCY: MeasureRow = MeasureRow {
    part: Part {
        name: "best_latency_ms",
        summary: "lag of the largest positive weight",
        source: "Atencio & Schreiner (2008), J. Neurosci. 28(15):3897-3910, doi:10.1523/JNEUROSCI.5366-07.2008",
        keys: &[],
    },
    unit: "ms",
    formula: "vertex of the parabola over lag through the peak and its neighbours",
    compute: best_latency_ms,
};

/// The row of [`peak_to_peak_ms`].
pub const PEAK_TO_PEAK: MeasureRow = MeasureRow {
    part: Part {
        name: "peak_to_peak_ms",
        summary: "how much longer ago the deepest trough of the peak's band lies than the peak; negative where it lies nearer",
        source: "",
        keys: &[],
    },
    unit: "ms",
    formula: "lag of the most negative weight of the peak's channel and band − lag of the peak",
    compute: peak_to_peak_ms,
};

/// `2^x` Hz with `x` the vertex over `log2 f` at the peak's channel and lag; NaN without
/// frequencies or without a positive weight.
pub fn best_frequency_hz(field: &Field) -> f64 {
    let Some((octaves, (channel, band, lag))) = field.octaves.as_ref().zip(field.peak) else {
        return f64::NAN;
    };
    vertex(octaves, &field.over_bands(channel, lag), band).exp2()
}

/// Full width at half maximum in octaves, along the bands at the peak's channel and lag; NaN
/// without frequencies, without a positive weight, or where a side stays above half up to the last
/// band.
pub fn bandwidth_octaves(field: &Field) -> f64 {
    let Some((octaves, (channel, band, lag))) = field.octaves.as_ref().zip(field.peak) else {
        return f64::NAN;
    };
    let sides = half_maximum(octaves, &field.over_bands(channel, lag), band);
    let width = |(low, high)| high - low;
    sides.0.zip(sides.1).map_or(f64::NAN, width)
}

/// Vertex over lag at the peak's channel and band; NaN without a positive weight.
pub fn best_latency_ms(field: &Field) -> f64 {
    let Some((channel, band, lag)) = field.peak else { return f64::NAN };
    vertex(&field.lags_ms, field.over_lags(channel, band), lag)
}

/// Lag of the trough minus lag of the peak, both refined by parabolas; NaN without a positive
/// weight, or where the peak's band has no negative one.
pub fn peak_to_peak_ms(field: &Field) -> f64 {
    let Some((channel, band, _lag)) = field.peak else { return f64::NAN };
    let depths: Vec<f64> = field.over_lags(channel, band).iter().map(|weight| -weight).collect();
    match largest(&depths).filter(|lag| depths[*lag] > 0.0) {
        Some(lag) => vertex(&field.lags_ms, &depths, lag) - best_latency_ms(field),
        None => f64::NAN,
    }
}
