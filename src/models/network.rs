//! A whole model: prefilter → core → readout → output nonlinearity.
use std::sync::Arc;

use candle_core::{Result, Tensor};

use super::Architecture;
use super::batch::{Batch, Member, Padded};
use super::dims::Dims;
use super::fast::{Fast, Stages};
use super::layers::Mode;
use super::loss::{self, LossRow};
use super::ops::chain::Pools;
use super::params::Params;
use super::prefilters::{Kernels, Prefilter, Quantity};
use super::{Blueprint, Model, Reference, Strfs};
use crate::base::error;

/// A prefilter and a model, from cochleagrams to responses.
pub struct Network {
    prefilter: Option<Box<dyn Prefilter>>,
    /// Whether the prefilter changes in training, so that batches hold sound as it is before it.
    prefilter_learns: bool,
    model: Box<dyn Model>,
    reference: Reference,
    lags: usize,
    pools: Arc<Pools>,
}

impl Network {
    /// Builds the parts that a run file chooses; their parameters lie in `params`.
    pub fn build(architecture: &Architecture, dims: &Dims, params: &Params) -> error::Result<Self> {
        let scope = params.scope("prefiltering");
        let prefilter = match architecture.prefilters.as_slice() {
            [] => None,
            [chosen] => Some((chosen.row.build)(&chosen.values, dims, &scope)?),
            [_, ..] => {
                let what = "prefilter: found several, expected at most one";
                return Err(error::Error::Refused(what.into()));
            }
        };
        let stage = prefilter.as_ref().map(|prefilter| prefilter.stage()).transpose()?;
        let prefilter_learns = stage.flatten().is_some();
        let row = architecture.model.row;
        let blueprint = Blueprint {
            values: &architecture.model.values,
            dims,
            channels: prefilter.as_ref().map_or(1, |prefilter| prefilter.channels().len()),
            parameterization: &architecture.parameterization,
            scope: params.scope(""),
        };
        let (model, reference) = ((row.build)(&blueprint)?, (row.reference)(&blueprint)?);
        let lags = (row.lags)(&architecture.model.values, dims)?;
        let pools = Arc::default();
        Ok(Self { prefilter, prefilter_learns, model, reference, lags, pools })
    }

    /// From cochleagrams `(B, 1, F, T)` to responses `(B, N, T)`; `mask (B, 1, T)` is 0 at padded
    /// bins, 1 elsewhere.
    ///
    /// In evaluation mode each bin depends on the past of its own clip only.
    pub fn forward(&self, x: &Tensor, mask: Option<&Tensor>, mode: Mode) -> Result<Tensor> {
        self.model.forward(&self.filtered(x)?, mask, mode)
    }

    /// What the model sees of cochleagrams `(B, 1, F, T)`: `(B, C, F, T)`.
    pub fn filtered(&self, x: &Tensor) -> Result<Tensor> {
        match &self.prefilter {
            Some(prefilter) => prefilter.forward(x),
            None => Ok(x.clone()),
        }
    }

    /// A clip as batches hold it: filtered, if the prefilter learns nothing.
    pub fn given(&self, clip: &Member) -> Result<Member> {
        match &self.prefilter {
            Some(prefilter) if !self.prefilter_learns => {
                Ok(clip.with_sound(prefilter.forward(&clip.sound)?.detach()))
            }
            _ => Ok(clip.clone()),
        }
    }

    /// The loss of a batch in training mode, a scalar that stays on its device.
    pub fn loss(&self, batch: &Batch, loss: &LossRow) -> Result<Tensor> {
        if on_cpu(batch) {
            return self.fast(batch)?.loss(batch, loss.charge, &self.pools);
        }
        let Padded { sound, unpadded, target } = batch.padded()?;
        let y = self.respond_to_given(&sound, unpadded.as_ref(), Mode::Train)?;
        loss::mean(&(loss.per_neuron)(&y, &target)?, &target)
    }

    /// The responses `(N, T)` to each clip of a batch in evaluation mode.
    pub fn responses(&self, batch: &Batch) -> Result<Vec<Tensor>> {
        if on_cpu(batch) {
            return self.fast(batch)?.responses(batch, &self.pools);
        }
        let Padded { sound, unpadded, .. } = batch.padded()?;
        let y = self.respond_to_given(&sound, unpadded.as_ref(), Mode::Eval)?.detach();
        let clips = batch.clips().iter().enumerate();
        clips.map(|(clip, Member { bins, .. })| y.get(clip)?.narrow(1, 0, *bins)).collect()
    }

