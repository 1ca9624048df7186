//! 1D-CNN: weights over bands, then kernels over time, then dense layers.
//!
//! Channel weights to `channels` → a kernel over time for each → relu → dense → relu; with
//! `second_lag_ms` a kernel over time for each of the dense units stands before their relu, and a
//! second dense layer may follow; linear to `N` → output nonlinearity. Without dense units no relu
//! stands in between: a population of linear-nonlinear models that share channels.
//!
//! Differs from the paper: biases, which move thresholds of relus, are what they are in other models
//! here; sizes in milliseconds, so that they hold for any width of a bin.
use super::{Blueprint, FREEZE, HIDDEN_READOUT, HasStrfs, INIT, LR, Model, ModelRow, Sharing};
use crate::base::error::{self, Error};
use crate::config::keys::{Default, Key, Kind, Range, Values};
use crate::config::part::Part;
use crate::models::layers::{ChannelWeights, Layer, Linear, TemporalConv};
use crate::models::ops::activation::Activation;
use crate::models::outputs;

/// The row of `cnn1d`.
pub const ROW: ModelRow = ModelRow {
    part: Part {
        name: "cnn1d",
        summary: "weights over bands, kernels over time for each, then dense layers",
        source: "Pennington & David (2023), PLoS Comput. Biol. 19(5):e1011110, doi:10.1371/journal.pcbi.1011110",
        keys: KEYS,
    },
    strfs: HasStrfs::No("its first weights are on bands alone, not STRFs"),
    sharing: Sharing::Hidden,
    lr: LR,
    build,
    reference: None,
};

const KEYS: &[Key] = &[
    Key {
        name: "preset",
        kind: Kind::Choice(&["1d", "1dx2", "pop_ln"]),
        default: Default::Is("\"1d\""),
        doc: "sizes of the paper's models: one stage over time, two, or none with a relu behind it; other keys override them",
    },
    Key {
        name: "channel_weights",
        kind: Kind::Choice(&["gaussian", "free"]),
        default: Default::Is("\"gaussian\""),
        doc: "what weights over bands are: Gaussians with centres and widths, or free",
    },
    Key {
        name: "channels",
        kind: Kind::Integer(1, 65_536),
        default: Default::Follows("100 with 1d, 70 with 1dx2, 120 with pop_ln"),
        doc: "weights over bands, each with a kernel over time",
    },
    Key {
        name: "lag_ms",
        kind: Kind::Number(Range::above(0.0, 10_000.0)),
        default: Default::Follows("250.0, with 1dx2 150.0"),
        doc: "how far back kernels over time look, in milliseconds; rounded to whole bins",
    },
    Key {
        name: "dense",
        kind: Kind::Integer(0, 65_536),
        default: Default::Follows("120 with 1d, 80 with 1dx2, 0 with pop_ln"),
        doc: "units of the first dense layer; 0 = none, and no relu: neurons read out the channels",
    },
    Key {
        name: "second_lag_ms",
        kind: Kind::Number(Range::closed(0.0, 10_000.0)),
        default: Default::Follows("100.0 with 1dx2, else 0.0"),
        doc: "how far back kernels over time of the dense units look, in milliseconds; 0 = none",
    },
    Key {
        name: "second_dense",
        kind: Kind::Integer(0, 65_536),
        default: Default::Follows("100 with 1dx2, else 0"),
        doc: "units of the second dense layer; 0 = none",
    },
    HIDDEN_READOUT,
    Key {
        name: "output",
        kind: Kind::Part(outputs::names),
        default: Default::Is("\"double_exponential\""),
        doc: "output nonlinearity",
    },
    INIT,
    FREEZE,
];

/// `max(0, x)`.
const RELU: Activation = Activation::LeakyRelu(0.0);

/// Sizes of a model.
struct Sizes {
    channels: usize,
    lag_ms: f64,
    dense: usize,
    second_lag_ms: f64,
    second_dense: usize,
}

impl Sizes {
    /// Those of the preset, with what the run file says in their place.
    fn of(values: &Values) -> error::Result<Self> {
        let preset = match values.text("preset")? {
            "1dx2" => (70, 150.0, 80, 100.0, 100),
            "pop_ln" => (120, 250.0, 0, 0.0, 0),
            _ => (100, 250.0, 120, 0.0, 0),
        };
        let count = |key, otherwise| values.get(key).map_or(Ok(otherwise), |_| values.count(key));
        let number = |key, otherwise| values.get(key).map_or(Ok(otherwise), |_| values.number(key));
        let sizes = Self {
            channels: count("channels", preset.0)?,
            lag_ms: number("lag_ms", preset.1)?,
            dense: count("dense", preset.2)?,
            second_lag_ms: number("second_lag_ms", preset.3)?,
            second_dense: count("second_dense", preset.4)?,
        };
        let behind = [
            ("second_lag_ms", sizes.second_lag_ms > 0.0, sizes.second_lag_ms.to_string()),
            ("second_dense", sizes.second_dense > 0, sizes.second_dense.to_string()),
        ];
        match behind.into_iter().find(|(_, given, _)| *given && sizes.dense == 0) {
            Some((key, _, found)) => Err(Error::Refused(format!(
                "model.{key}: found {found}, expected 0 with model.dense = 0: it stands behind the \
                 first dense layer; set model.dense or leave it out"
            ))),
            None => Ok(sizes),
        }
    }
}

/// Parameters `core.0.*` (channel weights), `core.1.*` (kernels over time), `core.2.*` (dense),
/// `core.3.*` (kernels over time), `core.4.*` (dense), `readout.fc.*`, `readout.activation.*`.
fn build(blueprint: &Blueprint) -> error::Result<Model> {
    let Blueprint { values, dims, channels, .. } = blueprint;
    let scope = |place: usize| blueprint.scope.scope(&format!("core.{place}"));
    let sizes = Sizes::of(values)?;
    let first = match values.text("channel_weights")? {
        "free" => ChannelWeights::free(sizes.channels, *channels, dims, &scope(0))?,
        _ => ChannelWeights::gaussian(sizes.channels, *channels, dims, &scope(0))?,
    };
    let behind = |rectified: bool| if rectified { RELU } else { Activation::Identity };
    let over_time = |units: usize, ms: f64, activation, place| {
        TemporalConv::new((units, dims.bins(ms)), activation, &scope(place))
    };
    let kernels = over_time(sizes.channels, sizes.lag_ms, behind(sizes.dense > 0), 1)?;
    let mut layers: Vec<Box<dyn Layer>> = vec![Box::new(first), Box::new(kernels)];
    let mut units = sizes.channels;
    if sizes.dense > 0 {
        let again = sizes.second_lag_ms > 0.0;
        let dense = Linear::new(units, sizes.dense, &scope(2))?;
        layers.push(Box::new(dense.activated(behind(!again))));
        if again {
            layers.push(Box::new(over_time(sizes.dense, sizes.second_lag_ms, RELU, 3)?));
        }
        units = sizes.dense;
    }
    if sizes.second_dense > 0 {
        let dense = Linear::new(units, sizes.second_dense, &scope(4))?;
        layers.push(Box::new(dense.activated(RELU)));
        units = sizes.second_dense;
    }
    let readout = blueprint.readout(units)?;
    Ok(Model::new(layers, blueprint.head()?).with_readout(readout))
}
