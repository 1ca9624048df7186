//! A whole model: prefilters → layers of the core → head.
use std::sync::Arc;

use candle_core::{DType, Result, Tensor, Var, bail};

use super::Architecture;
use super::batch::{Batch, Member, Padded};
use super::cores::{Blueprint, Reference};
use super::dims::{Dims, Quantity};
use super::fused::{BatchDraws, Fused};
use super::head::HeadPart;
use super::layers::{
    BatchNorm, Carry, Layer, MapShape, Mode, Pass, Reach, Standardized, StepDraws,
};
use super::loss::{Criterion, LossRow};
use super::model::{Model, Strfs, stages, through};
use super::ops::chain::ResponseSum;
pub use super::ops::draws::Step;
use super::ops::workspace::Pools;
use super::output_gains::{OutputGain, OutputGainRow};
use super::outputs::{self, ResponseRange};
use super::params::Params;
use super::prefilters::{AdaptationKernels, Prefilter};
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
        let (model, reference) = ((row.build)(&blueprint)?, (row.reference)(&blueprint)?);
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
            let fused = Fused::new(input, all, head, &self.pools)?;
            let rows = fused.responses(&Batch::of(vec![clip.clone()]))?;
            return Ok(clip.with_sound(Tensor::stack(&rows, 0)?.unsqueeze(2)?));
        }
        let sound = through(fixed(), &clip.sound, Pass::eval(), 0)?.detach();
        Ok(clip.with_sound(sound))
    }

    /// Lets layers that start from data do so, in their order, from the training clips.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn start<'a>(&self, clips: impl Iterator<Item = &'a Member>) -> Result<()> {
        if self.is_given {
            return Ok(());
        }
        let mut maps: Vec<Tensor> = clips.map(|clip| clip.sound.clone()).collect();
        if let Some(gain) = &self.gain {
            gain.start(&maps)?;
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

    /// The loss of a batch in training mode, a scalar that stays on its device.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn loss(&self, batch: &Batch, loss: &'static LossRow) -> Result<Tensor> {
        self.loss_at(batch, &Criterion::plain(loss), Step { seed: 0, number: 0 })
    }

    /// [`Network::loss`] at a step of training, from which random numbers of layers follow.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn loss_at(&self, batch: &Batch, criterion: &Criterion, step: Step) -> Result<Tensor> {
        if let Some(fused) = self.fused_for(batch, HeadPart::Whole)? {
            let fused = fused.with_draws(BatchDraws { step, first_layer: self.fixed });
            return fused.loss(batch, criterion).map(|(loss, _)| loss);
        }
        let Padded { sound, unpadded, target } = batch.padded()?;
        let clips = batch.clips().iter().map(|clip| clip.id().to_owned()).collect();
        let draws = StepDraws { seed: step.seed, step: step.number, clips };
        let pass = Pass::new(Mode::Train, unpadded.as_ref()).with_draws(Some(&draws));
        let y = self.forward_from(self.fixed, &sound, pass)?;
        criterion.shares(&y, &target)?.sum_all()
    }

    /// The loss of a batch in evaluation mode, a scalar, and the share of each neuron, for a network
    /// whose drives pass their normalization as they are.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn loss_as_it_is(
        &self,
        batch: &Batch,
        criterion: &Criterion,
    ) -> Result<(Tensor, Vec<f64>)> {
        if let Some(fused) = self.fused_for(batch, HeadPart::BehindNorm)? {
            return fused.loss(batch, criterion);
        }
        let Padded { sound, unpadded, target } = batch.padded()?;
        let pass = Pass::new(Mode::Eval, unpadded.as_ref());
        let y = self.forward_from(self.fixed, &sound, pass)?;
        let shares = criterion.shares(&y, &target)?;
        let values = shares.detach().to_dtype(DType::F64)?.to_vec1::<f64>()?;
        Ok((shares.sum_all()?, values))
    }

    /// The loss of clips whose sound is the drive of each neuron, `(1, N, 1, T)`, behind a layer and
    /// what follows the normalization of drives: a scalar, and the share of each neuron.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn loss_behind(
        &self,
        layer: &dyn Layer,
        drives: &Batch,
        criterion: &Criterion,
    ) -> Result<(Tensor, Vec<f64>)> {
        let input = MapShape { channels: self.neurons(), bands: 1 };
        if self.changes_output() {
            bail!("drives alone do not tell the response of an output that changes")
        }
        let on_cpu = drives.clips().first().is_some_and(|clip| clip.sound.device().is_cpu());
        if let (true, (Some(stages), _)) = (on_cpu, stages(std::iter::once(layer), input)?) {
            let head = (self.model.head(), HeadPart::BehindNorm);
            return Fused::new(input, stages, head, &self.pools)?.loss(drives, criterion);
        }
        let Padded { sound, target, .. } = drives.padded()?;
        let drive = layer.forward(&sound, &Pass::eval())?.squeeze(2)?;
        let responses = self.model.head().behind_norm(&drive, &Pass::eval())?;
        let shares = criterion.shares(&responses, &target)?;
        let values = shares.detach().to_dtype(DType::F64)?.to_vec1::<f64>()?;
        Ok((shares.sum_all()?, values))
    }

    /// What enters the head `(N, T)` at each clip of a batch in evaluation mode.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn drives(&self, batch: &Batch) -> Result<Vec<Tensor>> {
        if let Some(fused) = self.fused_for(batch, HeadPart::Nothing)? {
            return fused.responses(batch);
        }
        let Padded { sound, unpadded, .. } = batch.padded()?;
        let pass = Pass::new(Mode::Eval, unpadded.as_ref());
        let drives = through(self.all_layers(self.fixed), &sound, pass, self.fixed)?;
        of_clips(&drives.squeeze(2)?.detach(), batch)
    }

    /// The responses `(N, T)` to each clip of a batch in evaluation mode.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn responses(&self, batch: &Batch) -> Result<Vec<Tensor>> {
        if let Some(fused) = self.fused_for(batch, HeadPart::Whole)? {
            return fused.responses(batch);
        }
        let Padded { sound, unpadded, .. } = batch.padded()?;
        let pass = Pass::new(Mode::Eval, unpadded.as_ref());
        let y = self.forward_from(self.fixed, &sound, pass)?.detach();
        of_clips(&y, batch)
    }

    /// The fused path for a batch; none where a layer has none, or the batch is not on the CPU.
    fn fused_for(&self, batch: &Batch, part: HeadPart) -> Result<Option<Fused>> {
        match batch.clips().first() {
            Some(clip) => self.fused(self.fixed, &clip.sound, part),
            None => Ok(None),
        }
    }

    /// The fused path for maps `(1, C, F, T)` behind the first `from` layers.
    fn fused(&self, from: usize, sound: &Tensor, part: HeadPart) -> Result<Option<Fused>> {
        let changes = self.changes_output() && part != HeadPart::Nothing;
        if changes || !sound.device().is_cpu() {
            return Ok(None);
        }
        let input = MapShape { channels: sound.dim(1)?, bands: sound.dim(2)? };
        let (all, _shape) = stages(self.all_layers(from), input)?;
        let head = (self.model.head(), part);
        all.map(|all| Fused::new(input, all, head, &self.pools)).transpose()
    }

    /// In evaluation mode, the gradients `(1, F, T)` by the cochleagram `(1, 1, F, T)` of a clip, of
    /// each of some sums of responses.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn gradients_by_sound(&self, sound: &Tensor, sums: &[ResponseSum]) -> Result<Vec<Tensor>> {
        self.gradients_from(0, (sound, None), sums)
    }

    /// [`Network::gradients_by_sound`] by what the model sees `(1, C, F, T)` of a sound `(1, 1, F, T)`,
    /// `(C, F, T)` each; an output nonlinearity that changes with the sound does so as it is.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn gradients_by_filtered(
        &self,
        sound: &Tensor,
        seen: &Tensor,
        sums: &[ResponseSum],
    ) -> Result<Vec<Tensor>> {
        let modulation = self.modulation(sound, Pass::eval())?.map(|own| own.detach());
        self.gradients_from(self.prefilters.len(), (seen, modulation.as_ref()), sums)
    }

    fn gradients_from(
        &self,
        from: usize,
        (sound, modulation): (&Tensor, Option<&Tensor>),
        sums: &[ResponseSum],
    ) -> Result<Vec<Tensor>> {
        if let Some(fused) = self.fused(from, sound, HeadPart::Whole)? {
            return fused.gradients_by_sound(&Member::sound_alone(sound)?, sums);
        }
        let sound = Var::from_tensor(&sound.detach())?;
        let pass = Pass::eval().with_modulation(modulation);
        let responses = self.forward_from(from, &sound, pass)?.squeeze(0)?; // (N, T)
        let gradient = |sum: &ResponseSum| {
            let bins = sum.bins.iter().map(|bin| u32::try_from(*bin));
            let bins: Vec<u32> = bins.collect::<std::result::Result<_, _>>()?;
            let bins = Tensor::new(bins, sound.device())?;
            let response = responses.get(sum.neuron)?.index_select(&bins, 0)?;
            let grads = response.sum_all()?.backward()?;
            match grads.get(&sound) {
                Some(gradient) => gradient.squeeze(0),
                None => sound.zeros_like()?.squeeze(0),
            }
        };
        sums.iter().map(gradient).collect()
    }

    /// In evaluation mode, from cochleagrams `(B, 1, F, T)` to what enters the output nonlinearity
    /// `(B, N, T)`.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn drive(&self, x: &Tensor) -> Result<Tensor> {
        self.model.normalized_drive(&self.filtered(x)?, Pass::eval(), self.prefilters.len())
    }

    /// The output nonlinearity of drives `(B, N, T)`, of the same shape.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn output(&self, drive: &Tensor) -> Result<Tensor> {
        self.model.head().output().forward(drive)
    }

    /// Whether the output nonlinearity changes from bin to bin; [`Network::output`] is then what it is
    /// where nothing changes it.
    pub fn changes_output(&self) -> bool {
        self.model.head().changes()
    }

    /// Whether leaky units lie behind the output nonlinearity.
    pub fn output_decays(&self) -> bool {
        self.model.head().leaks()
    }

    /// Changes parameters such that each neuron's response is multiplied by a factor, where the
    /// output nonlinearity has parameters for that.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn rescale(&self, factors: &Tensor) -> Result<()> {
        self.model.rescale(factors)
    }

    /// The sign of the slope of each neuron's output nonlinearity.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn slopes(&self) -> Result<Vec<f32>> {
        self.model.head().output().slope(self.neurons())
    }

    /// Whether responses can be multiplied by changing parameters.
    pub fn can_rescale(&self) -> bool {
        self.model.head().output().can_rescale()
    }

    /// The bounds between which responses lie, where the output nonlinearity has fixed ones.
    pub fn bounds(&self) -> Option<(f64, f64)> {
        self.model.head().output().bounds()
    }

    /// Gives the output nonlinearity start values that suit the responses of each neuron; what the
    /// standard deviations of drives should be at the start.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn start_output(&self, responses: &[ResponseRange]) -> Result<Vec<f64>> {
        self.model.head().start(responses)
    }

    /// Multiplies what enters the output nonlinearity of each neuron by a factor and adds to it, `(N)`
    /// each.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn adjust(&self, factors: &Tensor, by: &Tensor) -> Result<()> {
        self.model.adjust(factors, by)
    }

    /// The normalization of drives, where the model has one.
    pub fn norm(&self) -> Option<&BatchNorm> {
        self.model.head().norm()
    }

    /// How many neurons answer.
    pub fn neurons(&self) -> usize {
        self.model.neurons()
    }

    /// Names of the channels that the model sees.
    pub fn channels(&self) -> &'static [&'static str] {
        self.prefilters.last().map_or(&["sound"], |prefilter| prefilter.channels())
    }

    /// Receptive fields that are weights, where the model has such.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn strfs(&self) -> Result<Option<Strfs>> {
        self.model.strfs()
    }

    /// The weights on sound `(O, C, F, K)` in lag order that penalties lie on: those of the first
    /// layer.
    ///
    /// # Errors
    /// A tensor operation fails, or the layer has none.
    pub fn penalized(&self) -> Result<Tensor> {
        self.model.penalized()
    }

    /// Whether no weight serves two neurons.
    pub fn shares_nothing(&self) -> bool {
        self.is_single_layer() && !self.prefilters_learn() && !self.changes_output()
    }

    /// Whether a prefilter changes in training.
    pub fn prefilters_learn(&self) -> bool {
        self.prefilters.iter().any(|prefilter| prefilter.learns())
    }

    /// Whether the kernels give the drives of neurons, with nothing in between.
    pub fn is_single_layer(&self) -> bool {
        self.model.layers().len() == 1
    }

    /// Takes over kernels `(O, C, F, K)`, the last index the present bin, and what is added to each
    /// output `(O)`; false where the kernels are not free to.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn take_kernels(&self, weights: &Tensor, bias: &Tensor) -> Result<bool> {
        match self.model.layers().first() {
            Some(first) => first.take(weights, bias),
            None => Ok(false),
        }
    }

    /// Sets what the first layer adds to each of its outputs `(O)`.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn set_offsets(&self, offsets: &Tensor) -> Result<()> {
        match self.model.layers().first() {
            Some(first) => first.set_offsets(offsets),
            None => Ok(()),
        }
    }

    /// Lets drives pass their normalization as they are, and responses stay what they were in
    /// evaluation mode.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn fold_norm(&self) -> Result<()> {
        let (Some(norm), Some(last)) = (self.norm(), self.model.layers().last()) else {
            return Ok(());
        };
        let (gain, shift) = norm.gain_and_shift()?;
        last.rescale(&gain)?;
        last.shift(&shift)?;
        norm.let_pass()
    }

    /// What an export shows beside the receptive fields.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn learnt(&self) -> Result<Vec<Quantity>> {
        let mut learnt = self.model.learnt()?;
        for prefilter in &self.prefilters {
            learnt.extend(prefilter.learnt()?);
        }
        if let Some(gain) = &self.gain {
            learnt.extend(gain.learnt()?);
        }
        Ok(learnt)
    }

    /// What standardization behind stages that need a level divides each band by `(F)`, where the
    /// model has such stages.
    pub fn divides_by(&self) -> Option<Tensor> {
        self.prefilters.iter().find_map(|prefilter| prefilter.divides_by())
    }

    /// Whether what the core sees is in the unit of the sound, standardization aside.
    pub fn keeps_unit(&self) -> bool {
        self.prefilters.iter().all(|prefilter| prefilter.keeps_unit())
    }

    /// How each prefilter that adapts does so, with the names of the channels that it gives, in their
    /// order.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn adaptations(&self) -> Result<Vec<(&'static [&'static str], AdaptationKernels)>> {
        let adapting = self.prefilters.iter().map(|prefilter| {
            Ok(prefilter.adaptation()?.map(|kernels| (prefilter.channels(), kernels)))
        });
        adapting.filter_map(Result::transpose).collect()
    }

    /// What the user should know of how the parts were set up.
    pub fn notes(&self) -> impl Iterator<Item = &String> {
        self.prefilters.iter().flat_map(|prefilter| prefilter.notes()).chain(self.model.notes())
    }

    /// The same model in deepSTRF 0.1.0, without its prefilters; none where it has no such model.
    pub fn reference(&self) -> Option<&Reference> {
        self.reference.as_ref()
    }

    /// How many bins, the present one among them, an output depends on, prefilters included; none
    /// where leaky units keep all of the past.
    pub fn memory(&self) -> Option<usize> {
        let before = self.prefilters.iter().map(|prefilter| prefilter.reach());
        let of_gain = self.gain.as_ref().map_or(1, |gain| gain.bins());
        match before.fold(Reach::Bins(1), Reach::then).then(self.model.reach()) {
            Reach::Bins(bins) => Some(bins.max(of_gain)),
            Reach::Fading => None,
        }
    }

    /// How many bins of what the prefilters give a response depends on, the present one among them;
    /// none where it keeps all of the past.
    pub fn memory_of_model(&self) -> Option<usize> {
        match self.model.reach() {
            Reach::Bins(bins) => Some(bins),
            Reach::Fading => None,
        }
    }

    /// How far back the model looks from a bin, in bins; prefilters and leaky units aside.
    pub fn lags(&self) -> usize {
        self.model.lags()
    }
}

/// The rows of each clip of a batch `(B, N, T)`, without padding.
fn of_clips(rows: &Tensor, batch: &Batch) -> Result<Vec<Tensor>> {
    let clips = batch.clips().iter().enumerate();
    clips.map(|(clip, Member { bins, .. })| rows.get(clip)?.narrow(1, 0, *bins)).collect()
}

/// Under which name the tensors of the prefilter at a place lie: `prefiltering`, `prefiltering_2`.
fn prefilter_name(place: usize) -> String {
    match place {
        0 => "prefiltering".to_owned(),
        place => format!("prefiltering_{}", place + 1),
    }
}
