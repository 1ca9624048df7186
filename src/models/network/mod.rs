//! A whole model: prefilters → layers of the core → head.
mod batches;
mod gradients;
mod told;

use std::sync::Arc;

use candle_core::{Result, Tensor, bail};

use super::Architecture;
use super::batch::{Batch, Member};
use super::cores::{Blueprint, Reference};
use super::dims::Dims;
use super::fused::Fused;
use super::head::HeadPart;
use super::layers::{Carry, Layer, MapShape, Mode, Pass, Standardized};
use super::model::{Model, stages, through};
pub use super::ops::draws::Step;
use super::ops::workspace::Pools;
use super::output_gains::{OutputGain, OutputGainRow};
use super::outputs;
use super::params::Params;
use super::prefilters::Prefilter;
use crate::base::error::{self, Error};
use crate::config::part::{self, Chosen};

/// Prefilters and a model, from cochleagrams to responses.
pub struct Network {
    prefilters: Vec<Box<dyn Prefilter>>,
    /// How many layers, prefilters first, come before the first that changes in training or when it
    /// starts: batches hold the sound behind these.
    fixed: usize,
    model: Model,
    gain: Option<Box<dyn OutputGain>>,
    /// Whether prefilters and core come from another fit.
    is_given: bool,
    reference: Option<Reference>,
    pools: Arc<Pools>,
}

impl Network {
    /// Builds the parts that a run file chooses; their parameters lie in `params`.
    ///
    /// # Errors
    /// The parts do not go together, or do not fit the recording.
    pub fn build(architecture: &Architecture, dims: &Dims, params: &Params) -> error::Result<Self> {
        let mut prefilters: Vec<Box<dyn Prefilter>> = Vec::new();
        for (place, chosen) in architecture.prefilters.iter().enumerate() {
            let scope = params.scope(&prefilter_name(place));
            prefilters.push((chosen.row.build)(&chosen.values, dims, &scope)?);
        }
        if architecture.needs_level() {
            let scope = params.scope("standardization");
            let own = Standardized::new(dims.bands, architecture.standardized, &scope)?;
            prefilters.insert(architecture.stages_of_level(), Box::new(own));
        }
        let row = architecture.model.row;
        let blueprint = Blueprint {
            values: &architecture.model.values,
            dims,
            channels: prefilters.last().map_or(1, |prefilter| prefilter.channels().len()),
            parameterization: &architecture.parameterization,
            scope: params.scope(""),
        };
        let model = (row.build)(&blueprint)?;
        let reference = row.reference.map(|class| class.of(&blueprint)).transpose()?;
        let network = Self { reference, ..Self::new(prefilters, model) };
        match &architecture.output_gain {
            Some(chosen) => network.with_gain(chosen, architecture, dims, params),
            None => Ok(network),
        }
    }

    /// The same with an output nonlinearity that changes from bin to bin.
    fn with_gain(
        self,
        chosen: &Chosen<OutputGainRow>,
        architecture: &Architecture,
        dims: &Dims,
        params: &Params,
    ) -> error::Result<Self> {
        let (row, scope) = (chosen.row, params.scope("output_gain"));
        let Some(to_amplitude) = architecture.to_amplitude else {
            return Err(Error::Refused(format!(
                "output_gain: found {:?} without what brings the sound back to amplitude, expected it",
                row.part.name
            )));
        };
        let Some(output) = part::find(outputs::TABLE, row.output) else {
            return Err(Error::Refused(format!(
                "output_gain: no output {:?} is known",
                row.output
            )));
        };
        let other = (output.build)(dims.neurons, &scope.scope("activation"))?;
        let gain = (row.build)(&chosen.values, dims, to_amplitude, &scope)?;
        // It hears the sound itself.
        let model = self.model.changed_towards(other);
        Ok(Self { gain: Some(gain), fixed: 0, model, ..self })
    }

    /// Of prefilters in the order in which sound passes them, and a model.
    pub fn new(prefilters: Vec<Box<dyn Prefilter>>, model: Model) -> Self {
        let each = prefilters.iter().map(AsRef::as_ref);
        let fixed = each.take_while(|own| !own.learns() && !own.starts_from_data()).count();
        let (gain, reference, pools) = (None, None, Arc::default());
        Self { prefilters, fixed, model, gain, is_given: false, reference, pools }
    }

    /// The same with prefilters and core from another fit: start values do not follow from this
    /// recording, and where they are `frozen`, training does not change them, so that one pass serves a
    /// whole run.
    #[must_use]
    pub fn with_given_core(self, frozen: bool) -> Self {
        let all = self.prefilters.len() + self.model.core();
        let fixed = if frozen && self.gain.is_none() { all } else { self.fixed };
        Self { is_given: true, fixed, ..self }
    }

