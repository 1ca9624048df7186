//! Transformer: patches of sound as units, their position in the clip added, encoder layers in which
//! each bin attends to those before it, a readout of every neuron.
//!
//! Patches → positions → `layers` times (attention, then a hidden layer of four times as many units,
//! each with what passes by it and layer normalization behind) → linear to `N` → output nonlinearity.
//!
//! Differs from deepSTRF 0.1.0: patches of 45 ms instead of one bin; a window of 205 ms instead of all of the past, so that long clips mean
//! the same as short ones; layers of the encoder start apart from each other; parametric softplus.
use super::{
    Argument, Blueprint, FREEZE, HIDDEN_READOUT, HasStrfs, INIT, LR, Meaning, Model, ModelRow,
    ReferenceClass, Sharing, ln,
};
use crate::base::error::{self, Error};
use crate::config::keys::{Default, Key, Kind, Range, Value, Values};
use crate::config::part::{KeyProblem, Part};
use crate::models::dims::Dims;
use crate::models::layers::{FeedForward, Layer, PatchDims, Patches, Positions, SelfAttention};
use crate::models::ops::attention::AttentionDims;
use crate::models::ops::draws::Dropout;

/// The row of `transformer`.
pub const ROW: ModelRow = ModelRow {
    part: Part {
        name: "transformer",
        summary: "patches of sound that attend to those before them, read out by every neuron",
        source: "Vaswani et al. (2017), NeurIPS, doi:10.48550/arXiv.1706.03762",
        keys: KEYS,
    },
    strfs: HasStrfs::No("its first weights are patches of sound, not STRFs"),
    sharing: Sharing::Hidden,
    lr: LR,
    build,
    reference: Some(&ReferenceClass {
        name: "Transformer",
        output: Some("identity"),
        arguments: &[
            Argument(
                "freq_patch_size",
                Meaning::OrNothing("freq_patch", |blueprint| {
                    Ok(Some(Sizes::of(blueprint)?.patches.height))
                }),
            ),
            Argument(
                "time_patch_size",
                Meaning::OrNothing(TIME_PATCH, |blueprint| {
                    Ok(Some(Sizes::of(blueprint)?.patches.width))
                }),
            ),
            Argument(
                "context_window",
                Meaning::OrNothing(CONTEXT_WINDOW, |blueprint| {
                    Ok(Sizes::of(blueprint)?.attention.window)
                }),
            ),
            Argument("embedding_dim", Meaning::Same("embedding_dim")),
            Argument("n_heads", Meaning::Same("heads")),
            Argument("n_layers", Meaning::Same("layers")),
        ],
        form: &[("hidden_readout", "0")],
    }),
};

const TIME_PATCH: &str = "time_patch";
/// How long a patch is where nothing is said.
const PATCH_MS: f64 = 45.0;
const CONTEXT_MS: &str = "context_ms";
const CONTEXT_WINDOW: &str = "context_window";
/// How far back a bin attends where the run file does not say.
const DEFAULT_CONTEXT_MS: f64 = 205.0;
/// Units of the hidden layer behind attention, for each unit.
const WIDER: usize = 4;

const KEYS: &[Key] = &[
    Key {
        name: "freq_patch",
        kind: Kind::Integer(0, 65_536),
        default: Default::Is("0"),
        doc: "bands of a patch, which must divide those of the recording; 0 = all bands",
    },
    Key {
        name: TIME_PATCH,
        kind: Kind::Integer(1, 4_096),
        default: Default::Follows("as many as come to 45 ms"),
        doc: "bins of a patch, the present one the last",
    },
    Key {
        name: CONTEXT_MS,
        kind: Kind::Number(Range::closed(0.0, 10_000.0)),
        default: Default::Follows("205.0 where context_window is left out too"),
        doc: "how far back each layer attends, in milliseconds, rounded to whole bins; 0 = all of the past, where a long clip means something else than a short one",
    },
    Key {
        name: CONTEXT_WINDOW,
        kind: Kind::Integer(0, 1_000_000),
        default: Default::Follows("what context_ms comes to"),
        doc: "the same in bins, the present one among them, instead of context_ms; 0 = all of the past",
    },
    Key {
        name: "embedding_dim",
        kind: Kind::Integer(1, 4_096),
        default: Default::Is("48"),
        doc: "units of each patch; with those of all patches an even number",
    },
    Key {
        name: "heads",
        kind: Kind::Integer(1, 1_024),
        default: Default::Is("1"),
        doc: "heads of attention, which must divide the units",
    },
    Key {
        name: "layers",
        kind: Kind::Integer(1, 256),
        default: Default::Is("1"),
        doc: "layers of the encoder",
    },
    Key {
        name: "dropout",
        kind: Kind::Number(Range::closed(0.0, 0.9)),
        default: Default::Is("0.1"),
        doc: "share of weights of attention and of units that each step of training leaves out",
    },
    HIDDEN_READOUT,
    ln::OUTPUT,
    INIT,
    FREEZE,
];

