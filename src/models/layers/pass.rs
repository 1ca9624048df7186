//! What a forward pass brings along beside the maps.
use std::cell::RefCell;
use std::collections::BTreeMap;

use candle_core::{Result, Tensor};
use rand_chacha::ChaCha8Rng;

use crate::models::ops::draws::Step;

/// Whether a model is being fitted or used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Batch statistics normalize, and running statistics follow them.
    Train,
    /// Running statistics normalize: every output depends on the past of its own clip only.
    Eval,
}

/// One pass of a batch through a model.
#[derive(Debug, Clone, Copy)]
pub struct Pass<'a> {
    /// Whether the model is being fitted.
    pub mode: Mode,
    /// `(B, 1, T)`: 0 at padded bins, 1 elsewhere; none where nothing is padded.
    pub mask: Option<&'a Tensor>,
    draws: Option<&'a StepDraws>,
    carry: Option<&'a Carry>,
    /// `(B, 1, T)`: how far the parameters of the output nonlinearity are changed at each bin; none
    /// where nothing changes them.
    pub modulation: Option<&'a Tensor>,
    /// The place of the layer that the pass is in.
    layer: usize,
}

/// What random numbers in training follow from, beside layer and purpose: neither threads nor the
/// order of clips in a batch change them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepDraws {
    /// Of the fit.
    pub seed: u64,
    /// Steps of training before this one.
    pub step: u64,
    /// Ids of the clips of the batch, in its order.
    pub clips: Vec<String>,
}

/// What layers keep from one piece of a clip for the next.
#[derive(Debug, Default)]
pub struct Carry(RefCell<BTreeMap<usize, Tensor>>);

impl<'a> Pass<'a> {
    /// A pass of whole clips, without random numbers.
    pub fn new(mode: Mode, mask: Option<&'a Tensor>) -> Self {
        Self { mode, mask, draws: None, carry: None, modulation: None, layer: 0 }
    }

    /// A pass in evaluation mode of clips that are not padded.
    pub fn eval() -> Self {
        Self::new(Mode::Eval, None)
    }

    /// The same with random numbers, where there are some to follow.
    #[must_use]
    pub fn with_draws(self, draws: Option<&'a StepDraws>) -> Self {
        Self { draws, ..self }
    }

    /// The same of the next piece of clips.
    #[must_use]
    pub fn with_carry(self, carry: &'a Carry) -> Self {
        Self { carry: Some(carry), ..self }
    }

    /// The same with an output nonlinearity whose parameters change from bin to bin.
    #[must_use]
    pub fn with_modulation(self, modulation: Option<&'a Tensor>) -> Self {
        Self { modulation, ..self }
    }

    /// The same in the layer at a place of the model.
    #[must_use]
    pub fn in_layer(self, layer: usize) -> Self {
        Self { layer, ..self }
    }

    /// Random numbers for a purpose of this layer in a clip of the batch; none outside of training.
    pub fn draw(&self, clip: usize, purpose: &str) -> Option<ChaCha8Rng> {
        let StepDraws { seed, step, clips } = self.draws.filter(|_| self.mode == Mode::Train)?;
        let drawn = Step { seed: *seed, number: *step };
        Some(drawn.generator(self.layer, purpose, clips.get(clip)?))
    }

    /// What this layer kept of the piece before; none at the start of clips.
    pub fn carried(&self) -> Option<Tensor> {
        self.carry?.0.borrow().get(&self.layer).cloned()
    }

    /// Whether another piece may follow.
    pub fn carries(&self) -> bool {
        self.carry.is_some()
    }

    /// A map `(B, C, F, T)` behind the `kept` bins before it of the same clip, or at the start of clips
    /// behind `zeros`; its last `kept` bins are kept for the next piece.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn behind_past(&self, input: &Tensor, zeros: usize, kept: usize) -> Result<Tensor> {
        let whole = match self.carried() {
            Some(before) => Tensor::cat(&[&before, input], 3)?,
            None => input.pad_with_zeros(3, zeros, 0)?,
        };
        if self.carries() && kept > 0 {
            self.carry(&whole.narrow(3, whole.dim(3)? - kept, kept)?);
        }
        Ok(whole)
    }

    /// Keeps something for the next piece, where one may follow.
    pub fn carry(&self, kept: &Tensor) {
        if let Some(carry) = self.carry {
            carry.0.borrow_mut().insert(self.layer, kept.detach());
        }
    }
}
