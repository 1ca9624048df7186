//! The end of a model: from the drive of each neuron to its response.
use candle_core::{DType, Result, Tensor, bail};

use super::dims::{Axis, Quantity};
use super::layers::{BatchNorm, LeakyUnits, Pass};
use super::ops::output_head::OutputHead;
use super::outputs::{Drive, OutputNonlinearity, ResponseRange, identity};

/// Batch normalization of the drive, where there is one; the output nonlinearity; leaky output
/// units, where there are such. From `(B, N, T)` to the same shape.
pub struct Head {
    neurons: usize,
    norm: Option<BatchNorm>,
    output: Box<dyn OutputNonlinearity>,
    /// Whose parameters those of the output nonlinearity become where they are changed.
    changed: Option<Box<dyn OutputNonlinearity>>,
    leak: Option<LeakyUnits>,
}

/// The place of leaky output units, behind those of all layers.
const BEHIND_LAYERS: usize = usize::MAX - 1;

/// What of a head takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadPart {
    /// All of it.
    Whole,
    /// What lies behind the normalization of drives.
    BehindNorm,
    /// Nothing: drives are given out as they are.
    Nothing,
}

/// What of a rescaling is left to the layer before the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// Nothing.
    Nothing,
    /// The drive must be multiplied by the same factors.
    Drive,
}

impl Head {
    /// An output nonlinearity of so many neurons alone.
    pub fn new(neurons: usize, output: Box<dyn OutputNonlinearity>) -> Self {
        Self { neurons, norm: None, output, changed: None, leak: None }
    }

    /// How many neurons answer.
    pub fn neurons(&self) -> usize {
        self.neurons
    }

    /// The same behind a normalization of drives, where there is one.
    #[must_use]
    pub fn with_norm(self, norm: Option<BatchNorm>) -> Self {
        Self { norm, ..self }
    }

    /// The same with leaky units behind it, where there are such.
    #[must_use]
    pub fn with_leak(self, leak: Option<LeakyUnits>) -> Self {
        Self { leak, ..self }
    }

    /// The same with an output nonlinearity whose parameters `p` become `p + (p' − p) K(t)`, with those
    /// of another of its kind and [`Pass::modulation`].
    #[must_use]
    pub fn changed_towards(self, other: Box<dyn OutputNonlinearity>) -> Self {
        Self { changed: Some(other), ..self }
    }

    /// Whether what enters the output nonlinearity is the response itself.
    pub fn gives_drives(&self) -> bool {
        self.output.is_identity() && self.leak.is_none()
    }

