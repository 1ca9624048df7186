//! 2D-CNN: three convolutions over frequency and time, then two fully connected layers.
//!
//! Left pad `3(K_T−1)` bins of silence; three times convolution `(K_F, K_T)` → layer normalization
//! over channels → leaky ReLU 0.1; flatten (channel, band); linear → leaky ReLU 0.1 → linear to
//! `N` → output nonlinearity.
//!
//! Differs from the paper as deepSTRF 0.1.0 does: the layer normalization, leaky instead of plain
//! rectification, and kernels over frequency and time rather than time alone.
use super::{
    Argument, Blueprint, FREEZE, HasStrfs, INIT, LR, Meaning, Model, ModelRow, ReferenceClass,
    SLOPE, Sharing, ln, nrf,
};
use crate::base::error::{self, Error};
use crate::config::keys::{Default, Key, Kind, Range, Values};
use crate::config::part::Part;
use crate::models::dims::Dims;
use crate::models::layers::{BandConv, BandConvDims, Layer, LayerNorm};
use crate::models::ops::activation::Activation;

/// The row of `cnn2d`.
pub const ROW: ModelRow = ModelRow {
    part: Part {
        name: "cnn2d",
        summary: "three convolutions over frequency and time, then two fully connected layers",
        source: "Pennington & David (2023), PLoS Comput. Biol. 19(5):e1011110, doi:10.1371/journal.pcbi.1011110",
        keys: KEYS,
    },
    strfs: HasStrfs::No("its kernels are small filters, not STRFs"),
    sharing: Sharing::Hidden,
    lr: LR,
    build,
    reference: Some(&ReferenceClass {
        name: "ConvNet2D",
        output: None,
        arguments: &[
            Argument("kernel_size", Meaning::Kernel("kernel_bands", "kernel_ms")),
            Argument("c_hidden", Meaning::Same("channels")),
            Argument("n_hidden", Meaning::Same(nrf::HIDDEN.name)),
        ],
        form: &[],
    }),
};

const KEYS: &[Key] = &[
    Key {
        name: "kernel_bands",
        kind: Kind::Integer(1, 1_024),
        default: Default::Is("3"),
        doc: "height of each convolution kernel in bands",
    },
    Key {
        name: "kernel_ms",
        kind: Kind::Number(Range::above(0.0, 10_000.0)),
        default: Default::Is("45.0"),
        doc: "width of each convolution kernel in milliseconds; rounded to whole bins",
    },
    Key {
        name: "channels",
        kind: Kind::Integer(1, 4_096),
        default: Default::Is("10"),
        doc: "channels of each convolution",
    },
    nrf::HIDDEN,
    ln::OUTPUT,
    INIT,
    FREEZE,
];

const LAYERS: usize = 3;

fn kernel_bins(values: &Values, dims: &Dims) -> error::Result<usize> {
    Ok(dims.bins(values.number("kernel_ms")?))
}

/// Parameters `core.1`, `core.4`, `core.7` (convolutions), `core.2.ln`, `core.5.ln`, `core.8.ln`,
/// `readout.fc.0`, `readout.fc.2`, `readout.activation.*`.
fn build(blueprint: &Blueprint) -> error::Result<Model> {
    let (values, scope) = (blueprint.values, &blueprint.scope);
    let (channels, height) = (values.count("channels")?, values.count("kernel_bands")?);
    let width = kernel_bins(values, blueprint.dims)?;
    let bands = remaining_bands(blueprint.dims.bands, height)?;
    let activation = Activation::LeakyRelu(SLOPE);
    let mut layers: Vec<Box<dyn Layer>> = Vec::new();
    for place in 0..LAYERS {
        let (inputs, left) =
            if place == 0 { (blueprint.channels, LAYERS * (width - 1)) } else { (channels, 0) };
        let dims = BandConvDims { outputs: channels, inputs, height, width, left };
        let norm = LayerNorm::new(channels, &scope.scope(&format!("core.{}", 3 * place + 2)))?;
        let scope = scope.scope(&format!("core.{}", 3 * place + 1));
        layers.push(Box::new(BandConv::new(dims, norm, activation, &scope)?));
    }
    let readout = blueprint.readout_through(values.count("hidden")?, channels * bands)?;
    Ok(Model::new(layers, blueprint.head()?).with_readout(readout))
}

/// Bands that are left after three convolutions.
fn remaining_bands(bands: usize, height: usize) -> error::Result<usize> {
    let lost = LAYERS * (height - 1);
    bands.checked_sub(lost).filter(|left| *left > 0).ok_or_else(|| {
        Error::Refused(format!(
            "model.kernel_bands: found {height}, expected at most {}: three such kernels do not \
             fit on {bands} bands",
            bands.div_ceil(LAYERS)
        ))
    })
}
