//! Willmore adaptation: each band minus an exponential average of its past, rectified: adaptation to the mean level.
use crate::config::keys::{Default, Key, Kind, Range};
use crate::config::part::Part;

/// The row of `willmore`.
pub const PART: Part = Part {
    name: "willmore",
    summary: "each band minus an exponential average of its past, rectified: adaptation to the mean level",
    source: "Willmore, Schoppe, King, Schnupp & Harper (2016), J. Neurosci. 36(2):280-289, doi:10.1523/JNEUROSCI.2441-15.2016",
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
