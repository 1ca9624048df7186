//! `StateNet`: every bin through kernels over frequency, then recurrent units that keep what matters
//! of the past.
//!
//! Kernels `kernel_bands` high at every `stride`-th band → layer normalization over their channels at
//! each place → sigmoid → recurrent units, as many as there are channels and places → linear to `N` →
//! output nonlinearity.
//!
//! Differs from deepSTRF 0.1.0: weights of local kernels start uniform within ±1/√`fan_in` instead of
//! between 0 and 1, where nearly every sigmoid is saturated; `rnn = "s4"` is not there, since its
//! reference changes its weights with the length of clips.
use super::{
    Argument, Blueprint, FREEZE, HIDDEN_READOUT, HasStrfs, INIT, Meaning, Model, ModelRow,
    ReferenceClass, Sharing, ln,
};
use crate::base::error::{self, Error};
use crate::config::keys::{Default, Key, Kind};
use crate::config::part::Part;
use crate::models::layers::recurrent::{self, CELLS, CellDims, CellRow};
use crate::models::layers::{Connectivity, Frames, FramesDims, Layer, MapShape};

/// The row of `statenet`.
pub const ROW: ModelRow = ModelRow {
    part: Part {
        name: "statenet",
        summary: "kernels over frequency at each bin, then recurrent units that remember",
        source: "Rançon, Masquelier & Cottereau (2025), Commun. Biol. 8:1456",
        keys: KEYS,
    },
    strfs: HasStrfs::No("its kernels span frequency alone, and its memory is recurrent"),
    sharing: Sharing::Hidden,
    lr: 0.003,
    build,
    reference: Some(&ReferenceClass {
        name: "StateNet",
        output: None,
        arguments: &[
            Argument("kernel_size", Meaning::Same("kernel_bands")),
            Argument("stride", Meaning::Same("stride")),
            Argument("hidden_channels", Meaning::Same("channels")),
            Argument("connectivity", Meaning::Word("connectivity", str::to_uppercase)),
            Argument("rnn_type", Meaning::Word("rnn", recurrent::reference)),
        ],
        form: &[("rnn_layers", "1"), ("hidden_readout", "0")],
    }),
};

const KEYS: &[Key] = &[
    Key {
        name: "rnn",
        kind: Kind::Part(recurrent::names),
        default: Default::Is("\"gru\""),
        doc: "kind of recurrent units",
    },
    Key {
        name: "rnn_layers",
        kind: Kind::Integer(1, 64),
        default: Default::Is("1"),
        doc: "layers of recurrent units",
    },
    Key {
        name: "connectivity",
        kind: Kind::Choice(&["lc", "conv", "fc"]),
        default: Default::Is("\"lc\""),
        doc: "whether kernels at each place are its own (lc), the same everywhere (conv), or span all bands (fc)",
    },
    Key {
        name: "kernel_bands",
        kind: Kind::Integer(1, 1_024),
        default: Default::Is("7"),
        doc: "height of each kernel in bands",
    },
    Key {
        name: "stride",
        kind: Kind::Integer(1, 1_024),
        default: Default::Is("3"),
        doc: "bands from one place of a kernel to the next",
    },
    Key {
        name: "channels",
        kind: Kind::Integer(1, 4_096),
        default: Default::Is("7"),
        doc: "kernels at each place; recurrent units are as many as kernels at all places",
    },
    HIDDEN_READOUT,
    ln::OUTPUT,
    INIT,
    FREEZE,
];

/// Parameters `encoder_layers.*`, `rnn.*`, `readout.fc.*`, `readout.activation.*`.
fn build(blueprint: &Blueprint) -> error::Result<Model> {
    let (values, scope) = (blueprint.values, &blueprint.scope);
    let dims = dims(blueprint)?;
    let connectivity = match values.text("connectivity")? {
        "conv" => Connectivity::Shared,
        "fc" => Connectivity::Full,
        _ => Connectivity::Local,
    };
    let frames = Frames::new(dims, connectivity, &scope.scope("encoder_layers"))?;
    let mut layers: Vec<Box<dyn Layer>> = vec![Box::new(frames)];
    let mut shape = MapShape { channels: dims.outputs, bands: dims.places() };
    let (units, cell) = (dims.outputs * dims.places(), cell(blueprint)?);
    for place in 0..values.count("rnn_layers")? {
        layers.push((cell.build)(shape, CellDims { units, place }, scope)?);
        shape = MapShape { channels: units, bands: 1 };
    }
    let readout = blueprint.readout(units)?;
    let unseen = match dims.left_out() {
        _ if connectivity == Connectivity::Full => None,
        0 => None,
        bands => Some(unseen(blueprint, bands)),
    };
    Ok(Model::new(layers, blueprint.head()?).with_readout(readout).with_notes(unseen))
}

fn cell<'a>(blueprint: &Blueprint) -> error::Result<&'a CellRow> {
    let name = blueprint.values.text("rnn")?;
    CELLS.iter().find(|row| row.name == name).ok_or_else(|| {
        let known = recurrent::names();
        Error::Refused(format!("model.rnn: found {name:?}, expected one of {known:?}"))
    })
}

fn dims(blueprint: &Blueprint) -> error::Result<FramesDims> {
    let (values, bands) = (blueprint.values, blueprint.dims.bands);
    let height = values.count("kernel_bands")?;
    if height > bands {
        return Err(Error::Refused(format!(
            "model.kernel_bands: found {height}, expected at most {bands}, the number of bands of \
             the sound"
        )));
    }
    let (stride, outputs) = (values.count("stride")?, values.count("channels")?);
    Ok(FramesDims { inputs: blueprint.channels, bands, outputs, height, stride })
}

/// Says which bands no kernel sees.
fn unseen(blueprint: &Blueprint, count: usize) -> String {
    let bands = blueprint.dims.bands;
    let which = match count {
        1 => format!("the last of {bands} bands"),
        _ => format!("the last {count} of {bands} bands"),
    };
    let heard = blueprint.dims.frequencies_hz.as_ref().map(|hz| {
        let listed: Vec<String> = hz[bands - count..].iter().map(|hz| format!("{hz:.0}")).collect();
        format!(" ({} Hz)", listed.join(", "))
    });
    format!(
        "model: kernels of model.kernel_bands at every model.stride-th band leave out {which}{}",
        heard.unwrap_or_default()
    )
}
