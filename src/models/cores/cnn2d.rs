//! 2D-CNN: three convolutions over frequency and time, then two fully connected layers.
//!
//! Left pad `3(K_T−1)` bins of silence; three times convolution `(K_F, K_T)` → layer normalization
//! over channels → leaky ReLU 0.1; flatten (channel, band); linear → leaky ReLU 0.1 → linear to
//! `N` → output nonlinearity.
//!
//! Differs from the paper as deepSTRF 0.1.0 does: the layer normalization, leaky instead of plain
//! rectification, and kernels over frequency and time rather than time alone.
use candle_core::{Result, Tensor, Var};

use super::{ln, nrf};
use crate::base::error::{self, Error};
use crate::config::keys::{Default, Key, Kind, Range, Values};
use crate::config::part::Part;
use crate::models::dims::Dims;
use crate::models::fast::{Fast, Stages};
use crate::models::layers::{LayerNorm, Linear, Mode, leaky_relu};
use crate::models::ops::activation::Activation;
use crate::models::ops::correlate;
use crate::models::ops::correlation::Correlation;
use crate::models::ops::layer as ops;
use crate::models::ops::layer::Norm;
use crate::models::ops::stage::StageWithParameters;
use crate::models::outputs::Output;
use crate::models::parameterizations::in_patch_order;
use crate::models::params::{Role, Scope, fan_in};
use crate::models::{Blueprint, Kernels, Model, ModelRow, Sharing, Strfs};

/// The row of `cnn2d`.
pub const ROW: ModelRow = ModelRow {
    part: Part {
        name: "cnn2d",
        summary: "three convolutions over frequency and time, then two fully connected layers",
        source: "Pennington & David (2023), PLoS Comput. Biol. 19(5):e1011110, doi:10.1371/journal.pcbi.1011110",
        keys: KEYS,
    },
    kernels: Kernels::None("its kernels are small filters, not STRFs"),
    sharing: Sharing::Hidden,
    build,
    reference: |blueprint| {
        let values = blueprint.values;
        let kernel = vec![values.count("kernel_bands")?, kernel_bins(values, blueprint.dims)?];
        let others = [
            ("kernel_size", kernel.into()),
            ("c_hidden", values.integer("channels")?.into()),
            ("n_hidden", values.integer("hidden")?.into()),
        ];
        Ok(blueprint.reference("ConvNet2D", &others))
    },
    lags: |values, dims| Ok(LAYERS * (kernel_bins(values, dims)? - 1) + 1),
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
];

const LAYERS: usize = 3;
const SLOPE: f64 = 0.1;

fn kernel_bins(values: &Values, dims: &Dims) -> error::Result<usize> {
    Ok(dims.bins(values.number("kernel_ms")?))
}

/// Parameters `core.1`, `core.4`, `core.7` (convolutions), `core.2.ln`, `core.5.ln`, `core.8.ln`,
/// `readout.fc.0`, `readout.fc.2`, `readout.activation.*`.
struct Cnn2d {
    layers: Vec<Layer>,
    padding: usize,
    hidden: Linear,
    readout: Linear,
    output: Box<dyn Output>,
}

/// Convolution `weight (O, C, K_F, K_T)`, `bias (O)`, and the normalization of its channels.
struct Layer {
    weight: Var,
    bias: Var,
    norm: LayerNorm,
}

fn build(blueprint: &Blueprint) -> error::Result<Box<dyn Model>> {
    let (values, scope) = (blueprint.values, &blueprint.scope);
    let (channels, height) = (values.count("channels")?, values.count("kernel_bands")?);
    let width = kernel_bins(values, blueprint.dims)?;
    let bands = remaining_bands(blueprint.dims.bands, height)?;
    let inputs = [blueprint.channels, channels, channels];
    let layers = (0..LAYERS).map(|i| {
        let names = (format!("core.{}", 3 * i + 1), format!("core.{}", 3 * i + 2));
        Layer::new(
            [channels, inputs[i], height, width],
            (&scope.scope(&names.0), &scope.scope(&names.1)),
        )
    });
    let (features, hidden) = (channels * bands, values.count("hidden")?);
    Ok(Box::new(Cnn2d {
        layers: layers.collect::<Result<_>>()?,
        padding: LAYERS * (width - 1),
        hidden: Linear::new(features, hidden, &scope.scope("readout.fc.0"))?,
        readout: Linear::new(hidden, blueprint.dims.neurons, &scope.scope("readout.fc.2"))?,
        output: blueprint.output()?,
    }))
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

impl Layer {
    fn new(shape: [usize; 4], (conv, norm): (&Scope, &Scope)) -> Result<Self> {
        let [outputs, inputs, height, width] = shape;
        let start = fan_in(inputs * height * width);
        Ok(Self {
            weight: conv.get(
                "weight",
                (outputs, inputs, height, width),
                Role::Decayed,
                start.clone(),
            )?,
            bias: conv.get("bias", outputs, Role::Decayed, start)?,
            norm: LayerNorm::new(outputs, norm)?,
        })
    }

    fn stage(&self, bands: usize, left: usize) -> Result<StageWithParameters> {
        let (outputs, channels, height, width) = self.weight.dims4()?;
        let correlation = Correlation { bands, channels, outputs, height, width, left };
        let activation = Activation::LeakyRelu(SLOPE);
        let layer = ops::Layer { correlation, norm: Norm::Channels, activation };
        let mut parameters = vec![in_patch_order(&self.weight)?, self.bias.as_tensor().clone()];
        parameters.extend(self.norm.weight_and_bias());
        Ok((Box::new(layer), parameters))
    }

    fn forward(&self, x: &Tensor, padding: usize) -> Result<Tensor> {
        let bias = self.bias.reshape((1, (), 1, 1))?;
        let drive = correlate(x, &self.weight, padding)?.broadcast_add(&bias)?;
        leaky_relu(&self.norm.forward(&drive)?, SLOPE)
    }
}

impl Model for Cnn2d {
    fn drive(&self, x: &Tensor, _mask: Option<&Tensor>, _mode: Mode) -> Result<Tensor> {
        let (b, _c, _f, t) = x.dims4()?;
        let paddings = std::iter::once(self.padding).chain(std::iter::repeat(0));
        let mut layers = self.layers.iter().zip(paddings);
        let maps = layers.try_fold(x.clone(), |x, (layer, padding)| layer.forward(&x, padding))?;
        let features = maps.reshape((b, (), t))?; // (B, channels · bands, T)
        let hidden = leaky_relu(&self.hidden.forward(&features)?, SLOPE)?;
        self.readout.forward(&hidden)
    }

    fn output(&self) -> &dyn Output {
        self.output.as_ref()
    }

    fn fast(&self, mut stages: Stages) -> Result<Fast> {
        let mut bands = stages.bands();
        for (place, layer) in self.layers.iter().enumerate() {
            let left = if place == 0 { self.padding } else { 0 };
            stages = stages.then(layer.stage(bands, left)?);
            bands = bands + 1 - layer.weight.dim(2)?;
        }
        let hidden = self.hidden.over(bands, Activation::LeakyRelu(SLOPE))?;
        stages.then(hidden).then(self.readout.stage()?).end(None, self.output.as_ref(), None)
    }

    fn strfs(&self) -> Result<Option<Strfs>> {
        Ok(None)
    }

    fn rescale(&self, factors: &Tensor) -> Result<()> {
        self.readout.rescale_behind(self.output.as_ref(), factors)
    }

    fn weights_on_sound(&self) -> Result<Vec<Tensor>> {
        Ok(self.layers.iter().map(|layer| layer.weight.as_tensor().clone()).collect())
    }
}
