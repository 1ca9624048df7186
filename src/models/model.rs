//! A model behind its prefilters: a list of layers and a head. What follows from the layers, a fold
//! over them, is written here once for all models.
use candle_core::{Result, Tensor, bail};

use super::dims::Quantity;
use super::head::{Head, Left};
use super::layers::{Layer, MapShape, Pass, Reach};
use super::ops::stage::StageWithParameters;
use super::outputs::OutputNonlinearity;

/// From what the prefilters give `(B, C, F, T)` to responses `(B, N, T)`.
pub struct Model {
    layers: Vec<Box<dyn Layer>>,
    head: Head,
    /// Layers before those that read out what is the same for all neurons.
    core: usize,
    notes: Vec<String>,
}

/// Receptive fields that are weights of a model.
#[derive(Debug, Clone)]
pub struct Strfs {
    /// `(N or H, C, F, K)` in lag order: 0 = now.
    pub kernels: Tensor,
    /// By how much each row's drive is multiplied behind the kernel, with the sign of the output
    /// nonlinearity's slope.
    pub gains: Vec<f32>,
    /// Whose they are.
    pub owners: Owners,
    /// Whether the response is the drive itself, so that nothing follows behind them.
    pub give_responses: bool,
}

/// Whose receptive fields a model has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owners {
    /// One for each neuron.
    Neurons,
    /// One for each hidden unit, shared by the neurons.
    Hidden,
}

impl Model {
    /// Layers in the order in which sound passes them, the last of which gives the drive of each
    /// neuron, and what follows.
    pub fn new(layers: Vec<Box<dyn Layer>>, head: Head) -> Self {
        Self { layers, head, core: 0, notes: Vec::new() }
    }

    /// The same with layers behind it by which each neuron reads out what it gives.
    #[must_use]
    pub fn with_readout(mut self, readout: Vec<Box<dyn Layer>>) -> Self {
        self.core = self.layers.len();
        self.layers.extend(readout);
        self
    }

    /// How many of its layers come before the readout; 0 where each neuron has weights on the sound.
    pub fn core(&self) -> usize {
        self.core
    }

    /// The same with what the user should know of how it was set up.
    #[must_use]
    pub fn with_notes(self, notes: impl IntoIterator<Item = String>) -> Self {
        Self { notes: notes.into_iter().collect(), ..self }
    }

    /// What the user should know of how it was set up.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The same with an output nonlinearity that changes towards another of its kind.
    #[must_use]
    pub fn changed_towards(self, other: Box<dyn OutputNonlinearity>) -> Self {
        Self { head: self.head.changed_towards(other), ..self }
    }

    /// Its end.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Its layers.
    pub fn layers(&self) -> &[Box<dyn Layer>] {
        &self.layers
    }

    /// What enters the head: from `(B, C, F, T)` to `(B, N, T)`; `first` is the place of the first
    /// layer among all that the sound passes.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn drive(&self, x: &Tensor, pass: Pass, first: usize) -> Result<Tensor> {
        through(self.layers.iter().map(AsRef::as_ref), x, pass, first)?.squeeze(2)
    }

    /// What enters the output nonlinearity: from `(B, C, F, T)` to `(B, N, T)`.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn normalized_drive(&self, x: &Tensor, pass: Pass, first: usize) -> Result<Tensor> {
        self.head.normalized(&self.drive(x, pass, first)?, &pass)
    }

    /// How many neurons answer.
    pub fn neurons(&self) -> usize {
        self.head.neurons()
    }

    /// How far back it looks from a bin, in bins, fading memory aside.
    pub fn lags(&self) -> usize {
        let reaches = self.layers.iter().map(|layer| layer.reach());
        1 + reaches.filter_map(Reach::bins).map(|bins| bins - 1).sum::<usize>()
    }

    /// How far back in its input a response looks.
    pub fn reach(&self) -> Reach {
        let layers = self.layers.iter().map(|layer| layer.reach());
        let head = if self.head.leaks() { Reach::Fading } else { Reach::Bins(1) };
        layers.fold(Reach::Bins(1), Reach::then).then(head)
    }

    /// Its receptive fields, where the weights of its first layer are such.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn strfs(&self) -> Result<Option<Strfs>> {
        let Some(first) = self.layers.first() else { return Ok(None) };
        let Some(kernels) = first.strfs()? else { return Ok(None) };
        let rows = kernels.dim(0)?;
        let (gains, owners) = match self.layers.len() {
            1 => (self.head.gains()?, Owners::Neurons),
            _ => (vec![1.0; rows], Owners::Hidden),
        };
        let give_responses = owners == Owners::Neurons && self.head.gives_drives();
        Ok(Some(Strfs { kernels, gains, owners, give_responses }))
    }

    /// The weights on sound as they act, of the first layer.
    ///
    /// # Errors
    /// A tensor operation fails, or the layer has no such weights.
    pub fn penalized(&self) -> Result<Tensor> {
        let weights = self.layers.first().map(|first| first.weights_on_sound()).transpose()?;
        match weights.flatten() {
            Some(weights) => Ok(weights),
            None => bail!(
                "the first layer of this model has no weights on sound that a penalty could lie on"
            ),
        }
    }

    /// Changes its parameters such that each neuron's response is multiplied by a factor `(N)`;
    /// nothing changes where the output nonlinearity has no such parameters.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn rescale(&self, factors: &Tensor) -> Result<()> {
        match (self.head.rescale(factors)?, self.layers.last()) {
            (Left::Drive, Some(last)) => last.rescale(factors),
            _ => Ok(()),
        }
    }

    /// Multiplies what enters the output nonlinearity of each neuron by a factor and adds to it, `(N)`
    /// each.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn adjust(&self, factors: &Tensor, by: &Tensor) -> Result<()> {
        if let (Left::Drive, Some(last)) = (self.head.adjust(factors, by)?, self.layers.last()) {
            last.rescale(factors)?;
            last.shift(by)?;
        }
        Ok(())
    }

    /// What an export shows beside the receptive fields, from the readout back to the first layer,
    /// the head last.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn learnt(&self) -> Result<Vec<Quantity>> {
        let mut learnt = Vec::new();
        for layer in self.layers.iter().rev() {
            learnt.extend(layer.learnt()?);
        }
        learnt.extend(self.head.learnt()?);
        Ok(learnt)
    }
}

/// What layers make of a map one after the other; `first` is the place of the first one.
///
/// # Errors
/// A tensor operation fails.
pub fn through<'a>(
    layers: impl Iterator<Item = &'a dyn Layer>,
    x: &Tensor,
    pass: Pass,
    first: usize,
) -> Result<Tensor> {
    let mut layers = layers.enumerate();
    layers.try_fold(x.clone(), |x, (place, layer)| layer.forward(&x, &pass.in_layer(first + place)))
}

/// Layers on the fused path, none where one of them has no stage, and the shape of what they give.
///
/// # Errors
/// A tensor operation fails.
pub fn stages<'a>(
    layers: impl Iterator<Item = &'a dyn Layer>,
    input: MapShape,
) -> Result<(Option<Vec<StageWithParameters>>, MapShape)> {
    let (mut stages, mut shape) = (Some(Vec::new()), input);
    for layer in layers {
        match (&mut stages, layer.stage(shape)?) {
            (Some(stages), Some(stage)) => stages.push(stage),
            _ => stages = None,
        }
        shape = layer.output(shape);
    }
    Ok((stages, shape))
}
