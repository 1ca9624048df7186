//! Network receptive field: hidden units with an STRF each, read out by every neuron.
//!
//! STRF convolution to `H` → layer normalization over `H` at each bin → tanh → linear to `N` →
//! output nonlinearity.
//!
//! Differs from the paper as deepSTRF 0.1.0 does: the layer normalization, and tanh unscaled.
use super::{
    Argument, Blueprint, FREEZE, HIDDEN_READOUT, HasStrfs, INIT, LR, Meaning, Model, ModelRow,
    ReferenceClass, Sharing, linear, ln,
};
use crate::base::error;
use crate::config::keys::{Default, Key, Kind};
use crate::config::part::Part;
use crate::models::layers::Layer;
use crate::models::ops::activation::Activation;

/// The row of `nrf`.
pub const ROW: ModelRow = ModelRow {
    part: Part {
        name: "nrf",
        summary: "hidden units with an STRF each, read out by every neuron",
        source: "Harper, Schoppe, Willmore, Cui, Schnupp & King (2016), PLoS Comput. Biol. 12(11):e1005113, doi:10.1371/journal.pcbi.1005113",
        keys: &[linear::WINDOW, HIDDEN, HIDDEN_READOUT, ln::OUTPUT, INIT, FREEZE],
    },
    strfs: HasStrfs::Yes,
    sharing: Sharing::Hidden,
    lr: LR,
    build,
    reference: Some(&ReferenceClass {
        name: "NetworkReceptiveField",
        output: None,
        arguments: &[linear::WINDOW_ARGUMENT, Argument("n_hidden", Meaning::Same(HIDDEN.name))],
        form: &[("hidden_readout", "0")],
    }),
};

/// `hidden`, for models with hidden units.
pub const HIDDEN: Key = Key {
    name: "hidden",
    kind: Kind::Integer(1, 65_536),
    default: Default::Is("20"),
    doc: "hidden units",
};

/// Parameters `core.0.kernel.*`, `core.1.ln.*`, `readout.fc.*`, `readout.activation.*`.
fn build(blueprint: &Blueprint) -> error::Result<Model> {
    let hidden = blueprint.values.count("hidden")?;
    let layers: Vec<Box<dyn Layer>> = vec![Box::new(blueprint.hidden(hidden, Activation::Tanh)?)];
    let readout = blueprint.readout(hidden)?;
    Ok(Model::new(layers, blueprint.head()?).with_readout(readout))
}
