//! Keys that several front ends have.
use crate::config::keys::{Default, Key, Kind, Range};

/// Highest frequency or rate that can be asked for, in hertz.
const MOST_HZ: f64 = 1e6;

pub(super) const BANDS: Key = Key {
    name: "bands",
    kind: Kind::Integer(1, 4096),
    default: Default::Is("32"),
    doc: "frequency bands",
};
pub(super) const MIN_FREQ: Key = Key {
    name: "min_freq_hz",
    kind: Kind::Number(Range::above(0.0, MOST_HZ)),
    default: Default::Is("250.0"),
    doc: "centre of the lowest band in hertz",
};
pub(super) const MAX_FREQ: Key = Key {
    name: "max_freq_hz",
    kind: Kind::Number(Range::above(0.0, MOST_HZ)),
    default: Default::Is("8000.0"),
    doc: "centre of the highest band in hertz; at most half of every sound's rate",
};
pub(super) const MAGNITUDE: Key = Key {
    name: "magnitude",
    kind: Kind::Choice(&["amplitude", "power"]),
    default: Default::Is("\"amplitude\""),
    doc: "what is summed or averaged before compression: amplitudes, or their squares",
};
pub(super) const COMPRESSION: Key = Key {
    name: "compression",
    kind: Kind::Choice(&["db", "log", "cube_root", "log1p", "none"]),
    default: Default::Is("\"db\""),
    doc: "decibels above the bottom of range_db, ln(max(x, log_floor)), the cube root, ln(1 + x), \
          or nothing",
};
pub(super) const LOG_FLOOR: Key = Key {
    name: "log_floor",
    kind: Kind::Number(Range::above(0.0, 1e6)),
    default: Default::Is("0.0001"),
    doc: "with compression = \"log\": the least magnitude",
};
pub(super) const REFERENCE: Key = Key {
    name: "reference",
    kind: Kind::Choice(&["loudest", "full_scale"]),
    default: Default::Is("\"loudest\""),
    doc: "with compression = \"db\": what stands at the top of range_db, the loudest band and bin \
          of all stimuli, or a sine of full scale at one frequency (bands of mel, which sum over \
          several, reach up to 15 dB above it)",
};
pub(super) const RANGE_DB: Key = Key {
    name: "range_db",
    kind: Kind::Number(Range::above(0.0, 1000.0)),
    default: Default::Is("80.0"),
    doc: "with compression = \"db\": decibels below the reference at which 0 lies; what is below is \
          0",
};
pub(super) const CAUSAL: Key = Key {
    name: "causal",
    kind: Kind::Flag,
    default: Default::Is("true"),
    doc: "whether windows end with their bin, so that a bin holds nothing that comes later, or are \
          centred on it",
};
pub(super) const RATE: Key = Key {
    name: "rate_hz",
    kind: Kind::Number(Range::closed(0.0, MOST_HZ)),
    default: Default::Is("0.0"),
    doc: "rate that every sound is resampled to, in hertz; 0 = each sound keeps its own",
};
