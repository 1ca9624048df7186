//! Dynamic network: a network receptive field whose hidden and output units are leaky.
//!
//! STRF convolution to `H` → layer normalization over `H` at each bin → sigmoid → leaky hidden
//! units → linear to `N` → output nonlinearity → leaky output units.
//!
//! Differs from deepSTRF 0.1.0: its output units have no memory (`output_decay = false`), and its
//! hidden units forget all after seven initial time constants (`decay_bins`).
use super::{
    Argument, Blueprint, FREEZE, HIDDEN_READOUT, HasStrfs, INIT, LR, Meaning, Model, ModelRow,
    ReferenceClass, Sharing, linear, ln, nrf,
};
use crate::base::error::{self, Error};
use crate::config::keys::{Default, Key, Kind, Range};
use crate::config::part::Part;
use crate::models::dims::Dims;
use crate::models::layers::{Layer, LeakyConfig, LeakyUnits};
use crate::models::ops::Length;
use crate::models::ops::activation::Activation;

/// The row of `dnet`.
pub const ROW: ModelRow = ModelRow {
    part: Part {
        name: "dnet",
        summary: "a network receptive field whose hidden and output units are leaky, with learnable time constants",
        source: "Rahman, Willmore, King & Harper (2019), PLoS Comput. Biol. 15(5):e1006618, doi:10.1371/journal.pcbi.1006618",
        keys: KEYS,
    },
    strfs: HasStrfs::Yes,
    sharing: Sharing::Hidden,
    lr: LR,
    build,
    reference: Some(&ReferenceClass {
        name: "DNet",
        output: Some("identity"),
        arguments: &[
            linear::WINDOW_ARGUMENT,
            Argument("n_hidden", Meaning::Same(nrf::HIDDEN.name)),
            Argument("init_tau", Meaning::Memory("init_tau_ms", "decay_bins")),
            Argument("decay_input", Meaning::Flag("decay_input")),
        ],
        form: &[("output_decay", "false"), ("hidden_readout", "0")],
    }),
};

const KEYS: &[Key] = &[
    linear::WINDOW,
    nrf::HIDDEN,
    HIDDEN_READOUT,
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
        kind: Kind::Integer(0, 1_000_000),
        default: Default::Is("0"),
        doc: "length of the leaky units' memory in bins; 0 = unlimited",
    },
    ln::OUTPUT,
    INIT,
    FREEZE,
];

/// Parameters `core.0.kernel.*`, `core.1.ln.*`, `core.3.d`, `readout.fc.*`,
/// `readout.activation.*`, `output_decay.d`.
fn build(blueprint: &Blueprint) -> error::Result<Model> {
    let (values, scope) = (blueprint.values, &blueprint.scope);
    let (hidden, neurons) = (values.count("hidden")?, blueprint.dims.neurons);
    let leaky = leaky_config(blueprint)?;
    let output_decay = if values.flag("output_decay")? {
        Some(LeakyUnits::new(neurons, leaky, &scope.scope("output_decay"))?)
    } else {
        None
    };
    let strf = blueprint.hidden(hidden, Activation::Sigmoid)?;
    let units = LeakyUnits::new(hidden, leaky, &scope.scope("core.3"))?;
    let layers: Vec<Box<dyn Layer>> = vec![Box::new(strf), Box::new(units)];
    let readout = blueprint.readout(hidden)?;
    Ok(Model::new(layers, blueprint.head()?.with_leak(output_decay)).with_readout(readout))
}

fn leaky_config(blueprint: &Blueprint) -> error::Result<LeakyConfig> {
    let (values, Dims { dt_ms, .. }) = (blueprint.values, blueprint.dims);
    let init_tau_ms = values.number("init_tau_ms")?;
    if init_tau_ms <= *dt_ms {
        return Err(Error::Refused(format!(
            "model.init_tau_ms: found {init_tau_ms}, expected more than one bin of the recording \
             ({dt_ms} ms); a leaky unit cannot forget faster"
        )));
    }
    let memory = match values.count("decay_bins")? {
        0 => Length::Unlimited,
        bins => Length::Bins(bins),
    };
    let decay_input = values.flag("decay_input")?;
    let init_tau_bins = init_tau_ms / dt_ms;
    Ok(LeakyConfig { init_tau_bins, memory, decay_input, dt_ms: *dt_ms })
}
