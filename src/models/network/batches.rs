//! Batches of clips through a network: losses in training, drives and responses after it.
use candle_core::{DType, Result, Tensor, bail};

use super::{Network, Step};
use crate::models::batch::{Batch, Member, Padded};
use crate::models::fused::{BatchDraws, Fused};
use crate::models::head::HeadPart;
use crate::models::layers::{Layer, MapShape, Mode, Pass, StepDraws};
use crate::models::loss::{Criterion, LossRow};
use crate::models::model::{stages, through};

impl Network {
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
            return Fused::new(input, stages, head, None, &self.pools)?.loss(drives, criterion);
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
    pub(super) fn fused(
        &self,
        from: usize,
        sound: &Tensor,
        part: HeadPart,
    ) -> Result<Option<Fused>> {
        if !sound.device().is_cpu() {
            return Ok(None);
        }
        let input = MapShape { channels: sound.dim(1)?, bands: sound.dim(2)? };
        let (all, _shape) = stages(self.all_layers(from), input)?;
        let head = (self.model.head(), part);
        let gain = self.gain.as_ref().map(|gain| gain.stage()).transpose()?;
        all.map(|all| Fused::new(input, all, head, gain, &self.pools)).transpose()
    }
}

/// The rows of each clip of a batch `(B, N, T)`, without padding.
fn of_clips(rows: &Tensor, batch: &Batch) -> Result<Vec<Tensor>> {
    let clips = batch.clips().iter().enumerate();
    clips.map(|(clip, Member { bins, .. })| rows.get(clip)?.narrow(1, 0, *bins)).collect()
}
