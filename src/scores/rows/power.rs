//! How much of a response repeats itself and how much does not.
use super::{Average, BinsTaken, MetricRow, Visibility};
use crate::config::part::Part;
use crate::scores::comparison::Comparison;

const SOURCE: &str = "Sahani & Linden (2003), Advances in Neural Information Processing Systems 15";

/// The row of [`signal_power`].
pub const SIGNAL_POWER: MetricRow = MetricRow {
    part: Part {
        name: "signal_power",
        summary: "variance of the response that repeats share, averaged over clips",
        source: SOURCE,
        keys: &[],
    },
    shown: Visibility::InFiles,
    taken: BinsTaken::Repeated,
    average: Average::Plain,
    compute: signal_power,
};

/// The row of [`noise_power`].
pub const NOISE_POWER: MetricRow = MetricRow {
    part: Part {
        name: "noise_power",
        summary: "variance of a single repeat that others do not share, averaged over clips",
        source: SOURCE,
        keys: &[],
    },
    shown: Visibility::InFiles,
    taken: BinsTaken::Repeated,
    average: Average::Plain,
    compute: noise_power,
};

/// The row of [`snr`].
pub const SNR: MetricRow = MetricRow {
    part: Part { name: "snr", summary: "signal power over noise power", source: SOURCE, keys: &[] },
    shown: Visibility::Everywhere,
    taken: BinsTaken::Repeated,
    average: Average::Plain,
    compute: snr,
};

/// The signal power of [`crate::scores::powers::signal_and_noise_power`].
pub fn signal_power(comparison: &Comparison) -> f64 {
    comparison.reliability.powers().signal
}

/// The noise power of [`crate::scores::powers::signal_and_noise_power`].
pub fn noise_power(comparison: &Comparison) -> f64 {
    comparison.reliability.powers().noise
}

/// Signal power over noise power; NaN where there is no noise.
pub fn snr(comparison: &Comparison) -> f64 {
    comparison.reliability.powers().snr()
}
