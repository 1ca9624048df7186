//! Dynamic network: a network receptive field whose hidden and output units are leaky.
//!
//! STRF convolution to `H` → layer normalization over `H` at each bin → sigmoid → leaky hidden
//! units → linear to `N` → output nonlinearity → leaky output units.
//!
//! Differs from deepSTRF 0.1.0: its output units have no memory (`output_decay = false`), and its
//! hidden units forget all after seven initial time constants (`decay_bins`).
use candle_core::{Result, Tensor};

use super::{linear, ln, nrf};
use crate::base::error::{self, Error};
use crate::config::keys::{Default, Key, Kind, Range};
use crate::config::part::Part;
use crate::models::dims::{Axis, Dims};
use crate::models::fast::{Fast, Stages};
use crate::models::layers::{LayerNorm, LeakyConfig, LeakyUnits, Linear, Mode, StrfConv};
use crate::models::ops::Length;
use crate::models::ops::activation::Activation;
use crate::models::outputs::Output;
use crate::models::prefilters::Quantity;
use crate::models::{Blueprint, Kernels, Model, ModelRow, Sharing, Strfs, window_lags};

/// The row of `dnet`.
pub const ROW: ModelRow = ModelRow {
    part: Part {
        name: "dnet",
        summary: "a network receptive field whose hidden and output units are leaky, with learnable time constants",
        source: "Rahman, Willmore, King & Harper (2019), PLoS Comput. Biol. 15(5):e1006618, doi:10.1371/journal.pcbi.1006618",
        keys: KEYS,
    },
    kernels: Kernels::Strfs,
    sharing: Sharing::Hidden,
    build,
    reference: |blueprint| {
        let values = blueprint.values;
        let others = [
            ("temporal_window_size", blueprint.lags()?.into()),
            ("n_hidden", values.integer("hidden")?.into()),
            ("init_tau", (values.number("init_tau_ms")? / blueprint.dims.dt_ms).into()),
            ("decay_input", values.flag("decay_input")?.into()),
        ];
        Ok(blueprint.reference("DNet", &others))
    },
    lags: window_lags,
};

const KEYS: &[Key] = &[
    linear::WINDOW,
    nrf::HIDDEN,
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
];

/// Parameters `core.0.kernel.*`, `core.1.ln.*`, `core.3.d`, `readout.fc.*`,
/// `readout.activation.*`, `output_decay.d`.
struct DNet {
    strf: StrfConv,
    norm: LayerNorm,
    hidden: LeakyUnits,
    readout: Linear,
    output: Box<dyn Output>,
    output_decay: Option<LeakyUnits>,
    dt_ms: f64,
}

fn build(blueprint: &Blueprint) -> error::Result<Box<dyn Model>> {
    let (values, scope) = (blueprint.values, &blueprint.scope);
    let (hidden, neurons) = (values.count("hidden")?, blueprint.dims.neurons);
    let leaky = leaky_config(blueprint)?;
    let output_decay = if values.flag("output_decay")? {
        Some(LeakyUnits::new(neurons, leaky, &scope.scope("output_decay"))?)
    } else {
        None
    };
    Ok(Box::new(DNet {
        strf: StrfConv::new(blueprint.kernel(hidden, &scope.scope("core.0.kernel"))?),
        norm: LayerNorm::new(hidden, &scope.scope("core.1"))?,
        hidden: LeakyUnits::new(hidden, leaky, &scope.scope("core.3"))?,
        readout: Linear::new(hidden, neurons, &scope.scope("readout.fc"))?,
        output: blueprint.output()?,
        output_decay,
        dt_ms: blueprint.dims.dt_ms,
    }))
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
    Ok(LeakyConfig { init_tau_bins: init_tau_ms / dt_ms, memory, decay_input })
}

impl Model for DNet {
    fn drive(&self, x: &Tensor, _mask: Option<&Tensor>, _mode: Mode) -> Result<Tensor> {
        let hidden = candle_nn::ops::sigmoid(&self.norm.forward(&self.strf.forward(x)?)?)?;
        self.readout.forward(&self.hidden.forward(&hidden)?)
    }

    fn output(&self) -> &dyn Output {
        self.output.as_ref()
    }

    fn output_decay(&self) -> Option<&LeakyUnits> {
        self.output_decay.as_ref()
    }

    fn fast(&self, stages: Stages) -> Result<Fast> {
        let leak =
            |units: &LeakyUnits| Ok::<_, candle_core::Error>((units.leak(), units.tau_bins()?));
        let memory = self.output_decay.as_ref().map(leak).transpose()?;
        let stages = stages.then(self.strf.layer(&self.norm, Activation::Sigmoid)?);
        let stages = stages.then(self.hidden.stage()?).then(self.readout.stage()?);
        stages.end(None, self.output.as_ref(), memory)
    }

    fn remembers(&self) -> bool {
        true
    }

    fn strfs(&self) -> Result<Option<Strfs>> {
        nrf::hidden_strfs(&self.strf)
    }

    fn rescale(&self, factors: &Tensor) -> Result<()> {
        self.readout.rescale_behind(self.output.as_ref(), factors)
    }

    fn weights_on_sound(&self) -> Result<Vec<Tensor>> {
        Ok(vec![self.strf.strfs()?])
    }

    fn learnt(&self) -> Result<Vec<Quantity>> {
        let tau = |name, axes, units: &LeakyUnits| {
            let values = (units.tau_bins()? * self.dt_ms)?;
            Ok::<_, candle_core::Error>(Quantity { name, unit: "ms", axes, values })
        };
        let hidden = tau("hidden_tau_ms", &[Axis::Hidden], &self.hidden)?;
        let mut learnt = vec![nrf::readout_weights(&self.readout), hidden];
        if let Some(units) = &self.output_decay {
            learnt.push(tau("output_tau_ms", &[Axis::Neuron], units)?);
        }
        Ok(learnt)
    }
}