/// A window that is given twice, where a part has both keys.
pub fn window_given_once(values: &Values) -> Vec<KeyProblem> {
    match (values.get(CONTEXT_MS), values.get(CONTEXT_WINDOW)) {
        (Some(Value::Number(ms)), Some(Value::Integer(bins))) => {
            let expected = format!("this or {CONTEXT_WINDOW} = {bins}, not both");
            vec![KeyProblem { key: CONTEXT_MS, found: format!("{ms:?}"), expected }]
        }
        _ => Vec::new(),
    }
}

/// Sizes of the layers.
struct Sizes {
    patches: PatchDims,
    attention: AttentionDims,
}

impl Sizes {
    fn of(blueprint: &Blueprint) -> error::Result<Self> {
        let Blueprint { values, dims, channels, .. } = blueprint;
        let embedding = values.count("embedding_dim")?;
        let width = match values.get(TIME_PATCH) {
            Some(_) => values.count(TIME_PATCH)?,
            None => dims.bins(PATCH_MS),
        };
        let height = patch_bands(values.count("freq_patch")?, dims.bands)?;
        let count = dims.bands / height;
        let (units, heads) = (embedding * count, values.count("heads")?);
        if !units.is_multiple_of(2) {
            return Err(Error::Refused(format!(
                "model.embedding_dim: found {embedding}, expected an even number: times {count}, the \
                 patches over the bands, it makes {units} units, of which positions take pairs"
            )));
        }
        if !units.is_multiple_of(heads) {
            return Err(Error::Refused(format!(
                "model.heads: found {heads}, expected a number that divides the {units} units \
                 (embedding_dim = {embedding}, times {count}, the patches over the bands)"
            )));
        }
        let channels = *channels;
        let patches = PatchDims { embedding, channels, height, width, count };
        let attention = AttentionDims { units, heads, window: window(values, dims)? };
        Ok(Self { patches, attention })
    }
}

/// Bands of a patch.
fn patch_bands(asked: usize, bands: usize) -> error::Result<usize> {
    match asked {
        0 => Ok(bands),
        asked if bands.is_multiple_of(asked) => Ok(asked),
        asked => {
            let fitting = (1..=bands).filter(|patch| bands.is_multiple_of(*patch));
            let fitting: Vec<String> = fitting.map(|patch| patch.to_string()).collect();
            Err(Error::Refused(format!(
                "model.freq_patch: found {asked}, expected 0 (all bands) or a number that divides the \
                 {bands} bands of the recording: {}",
                fitting.join(", ")
            )))
        }
    }
}

/// Bins that a bin attends to, itself among them; none where these are all of the past.
fn window(values: &Values, dims: &Dims) -> error::Result<Option<usize>> {
    if values.get(CONTEXT_WINDOW).is_some() {
        let bins = values.count(CONTEXT_WINDOW)?;
        return Ok((bins > 0).then_some(bins));
    }
    let ms = match values.get(CONTEXT_MS) {
        Some(_) => values.number(CONTEXT_MS)?,
        None => DEFAULT_CONTEXT_MS.max(dims.dt_ms),
    };
    if ms > 0.0 && ms < dims.dt_ms {
        return Err(Error::Refused(format!(
            "model.{CONTEXT_MS}: found {ms}, expected 0 (all of the past) or at least one bin of the \
             recording ({} ms): a bin attends to itself at least",
            dims.dt_ms
        )));
    }
    Ok((ms > 0.0).then(|| dims.bins(ms)))
}

/// Parameters `patchify.*`, `pos_encoding.div_term`, `tsfm.layers.I.*`, `readout.fc.*`,
/// `readout.activation.*`.
fn build(blueprint: &Blueprint) -> error::Result<Model> {
    let (values, scope) = (blueprint.values, &blueprint.scope);
    let Sizes { patches, attention } = Sizes::of(blueprint)?;
    let units = attention.units;
    let dropout = Dropout::new(values.number("dropout")?);
    let mut layers: Vec<Box<dyn Layer>> = vec![
        Box::new(Patches::new(patches, &scope.scope("patchify"))?),
        Box::new(Positions::new(units, &scope.scope("pos_encoding"))?),
    ];
    for place in 0..values.count("layers")? {
        let scope = scope.scope(&format!("tsfm.layers.{place}"));
        layers.push(Box::new(SelfAttention::new(attention, dropout, &scope)?));
        layers.push(Box::new(FeedForward::new((units, WIDER * units), dropout, &scope)?));
    }
    let readout = blueprint.readout(units)?;
    Ok(Model::new(layers, blueprint.head()?).with_readout(readout))
}
