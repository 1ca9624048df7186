//! Linear: one STRF per neuron.
//!
//! `y(n,t) = norm( bias(n) + Σ_c Σ_f Σ_k W(n,c,f,k) · x(c,f,t−k) )`.
use candle_core::{DType, Result, Tensor};

use crate::base::error;
use crate::config::keys::{Default, Key, Kind, Range};
use crate::config::part::Part;
use crate::models::fast::{Fast, Stages};
use crate::models::layers::{BatchNorm, Mode, StrfConv};
use crate::models::outputs::{Drive, Output};
use crate::models::{Blueprint, Kernels, Model, ModelRow, Owners, Sharing, Strfs, window_lags};

/// The row of `linear`.
pub const ROW: ModelRow = ModelRow {
    part: Part {
        name: "linear",
        summary: "one STRF per neuron",
        source: "Theunissen, Sen & Doupe (2000), J. Neurosci. 20(6):2315-2331, doi:10.1523/JNEUROSCI.20-06-02315.2000",
        keys: KEYS,
    },
    kernels: Kernels::Strfs,
    sharing: Sharing::Nothing,
    build,
    reference: |blueprint| {
        Ok(blueprint.reference("Linear", &[("temporal_window_size", blueprint.lags()?.into())]))
    },
    lags: window_lags,
};

/// `window_ms`, for every model whose first layer is an STRF convolution.
pub const WINDOW: Key = Key {
    name: "window_ms",
    kind: Kind::Number(Range::above(0.0, 10_000.0)),
    default: Default::Is("45.0"),
    doc: "how far back an STRF looks, in milliseconds; rounded to whole bins",
};

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

/// Parameters `readout.strf.kernel.*`, `readout.bn.*` and those of the output nonlinearity.
struct Linear {
    strf: StrfConv,
    norm: Option<BatchNorm>,
    output: Box<dyn Output>,
}

/// Takes the parameters from the blueprint's scope; `ln` is the same with an output nonlinearity.
pub fn build(blueprint: &Blueprint) -> error::Result<Box<dyn Model>> {
    let neurons = blueprint.dims.neurons;
    let readout = blueprint.scope.scope("readout");
    let norm = match blueprint.values.text("norm")? {
        "batch" => Some(BatchNorm::new(neurons, &readout.scope("bn"))?),
        _ => None,
    };
    Ok(Box::new(Linear {
        strf: StrfConv::new(blueprint.kernel(neurons, &readout.scope("strf.kernel"))?),
        norm,
        output: blueprint.output()?,
    }))
}

impl Model for Linear {
    fn drive(&self, x: &Tensor, mask: Option<&Tensor>, mode: Mode) -> Result<Tensor> {
        let drive = self.strf.forward(x)?;
        match &self.norm {
            Some(norm) => norm.forward(&drive, mask, mode),
            None => Ok(drive),
        }
    }

    fn output(&self) -> &dyn Output {
        self.output.as_ref()
    }

    fn fast(&self, stages: Stages) -> Result<Fast> {
        stages.then(self.strf.stage()?).end(self.norm.as_ref(), self.output.as_ref(), None)
    }

    fn strfs(&self) -> Result<Option<Strfs>> {
        let kernels = self.strf.strfs()?;
        let neurons = kernels.dim(0)?;
        let gains = match &self.norm {
            Some(norm) => norm.gain()?.to_dtype(DType::F32)?.to_vec1::<f32>()?,
            None => vec![1.0; neurons],
        };
        let slopes = self.output.slope(neurons)?;
        let gains = gains.into_iter().zip(slopes).map(|(gain, slope)| gain * slope).collect();
        Ok(Some(Strfs { kernels, gains, owners: Owners::Neurons }))
    }

    fn rescale(&self, factors: &Tensor) -> Result<()> {
        match (self.output.rescale(factors)?, &self.norm) {
            (Drive::Multiplied, Some(norm)) => norm.rescale(factors),
            (Drive::Multiplied, None) => self.strf.rescale(factors),
            (Drive::Same | Drive::Fixed, _) => Ok(()),
        }
    }

    fn weights_on_sound(&self) -> Result<Vec<Tensor>> {
        Ok(vec![self.strf.strfs()?])
    }
}