    /// What enters the output nonlinearity.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn normalized(&self, drive: &Tensor, pass: &Pass) -> Result<Tensor> {
        match &self.norm {
            Some(norm) => norm.forward(drive, pass.mask, pass.mode),
            None => Ok(drive.clone()),
        }
    }

    /// The responses.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn forward(&self, drive: &Tensor, pass: &Pass) -> Result<Tensor> {
        self.behind_norm(&self.normalized(drive, pass)?, pass)
    }

    /// The responses to what enters the output nonlinearity.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn behind_norm(&self, drive: &Tensor, pass: &Pass) -> Result<Tensor> {
        let response = match (&self.changed, pass.modulation) {
            (Some(other), Some(modulation)) => self.modulated(drive, other.as_ref(), modulation)?,
            (None, None) => self.output.forward(drive)?,
            _ => bail!("an output nonlinearity that changes, without what changes it"),
        };
        match &self.leak {
            Some(units) => units.go_on(&response, &pass.in_layer(BEHIND_LAYERS)),
            None => Ok(response),
        }
    }

    /// The output nonlinearity with parameters that go so far towards those of another at each bin.
    fn modulated(
        &self,
        drive: &Tensor,
        other: &dyn OutputNonlinearity,
        modulation: &Tensor,
    ) -> Result<Tensor> {
        let column = |values: &Tensor| values.reshape((1, self.neurons, 1));
        let pairs = self.output.parameters()?.into_iter().zip(other.parameters()?);
        let parameters = pairs.map(|(own, other)| {
            let way = column(&(other - &own)?)?.broadcast_mul(modulation)?;
            way.broadcast_add(&column(&own)?)
        });
        self.output.at(drive, &parameters.collect::<Result<Vec<_>>>()?)
    }

    /// Gives the output nonlinearity start values that suit the responses of each neuron; what the
    /// standard deviations of drives should be at the start.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn start(&self, responses: &[ResponseRange]) -> Result<Vec<f64>> {
        if let Some(other) = &self.changed {
            other.start(responses)?;
        }
        self.output.start(responses)
    }

    /// Whether the output nonlinearity changes from bin to bin.
    pub fn changes(&self) -> bool {
        self.changed.is_some()
    }

    /// The output nonlinearity.
    pub fn output(&self) -> &dyn OutputNonlinearity {
        self.output.as_ref()
    }

    /// Whether leaky units lie behind the output nonlinearity.
    pub fn leaks(&self) -> bool {
        self.leak.is_some()
    }

    /// The normalization of drives.
    pub fn norm(&self) -> Option<&BatchNorm> {
        self.norm.as_ref()
    }

    /// The head, or part of it, on the fused path, and its parameters `(N)` in its order.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn fused(&self, part: HeadPart) -> Result<(OutputHead, Vec<Tensor>)> {
        if part == HeadPart::Nothing {
            let (normalized, changes, leak, curve) = (false, false, None, identity::curve());
            let head = OutputHead { normalized, curve, changes, leak };
            return Ok((head, Vec::new()));
        }
        let norm = self.norm.as_ref().filter(|_| part == HeadPart::Whole);
        let mut parameters: Vec<Tensor> =
            norm.iter().flat_map(|norm| norm.weight_and_bias()).collect();
        parameters.extend(self.output.parameters()?);
        if let Some(other) = &self.changed {
            parameters.extend(other.parameters()?);
        }
        if let Some(units) = &self.leak {
            parameters.push(units.tau_bins()?);
        }
        let leak = self.leak.as_ref().map(LeakyUnits::leak);
        let (normalized, curve) = (norm.is_some(), self.output.curve());
        let head = OutputHead { normalized, curve, changes: self.changes(), leak };
        Ok((head, parameters))
    }

    /// By how much the drive of each neuron is multiplied in evaluation mode, with the
    /// sign of the output nonlinearity's slope.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn gains(&self) -> Result<Vec<f32>> {
        let gains = match &self.norm {
            Some(norm) => norm.gain()?.to_dtype(DType::F32)?.to_vec1::<f32>()?,
            None => vec![1.0; self.neurons],
        };
        let slopes = self.output.slope(self.neurons)?;
        Ok(gains.into_iter().zip(slopes).map(|(gain, slope)| gain * slope).collect())
    }

    /// Multiplies each neuron's response by a factor `(N)`; nothing changes where the output
    /// nonlinearity has no parameters for that.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn rescale(&self, factors: &Tensor) -> Result<Left> {
        if let Some(other) = &self.changed {
            other.rescale(factors)?;
        }
        match (self.output.rescale(factors)?, &self.norm) {
            (Drive::Multiplied, Some(norm)) => norm.rescale(factors).map(|()| Left::Nothing),
            (Drive::Multiplied, None) => Ok(Left::Drive),
            (Drive::Same | Drive::Fixed, _) => Ok(Left::Nothing),
        }
    }

    /// Multiplies what enters the output nonlinearity by a factor and adds to it, `(N)` each.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn adjust(&self, factors: &Tensor, by: &Tensor) -> Result<Left> {
        let Some(norm) = &self.norm else { return Ok(Left::Drive) };
        norm.rescale(factors)?;
        norm.shift(by)?;
        Ok(Left::Nothing)
    }

    /// What an export shows of it.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn learnt(&self) -> Result<Vec<Quantity>> {
        let tau = |units: &LeakyUnits| units.tau_ms("output_tau_ms", &[Axis::Neuron]);
        self.leak.iter().map(tau).collect()
    }
}
