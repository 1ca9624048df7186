//! Dynamic network: a network receptive field whose hidden and output units are leaky, with learnable time constants.
use crate::config::keys::{Default, Key, Kind, Range};
use crate::config::part::Part;
use crate::outputs;

/// The row of `dnet`.
pub const PART: Part = Part {
    name: "dnet",
    summary: "a network receptive field whose hidden and output units are leaky, with learnable time constants",
    source: "Rahman, Willmore, King & Harper (2019), PLoS Comput. Biol. 15(5):e1006618, doi:10.1371/journal.pcbi.1006618",
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
        name: "init_tau_ms",
        kind: Kind::Number(Range::above(0.0, 10_000.0)),
        default: Default::Is("10.0"),
        doc: "mean time constant of the leaky units before training, in milliseconds; longer than a bin",
    },
    Key {
        name: "output_decay",
        kind: Kind::Flag,
        default: Default::Is("true"),
        doc: "whether output units are leaky too",
    },
    Key {
        name: "decay_input",
        kind: Kind::Flag,
        default: Default::Is("true"),
        doc: "whether a leaky unit's input is scaled so that a constant passes unchanged",
    },
    Key {
        name: "decay_bins",
        kind: Kind::Integer(0, 1000000),
        default: Default::Is("0"),
        doc: "length of the leaky units' memory in bins; 0 = unlimited",
    },
    Key {
        name: "output",
        kind: Kind::Part(outputs::names),
        default: Default::Is("\"parametric_softplus\""),
        doc: "output nonlinearity",
    },
];
