//! Separable kernel: a sum of products of a function of frequency and a function of lag.
use crate::config::keys::{Default, Key, Kind};
use crate::config::part::Part;

/// The row of `separable`.
pub const PART: Part = Part {
    name: "separable",
    summary: "a sum of products of a function of frequency and a function of lag",
    source: "Thorson, Liénard & David (2015), PLoS Comput. Biol. 11(12):e1004628, doi:10.1371/journal.pcbi.1004628",
    keys: KEYS,
};

const KEYS: &[Key] = &[Key {
    name: "rank",
    kind: Kind::Integer(1, 1024),
    default: Default::Is("1"),
    doc: "number of products",
}];
