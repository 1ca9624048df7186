//! Linear-nonlinear: one STRF per neuron, then an output nonlinearity.
//!
//! `y(n,t) = output( norm( bias(n) + Σ_c Σ_f Σ_k W(n,c,f,k) · x(c,f,t−k) ) )`.
use super::{HasStrfs, LR, ModelRow, ReferenceClass, Sharing, linear};
use crate::config::keys::{Default, Key, Kind};
use crate::config::part::Part;
use crate::models::outputs;

/// The row of `ln`.
pub const ROW: ModelRow = ModelRow {
    part: Part {
        name: "ln",
        summary: "one STRF per neuron, then an output nonlinearity",
        source: "Chichilnisky (2001), Network 12(2):199-213, doi:10.1080/713663221",
        keys: &[linear::WINDOW, linear::NORM, OUTPUT],
    },
    strfs: HasStrfs::Yes,
    sharing: Sharing::Nothing,
    lr: LR,
    build: linear::build,
    reference: Some(&ReferenceClass {
        name: "LinearNonlinear",
        output: None,
        arguments: &[linear::WINDOW_ARGUMENT],
        form: &[("norm", "\"batch\"")],
    }),
};

/// `output`, for every model but `linear`.
pub const OUTPUT: Key = Key {
    name: "output",
    kind: Kind::Part(outputs::names),
    default: Default::Is("\"parametric_softplus\""),
    doc: "output nonlinearity",
};
