//! Linear: one STRF per neuron.
use crate::config::keys::{Default, Key, Kind, Range};
use crate::config::part::Part;

/// The row of `linear`.
pub const PART: Part = Part {
    name: "linear",
    summary: "one STRF per neuron",
    source: "Theunissen, Sen & Doupe (2000), J. Neurosci. 20(6):2315-2331, doi:10.1523/JNEUROSCI.20-06-02315.2000",
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
        name: "norm",
        kind: Kind::Choice(&["batch", "none"]),
        default: Default::Is("\"batch\""),
        doc: "normalization of each neuron's drive over the bins of a batch",
    },
    Key {
        name: "output",
        kind: Kind::Choice(&["identity"]),
        default: Default::Is("\"identity\""),
        doc: "none: with an output nonlinearity this model is called ln",
    },
];