    /// [`Network::forward`] of what batches are made of.
    fn respond_to_given(&self, x: &Tensor, mask: Option<&Tensor>, mode: Mode) -> Result<Tensor> {
        if self.prefilter_learns {
            return self.forward(x, mask, mode);
        }
        self.model.forward(x, mask, mode)
    }

    fn fast(&self, batch: &Batch) -> Result<Fast> {
        let (channels, bands) = match batch.clips().first() {
            Some(clip) => (clip.sound.dim(1)?, clip.sound.dim(2)?),
            None => (1, 1),
        };
        let stages = Stages::new(bands, channels);
        let filter = match &self.prefilter {
            Some(prefilter) => prefilter.stage()?,
            None => None,
        };
        self.model.fast(match filter {
            Some(filter) => stages.then(filter),
            None => stages,
        })
    }

    /// In evaluation mode, from what the model sees `(B, C, F, T)` to responses `(B, N, T)`.
    pub fn respond(&self, filtered: &Tensor) -> Result<Tensor> {
        self.model.forward(filtered, None, Mode::Eval)
    }

    /// In evaluation mode, from cochleagrams `(B, 1, F, T)` to what enters the output nonlinearity
    /// `(B, N, T)`.
    pub fn drive(&self, x: &Tensor) -> Result<Tensor> {
        self.model.drive(&self.filtered(x)?, None, Mode::Eval)
    }

    /// The output nonlinearity of drives `(B, N, T)`, of the same shape.
    pub fn output(&self, drive: &Tensor) -> Result<Tensor> {
        self.model.output().forward(drive)
    }

    /// Whether leaky units lie behind the output nonlinearity.
    pub fn output_decays(&self) -> bool {
        self.model.output_decay().is_some()
    }

    /// Changes parameters such that each neuron's response is multiplied by a factor, where the
    /// output nonlinearity has parameters for that.
    pub fn rescale(&self, factors: &Tensor) -> Result<()> {
        self.model.rescale(factors)
    }

    /// Names of the channels that the model sees.
    pub fn channels(&self) -> &'static [&'static str] {
        self.prefilter.as_ref().map_or(&["sound"], |prefilter| prefilter.channels())
    }

    /// Receptive fields that are weights, where the model has such.
    pub fn strfs(&self) -> Result<Option<Strfs>> {
        self.model.strfs()
    }

    /// The L1 norm of the weights on sound, a scalar.
    pub fn l1(&self) -> Result<Tensor> {
        let norms = self.model.weights_on_sound()?;
        let norms: Vec<Tensor> =
            norms.iter().map(|weights| weights.abs()?.sum_all()).collect::<Result<_>>()?;
        Tensor::stack(&norms, 0)?.sum_all()
    }

    /// What an export shows beside the receptive fields.
    pub fn learnt(&self) -> Result<Vec<Quantity>> {
        let mut learnt = self.model.learnt()?;
        if let Some(prefilter) = &self.prefilter {
            learnt.extend(prefilter.learnt()?);
        }
        Ok(learnt)
    }

    /// How the prefilter adapts, where there is one.
    pub fn adaptation(&self) -> Result<Option<Kernels>> {
        self.prefilter.as_ref().map(|prefilter| prefilter.adaptation()).transpose()
    }

    /// What the user should know of how the parts were set up.
    pub fn notes(&self) -> &[String] {
        self.prefilter.as_ref().map_or(&[], |prefilter| prefilter.notes())
    }

    /// The same model in deepSTRF 0.1.0, without its prefilter.
    pub fn reference(&self) -> &Reference {
        &self.reference
    }

    /// How many bins, the present one among them, an output depends on, prefilter included; none
    /// where leaky units keep all of the past.
    pub fn memory(&self) -> Option<usize> {
        let before = self.prefilter.as_ref().map_or(0, |prefilter| prefilter.memory() - 1);
        (!self.model.remembers()).then(|| self.lags + before)
    }

    /// How far back the model looks from a bin, in bins; prefilter and leaky units aside.
    pub fn lags(&self) -> usize {
        self.lags
    }
}

fn on_cpu(batch: &Batch) -> bool {
    batch.clips().first().is_none_or(|clip| clip.sound.device().is_cpu())
}
