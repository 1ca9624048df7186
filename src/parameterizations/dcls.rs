//! DCLS: a mixture of Gaussians whose centres, widths and weights are trained.
use crate::config::keys::{Default, Key, Kind};
use crate::config::part::Part;

/// The row of `dcls`.
pub const PART: Part = Part {
    name: "dcls",
    summary: "a mixture of Gaussians whose centres, widths and weights are trained",
    source: "Khalfaoui-Hassani, Pellegrini & Masquelier (2023), ICLR, doi:10.48550/arXiv.2112.03740",
    keys: KEYS,
};

const KEYS: &[Key] = &[Key {
    name: "gaussians",
    kind: Kind::Integer(1, 4096),
    default: Default::Is("8"),
    doc: "Gaussians per STRF and channel",
}];
