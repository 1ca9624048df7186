//! Linear-nonlinear: one STRF per neuron, then an output nonlinearity.
use crate::config::keys::{Default, Key, Kind, Range};
use crate::config::part::Part;
use crate::outputs;

/// The row of `ln`.
pub const PART: Part = Part {
    name: "ln",
    summary: "one STRF per neuron, then an output nonlinearity",
    source: "Chichilnisky (2001), Network 12(2):199-213, doi:10.1080/713663221",
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
        kind: Kind::Part(outputs::names),
        default: Default::Is("\"parametric_softplus\""),
        doc: "output nonlinearity",
    },
];
