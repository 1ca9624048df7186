//! 2D-CNN: three convolutions over frequency and time, then two fully connected layers.
use crate::config::keys::{Default, Key, Kind, Range};
use crate::config::part::Part;
use crate::outputs;

/// The row of `cnn2d`.
pub const PART: Part = Part {
    name: "cnn2d",
    summary: "three convolutions over frequency and time, then two fully connected layers",
    source: "Pennington & David (2023), PLoS Comput. Biol. 19(5):e1011110, doi:10.1371/journal.pcbi.1011110",
    keys: KEYS,
};

const KEYS: &[Key] = &[
    Key {
        name: "kernel_bands",
        kind: Kind::Integer(1, 1024),
        default: Default::Is("3"),
        doc: "height of each convolution kernel in bands",
    },
    Key {
        name: "kernel_ms",
        kind: Kind::Number(Range::above(0.0, 10_000.0)),
        default: Default::Is("45.0"),
        doc: "width of each convolution kernel in milliseconds; rounded to whole bins",
    },
    Key {
        name: "channels",
        kind: Kind::Integer(1, 4096),
        default: Default::Is("10"),
        doc: "channels of each convolution",
    },
    Key {
        name: "hidden",
        kind: Kind::Integer(1, 65536),
        default: Default::Is("20"),
        doc: "hidden units",
    },
    Key {
        name: "output",
        kind: Kind::Part(outputs::names),
        default: Default::Is("\"parametric_softplus\""),
        doc: "output nonlinearity",
    },
];
