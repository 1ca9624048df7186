//! Network receptive field: hidden units with an STRF each, read out by every neuron.
use crate::config::keys::{Default, Key, Kind, Range};
use crate::config::part::Part;
use crate::outputs;

/// The row of `nrf`.
pub const PART: Part = Part {
    name: "nrf",
    summary: "hidden units with an STRF each, read out by every neuron",
    source: "Harper, Schoppe, Willmore, Cui, Schnupp & King (2016), PLoS Comput. Biol. 12(11):e1005113, doi:10.1371/journal.pcbi.1005113",
    keys: KEYS,
};

const KEYS: &[Key] = &[
    Key {
        name: "window_ms",
        kind: Kind::Number(Range::above(0.0, 10_000.0)),
        default: Default::Is("45.0"),
        doc: "how far back an STRF looks, in milliseconds; rounded to whole bins",
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
