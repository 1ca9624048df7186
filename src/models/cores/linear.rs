//! Linear: one STRF per neuron.
//!
//! `y(n,t) = norm( bias(n) + Σ_c Σ_f Σ_k W(n,c,f,k) · x(c,f,t−k) )`.
use super::{Argument, Blueprint, HasStrfs, LR, Meaning, Model, ModelRow, ReferenceClass, Sharing};
use crate::base::error;
use crate::config::keys::{Default, Key, Kind, Range};
use crate::config::part::Part;
use crate::models::dims::Axis;
use crate::models::layers::BatchNorm;

/// The row of `linear`.
pub const ROW: ModelRow = ModelRow {
    part: Part {
        name: "linear",
        summary: "one STRF per neuron",
        source: "Theunissen, Sen & Doupe (2000), J. Neurosci. 20(6):2315-2331, doi:10.1523/JNEUROSCI.20-06-02315.2000",
        keys: KEYS,
    },
    strfs: HasStrfs::Yes,
    sharing: Sharing::Nothing,
    lr: LR,
    build,
    reference: Some(&ReferenceClass {
        name: "Linear",
        output: Some("identity"),
        arguments: &[WINDOW_ARGUMENT],
        form: &[("norm", "\"batch\"")],
    }),
};

/// `window_ms`, for every model whose first layer is an STRF convolution.
pub const WINDOW: Key = Key {
    name: "window_ms",
    kind: Kind::Number(Range::above(0.0, 10_000.0)),
    default: Default::Is("45.0"),
    doc: "how far back an STRF looks, in milliseconds; rounded to whole bins",
};

/// The same in deepSTRF.
pub const WINDOW_ARGUMENT: Argument = Argument("temporal_window_size", Meaning::Bins(WINDOW.name));

/// `norm`, for models in which every neuron has an STRF.
pub const NORM: Key = Key {
    name: "norm",
    kind: Kind::Choice(&["batch", "none"]),
    default: Default::Is("\"batch\""),
    doc: "normalization of each neuron's drive over the bins of a batch",
};

const KEYS: &[Key] = &[
    WINDOW,
    NORM,
    Key {
        name: "output",
        kind: Kind::Choice(&["identity"]),
        default: Default::Is("\"identity\""),
        doc: "none: with an output nonlinearity this model is called ln",
    },
];

/// Parameters `readout.strf.kernel.*`, `readout.bn.*` and those of the output nonlinearity, from the
/// blueprint's scope; `ln` is the same with an output nonlinearity.
pub fn build(blueprint: &Blueprint) -> error::Result<Model> {
    let neurons = blueprint.dims.neurons;
    let norm = match blueprint.values.text("norm")? {
        "batch" => Some(BatchNorm::new(neurons, &blueprint.scope.scope("readout.bn"))?),
        _ => None,
    };
    let strf = blueprint.strf_conv(Axis::Neuron, neurons, "readout.strf.kernel")?;
    Ok(Model::new(vec![Box::new(strf)], blueprint.head()?.with_norm(norm)))
}
