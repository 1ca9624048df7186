//! AdapTrans: ON and OFF channels: differences between a band and an exponential average of its past.
use crate::config::keys::{Default, Key, Kind, Range};
use crate::config::part::Part;

/// The row of `adaptrans`.
pub const PART: Part = Part {
    name: "adaptrans",
    summary: "ON and OFF channels: differences between a band and an exponential average of its past",
    source: "Rançon, Masquelier & Cottereau (2024), PLoS Comput. Biol. 20(8):e1012288, doi:10.1371/journal.pcbi.1012288",
    keys: KEYS,
};

const KEYS: &[Key] = &[
    Key {
        name: "scale",
        kind: Kind::Choice(&["file", "mel", "greenwood", "erb", "log"]),
        default: Default::Follows("file where the dataset has /frequencies; else it must be given"),
        doc: "where the bands lie: /frequencies of the dataset, or equal steps of a scale",
    },
    Key {
        name: "min_freq_hz",
        kind: Kind::Number(Range::above(0.0, 1e6)),
        default: Default::Is("500.0"),
        doc: "centre of the lowest band in hertz, for a scale other than file",
    },
    Key {
        name: "max_freq_hz",
        kind: Kind::Number(Range::above(0.0, 1e6)),
        default: Default::Is("20000.0"),
        doc: "centre of the highest band in hertz, for a scale other than file",
    },
    Key {
        name: "init_w",
        kind: Kind::Number(Range::above(0.0, 1.0)),
        default: Default::Is("0.75"),
        doc: "weight of the past against the present before training",
    },
    Key {
        name: "learnable",
        kind: Kind::Flag,
        default: Default::Is("true"),
        doc: "whether time constants and weights are trained",
    },
    Key {
        name: "rectify",
        kind: Kind::Flag,
        default: Default::Is("true"),
        doc: "half-wave rectification of the filters' output",
    },
    Key {
        name: "kernel_bins",
        kind: Kind::Integer(0, 1000000),
        default: Default::Is("0"),
        doc: "length of the filters in bins; 0 = three of the longest time constants, and one",
    },
];
