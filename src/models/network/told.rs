//! What is asked of a network beside its responses: how its outputs are changed, what it holds, how far
//! it looks back.
use candle_core::{Result, Tensor};

use super::Network;
use crate::models::cores::Reference;
use crate::models::dims::Quantity;
use crate::models::layers::{BatchNorm, Pass, Reach};
use crate::models::model::Strfs;
use crate::models::outputs::ResponseRange;
use crate::models::prefilters::AdaptationKernels;

impl Network {
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
        let all = before.fold(Reach::Bins(1), Reach::then).then(self.model.reach());
        all.bins().map(|bins| bins.max(of_gain))
    }

    /// How many bins of what the prefilters give a response depends on, the present one among them;
    /// none where it keeps all of the past.
    pub fn memory_of_model(&self) -> Option<usize> {
        self.model.reach().bins()
    }

    /// How far back the model looks from a bin, in bins; prefilters and leaky units aside.
    pub fn lags(&self) -> usize {
        self.model.lags()
    }
}