    /// From cochleagrams `(B, 1, F, T)` to responses `(B, N, T)`; `mask (B, 1, T)` is 0 at padded
    /// bins, 1 elsewhere.
    ///
    /// In evaluation mode each bin depends on the past of its own clip only.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn forward(&self, x: &Tensor, mask: Option<&Tensor>, mode: Mode) -> Result<Tensor> {
        self.forward_from(0, x, Pass::new(mode, mask))
    }

    /// In evaluation mode, the responses `(B, N, T)` to the next piece `(B, 1, F, T)` of clips whose
    /// pieces before left `carry`.
    ///
    /// # Errors
    /// A layer cannot go on where a piece ended, or a tensor operation fails.
    pub fn forward_piece(&self, x: &Tensor, carry: &Carry) -> Result<Tensor> {
        if !self.goes_on() {
            bail!("this model takes clips as wholes: a layer of it looks back and keeps nothing")
        }
        self.forward_from(0, x, Pass::eval().with_carry(carry))
    }

    /// Whether clips can be taken in pieces, one after the other.
    pub fn goes_on(&self) -> bool {
        self.all_layers(0).all(Layer::goes_on)
    }

    /// How far the output nonlinearity changes at each bin of sounds `(B, 1, F, T)`, `(B, 1, T)`; none
    /// where it does not.
    fn modulation(&self, x: &Tensor, pass: Pass) -> Result<Option<Tensor>> {
        // Behind the places of all layers.
        let pass = pass.in_layer(usize::MAX);
        self.gain.as_ref().map(|gain| gain.modulation(x, &pass)).transpose()
    }

    /// From what the first `from` layers give to responses.
    fn forward_from(&self, from: usize, x: &Tensor, pass: Pass) -> Result<Tensor> {
        let modulation = if from == 0 { self.modulation(x, pass)? } else { None };
        let modulation = modulation.as_ref().or(pass.modulation);
        let pass = pass.with_modulation(modulation);
        let drive = through(self.all_layers(from), x, pass, from)?.squeeze(2)?;
        self.model.head().forward(&drive, &pass)
    }

    fn stages_in_front(&self) -> impl Iterator<Item = &dyn Layer> {
        self.prefilters.iter().map(|prefilter| prefilter.as_ref() as &dyn Layer)
    }

    /// The layers, prefilters among them, behind the first `from`.
    fn all_layers(&self, from: usize) -> impl Iterator<Item = &dyn Layer> {
        self.stages_in_front().chain(self.model.layers().iter().map(AsRef::as_ref)).skip(from)
    }

    /// What the model sees of cochleagrams `(B, 1, F, T)`: `(B, C, F, T)`.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn filtered(&self, x: &Tensor) -> Result<Tensor> {
        through(self.stages_in_front(), x, Pass::eval(), 0)
    }

    /// [`Network::filtered`] of the next piece of clips whose pieces before left `carry`.
    ///
    /// # Errors
    /// A prefilter cannot go on where a piece ended, or a tensor operation fails.
    pub fn filtered_piece(&self, x: &Tensor, carry: &Carry) -> Result<Tensor> {
        if !self.stages_in_front().all(Layer::goes_on) {
            bail!("this model takes clips as wholes: a prefilter looks back and keeps nothing")
        }
        through(self.stages_in_front(), x, Pass::eval().with_carry(carry), 0)
    }

    /// A clip as batches hold it: behind the layers that come before the first that learns.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn given(&self, clip: &Member) -> Result<Member> {
        if self.fixed == 0 {
            return Ok(clip.clone());
        }
        let (_one, channels, bands, _t) = clip.sound.dims4()?;
        let (input, fixed) = (MapShape { channels, bands }, || self.all_layers(0).take(self.fixed));
        if let (true, (Some(all), MapShape { bands: 1, .. })) =
            (clip.sound.device().is_cpu(), stages(fixed(), input)?)
        {
            let head = (self.model.head(), HeadPart::Nothing);
            let fused = Fused::new(input, all, head, None, &self.pools)?;
            let rows = fused.responses(&Batch::of(vec![clip.clone()]))?;
            return Ok(clip.with_sound(Tensor::stack(&rows, 0)?.unsqueeze(2)?));
        }
        let sound = through(fixed(), &clip.sound, Pass::eval(), 0)?.detach();
        Ok(clip.with_sound(sound))
    }

    /// Lets what starts from data do so, layers in their order, from the training clips; prefilters and
    /// core that come from another fit stay what they are.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn start<'a>(&self, clips: impl Iterator<Item = &'a Member>) -> Result<()> {
        let mut maps: Vec<Tensor> = clips.map(|clip| clip.sound.clone()).collect();
        if let Some(gain) = &self.gain {
            gain.start(&maps)?;
        }
        if self.is_given {
            return Ok(());
        }
        let Some(last) =
            self.all_layers(0).enumerate().filter(|(_, l)| l.starts_from_data()).last()
        else {
            return Ok(());
        };
        for (place, layer) in self.all_layers(0).enumerate().take(last.0 + 1) {
            if layer.starts_from_data() {
                layer.start(&maps)?;
            }
            let pass = Pass::eval().in_layer(place);
            let next = maps.iter().map(|map| Ok(layer.forward(map, &pass)?.detach()));
            maps = next.collect::<Result<_>>()?;
        }
        Ok(())
    }
}

/// Under which name the tensors of the prefilter at a place lie: `prefiltering`, `prefiltering_2`.
fn prefilter_name(place: usize) -> String {
    match place {
        0 => "prefiltering".to_owned(),
        place => format!("prefiltering_{}", place + 1),
    }
}
