//! Network receptive field: hidden units with an STRF each, read out by every neuron.
//!
//! STRF convolution to `H` → layer normalization over `H` at each bin → tanh → linear to `N` →
//! output nonlinearity.
//!
//! Differs from the paper as deepSTRF 0.1.0 does: the layer normalization, and tanh unscaled.
use candle_core::{Result, Tensor};

use super::{linear, ln};
use crate::base::error;
use crate::config::keys::{Default, Key, Kind};
use crate::config::part::Part;
use crate::models::dims::Axis;
use crate::models::fast::{Fast, Stages};
use crate::models::layers::{LayerNorm, Linear, Mode, StrfConv};
use crate::models::ops::activation::Activation;
use crate::models::outputs::Output;
use crate::models::prefilters::Quantity;
use crate::models::{Blueprint, Kernels, Model, ModelRow, Owners, Sharing, Strfs, window_lags};

/// The row of `nrf`.
pub const ROW: ModelRow = ModelRow {
    part: Part {
        name: "nrf",
        summary: "hidden units with an STRF each, read out by every neuron",
        source: "Harper, Schoppe, Willmore, Cui, Schnupp & King (2016), PLoS Comput. Biol. 12(11):e1005113, doi:10.1371/journal.pcbi.1005113",
        keys: &[linear::WINDOW, HIDDEN, ln::OUTPUT],
    },
    kernels: Kernels::Strfs,
    sharing: Sharing::Hidden,
    build,
    reference: |blueprint| {
        let lags = blueprint.lags()?.into();
        let hidden = blueprint.values.integer("hidden")?.into();
        let others = [("temporal_window_size", lags), ("n_hidden", hidden)];
        Ok(blueprint.reference("NetworkReceptiveField", &others))
    },
    lags: window_lags,
};

/// `hidden`, for models with hidden units.
pub const HIDDEN: Key = Key {
    name: "hidden",
    kind: Kind::Integer(1, 65_536),
    default: Default::Is("20"),
    doc: "hidden units",
};

/// Parameters `core.0.kernel.*`, `core.1.ln.*`, `readout.fc.*`, `readout.activation.*`.
struct Nrf {
    strf: StrfConv,
    norm: LayerNorm,
    readout: Linear,
    output: Box<dyn Output>,
}

fn build(blueprint: &Blueprint) -> error::Result<Box<dyn Model>> {
    let (hidden, scope) = (blueprint.values.count("hidden")?, &blueprint.scope);
    Ok(Box::new(Nrf {
        strf: StrfConv::new(blueprint.kernel(hidden, &scope.scope("core.0.kernel"))?),
        norm: LayerNorm::new(hidden, &scope.scope("core.1"))?,
        readout: Linear::new(hidden, blueprint.dims.neurons, &scope.scope("readout.fc"))?,
        output: blueprint.output()?,
    }))
}

impl Model for Nrf {
    fn drive(&self, x: &Tensor, _mask: Option<&Tensor>, _mode: Mode) -> Result<Tensor> {
        let hidden = self.norm.forward(&self.strf.forward(x)?)?.tanh()?; // (B, H, T)
        self.readout.forward(&hidden)
    }

    fn output(&self) -> &dyn Output {
        self.output.as_ref()
    }

    fn fast(&self, stages: Stages) -> Result<Fast> {
        let hidden = self.strf.layer(&self.norm, Activation::Tanh)?;
        stages.then(hidden).then(self.readout.stage()?).end(None, self.output.as_ref(), None)
    }

    fn strfs(&self) -> Result<Option<Strfs>> {
        hidden_strfs(&self.strf)
    }

    fn rescale(&self, factors: &Tensor) -> Result<()> {
        self.readout.rescale_behind(self.output.as_ref(), factors)
    }

    fn weights_on_sound(&self) -> Result<Vec<Tensor>> {
        Ok(vec![self.strf.strfs()?])
    }

    fn learnt(&self) -> Result<Vec<Quantity>> {
        Ok(vec![readout_weights(&self.readout)])
    }
}

/// STRFs of hidden units.
pub fn hidden_strfs(strf: &StrfConv) -> Result<Option<Strfs>> {
    let kernels = strf.strfs()?;
    let gains = vec![1.0; kernels.dim(0)?];
    Ok(Some(Strfs { kernels, gains, owners: Owners::Hidden }))
}

/// What each neuron makes of the hidden units, `(N, H)`.
pub fn readout_weights(readout: &Linear) -> Quantity {
    let axes = &[Axis::Neuron, Axis::Hidden];
    Quantity { name: "readout_weights", unit: "1", axes, values: readout.weight().clone() }
}
